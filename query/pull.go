package query

import (
	"context"

	"github.com/datolite/datolite/db"
)

// Pull returns the tree of one entity (a db.ID, db.Keyword or db.Lookup). Where T is a struct its tags say what to read; with a
// pattern, T may be map[string]any. An entity of which nothing matches is ErrNoRow.
func Pull[T any](ctx context.Context, r db.Reader, e any, pattern ...string) (T, error) {
	panic("not built")
}
