package query

import (
	"math"

	"github.com/datolite/datolite/index"
)

// A pairing is what a join finds: rows of one relation beside rows of another.
type pairing struct{ left, right []int32 }

func (p *pairing) add(i, j int32) { p.left, p.right = append(p.left, i), append(p.right, j) }

// join returns the rows of two relations that agree in the variables which both have; without such variables, all pairs. Where that is
// one variable of words, columns that ascend are merged, and others found by an index of words; else rows are found by their hashes.
func (r *run) join(a, b *relation) (*relation, error) {
	shared := a.set().and(b.set()).list()
	if len(shared) == 0 {
		return r.cross(a, b)
	}
	if a.n < b.n {
		a, b = b, a
	}
	probe, build := a.columnsOf(shared), b.columnsOf(shared)
	var p pairing
	var err error
	x, y := wordsOf(&probe[0]), wordsOf(&build[0])
	width := a.width() + b.width()
	switch {
	case len(shared) > 1 || x == nil || y == nil || probe[0].Kind != build[0].Kind:
		p, err = r.joinRows(probe, a.n, build, b.n, width)
	case ascends(x) && ascends(y):
		p, err = r.joinAscending(x, y, width)
	default:
		p, err = r.joinWords(x, y, width)
	}
	if err != nil {
		return nil, err
	}
	return glue(a, p.left, b, p.right), nil
}

// joinRows pairs rows that are equal.
func (r *run) joinRows(probe []index.Vector, n int, build []index.Vector, m int, width int64) (p pairing, err error) {
	t := newTable(build, m)
	for i := range int32(m) {
		t.put(i)
	}
	for i, h := range hashRows(probe, 0, n) {
		if err := r.tick(i); err != nil {
			return p, err
		}
		for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
			if t.hashes[at-1] == h && equalRows(build, at-1, probe, int32(i)) {
				p.add(int32(i), at-1)
			}
		}
		if err := r.fits(len(p.left), width); err != nil {
			return p, err
		}
	}
	return p, nil
}

// joinWords pairs the rows of two columns that have equal words.
func (r *run) joinWords(probe, build []uint64, width int64) (pairing, error) {
	return r.joinIndexed(probe, newWordIndex(build), width)
}

// joinIndexed pairs the rows of a column with those of another that have equal words, of which the index is there.
func (r *run) joinIndexed(probe []uint64, x *wordIndex, width int64) (p pairing, err error) {
	for i, w := range probe {
		if i%1024 == 0 {
			if err := r.checked(len(p.left), width); err != nil {
				return p, err
			}
		}
		at := x.first(w)
		if at == 0 {
			continue
		}
		before := len(p.left)
		for ; at != 0; at = x.after(at - 1) {
			p.add(int32(i), at-1)
		}
		if len(p.left)-before > 1024 {
			if err := r.checked(len(p.left), width); err != nil {
				return p, err
			}
		}
	}
	return p, r.fits(len(p.left), width)
}

// joinAscending pairs the rows of two columns that have equal words and ascend.
func (r *run) joinAscending(a, b []uint64, width int64) (p pairing, err error) {
	i, j := 0, 0
	for steps := 0; i < len(a) && j < len(b); steps++ {
		if steps%1024 == 0 {
			if err := r.checked(len(p.left), width); err != nil {
				return p, err
			}
		}
		switch w := a[i]; {
		case int64(w) < int64(b[j]):
			i = seek(a, i+1, b[j])
		case w != b[j]:
			j = seek(b, j+1, w)
		default:
			iEnd, jEnd := runEnd(a, i), runEnd(b, j)
			if (iEnd-i)*(jEnd-j) > 1024 {
				if err := r.checked(len(p.left)+(iEnd-i)*(jEnd-j), width); err != nil {
					return p, err
				}
			}
			for ; i < iEnd; i++ {
				for k := j; k < jEnd; k++ {
					p.add(int32(i), int32(k))
				}
			}
			j = jEnd
		}
	}
	return p, r.fits(len(p.left), width)
}

// checked returns the error of the context, or that of rows which do not fit.
func (r *run) checked(n int, width int64) error { return firstError(r.ctx.Err(), r.fits(n, width)) }

// runEnd returns where the run of equal words ends that begins at i.
func runEnd(words []uint64, i int) int {
	end := i + 1
	for end < len(words) && words[end] == words[i] {
		end++
	}
	return end
}

// seek returns the first place from one on whose word is not less than another, in words that ascend. Ids mostly lie as far apart as
// their places, so it looks there first; then it doubles its step, and searches in halves.
func seek(words []uint64, from int, w uint64) int {
	if from >= len(words) || int64(words[from]) >= int64(w) {
		return from
	}
	if d := w - words[from]; d < uint64(len(words)-from) {
		if at := from + int(d); words[at] == w && words[at-1] != w {
			return at
		}
	}
	lo, step := from, 1
	for lo+step < len(words) && int64(words[lo+step]) < int64(w) {
		lo += step
		step *= 2
	}
	hi := min(lo+step, len(words))
	for lo+1 < hi {
		if mid := (lo + hi) / 2; int64(words[mid]) < int64(w) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// cross returns all pairs of the rows of two relations.
func (r *run) cross(a, b *relation) (*relation, error) {
	if b.n == 1 && len(b.cols) == 0 {
		return a, nil
	}
	if a.n == 1 && len(a.cols) == 0 {
		return b, nil
	}
	if b.n > 0 && a.n > math.MaxInt32/b.n {
		return nil, overBudget("an intermediate result has more than %s", plural(math.MaxInt32, "row"))
	}
	if err := r.fits(a.n*b.n, a.width()+b.width()); err != nil {
		return nil, err
	}
	p := pairing{make([]int32, 0, a.n*b.n), make([]int32, 0, a.n*b.n)}
	for i := range int32(a.n) {
		for j := range int32(b.n) {
			if err := r.tick(len(p.left)); err != nil {
				return nil, err
			}
			p.add(i, j)
		}
	}
	return glue(a, p.left, b, p.right), nil
}

// glue returns rows of a beside rows of b, no two of them beside each other twice. Columns that both have are taken from a.
func glue(a *relation, left []int32, b *relation, right []int32) *relation {
	out := &relation{n: len(left), unique: a.unique && b.unique}
	out.vars, out.cols = make([]variable, 0, len(a.vars)+len(b.vars)), make([]index.Vector, 0, len(a.vars)+len(b.vars))
	out.vars = append(out.vars, a.vars...)
	out.cols = append(out.cols, a.repeat(left).cols...)
	same := len(right) == b.n && isRange(right)
	for i, v := range b.vars {
		switch {
		case a.column(v) >= 0:
		case same:
			out.vars, out.cols = append(out.vars, v), append(out.cols, b.cols[i])
		default:
			out.vars, out.cols = append(out.vars, v), append(out.cols, b.cols[i].Pick(right))
		}
	}
	return out
}

// without returns the rows of a to which no row of b agrees in b's variables: the anti-join. All of them are variables of a.
func (r *run) without(a, b *relation) (*relation, error) {
	switch {
	case b.n == 0:
		return a, nil
	case len(b.vars) == 0:
		return newRelation(a.vars), nil
	}
	probe := a.columnsOf(b.vars)
	if x, y := wordsOf(&probe[0]), wordsOf(&b.cols[0]); len(b.vars) == 1 && x != nil && y != nil && probe[0].Kind == b.cols[0].Kind {
		return r.withoutWords(a, x, y)
	}
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

// withoutWords returns the rows of a whose words are not among others.
func (r *run) withoutWords(a *relation, words, others []uint64) (*relation, error) {
	if ascends(words) && ascends(others) {
		return a.pick(wordsOutside(words, others)), r.ctx.Err()
	}
	x := newWordIndex(others)
	rows := make([]int32, 0, len(words))
	for i, w := range words {
		if err := r.tick(i); err != nil {
			return nil, err
		}
		if x.first(w) == 0 {
			rows = append(rows, int32(i))
		}
	}
	return a.pick(rows), nil
}

// wordsOutside returns the places of words that are not among others, where both ascend. The others mostly are some of the words, which ones nobody
// can guess: so nothing but a number depends on whether one is.
func wordsOutside(words, others []uint64) []int32 {
	rows, n, j := make([]int32, len(words)), 0, 0
	for i, w := range words {
		for j < len(others) && int64(others[j]) < int64(w) {
			j++
		}
		if j == len(others) {
			return appendRange(rows[:n], i, len(words))
		}
		rows[n] = int32(i)
		n++
		among := 0
		if others[j] == w {
			among = 1
		}
		n -= among
		if i+1 < len(words) && words[i+1] != w {
			j += among
		}
	}
	return rows[:n]
}
