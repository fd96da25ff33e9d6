package index

import (
	"math"
	"sort"
)

// A sign stands for a cut in a search among many: of two cuts the one with the smaller sign comes first, and only those with equal signs are
// compared. It is the beginning of the first two components, each a word, or of a value alone that comes first. What a cut has less of is zero.
type sign [2]uint64

func (s sign) less(t sign) bool { return s[0] < t[0] || s[0] == t[0] && s[1] < t[1] }

// signOf returns the sign of a cut of an order, and false for one with a value that has none.
func signOf(o Order, c *Cut) (s sign, ok bool) {
	for i := range min(c.Parts, len(s)) {
		switch sequences[o][i] {
		case 'E':
			s[i] = uint64(c.Key.E) ^ 1<<63
		case 'A':
			s[i] = uint64(c.Key.A) ^ 1<<63
		case 'V':
			if s[i], ok = c.Key.V.sign(); !ok || i == 0 { // values with equal signs need not be equal: what is behind them decides nothing
				return s, ok
			}
		}
	}
	if c.After && c.Parts < len(s) {
		for i := c.Parts; i < len(s); i++ {
			s[i] = math.MaxUint64
		}
	}
	return s, true
}

// sign returns a word that is not greater than that of any value which sorts behind this one: the family in four bits, and the beginning. A
// number whose digits would have to be counted out has none.
func (v Value) sign() (uint64, bool) {
	switch v.kind {
	case KindBigInt, KindDecimal:
		return 0, false
	case KindLong:
		return inFamily(KindLong, ordered(float64(int64(v.word)))), true
	case KindFloat, KindDouble:
		return inFamily(KindLong, ordered(v.Double())), true
	case KindBool:
		return inFamily(v.kind, v.word<<63), true
	case KindInstant:
		return inFamily(v.kind, v.word^1<<63), true
	case KindString, KindURI, KindUUID, KindBytes:
		return inFamily(v.kind, beginning(v.text)), true
	}
	return inFamily(v.kind, 0), true
}

func inFamily(k Kind, word uint64) uint64 { return uint64(k)<<60 | word>>4 }

// ordered returns a word of a number: of two numbers the smaller one has the smaller word.
func ordered(f float64) uint64 {
	b := math.Float64bits(f)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// beginning returns the first eight bytes of a text as a word.
func beginning(text string) (word uint64) {
	for i := range min(len(text), 8) {
		word |= uint64(text[i]) << (56 - 8*i)
	}
	return word
}

// Signs are those of cuts that ascend; nil where one of them has none.
type signs []sign

func newSigns(o Order, n int, cut func(i int) *Cut) signs {
	out := make(signs, n)
	for i := range out {
		var ok bool
		if out[i], ok = signOf(o, cut(i)); !ok {
			return nil
		}
	}
	return out
}

// at returns the number of the last of n cuts that is not behind another one, and 0 where all are.
func (ss signs) at(o Order, n int, cut *Cut, nth func(i int) *Cut) int {
	lo, hi := 0, n
	if s, ok := signOf(o, cut); ok && ss != nil {
		lo, hi = ss.equal(s)
	}
	return max(0, lo+sort.Search(hi-lo, func(i int) bool { return nth(lo+i).compare(o, cut) > 0 })-1)
}

// equal returns from where to where signs equal one.
func (ss signs) equal(s sign) (lo, hi int) {
	hi = len(ss)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); ss[mid].less(s) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, gallop(lo, len(ss), func(i int) bool { return ss[i] != s })
}
