// Package bolt is a store in a folder, on bbolt: the embedded default.
package bolt
