package query

import (
	"math/bits"

	"github.com/datolite/datolite/index"
)

// A numbering gives values dense numbers, in the order in which they come.
type numbering struct {
	values index.Vector // by number
	slots  []int32      // 1 + the number of a long, by its hash
	others map[index.Value]int32
	shift  int
	longs  int
}

// count returns how many values have a number.
func (s *numbering) count() int { return s.values.Len() }

// column appends the numbers of the values of a column.
func (s *numbering) column(col *index.Vector, n int, out []int32) []int32 {
	if col.Kinds != nil || col.Kind != index.KindLong {
		for i := range n {
			out = append(out, s.number(col.At(i)))
		}
		return out
	}
	if s.count() == 0 {
		s.reserve(n)
	}
	for _, w := range col.Words[:n] {
		out = append(out, s.long(w))
	}
	return out
}

// clear takes the numbers away, and keeps room for others. What the values share memory with is let go of.
func (s *numbering) clear() {
	words := s.values.Words[:0]
	if s.others != nil {
		words = nil
	}
	clear(s.slots)
	*s = numbering{values: index.Vector{Words: words}, slots: s.slots, shift: s.shift}
}

// reserve makes room for so many longs, where there are none yet.
func (s *numbering) reserve(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	s.values.Words = make([]uint64, 0, n)
	s.resize(size)
}

// number returns the number of a value.
func (s *numbering) number(v index.Value) int32 {
	if v.Kind() == index.KindLong {
		return s.long(uint64(v.Long()))
	}
	n, ok := s.others[v]
	if !ok {
		if s.others == nil {
			s.others = map[index.Value]int32{}
		}
		n = int32(s.count())
		s.others[v] = n
		s.values.Append(v)
	}
	return n
}

// long returns the number of a long.
func (s *numbering) long(w uint64) int32 {
	if 2*s.longs >= len(s.slots) {
		s.resize(max(64, 2*len(s.slots)))
	}
	mask := len(s.slots) - 1
	for at := int(w * 0x9E3779B97F4A7C15 >> s.shift); ; at++ {
		switch n := s.slots[at&mask]; {
		case n == 0:
			s.longs++
			s.slots[at&mask] = int32(s.count()) + 1
			s.appendLong(w)
			return s.slots[at&mask] - 1
		case s.values.Words[n-1] == w && s.isLong(n-1):
			return n - 1
		}
	}
}

func (s *numbering) isLong(n int32) bool {
	return s.others == nil || s.values.At(int(n)).Kind() == index.KindLong
}

func (s *numbering) appendLong(w uint64) {
	if s.others != nil {
		s.values.Append(index.Long(int64(w)))
		return
	}
	s.values.Kind = index.KindLong
	s.values.Words = append(s.values.Words, w)
}

// resize makes so many slots, and puts those in that have a number.
func (s *numbering) resize(size int) {
	s.slots = make([]int32, size)
	s.shift = 64 - bits.TrailingZeros(uint(size))
	mask := size - 1
	for n := range int32(s.count()) {
		if !s.isLong(n) {
			continue
		}
		at := int(s.values.Words[n] * 0x9E3779B97F4A7C15 >> s.shift)
		for s.slots[at&mask] != 0 {
			at++
		}
		s.slots[at&mask] = n + 1
	}
}
