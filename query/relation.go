package query

import (
	"slices"

	"github.com/datolite/datolite/index"
)

// A relation is rows in columns, one column per variable. It is a set wherever that matters: operators may leave a row in it
// twice, and what counts or returns rows makes them distinct first. A relation without columns holds zero rows or one.
// Relations are not changed once they were handed on.
type relation struct {
	vars   []variable
	cols   []index.Vector
	n      int
	unique bool // no row stands in it twice; where that is not known it is false

	in    varSet // vars as a set, once it was asked for
	asked bool
}

// unit is the relation that says yes: one row and no column. It is shared by all who say so, and never changes.
func unit() *relation { return yes }

var yes = &relation{n: 1, unique: true, asked: true}

// newRelation returns an empty relation. Where it has few columns they lie beside it.
func newRelation(vars []variable) *relation {
	if n := len(vars); n <= 2 {
		out := &struct {
			relation
			room [2]index.Vector
		}{relation: relation{vars: vars}}
		out.cols = out.room[:n:n]
		return &out.relation
	}
	return &relation{vars: vars, cols: make([]index.Vector, len(vars))}
}

// add appends a row.
func (r *relation) add(row []index.Value) {
	for i, v := range row {
		r.cols[i].Append(v)
	}
	r.n++
}

// append appends the rows of a relation of the same variables.
func (r *relation) append(g *relation) {
	for c := range r.cols {
		appendBatch(&r.cols[c], r.n, &g.cols[c], nil, g.n, 0)
	}
	r.n += g.n
}

// column returns the number of a variable's column, and −1 where it has none.
func (r *relation) column(v variable) int { return slices.Index(r.vars, v) }

func (r *relation) set() varSet {
	if !r.asked {
		r.in, r.asked = setOf(r.vars...), true
	}
	return r.in
}

// columnsOf returns the columns of some variables.
func (r *relation) columnsOf(vs []variable) []index.Vector {
	out := make([]index.Vector, len(vs))
	for i, v := range vs {
		out[i] = r.cols[r.column(v)]
	}
	return out
}

// pick returns the relation with only the rows of these numbers, none of them twice, in this order.
func (r *relation) pick(rows []int32) *relation {
	out := r.repeat(rows)
	if out != r { // which others may read
		out.unique = r.unique
	}
	return out
}

// repeat returns the relation with the rows of these numbers, which may be there more than once.
func (r *relation) repeat(rows []int32) *relation {
	if len(rows) == r.n && isRange(rows) {
		return r
	}
	out := &relation{vars: r.vars, cols: make([]index.Vector, len(r.cols)), n: len(rows)}
	for i := range r.cols {
		out.cols[i] = r.cols[i].Pick(rows)
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
	switch {
	case slices.Equal(vs, g.vars):
		return r.distinct(g)
	case len(vs) == 0:
		return &relation{n: min(g.n, 1), unique: true}, nil
	}
	return r.distinct(&relation{vars: vs, cols: g.columnsOf(vs), n: g.n, unique: g.unique && len(vs) == len(g.vars)})
}

// thin returns some of the columns of a relation, without rows that stand there twice unless they are few.
func (r *run) thin(g *relation, vs []variable) (*relation, error) {
	if rest := (&relation{vars: vs, cols: g.columnsOf(vs), n: g.n}); len(vs) > 1 && rest.seldomTwice() {
		return rest, nil
	}
	return r.project(g, vs)
}

// imagined reports whether only the number of rows is there, as an estimate.
func (r *relation) imagined() bool { return len(r.cols) < len(r.vars) }

// renamed returns the relation with other variables for its columns.
func (r *relation) renamed(vs []variable) *relation {
	return &relation{vars: vs, cols: r.cols, n: r.n, unique: r.unique}
}

// distinct returns the relation without rows that stand in it twice. It looks for such rows only where nothing proves that there are none:
// that the relation is known to be unique, or that a column ascends strictly.
func (r *run) distinct(g *relation) (*relation, error) {
	switch {
	case g.unique:
		return g, nil
	case len(g.cols) == 0:
		return &relation{n: min(g.n, 1), unique: true}, nil
	case g.n < 2 || slices.ContainsFunc(g.cols, strictlyAscends):
		return &relation{vars: g.vars, cols: g.cols, n: g.n, unique: true}, nil
	}
	rows, err := r.firsts(g)
	if err != nil {
		return nil, err
	}
	out := *g.pick(rows)
	out.unique = true
	return &out, nil
}

// firsts returns the rows of a relation that do not equal one before them.
func (r *run) firsts(g *relation) ([]int32, error) {
	if words := wordsOf(&g.cols[0]); len(g.cols) == 1 && words != nil {
		return r.firstWords(words)
	}
	if rows := g.firstsOfRuns(); rows != nil {
		return rows, r.ctx.Err()
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
	return rows, nil
}

// seldomTwice reports whether few rows of a relation equal another, as far as some of them tell: in a column that ascends, equal rows have the same word,
// and lie close together. It reports false where no column does.
func (g *relation) seldomTwice() bool {
	at := slices.IndexFunc(g.cols, func(v index.Vector) bool { words := wordsOf(&v); return words != nil && ascends(words) })
	if at < 0 || g.n < 4*looked {
		return false
	}
	words, twice := g.cols[at].Words, 0
	for i := range looked {
		row := i * g.n / looked
		for k := row - 1; k >= 0 && words[k] == words[row]; k-- {
			if row-k > looked {
				return false
			}
			if equalRows(g.cols, int32(k), g.cols, int32(row)) {
				twice++
				break
			}
		}
	}
	return twice <= looked/16
}

// longRun is how many rows may have the same word in a column that ascends for equal ones to be sought among them, row by row.
const longRun = 16

// firstsOfRuns returns the rows that do not equal one before them where the first column ascends: equal rows have the same word there, and lie close
// together. It returns nil where that is not so, or a column is not of words.
func (g *relation) firstsOfRuns() []int32 {
	words := make([][]uint64, len(g.cols))
	for i := range g.cols {
		if words[i] = wordsOf(&g.cols[i]); words[i] == nil {
			return nil
		}
	}
	if !ascends(words[0]) {
		return nil
	}
	rows := make([]int32, 0, g.n)
	for i, end := 0, 0; i < g.n; i = end {
		if end = runEnd(words[0], i); end-i > longRun {
			return nil
		}
		for k := i; k < end; k++ {
			if !repeats(words[1:], i, k) {
				rows = append(rows, int32(k))
			}
		}
	}
	return rows
}

// repeats reports whether a row equals one of those from another on.
func repeats(cols [][]uint64, from, row int) bool {
	for ; from < row; from++ {
		same := 0
		for same < len(cols) && cols[same][from] == cols[same][row] {
			same++
		}
		if same == len(cols) {
			return true
		}
	}
	return false
}

// union returns the rows of relations of the same variables; those of the first say in which order.
func (r *run) union(vs []variable, rs []*relation) (*relation, error) {
	if len(rs) == 1 {
		return r.project(rs[0], vs)
	}
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
