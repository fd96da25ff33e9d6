package query

import (
	"unsafe"

	"github.com/datolite/datolite/index"
)

// A grouping tells of each row of a relation its group, and of each group its first row. Groups are in the order of these.
type grouping struct {
	of     []int32
	firsts []int32
}

// groups groups the rows of a relation by some variables.
func (r *run) groups(basis *relation, keys []variable) (*grouping, error) {
	g := &grouping{}
	if basis.n > 0 && len(keys) == 1 {
		if codes, texts := basis.cols[basis.column(keys[0])].Codes(); codes != nil {
			g.byCode(codes, len(texts))
			return g, r.ctx.Err()
		}
	}
	g.of = make([]int32, basis.n)
	switch {
	case basis.n == 0:
		return g, nil
	case len(keys) == 0:
		g.firsts = []int32{0}
		return g, nil
	}
	cols := basis.columnsOf(keys)
	if words := wordsOf(&cols[0]); len(cols) == 1 && words != nil {
		return g, g.byWord(r, words)
	}
	if len(cols) == 1 && cols[0].Kinds == nil && cols[0].Words == nil && !cols[0].IsCoded() {
		return g, g.byText(r, cols[0].Texts)
	}
	return g, g.byRow(r, cols, basis.n)
}

func (g *grouping) byWord(r *run, words []uint64) error {
	x := newWordIndex(words)
	for i, w := range words {
		if err := r.tick(i); err != nil {
			return err
		}
		g.put(int32(i), x.first(w)-1)
	}
	return nil
}

// byCode groups by the numbers of texts. Where they first come in ascending order, as they mostly do, they are the groups.
func (g *grouping) byCode(codes []uint32, n int) {
	if g.ascending(codes, n) {
		g.of = unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(codes))), len(codes))
		return
	}
	g.of, g.firsts = make([]int32, len(codes)), nil
	groups := make([]int32, n) // 1 + the group of each number
	for i, code := range codes {
		if groups[code] == 0 {
			g.firsts = append(g.firsts, int32(i))
			groups[code] = int32(len(g.firsts))
		}
		g.of[i] = groups[code] - 1
	}
}

// ascending lists the first rows of numbers less than n, and reports whether each number comes after those before it came, and all of these do.
func (g *grouping) ascending(codes []uint32, n int) bool {
	for i, code := range codes {
		switch next := uint32(len(g.firsts)); {
		case int(next) == n:
			return true
		case code > next:
			return false
		case code == next:
			g.firsts = append(g.firsts, int32(i))
		}
	}
	return true
}

// byText groups by texts. Equal texts of a block of the index mostly lie in one place, so it looks first where a text lies.
func (g *grouping) byText(r *run, texts []string) error {
	type lying struct {
		at   *byte
		size int
		of   int32
	}
	var recent [256]lying
	known := map[string]int32{}
	for i, text := range texts {
		if err := r.tick(i); err != nil {
			return err
		}
		at := unsafe.StringData(text)
		place := uintptr(unsafe.Pointer(at))
		slot := &recent[(place^place>>8)%uintptr(len(recent))]
		if slot.at == at && slot.size == len(text) && at != nil {
			g.of[i] = slot.of
			continue
		}
		of, ok := known[text]
		if !ok {
			of = int32(len(g.firsts))
			known[text] = of
			g.firsts = append(g.firsts, int32(i))
		}
		g.of[i] = of
		*slot = lying{at, len(text), of}
	}
	return nil
}

func (g *grouping) byRow(r *run, cols []index.Vector, n int) error {
	t := newTable(cols, n)
	for i := range int32(n) {
		if err := r.tick(int(i)); err != nil {
			return err
		}
		first := t.first(i)
		if t.insert(i) {
			first = i
		}
		g.put(i, first)
	}
	return nil
}

// put puts a row into the group of a row that it equals, which is itself where it is the first.
func (g *grouping) put(row, first int32) {
	if row == first {
		g.of[row] = int32(len(g.firsts))
		g.firsts = append(g.firsts, row)
		return
	}
	g.of[row] = g.of[first]
}

// rows returns the rows of each group.
func (g *grouping) rows() [][]int32 {
	sizes := make([]int32, len(g.firsts))
	for _, of := range g.of {
		sizes[of]++
	}
	room, out := make([]int32, len(g.of)), make([][]int32, len(g.firsts))
	for i, size := range sizes {
		out[i], room = room[:0:size], room[size:]
	}
	for row, of := range g.of {
		out[of] = append(out[of], int32(row))
	}
	return out
}

// foldable reports whether all that is found are variables, counts and what accumulators compute, without conditions on groups. Whether what is
// aggregated are longs, the columns tell.
func (r *run) foldable() bool {
	if len(r.conditions) > 0 {
		return false
	}
	for i := range r.q.find {
		e := r.q.find[i].expr
		switch {
		case e == nil:
		case e.kind != aggregateExpr || len(e.args) > 0 || e.fn != noVariable || e.name != "count" && !accumulates(e.name):
			return false
		default:
			if _, hosted := r.hostFunc(e.name); hosted {
				return false
			}
		}
	}
	return true
}

// folded returns the columns that are found, a row for each group. It reports false where what is aggregated are no longs, or a sum is none.
func (r *run) folded(basis *relation, g *grouping) ([]index.Vector, bool, error) {
	cols := make([]index.Vector, len(r.q.find))
	for i := range r.q.find {
		f := &r.q.find[i]
		switch {
		case f.expr == nil:
			cols[i] = basis.cols[basis.column(f.v)].Pick(g.firsts)
		case f.expr.name == "count":
			cols[i] = index.Vector{Kind: index.KindLong, Words: g.sizes()}
		default:
			words := longsOf(&basis.cols[basis.column(f.expr.v)])
			if words == nil {
				return nil, false, nil
			}
			a := accumulator{name: f.expr.name}
			a.add(words, g.of, len(g.firsts))
			var ok bool
			var err error
			if cols[i], ok, err = a.column(); !ok || err != nil {
				return nil, false, err
			}
		}
	}
	return cols, true, r.ctx.Err()
}

func (g *grouping) sizes() []uint64 {
	counts := make([]uint64, len(g.firsts))
	countRows(counts, g.of)
	return counts
}

// countRows counts rows, each in its group.
func countRows(counts []uint64, of []int32) {
	for _, group := range of {
		counts[group]++
	}
}
