// Package index holds facts in four covering orders, in memory, and reads them on every view.
package index
