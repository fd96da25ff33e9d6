package index

import (
	"sort"
	"sync"
	"sync/atomic"
)

// A sequence holds facts of a run in every order they are in: once, in columns sorted as EAVT, and as a list of places in
// those columns for each other order. A list is made when its order is first read, unless a merge made it.
type sequence struct {
	columns
	mu     sync.Mutex
	orders [4]struct {
		ready  atomic.Bool
		places []uint32
	}
}

// none is the sequence without facts.
var none = new(sequence)

// inOrder returns the places of the facts in an order; nil stands for all places as they come.
func (s *sequence) inOrder(o Order) []uint32 {
	list := &s.orders[o]
	if o == EAVT || list.ready.Load() {
		return list.places
	}
	var attributes []uint32
	if o != AEVT {
		attributes = s.inOrder(AEVT)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !list.ready.Load() {
		s.put(o, s.sort(o, attributes))
	}
	return list.places
}

// put sets the list of an order.
func (s *sequence) put(o Order, places []uint32) {
	s.orders[o].places = places
	s.orders[o].ready.Store(true)
}

// has reports whether an order can be read without sorting.
func (s *sequence) has(o Order) bool { return o == EAVT || s.len() == 0 || s.orders[o].ready.Load() }

// A span is a stretch of a sequence in one of its orders.
type span struct {
	*columns
	places []uint32 // nil stands for all places as they come
	at, to int
}

// span returns what the sequence holds of a range.
func (s *sequence) span(o Order, r *Range) span {
	x := span{columns: &s.columns, to: s.len()}
	if x.to == 0 {
		return x
	}
	if o != EAVT {
		x.places = s.inOrder(o)
		x.to = len(x.places)
	}
	if x.to == 0 || x.before(o, x.place(x.to-1), &r.Lo) || !x.before(o, x.place(0), &r.Hi) {
		return span{}
	}
	x.at = sort.Search(x.to, func(i int) bool { return !x.before(o, x.place(i), &r.Lo) })
	x.to = gallop(x.at, x.to, func(i int) bool { return !x.before(o, x.place(i), &r.Hi) })
	return x
}

func (x *span) len() int { return x.to - x.at }

// place returns where in the columns the i-th fact of the order is.
func (x *span) place(i int) int {
	if x.places == nil {
		return i
	}
	return int(x.places[i])
}

// gallop returns the smallest i from lo on for which stop holds, or hi. As stop holds for all that follow, it doubles its step
// until it is past the place, and searches in halves from there: the cost grows with the logarithm of the distance.
func gallop(lo, hi int, stop func(i int) bool) int {
	for step := 1; lo < hi; step *= 2 {
		probe := min(lo+step, hi) - 1
		if stop(probe) {
			hi = probe
			break
		}
		lo = probe + 1
	}
	return lo + sort.Search(hi-lo, func(i int) bool { return stop(lo + i) })
}
