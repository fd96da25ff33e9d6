// Package storage is what a database needs of an engine beneath it: a few promises about keys and values.
package storage
