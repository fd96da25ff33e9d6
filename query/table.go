package query

import (
	"hash/maphash"

	"github.com/datolite/datolite/index"
)

// A table finds rows of columns by what is in them.
type table struct {
	cols   []index.Vector
	hashes []uint64
	heads  []int32 // 1 + the row that was put in last, by the low bits of its hash
	next   []int32 // 1 + the row put in before it under the same bits
	mask   uint64
}

var seed = maphash.MakeSeed()

// newTable returns an empty table for the rows of columns.
func newTable(cols []index.Vector, n int) *table {
	t := &table{cols: cols, hashes: hashRows(cols, 0, n)}
	t.grow(n)
	return t
}

// grow makes room for n rows, and puts those again that are in.
func (t *table) grow(n int) {
	size := uint64(16)
	for size < 2*uint64(n) {
		size *= 2
	}
	t.heads, t.mask = make([]int32, size), size-1
	rows := len(t.next)
	t.next = append(make([]int32, 0, n), t.next...)
	for i := range rows {
		slot := t.hashes[i] & t.mask
		t.next[i], t.heads[slot] = t.heads[slot], int32(i)+1
	}
}

// put puts a row in, which must be the one after the last.
func (t *table) put(row int32) {
	slot := t.hashes[row] & t.mask
	t.next = append(t.next, t.heads[slot])
	t.heads[slot] = row + 1
}

// insert puts a row in unless an equal one is there; it reports whether it did. All rows up to it must have been tried.
func (t *table) insert(row int32) bool {
	h := t.hashes[row]
	for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
		if t.hashes[at-1] == h && equalRows(t.cols, at-1, t.cols, row) {
			t.next = append(t.next, 0)
			return false
		}
	}
	t.put(row)
	return true
}

// hashRows returns the hashes of the rows from one on.
func hashRows(cols []index.Vector, from, n int) []uint64 {
	out := make([]uint64, n-from)
	for c := range cols {
		hashColumn(&cols[c], from, out)
	}
	return out
}

// hashColumn mixes the values of a column into hashes.
func hashColumn(v *index.Vector, from int, out []uint64) {
	for i := range out {
		h := out[i] ^ uint64(v.Kind)<<56
		if v.Kinds != nil {
			h = out[i] ^ uint64(v.Kinds[from+i])<<56
		}
		if v.Words != nil {
			h ^= v.Words[from+i]
		}
		h *= 0x9E3779B97F4A7C15
		h ^= h >> 32
		if v.Texts != nil && v.Texts[from+i] != "" {
			h ^= maphash.String(seed, v.Texts[from+i])
			h *= 0x9E3779B97F4A7C15
			h ^= h >> 29
		}
		out[i] = h
	}
}

// equalRows reports whether a row of columns equals one of others.
func equalRows(a []index.Vector, i int32, b []index.Vector, j int32) bool {
	for c := range a {
		if a[c].At(int(i)) != b[c].At(int(j)) {
			return false
		}
	}
	return true
}

// join returns the rows of two relations that agree in the variables which both have; without such variables, all pairs.
func (r *run) join(a, b *relation) (*relation, error) {
	shared := a.set().and(b.set()).list()
	if len(shared) == 0 {
		return r.cross(a, b)
	}
	if a.n < b.n {
		a, b = b, a
	}
	probe, build := a.columnsOf(shared), b.columnsOf(shared)
	t := newTable(build, b.n)
	for i := range int32(b.n) {
		t.put(i)
	}
	var left, right []int32
	both := a.width() + b.width()
	for i, h := range hashRows(probe, 0, a.n) {
		if err := r.tick(i); err != nil {
			return nil, err
		}
		for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
			if t.hashes[at-1] == h && equalRows(build, at-1, probe, int32(i)) {
				left, right = append(left, int32(i)), append(right, at-1)
			}
		}
		if err := r.fits(len(left), both); err != nil {
			return nil, err
		}
	}
	return glue(a, left, b, right), nil
}

// cross returns all pairs of the rows of two relations.
func (r *run) cross(a, b *relation) (*relation, error) {
	if b.n == 1 && len(b.cols) == 0 {
		return a, nil
	}
	if err := r.fits(a.n*b.n, a.width()+b.width()); err != nil {
		return nil, err
	}
	left, right := make([]int32, 0, a.n*b.n), make([]int32, 0, a.n*b.n)
	for i := range int32(a.n) {
		for j := range int32(b.n) {
			if err := r.tick(len(left)); err != nil {
				return nil, err
			}
			left, right = append(left, i), append(right, j)
		}
	}
	return glue(a, left, b, right), nil
}

// glue returns rows of a beside rows of b. Columns that both have are taken from a.
func glue(a *relation, left []int32, b *relation, right []int32) *relation {
	out := &relation{n: len(left)}
	for i, v := range a.vars {
		out.vars = append(out.vars, v)
		out.cols = append(out.cols, gather(&a.cols[i], left))
	}
	for i, v := range b.vars {
		if a.column(v) < 0 {
			out.vars = append(out.vars, v)
			out.cols = append(out.cols, gather(&b.cols[i], right))
		}
	}
	return out
}

// without returns the rows of a to which no row of b agrees in b's variables: the anti-join. All of them are variables of a.
func (r *run) without(a, b *relation) (*relation, error) {
	if len(b.vars) == 0 {
		if b.n > 0 {
			return newRelation(a.vars), nil
		}
		return a, nil
	}
	probe := a.columnsOf(b.vars)
	t := newTable(b.cols, b.n)
	for i := range int32(b.n) {
		t.put(i)
	}
	var rows []int32
	for i, h := range hashRows(probe, 0, a.n) {
		if err := r.tick(i); err != nil {
			return nil, err
		}
		if !t.has(h, probe, int32(i)) {
			rows = append(rows, int32(i))
		}
	}
	return a.pick(rows), nil
}

// has reports whether a row equal to one of other columns is in the table.
func (t *table) has(h uint64, cols []index.Vector, row int32) bool {
	for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
		if t.hashes[at-1] == h && equalRows(t.cols, at-1, cols, row) {
			return true
		}
	}
	return false
}
