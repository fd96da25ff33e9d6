package query

import (
	"context"
	"math"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A Budget bounds what one query may use; it fails with ErrBudget where it would use more. How long it may take is a matter of its context.
type Budget struct {
	Datoms int64 // that it reads; 0 is any number
	Rows   int64 // of any intermediate result; 0 is 67,108,864
	Bytes  int64 // that intermediate results take at one time, about; 0 is 2 GiB
}

// The budget of a query that is given none.
const (
	defaultRows  = 1 << 26
	defaultBytes = 2 << 30
)

type budgetKey struct{}

// WithBudget returns a context for queries that have a budget.
func WithBudget(ctx context.Context, b Budget) context.Context {
	return context.WithValue(ctx, budgetKey{}, b)
}

func budgetOf(ctx context.Context) Budget {
	b, _ := ctx.Value(budgetKey{}).(Budget)
	if b.Rows == 0 {
		b.Rows = defaultRows
	}
	b.Rows = min(b.Rows, math.MaxInt32)
	if b.Bytes == 0 {
		b.Bytes = defaultBytes
	}
	return b
}

// The sizes of what is held: of a value, of a cell of an answer, and of a row in a table beside its columns.
const (
	valueBytes = 32
	cellBytes  = 40
	tableBytes = 24
)

// tick returns the error of the context at every 1,024th row.
func (r *run) tick(i int) error {
	if i%1024 != 0 {
		return nil
	}
	return r.ctx.Err()
}

// fits returns an error where n rows of some bytes each are more than the budget leaves.
func (r *run) fits(n int, width int64) error {
	switch {
	case int64(n) > r.limits.Rows:
		return overBudget("an intermediate result has more than %s", plural(int(r.limits.Rows), "row"))
	case r.held+r.objects.kept+int64(n)*width > r.limits.Bytes:
		return overBudget("the query holds more than %d bytes at one time", r.limits.Bytes)
	}
	return nil
}

// made counts a value that a function made; one alone may be a sixteenth of the budget.
func (r *run) made(v index.Value) error {
	n := int64(len(v.Text()))
	r.held += n
	if n > r.limits.Bytes/16 {
		return overBudget("a value of %d bytes is more than a sixteenth of the budget", n)
	}
	return r.fits(0, 0)
}

// reads counts datoms.
func (r *run) reads(n int) error {
	if r.datoms += int64(n); r.limits.Datoms > 0 && r.datoms > r.limits.Datoms {
		return overBudget("the query reads more than %s", plural(int(r.limits.Datoms), "datom"))
	}
	return nil
}

func overBudget(format string, args ...any) error {
	return errorAt(edn.Pos{}, ErrBudget, format, args...)
}

// width returns how many bytes a row of a relation takes, about.
func (r *relation) width() int64 { return width(r.cols) }

func width(cols []index.Vector) int64 {
	n := int64(0)
	for i := range cols {
		switch {
		case cols[i].Texts != nil:
			n += 24
		case cols[i].Kinds != nil:
			n += 9
		default:
			n += 8
		}
	}
	return n
}

// bytes returns how many bytes the columns of a relation take, about.
func (r *relation) bytes() int64 { return int64(r.n) * r.width() }

// account counts what the groups of a conjunction hold now.
func (c *conj) account() {
	held := int64(0)
	for _, g := range c.groups {
		held += g.bytes()
	}
	c.run.held += held - c.held
	c.held = held
}

// release counts that a conjunction holds nothing any more.
func (c *conj) release() { c.run.held -= c.held }
