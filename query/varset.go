package query

import "math/bits"

// A varSet is a set of variables. The zero varSet is empty. Of a query with at most 64 variables it takes no memory of its own.
type varSet struct {
	low  uint64
	high []uint64 // of the variables from 64 on; the last word is not 0
}

func (s *varSet) add(v variable) {
	switch {
	case v < 0:
		return
	case v < 64:
		s.low |= 1 << v
		return
	}
	at := int(v)/64 - 1
	high := make([]uint64, max(at+1, len(s.high)))
	copy(high, s.high)
	high[at] |= 1 << (v % 64)
	s.high = high
}

func (s varSet) has(v variable) bool {
	switch {
	case v < 0:
		return false
	case v < 64:
		return s.low>>v&1 == 1
	}
	at := int(v)/64 - 1
	return at < len(s.high) && s.high[at]>>(v%64)&1 == 1
}

func (s varSet) empty() bool { return s.low == 0 && len(s.high) == 0 }

func (s varSet) len() int {
	n := bits.OnesCount64(s.low)
	for _, w := range s.high {
		n += bits.OnesCount64(w)
	}
	return n
}

// within reports whether all of s is in t.
func (s varSet) within(t varSet) bool {
	if s.low&^t.low != 0 || len(s.high) > len(t.high) {
		return false
	}
	for i, w := range s.high {
		if w&^t.high[i] != 0 {
			return false
		}
	}
	return true
}

func (s varSet) meets(t varSet) bool {
	if s.low&t.low != 0 {
		return true
	}
	for i := range min(len(s.high), len(t.high)) {
		if s.high[i]&t.high[i] != 0 {
			return true
		}
	}
	return false
}

// addAll puts all of t into s.
func (s *varSet) addAll(t varSet) { *s = s.union(t) }

func (s varSet) union(t varSet) varSet {
	out := varSet{low: s.low | t.low, high: s.high}
	if len(t.high) == 0 {
		return out
	}
	out.high = make([]uint64, max(len(s.high), len(t.high)))
	copy(out.high, s.high)
	for i, w := range t.high {
		out.high[i] |= w
	}
	return out
}

func (s varSet) and(t varSet) varSet {
	out := varSet{low: s.low & t.low}
	if n := min(len(s.high), len(t.high)); n > 0 {
		high := make([]uint64, n)
		for i := range high {
			high[i] = s.high[i] & t.high[i]
		}
		out.high = trimmed(high)
	}
	return out
}

func (s varSet) minus(t varSet) varSet {
	out := varSet{low: s.low &^ t.low}
	if len(s.high) > 0 {
		high := append([]uint64(nil), s.high...)
		for i := range min(len(high), len(t.high)) {
			high[i] &^= t.high[i]
		}
		out.high = trimmed(high)
	}
	return out
}

// trimmed returns words without zeros at the end.
func trimmed(words []uint64) []uint64 {
	for len(words) > 0 && words[len(words)-1] == 0 {
		words = words[:len(words)-1]
	}
	return words
}

// list returns the variables in ascending order.
func (s varSet) list() []variable {
	if s.empty() {
		return nil
	}
	out := make([]variable, 0, s.len())
	for v := range s.each {
		out = append(out, v)
	}
	return out
}

// each yields the variables in ascending order.
func (s varSet) each(yield func(variable) bool) {
	for w := s.low; w != 0; w &= w - 1 {
		if !yield(variable(bits.TrailingZeros64(w))) {
			return
		}
	}
	for i, w := range s.high {
		for ; w != 0; w &= w - 1 {
			if !yield(variable((i+1)*64 + bits.TrailingZeros64(w))) {
				return
			}
		}
	}
}

// setOf returns the set of some variables; _ is none.
func setOf(vs ...variable) varSet {
	var s varSet
	for _, v := range vs {
		s.add(v)
	}
	return s
}
