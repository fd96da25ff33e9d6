package index

import (
	"cmp"
	"sort"
	"sync"
	"sync/atomic"
)

// A sequence holds facts of a run in every order they are in: once, in columns sorted as EAVT, and as a list of places in
// those columns for each other order. A list is made when its order is first read, unless a merge made it.
type sequence struct {
	columns
	mu        sync.Mutex
	laidBytes atomic.Int64 // that the groups take which are laid out
	orders    [4]struct {
		ready  atomic.Bool
		places []uint32
		groups []group
		fence  signs // of every so many-th place; nil where there are few, or some have none
	}
}

// A group tells where in an order that begins with A the facts of an attribute end, and those of the next one begin.
type group struct {
	a    ID
	upto int
	laid atomic.Pointer[columns] // the facts, once they are laid out
}

// grouped is from how many facts on a list has groups.
const grouped = 256

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
	if len(places) >= grouped && o != VAET {
		s.orders[o].groups = s.group(places)
	}
	s.orders[o].fence = s.fenced(o, places)
	s.orders[o].ready.Store(true)
}

// fencePost is how many places lie between two signs of a fence, and fenced from how many places on a list has one.
const (
	fencePost = 64
	fenced    = 1024
)

// fenced returns the fence of places that are sorted.
func (s *sequence) fenced(o Order, places []uint32) signs {
	if len(places) < fenced {
		return nil
	}
	return newSigns(o, len(places)/fencePost, func(i int) *Cut {
		p := int(places[i*fencePost])
		return &Cut{Parts: 2, Key: Fact{E: s.E[p], A: s.A[p], V: s.V.At(p)}}
	})
}

// group returns the groups of places that are sorted by attribute first.
func (s *sequence) group(places []uint32) []group {
	var groups []group
	for at := 0; at < len(places); {
		a := s.A[places[at]]
		at = gallop(at, len(places), func(i int) bool { return s.A[places[i]] != a })
		groups = append(groups, group{a: a, upto: at})
	}
	return groups
}

// groupOf returns the number of the group of an attribute, or of the first one behind it, and whether there is one.
func groupOf(groups []group, a ID) (i int, found bool) {
	return sort.Find(len(groups), func(i int) int { return cmp.Compare(a, groups[i].a) })
}

// has reports whether an order can be read without sorting.
func (s *sequence) has(o Order) bool { return o == EAVT || s.len() == 0 || s.orders[o].ready.Load() }
