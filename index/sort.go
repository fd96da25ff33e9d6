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
	members := make([]uint32, 0, len(attributes))
	for _, p := range attributes {
		if s.in[p].has(o) {
			members = append(members, p)
		}
	}
	if o == VAET {
		s.sortByValue(members)
		return members
	}
	for group := members; len(group) > 0; {
		n := 1
		for n < len(group) && s.A[group[n]] == s.A[group[0]] {
			n++
		}
		s.sortByValue(group[:n])
		group = group[n:]
	}
	return members
}

// byAttribute returns the places of all facts sorted by attribute, which EAVT makes AEVT.
func (s *sequence) byAttribute() []uint32 {
	counts := map[ID]uint32{}
	for _, a := range s.A {
		counts[a]++
	}
	attrs := make([]ID, 0, len(counts))
	for a := range counts {
		attrs = append(attrs, a)
	}
	slices.Sort(attrs)
	next := uint32(0)
	for _, a := range attrs {
		next, counts[a] = next+counts[a], next
	}
	places := make([]uint32, len(s.A))
	for i, a := range s.A {
		places[counts[a]] = uint32(i)
		counts[a]++
	}
	return places
}

// A ranked place sorts by the rank of its value, and by the full value where ranks are equal and do not tell all.
type ranked struct {
	rank  uint64
	nth   uint32
	place uint32
}

// sortByValue sorts places by value and leaves those of equal values in their sequence.
func (s *sequence) sortByValue(places []uint32) {
	if len(places) < 2 {
		return
	}
	rank, exact := ranks(s.V.Kinds[places[0]], s.V.uniform(places))
	list := make([]ranked, len(places))
	for i, p := range places {
		list[i] = ranked{rank(&s.V, int(p)), uint32(i), p}
	}
	slices.SortFunc(list, func(a, b ranked) int {
		c := cmp.Compare(a.rank, b.rank)
		if c == 0 && !exact {
			c = Compare(s.V.At(int(a.place)), s.V.At(int(b.place)))
		}
		if c == 0 {
			c = cmp.Compare(a.nth, b.nth)
		}
		return c
	})
	for i, r := range list {
		places[i] = r.place
	}
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
func ranks(kind Kind, uniform bool) (rank func(v *Vector, i int) uint64, exact bool) {
	switch {
	case !uniform:
	case kind == KindLong || kind == KindInstant || kind == KindBool:
		return func(v *Vector, i int) uint64 { return v.Words[i] ^ 1<<63 }, true
	case kind == KindDouble || kind == KindFloat:
		return func(v *Vector, i int) uint64 { return doubleRank(v.At(i).Double()) }, true
	case kind == KindString || kind == KindURI || kind == KindUUID || kind == KindBytes:
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
