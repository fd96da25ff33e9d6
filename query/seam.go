package query

import (
	"context"

	"github.com/datolite/datolite/db"
)

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

// An ast is a query that was read and checked as far as it can be without a database.
type ast struct{}

// parse returns the ast of a text. What was read lately is kept.
func parse(text string) (*ast, error) { panic("not built") }

// execute answers a query. r is what $ stands for, and in are the other inputs in the order of :in.
func execute(ctx context.Context, q *ast, r db.Reader, in []any) (*answer, error) {
	panic("not built")
}
