// Package model is the slow and obvious database that the real one is compared with: a slice of datoms, and loops over it.
// It has no index, no schema cache and no clever step. What it says is right because it can be read.
package model
