package query

import (
	"context"
	"iter"

	"github.com/datolite/datolite/db"
)

// Rules is the text of a rule set, as the input for % of a query.
type Rules string

// All returns every row of a query. r is $ wherever $ stands in :in, and nil where the query has no database; in are the other
// inputs in the order of :in. T is a struct whose fields are named like the columns, a scalar for one column, or []any.
func All[T any](ctx context.Context, r db.Reader, text string, in ...any) ([]T, error) {
	panic("not built")
}

// One returns the only row: ErrNoRow where there is none, ErrManyRows where there are more. A scalar or tuple find takes any row.
func One[T any](ctx context.Context, r db.Reader, text string, in ...any) (T, error) {
	panic("not built")
}

// Each yields the rows; an error comes once, last.
func Each[T any](ctx context.Context, r db.Reader, text string, in ...any) iter.Seq2[T, error] {
	panic("not built")
}

// A Prepared is a query that was read and checked once, for rows of type T. It may be used by many goroutines.
type Prepared[T any] struct{ _ int }

// Prepare reads and checks a query. What depends on a schema is checked when it runs.
func Prepare[T any](text string) (*Prepared[T], error) { panic("not built") }

// MustPrepare is Prepare for package variables: it panics where Prepare fails.
func MustPrepare[T any](text string) *Prepared[T] { return nil }

// All is as the function All.
func (p *Prepared[T]) All(ctx context.Context, r db.Reader, in ...any) ([]T, error) {
	panic("not built")
}

// One is as the function One.
func (p *Prepared[T]) One(ctx context.Context, r db.Reader, in ...any) (T, error) {
	panic("not built")
}

// Each is as the function Each.
func (p *Prepared[T]) Each(ctx context.Context, r db.Reader, in ...any) iter.Seq2[T, error] {
	panic("not built")
}

// Run runs a query whose columns are not known when compiling.
func Run(ctx context.Context, r db.Reader, text string, in ...any) (*Rows, error) {
	panic("not built")
}

// Rows is the answer of Run.
type Rows struct{ _ int }

// Columns returns the columns' names: variables without their mark, or the names of :keys.
func (r *Rows) Columns() []string { panic("not built") }

// Len returns how many rows there are.
func (r *Rows) Len() int { panic("not built") }

// Next goes to the next row, at first to the first; it reports whether there is one.
func (r *Rows) Next() bool { panic("not built") }

// Row returns the cells of the row: int64, *big.Int, float32, float64, db.Decimal, bool, string, db.ID, db.Keyword, db.Symbol,
// db.URI, db.UUID, time.Time, []byte, db.Tuple, map[string]any for a pull, or nil.
func (r *Rows) Row() []any { panic("not built") }

// Scan stores the cells of the row in what dest points to.
func (r *Rows) Scan(dest ...any) error { panic("not built") }

// Func returns a Go function for queries to call by name. The types of its parameters and results say what it takes; a bool makes
// it a predicate too, an error as second result aborts the query. It must be pure.
func Func(name string, f any) db.Named { panic("not built") }

// Pull returns the tree of one entity (a db.ID, db.Keyword or db.Lookup). Where T is a struct its tags say what to read; with a
// pattern, T may be map[string]any. An entity of which nothing matches is ErrNoRow.
func Pull[T any](ctx context.Context, r db.Reader, e any, pattern ...string) (T, error) {
	panic("not built")
}
