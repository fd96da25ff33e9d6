package index

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"
)

// A piece is some of the unsorted facts of a run, and in which orders they are.
type piece struct {
	facts []Fact
	in    []membership
}

func (p *piece) add(f Fact, in membership) { p.facts, p.in = append(p.facts, f), append(p.in, in) }

// event returns the transaction that brought a fact into its run.
func (f *Fact) event() ID {
	if f.End != 0 {
		return f.End
	}
	return f.Tx
}

// raw holds the unsorted facts of a run, in pieces. Runs that follow each other share the array of the last piece, of which each sees the
// first n facts, so that many small commits cost no copying: the one who first claims the room behind n appends there, others copy.
type raw struct {
	full []piece // before the last piece
	*shared
	n int
}

type shared struct {
	used atomic.Int64
	piece
}

// newRaw returns room for facts, of which n are there.
func newRaw(n, room int) raw {
	r := raw{shared: &shared{piece: piece{make([]Fact, room), make([]membership, room)}}, n: n}
	r.used.Store(int64(n))
	return r
}

// rawOfPiece returns the facts of a piece, which nobody changes any more.
func rawOfPiece(p piece) raw {
	r := raw{shared: &shared{piece: p}, n: len(p.facts)}
	r.used.Store(int64(r.n))
	return r
}

// A small raw is one of few facts, in one piece of memory.
type small struct {
	shared
	room [8]membership
}

// rawOf returns the facts of a commit. It keeps the facts themselves, unless some of them end others.
func rawOf(facts []Fact, attrs Attrs) raw {
	n := len(facts)
	x := &small{shared: shared{piece: piece{facts: facts}}}
	if x.in = x.room[:min(n, len(x.room))]; n > len(x.room) {
		x.in = make([]membership, n)
	}
	m, borrowed := memberships{of: attrs}, false
	for i := range facts {
		f := &facts[i]
		x.in[i] = m.get(f.A)
		borrowed = borrowed || f.borrows()
	}
	if borrowed {
		x.facts = slices.Clone(facts)
		for i := range x.facts {
			if f := &x.facts[i]; f.borrows() {
				f.V.text = strings.Clone(f.V.text)
			}
		}
	}
	x.used.Store(int64(n))
	return raw{shared: &x.shared, n: n}
}

// borrows reports whether the value of a fact would keep the block alive in which the fact was found.
func (f *Fact) borrows() bool { return f.End != 0 && f.V.text != "" }

// pieces returns the pieces. They must not be changed.
func (r raw) pieces() []piece {
	if r.n == 0 {
		return r.full
	}
	return append(slices.Clip(r.full), r.last())
}

// piece returns the i-th of the pieces, of which there is one more than full ones.
func (r raw) piece(i int) piece {
	if i < len(r.full) {
		return r.full[i]
	}
	return r.last()
}

func (r raw) last() piece { return piece{r.facts[:r.n:r.n], r.in[:r.n:r.n]} }

const (
	spare = 16 << 10 // how much room is left at most for what may follow, and how long a piece is that gets no more of it
	bulky = 1 << 10  // how many facts make a piece of their own, and are not copied
)

// with returns the facts of r followed by those of s.
func (r raw) with(s raw) raw {
	n := r.n + s.n
	switch {
	case len(r.full) == 0 && r.n == 0:
		return s
	case len(s.full) > 0 || s.n >= bulky:
		return raw{append(r.pieces(), s.full...), s.shared, s.n}
	case n <= len(r.facts) && r.used.CompareAndSwap(int64(r.n), int64(n)):
		r.put(r.n, s.last())
		return raw{r.full, r.shared, n}
	case r.n >= spare:
		out := newRaw(s.n, 2*s.n)
		out.full = r.pieces()
		out.put(0, s.last())
		return out
	}
	out := newRaw(n, n+min(n, spare))
	out.full = r.full
	out.put(0, r.last())
	out.put(r.n, s.last())
	return out
}

// put sets the facts from the i-th on.
func (s *shared) put(i int, p piece) {
	copy(s.facts[i:], p.facts)
	copy(s.in[i:], p.in)
}

// A keyed fact is the place of one with the leading part of its key.
type keyed struct {
	e, a         ID
	piece, place uint32
}

func (k *keyed) in(pieces []piece) *Fact { return &pieces[k.piece].facts[k.place] }

// sorted returns the places of n facts sorted as EAVT; of one key, what ends it comes first.
func sorted(pieces []piece, n int) []keyed {
	compare := func(x, y keyed) int {
		if c := cmp.Compare(x.e, y.e); c != 0 {
			return c
		}
		if c := cmp.Compare(x.a, y.a); c != 0 {
			return c
		}
		f, g := x.in(pieces), y.in(pieces)
		if c := Compare(f.V, g.V); c != 0 {
			return c
		}
		if c := cmp.Compare(g.Tx, f.Tx); c != 0 {
			return c
		}
		return cmp.Compare(g.End, f.End)
	}
	list := make([]keyed, 0, n)
	for i := range pieces {
		for k := range pieces[i].facts {
			f := &pieces[i].facts[k]
			list = append(list, keyed{f.E, f.A, uint32(i), uint32(k)})
			settleLast(list, compare)
		}
	}
	return sortNearly(list, compare)
}

// classify returns the class of each fact of a sorted list, and how many there are of each. What ends a fact is past if the
// list has the fact, or lies at the bottom.
func classify(pieces []piece, list []keyed, bottom bool) (classes []class, counts [4]int) {
	classes = make([]class, len(list))
	var before *Fact
	for i := range list {
		f := list[i].in(pieces)
		switch {
		case before != nil && sameFact(f, before):
			classes[i] = dropped
			if classes[i-1] == closing {
				classes[i-1] = past
			}
		case f.Open():
			classes[i] = current
		case bottom:
			classes[i] = past
		default:
			classes[i] = closing
		}
		before = f
	}
	for _, c := range classes {
		counts[c]++
	}
	return classes, counts
}

func sameFact(f, g *Fact) bool { return f.E == g.E && f.A == g.A && f.Tx == g.Tx && f.V == g.V }
