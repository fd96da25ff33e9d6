package query

import "math/bits"

// A varSet is a set of variables. The zero varSet is empty.
type varSet struct{ words []uint64 }

func (s *varSet) add(v variable) {
	if v < 0 {
		return
	}
	for int(v)/64 >= len(s.words) {
		s.words = append(s.words, 0)
	}
	s.words[v/64] |= 1 << (v % 64)
}

func (s varSet) has(v variable) bool {
	return v >= 0 && int(v)/64 < len(s.words) && s.words[v/64]>>(v%64)&1 == 1
}

func (s varSet) empty() bool { return s.len() == 0 }

func (s varSet) len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// within reports whether all of s is in t.
func (s varSet) within(t varSet) bool { return s.minus(t).empty() }

func (s varSet) meets(t varSet) bool { return !s.and(t).empty() }

func (s varSet) clone() varSet { return varSet{append([]uint64(nil), s.words...)} }

// addAll puts all of t into s.
func (s *varSet) addAll(t varSet) {
	for len(s.words) < len(t.words) {
		s.words = append(s.words, 0)
	}
	for i, w := range t.words {
		s.words[i] |= w
	}
}

func (s varSet) union(t varSet) varSet {
	out := s.clone()
	out.addAll(t)
	return out
}

func (s varSet) and(t varSet) varSet {
	out := s.clone()
	for i := range out.words {
		if i < len(t.words) {
			out.words[i] &= t.words[i]
		} else {
			out.words[i] = 0
		}
	}
	return out
}

func (s varSet) minus(t varSet) varSet {
	out := s.clone()
	for i := range out.words {
		if i < len(t.words) {
			out.words[i] &^= t.words[i]
		}
	}
	return out
}

// list returns the variables in ascending order.
func (s varSet) list() []variable {
	var out []variable
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			out = append(out, variable(i*64+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// setOf returns the set of some variables; _ is none.
func setOf(vs ...variable) varSet {
	var s varSet
	for _, v := range vs {
		s.add(v)
	}
	return s
}
