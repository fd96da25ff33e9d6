package query

import (
	"maps"
	"slices"
)

// FunctionNames returns the names of all functions that a query can call.
func FunctionNames() []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(builtins)), maps.Keys(sourceFunctions))
}
