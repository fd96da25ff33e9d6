package query

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/datolite/datolite/db"
)

// Run runs a query whose columns are not known when compiling.
func Run(ctx context.Context, r db.Reader, text string, in ...any) (*Rows, error) {
	q, err := parse(text)
	if err != nil {
		return nil, err
	}
	a, err := observed(ctx, text, q, r, in)
	if err != nil {
		return nil, err
	}
	return &Rows{answer: a, at: -1}, nil
}

// Rows is the answer of Run. It is for one goroutine.
type Rows struct {
	answer *answer
	at     int
	row    []any // of at, once it was asked for
}

// Columns returns the columns' names: variables without their mark, or the names of :keys.
func (r *Rows) Columns() []string { return slices.Clone(r.answer.names) }

// Len returns how many rows there are.
func (r *Rows) Len() int { return r.answer.n }

// Next goes to the next row, at first to the first; it reports whether there is one.
func (r *Rows) Next() bool {
	r.at, r.row = min(r.at+1, r.answer.n), nil
	return r.at < r.answer.n
}

// Row returns the cells of the row: int64, *big.Int, float32, float64, db.Decimal, bool, string, db.ID, db.Keyword, db.Symbol,
// db.URI, db.UUID, time.Time, []byte, db.Tuple, []any for a set, map[string]any for a pull, or nil. It is nil before the first
// call of Next and behind the last row. The caller may keep it.
func (r *Rows) Row() []any {
	if r.row == nil && r.at >= 0 && r.at < r.answer.n {
		r.row = r.answer.row(r.at)
	}
	return r.row
}

// Scan stores the cells of the row in what dest points to, one pointer for each column; a cell is converted as it is for a field of
// a struct, see All. A dest that is nil skips its column.
func (r *Rows) Scan(dest ...any) error {
	row := r.Row()
	if row == nil {
		return fmt.Errorf("query: %w: Scan needs a call of Next that reported a row", ErrNoRow)
	}
	if len(dest) != len(row) {
		return misfit("%d columns do not fit the %d places of Scan", len(row), len(dest))
	}
	for i, d := range dest {
		if d == nil {
			continue
		}
		if err := r.scanCell(i, reflect.ValueOf(d), row[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) scanCell(i int, dest reflect.Value, cell any) error {
	if dest.Kind() != reflect.Pointer || dest.IsNil() {
		return misfit("column %s needs a pointer, not %s", r.answer.names[i], dest.Type())
	}
	t, l := dest.Type().Elem(), &treeList{}
	if err := setterFor(t)(dest.Elem(), cell, l); err != nil {
		return misfitCell("column "+r.answer.names[i], cell, typeName(t), err)
	}
	return l.fill()
}
