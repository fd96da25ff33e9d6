package index

import (
	"slices"
	"sort"
	"sync"
)

// A Run is an immutable set of the facts that a stretch of transactions asserted or ended. It lives three ways: it is made
// unsorted from what a commit brings; it is sorted in an order when that order is first read; and it is merged with its
// neighbour into a larger one. A fact asserted and ended within the run is past; one asserted in it that still holds at its
// end is current; one asserted before it and ended in it is a closing, which masks the open fact of an older run.
type Run struct {
	entries []entry
	newest  ID
	orders  [4]struct {
		once  sync.Once
		facts []Fact
	}
}

type entry struct {
	Fact
	in [4]bool
}

// NewRun returns the run of one commit: facts with End zero are asserted in it, the others are closings. indexed tells whether
// the facts of an attribute are in AVET, and refs whether they are in VAET.
func NewRun(facts []Fact, attrs Attrs) *Run {
	r := &Run{entries: make([]entry, len(facts))}
	for i, f := range facts {
		r.entries[i] = entry{f, [4]bool{EAVT: true, AEVT: true, AVET: attrs.Indexed(f.A), VAET: attrs.IsRef(f.A)}}
		r.newest = max(r.newest, f.Tx, f.End)
	}
	return r
}

func (r *Run) sorted(o Order) []Fact {
	s := &r.orders[o]
	s.once.Do(func() {
		for _, e := range r.entries {
			if e.in[o] {
				s.facts = append(s.facts, e.Fact)
			}
		}
		slices.SortFunc(s.facts, o.Compare)
	})
	return s.facts
}

// span returns the facts of the run within a range.
func (r *Run) span(o Order, g Range) []Fact {
	facts := r.sorted(o)
	lo := sort.Search(len(facts), func(i int) bool { return !g.Lo.before(o, facts[i]) })
	hi := sort.Search(len(facts), func(i int) bool { return !g.Hi.before(o, facts[i]) })
	return facts[lo:max(lo, hi)]
}

// Attrs tells in which orders an attribute's facts are kept; every fact is in EAVT and AEVT.
type Attrs interface {
	Indexed(a ID) bool // in AVET
	IsRef(a ID) bool   // in VAET
}

// merged returns the run of what r and the newer run n hold.
func (r *Run) merged(n *Run) *Run {
	return &Run{entries: append(slices.Clip(r.entries), n.entries...), newest: max(r.newest, n.newest)}
}
