package query

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/datolite/datolite/db"
)

// All returns every row of a query. r is $ wherever $ stands in :in, and nil where the query has no database; in are the other
// inputs in the order of :in. T says what a row becomes:
//
//   - a struct: a column meets the field whose tag names it, `person/name` by that or by its last part name; if there is none, the
//     field whose Go name equals it, case and hyphens aside, so ?last-name meets LastName. A column without a field, or a field of the wrong
//     type, is an error before the first row. Fields without a column stay zero.
//   - a scalar such as int, string, db.ID, time.Time, or a slice for a set: the only column.
//   - []any: the cells as they are, see Rows.Row.
//   - map[string]any: the cells by column, or where a pull is the only column what it pulled, which a struct with tags takes too.
//   - a pointer to one of these.
//
// A cell that is nil leaves a zero value. An integer that a type cannot hold is an error.
func All[T any](ctx context.Context, r db.Reader, text string, in ...any) ([]T, error) {
	p, err := Prepare[T](text)
	if err != nil {
		return nil, err
	}
	return p.All(ctx, r, in...)
}

// One returns the only row, as All would: ErrNoRow where there is none, ErrManyRows where there are more. A scalar or tuple find
// takes any row.
func One[T any](ctx context.Context, r db.Reader, text string, in ...any) (T, error) {
	p, err := Prepare[T](text)
	if err != nil {
		return *new(T), err
	}
	return p.One(ctx, r, in...)
}

// Each yields the rows that All would return; an error comes once, last.
func Each[T any](ctx context.Context, r db.Reader, text string, in ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		p, err := Prepare[T](text)
		if err != nil {
			yield(*new(T), err)
			return
		}
		p.Each(ctx, r, in...)(yield)
	}
}

// A Prepared is a query that was read and checked once, for rows of type T. It may be used by many goroutines.
type Prepared[T any] struct {
	text string
	q    *ast
}

// Prepare reads and checks a query. What depends on a schema is checked when it runs.
func Prepare[T any](text string) (*Prepared[T], error) {
	q, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &Prepared[T]{text, q}, nil
}

// MustPrepare is Prepare for package variables: it panics where Prepare fails.
func MustPrepare[T any](text string) *Prepared[T] {
	p, err := Prepare[T](text)
	if err != nil {
		panic(err)
	}
	return p
}

// All is as the function All.
func (p *Prepared[T]) All(ctx context.Context, r db.Reader, in ...any) ([]T, error) {
	a, err := observed(ctx, p.text, p.q, r, in)
	if err != nil {
		return nil, err
	}
	return collect[T](a)
}

func collect[T any](a *answer) ([]T, error) {
	if words := wordCellsFor(reflect.TypeFor[T](), a); words != nil {
		return slices.Clone(cellsOf[T](words)), nil
	}
	set, err := rowSetterFor(reflect.TypeFor[T](), a)
	if err != nil {
		return nil, err
	}
	if w := wordRowsFor(reflect.TypeFor[T](), a); w != nil {
		return collectWordRows[T](w, a.n), nil
	}
	out := make([]T, a.n)
	for i := range out {
		if err := set(reflect.ValueOf(&out[i]).Elem(), i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// One is as the function One.
func (p *Prepared[T]) One(ctx context.Context, r db.Reader, in ...any) (T, error) {
	var w pointRow
	x := pointed(ctx, p.text, p.q, r, in, &w)
	if x != nil {
		var out T // what reflection stores in lies apart, where it takes memory
		if setScalar(&out, x, &w) {
			return out, nil
		}
	}
	return p.one(ctx, r, in, x, &w)
}

// one is One where the row is not a single cell that a point found.
func (p *Prepared[T]) one(ctx context.Context, r db.Reader, in []any, x *point, w *pointRow) (out T, err error) {
	var a *answer
	if x != nil {
		a = x.answer(w)
	} else if a, err = answered(ctx, p.text, p.q, r, in); err != nil {
		return out, err
	}
	set, err := rowSetterFor(reflect.TypeFor[T](), a)
	switch {
	case err != nil:
		return out, err
	case a.n == 0:
		return out, fmt.Errorf("query: %w", ErrNoRow)
	case a.n > 1 && a.shape != tupleFind && a.shape != scalarFind:
		return out, fmt.Errorf("query: %w: there are %d", ErrManyRows, a.n)
	}
	err = set(reflect.ValueOf(&out).Elem(), 0)
	return out, err
}

// Each is as the function Each.
func (p *Prepared[T]) Each(ctx context.Context, r db.Reader, in ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		a, err := observed(ctx, p.text, p.q, r, in)
		if err != nil {
			yield(*new(T), err)
			return
		}
		if words := wordCellsFor(reflect.TypeFor[T](), a); words != nil {
			for _, cell := range cellsOf[T](words) {
				if !yield(cell, nil) {
					return
				}
			}
			return
		}
		set, err := rowSetterFor(reflect.TypeFor[T](), a)
		if err != nil {
			yield(*new(T), err)
			return
		}
		if w := wordRowsFor(reflect.TypeFor[T](), a); w != nil {
			eachWordRow(w, a.n, yield)
			return
		}
		var out, zero T
		place := reflect.ValueOf(&out).Elem()
		for i := range a.n {
			out = zero
			err := set(place, i)
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}

// observed answers a query and tells the database's observer of it.
func observed(ctx context.Context, text string, q *ast, r db.Reader, in []any) (*answer, error) {
	var w pointRow
	if p := pointed(ctx, text, q, r, in, &w); p != nil {
		return p.answer(&w), nil
	}
	return answered(ctx, text, q, r, in)
}

// answered is observed for a query that is not answered as a point.
func answered(ctx context.Context, text string, q *ast, r db.Reader, in []any) (*answer, error) {
	if isNoReader(r) {
		a, _, err := execute(ctx, q, nil, in, nil)
		return a, err
	}
	if a := walked(ctx, text, q, r, in); a != nil {
		return a, nil
	}
	start := clock(r)
	a, datoms, err := execute(ctx, q, r, in, nil)
	event := db.Event{Kind: "query", T: r.T(), Datoms: int(datoms), Duration: time.Since(start), Text: text, Err: err}
	if a != nil {
		event.Rows = a.n
	}
	r.Snapshot().Observe(event)
	return a, err
}

// clock returns the time where somebody observes the database.
func clock(r db.Reader) (now time.Time) {
	if r.Snapshot().Observed() {
		now = time.Now()
	}
	return now
}
