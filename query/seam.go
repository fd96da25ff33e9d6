package query

// A findShape tells what the find clause of a query makes of its rows.
type findShape uint8

// The shapes: every row, the first column of every row, one row, the first column of one row.
const (
	relationFind   findShape = iota // :find ?a ?b
	collectionFind                  // :find [?a ...]
	tupleFind                       // :find [?a ?b]
	scalarFind                      // :find ?a .
)

// An answer is what a query comes to. Every row has one plain Go value per name, whatever the shape; a tuple or scalar find
// has at most one row.
type answer struct {
	names []string
	shape findShape
	rows  [][]any
}
