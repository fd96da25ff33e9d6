package index

import (
	"math"
	"math/bits"
)

// An IDSet is a set of entity ids, kept as a bitmap. The zero IDSet is empty. It may be read by many goroutines once it is
// no longer changed.
type IDSet struct {
	n     int
	pages map[ID]*page
}

// A page is the part of a set that holds 4,096 ids which follow each other.
type page [64]uint64

// Add puts the id into the set.
func (s *IDSet) Add(id ID) {
	if s.pages == nil {
		s.pages = map[ID]*page{}
	}
	p := s.pages[id>>12]
	if p == nil {
		p = new(page)
		s.pages[id>>12] = p
	}
	word, bit := &p[id>>6&63], uint64(1)<<(id&63)
	s.n += 1 - bits.OnesCount64(*word&bit)
	*word |= bit
}

// Has reports whether the id is in the set. A nil set is empty.
func (s *IDSet) Has(id ID) bool {
	if s == nil {
		return false
	}
	p := s.pages[id>>12]
	return p != nil && p.has(id)
}

func (p *page) has(id ID) bool { return p[id>>6&63]&(1<<(id&63)) != 0 }

// Len returns how many ids the set holds.
func (s *IDSet) Len() int {
	if s == nil {
		return 0
	}
	return s.n
}

// outside appends to places those of from whose entity is not in the set. Entities of one page mostly follow each other.
func (s *IDSet) outside(places []uint32, e []ID, from []uint32) []uint32 {
	number := ID(math.MinInt64) // of p; no page has this one
	var p *page
	for _, place := range from {
		id := e[place]
		if id>>12 != number {
			number = id >> 12
			p = s.pages[number]
		}
		if p == nil || !p.has(id) {
			places = append(places, place)
		}
	}
	return places
}
