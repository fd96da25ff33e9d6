package query

import (
	"slices"

	"github.com/datolite/datolite/index"
)

// A relation is rows in columns, one column per variable. It is a set wherever that matters: operators may leave a row in it
// twice, and what counts or returns rows makes them distinct first. A relation without columns holds zero rows or one.
// Relations are not changed once they were handed on.
type relation struct {
	vars []variable
	cols []index.Vector
	n    int
}

// unit is the relation that says yes: one row and no column.
func unit() *relation { return &relation{n: 1} }

// newRelation returns an empty relation.
func newRelation(vars []variable) *relation {
	return &relation{vars: vars, cols: make([]index.Vector, len(vars))}
}

// add appends a row.
func (r *relation) add(row []index.Value) {
	for i, v := range row {
		r.cols[i].Append(v)
	}
	r.n++
}

// column returns the number of a variable's column, and −1 where it has none.
func (r *relation) column(v variable) int { return slices.Index(r.vars, v) }

func (r *relation) set() varSet { return setOf(r.vars...) }

// columnsOf returns the columns of some variables.
func (r *relation) columnsOf(vs []variable) []index.Vector {
	out := make([]index.Vector, len(vs))
	for i, v := range vs {
		out[i] = r.cols[r.column(v)]
	}
	return out
}

// pick returns the relation with only the rows of these numbers, in this order.
func (r *relation) pick(rows []int32) *relation {
	if len(rows) == r.n && isRange(rows) {
		return r
	}
	out := &relation{vars: r.vars, cols: make([]index.Vector, len(r.cols)), n: len(rows)}
	for i := range r.cols {
		out.cols[i] = gather(&r.cols[i], rows)
	}
	return out
}

func isRange(rows []int32) bool {
	for i, r := range rows {
		if r != int32(i) {
			return false
		}
	}
	return true
}

// project returns the distinct rows of some of the columns of a relation, which may be none.
func (r *run) project(g *relation, vs []variable) (*relation, error) {
	if slices.Equal(vs, g.vars) {
		return r.distinct(g)
	}
	return r.distinct(&relation{vars: vs, cols: g.columnsOf(vs), n: g.n})
}

// renamed returns the relation with other variables for its columns.
func (r *relation) renamed(vs []variable) *relation { return &relation{vars: vs, cols: r.cols, n: r.n} }

// distinct returns the relation without rows that stand in it twice.
func (r *run) distinct(g *relation) (*relation, error) {
	if len(g.cols) == 0 {
		return &relation{n: min(g.n, 1)}, nil
	}
	if g.n < 2 {
		return g, nil
	}
	t := newTable(g.cols, g.n)
	rows := make([]int32, 0, g.n)
	for i := range int32(g.n) {
		if err := r.tick(int(i)); err != nil {
			return nil, err
		}
		if t.insert(i) {
			rows = append(rows, i)
		}
	}
	return g.pick(rows), nil
}

// union returns the rows of relations of the same variables; those of the first say in which order.
func (r *run) union(vs []variable, rs []*relation) (*relation, error) {
	out := newRelation(vs)
	for _, g := range rs {
		cols := g.columnsOf(vs)
		for i := range cols {
			extend(&out.cols[i], out.n, &cols[i], g.n)
		}
		out.n += g.n
	}
	return r.distinct(out)
}

// gather returns the values of a column at some places.
func gather(v *index.Vector, rows []int32) index.Vector {
	out := index.Vector{Kind: v.Kind}
	if v.Kinds != nil {
		out.Kinds = pickAll(v.Kinds, rows)
	}
	if v.Words != nil {
		out.Words = pickAll(v.Words, rows)
	}
	if v.Texts != nil {
		out.Texts = pickAll(v.Texts, rows)
	}
	return out
}

func pickAll[T any](xs []T, rows []int32) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = xs[r]
	}
	return out
}

// extend appends the n values of w to v, which has m.
func extend(v *index.Vector, m int, w *index.Vector, n int) {
	if m == 0 {
		v.Kind = w.Kind
	}
	if n == 0 {
		return
	}
	if v.Kinds != nil || w.Kinds != nil || v.Kind != w.Kind {
		v.Kinds = append(kindsOf(v, m), kindsOf(w, n)...)
	}
	v.Words = extended(v.Words, m, w.Words, n)
	v.Texts = extended(v.Texts, m, w.Texts, n)
}

func kindsOf(v *index.Vector, n int) []index.Kind {
	if v.Kinds != nil {
		return v.Kinds
	}
	return slices.Repeat([]index.Kind{v.Kind}, n)
}

// extended appends a column of n to one of m; a column that is not there holds zeros.
func extended[T any](a []T, m int, b []T, n int) []T {
	if a == nil && b == nil {
		return nil
	}
	if a == nil {
		a = make([]T, m)
	}
	if b == nil {
		b = make([]T, n)
	}
	return append(a, b...)
}
