package index

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// An entry is a fact on its way into a run.
type entry struct {
	Fact
	in membership
}

// event returns the transaction that brought the entry.
func (e *entry) event() ID {
	if e.End != 0 {
		return e.End
	}
	return e.Tx
}

// raw holds the unsorted entries of a run. Runs that follow each other share an array, of which each sees the first n entries,
// so that many small commits cost no copying: the one who first claims the room behind n appends there, others copy.
type raw struct {
	*shared
	n int
}

type shared struct {
	used    atomic.Int64
	entries []entry
}

func newRaw(n, room int) raw {
	r := raw{&shared{entries: make([]entry, room)}, n}
	r.used.Store(int64(n))
	return r
}

// all returns the entries. They must not be changed.
func (r raw) all() []entry {
	return r.entries[:r.n]
}

// spare is how much room is left at most for what may follow.
const spare = 16 << 10

// with returns the entries of r followed by those of s.
func (r raw) with(s raw) raw {
	if r.n == 0 {
		return s
	}
	n := r.n + s.n
	if n <= len(r.entries) && r.used.CompareAndSwap(int64(r.n), int64(n)) {
		copy(r.entries[r.n:n], s.all())
		return raw{r.shared, n}
	}
	out := newRaw(n, n+min(n, spare))
	copy(out.entries, r.all())
	copy(out.entries[r.n:], s.all())
	return out
}

// A keyed entry is the place of one with the leading part of its key.
type keyed struct {
	e, a  ID
	place uint32
}

// sorted returns the places of entries sorted as EAVT; of one key, what ends it comes first.
func sorted(entries []entry) []keyed {
	list := make([]keyed, len(entries))
	for i := range entries {
		list[i] = keyed{entries[i].E, entries[i].A, uint32(i)}
	}
	slices.SortFunc(list, func(x, y keyed) int {
		if c := cmp.Compare(x.e, y.e); c != 0 {
			return c
		}
		if c := cmp.Compare(x.a, y.a); c != 0 {
			return c
		}
		f, g := &entries[x.place], &entries[y.place]
		if c := Compare(f.V, g.V); c != 0 {
			return c
		}
		if c := cmp.Compare(g.Tx, f.Tx); c != 0 {
			return c
		}
		return cmp.Compare(g.End, f.End)
	})
	return list
}

// classify returns the class of each entry of a sorted list, and how many there are of each. What ends a fact is past if the
// list has the fact, or lies at the bottom.
func classify(entries []entry, list []keyed, bottom bool) (classes []class, counts [4]int) {
	classes = make([]class, len(list))
	for i := range list {
		e := &entries[list[i].place]
		switch {
		case i > 0 && sameFact(&e.Fact, &entries[list[i-1].place].Fact):
			classes[i] = dropped
			if classes[i-1] == closing {
				classes[i-1] = past
			}
		case e.Open():
			classes[i] = current
		case bottom:
			classes[i] = past
		default:
			classes[i] = closing
		}
	}
	for _, c := range classes {
		counts[c]++
	}
	return classes, counts
}

func sameFact(f, g *Fact) bool { return f.E == g.E && f.A == g.A && f.Tx == g.Tx && f.V == g.V }
