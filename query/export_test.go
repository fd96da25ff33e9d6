package query

import (
	"maps"
	"slices"
)

// FunctionNames returns the names of all functions that a query can call.
func FunctionNames() []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(builtins)), maps.Keys(sourceFunctions))
}

// LookUp has scans look up the rows that are there even where reading all would cost less; it returns what undoes that.
func LookUp() func() {
	before := lookupCost
	lookupCost = 0
	return func() { lookupCost = before }
}

// LookAhead has plans look ahead where a step leaves more than so many rows; it returns what undoes that.
func LookAhead(rows float64) func() {
	before := fewRows
	fewRows = rows
	return func() { fewRows = before }
}
