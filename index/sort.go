package index

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// sort returns the places of the sequence's facts in an order. The columns are sorted as EAVT and attributes lists their places
// as AEVT, so that each order is a stable sort of another one by a single component.
func (s *sequence) sort(o Order, attributes []uint32) []uint32 {
	if o == AEVT {
		return s.byAttribute()
	}
	if o == VAET {
		return s.membersByValue(o, attributes)
	}
	groups := s.group(attributes)
	parts := make([][]uint32, len(groups))
	part := func(i int) {
		from := 0
		if i > 0 {
			from = groups[i-1].upto
		}
		parts[i] = s.membersByValue(o, attributes[from:groups[i].upto])
	}
	if len(attributes) >= sortedTogether {
		together(len(parts), part)
	} else {
		for i := range parts {
			part(i)
		}
	}
	return slices.Concat(parts...)
}

// sortedTogether is from how many facts on attributes are sorted by value beside each other.
const sortedTogether = 1 << 14

// membersByValue returns those of some places that are in an order, by value.
func (s *sequence) membersByValue(o Order, places []uint32) []uint32 {
	members := make([]uint32, 0, len(places))
	for _, p := range places {
		if s.in[p].has(o) {
			members = append(members, p)
		}
	}
	s.sortByValue(members)
	return members
}

// byAttribute returns the places of all facts sorted by attribute, which EAVT makes AEVT.
func (s *sequence) byAttribute() []uint32 {
	groups := new(packer).byAttribute(s.A)
	slices.SortFunc(groups, func(g, h []uint32) int { return cmp.Compare(s.A[g[0]], s.A[h[0]]) })
	return slices.Concat(groups...)
}

// A ranked place sorts by the rank of its value, and by the full value where ranks are equal and do not tell all.
type ranked struct {
	rank  uint64
	place uint32
}

// sortByValue sorts places by value and leaves those of equal values in their sequence.
func (s *sequence) sortByValue(places []uint32) {
	if len(places) < 2 {
		return
	}
	rank, exact := s.V.ranks(s.V.Kinds[places[0]], s.V.uniform(places))
	list := make([]ranked, len(places))
	for i, p := range places {
		list[i] = ranked{rank(&s.V, int(p)), p}
	}
	list = sortRanked(list)
	for group := list; !exact && len(group) > 0; {
		n := 1
		for n < len(group) && group[n].rank == group[0].rank {
			n++
		}
		s.sortEquals(group[:n])
		group = group[n:]
	}
	for i, r := range list {
		places[i] = r.place
	}
}

// sortEquals sorts places of equal rank by value. Most have one value.
func (s *sequence) sortEquals(group []ranked) {
	first := s.V.At(int(group[0].place))
	for i := range group {
		if at := int(group[i].place); s.V.text(at) != first.text || s.V.Kinds[at] != first.kind || s.V.Words[at] != first.word {
			slices.SortStableFunc(group, func(a, b ranked) int { return Compare(s.V.At(int(a.place)), s.V.At(int(b.place))) })
			return
		}
	}
}

// sortedByDigit is from how many places on they are sorted digit by digit.
const sortedByDigit = 128

// sortRanked sorts by rank and leaves what is equal in its sequence: many places byte by byte, from the lowest on, without those that all have in
// common (least significant digit first, as sorters of punched cards did).
func sortRanked(list []ranked) []ranked {
	if len(list) < sortedByDigit {
		slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
		return list
	}
	differ := uint64(0)
	for i := range list {
		differ |= list[i].rank ^ list[0].rank
	}
	other := make([]ranked, len(list))
	for d := range 8 {
		if byte(differ>>(8*d)) == 0 {
			continue
		}
		var at [256]uint32
		for i := range list {
			at[byte(list[i].rank>>(8*d))]++
		}
		next := uint32(0)
		for b := range at {
			next, at[b] = next+at[b], next
		}
		for i := range list {
			b := byte(list[i].rank >> (8 * d))
			other[at[b]] = list[i]
			at[b]++
		}
		list, other = other, list
	}
	return list
}

// uniform reports whether the values at some places, of which there is one, have one kind.
func (v *Vector) uniform(places []uint32) bool {
	kind := v.Kinds[places[0]]
	for _, p := range places {
		if v.Kinds[p] != kind {
			return false
		}
	}
	return true
}

// ranks returns a function from values of a kind to numbers in their order, and whether equal numbers mean equal values.
func (v *Vector) ranks(kind Kind, uniform bool) (rank func(v *Vector, i int) uint64, exact bool) {
	switch {
	case !uniform:
	case kind == KindLong || kind == KindInstant || kind == KindBool:
		return func(v *Vector, i int) uint64 { return v.Words[i] ^ 1<<63 }, true
	case kind == KindDouble || kind == KindFloat:
		return func(v *Vector, i int) uint64 { return doubleRank(v.At(i).Double()) }, true
	case kind == KindString || kind == KindURI || kind == KindUUID || kind == KindBytes:
		if v.coded.dict != nil {
			return func(v *Vector, i int) uint64 { return uint64(v.coded.dict.ranks[v.coded.of[i]]) }, true
		}
		return func(v *Vector, i int) uint64 { return textRank(v.Texts, i) }, false
	}
	return func(*Vector, int) uint64 { return 0 }, false
}

func doubleRank(f float64) uint64 {
	bits := math.Float64bits(f)
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}

// textRank returns the first eight bytes, the first one highest.
func textRank(texts []string, i int) uint64 {
	if texts == nil {
		return 0
	}
	var head [8]byte
	copy(head[:], texts[i])
	return binary.BigEndian.Uint64(head[:])
}
