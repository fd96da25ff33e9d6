package index

import (
	"math"
	"math/bits"
	"sort"
)

// A sign stands for a cut in a search among many: of two cuts the one with the smaller sign comes first, and only those with equal signs are
// compared. It is the beginning of the first two components, each a word, or of a value alone that comes first. What a cut has less of is zero.
type sign [2]uint64

// less returns 1 for a sign that is smaller than another one, else 0.
func (s *sign) less(t sign) int {
	_, borrow := bits.Sub64(s[1], t[1], 0)
	_, borrow = bits.Sub64(s[0], t[0], borrow)
	return int(borrow)
}

// sign returns the sign of the cut in an order, and false where it has a value that has none.
func (c *Cut) sign(o Order) (s sign, ok bool) {
	s, ok = signOf(o, c.Parts, &c.Key)
	if c.After && (o != VAET || c.Parts == 0) {
		for i := c.Parts; i < len(s); i++ {
			s[i] = math.MaxUint64
		}
	}
	return s, ok
}

// signOf returns the sign of the cut of an order before the facts that have some components of a key.
func signOf(o Order, parts int, key *Fact) (s sign, ok bool) {
	for i := range min(parts, len(s)) {
		switch sequences[o][i] {
		case 'E':
			s[i] = uint64(key.E) ^ 1<<63
		case 'A':
			s[i] = uint64(key.A) ^ 1<<63
		case 'V':
			if s[i], ok = key.V.sign(); !ok || i == 0 { // values with equal signs need not be equal: what is behind them decides nothing
				return s, ok
			}
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
		if out[i], ok = cut(i).sign(o); !ok {
			return nil
		}
	}
	return out
}

// at returns the number of the last of n cuts that is not behind another one, and 0 where all are.
func (ss signs) at(o Order, n int, cut *Cut, nth func(i int) *Cut) int {
	s, ok := cut.sign(o)
	if !ok || ss == nil {
		return max(0, sort.Search(n, func(i int) bool { return nth(i).compare(o, cut) > 0 })-1)
	}
	lo := ss.first(s)
	if lo == n || ss[lo] != s {
		return max(0, lo-1)
	}
	return ss.amongEqual(o, lo, cut, nth)
}

// amongEqual is at for a cut whose sign is that of the lo-th one and of none before it.
func (ss signs) amongEqual(o Order, lo int, cut *Cut, nth func(i int) *Cut) int {
	s := ss[lo]
	return max(0, gallop(lo, len(ss), func(i int) bool { return ss[i] != s || nth(i).compare(o, cut) > 0 })-1)
}

// first returns the number of the first sign that is not less than another one. Halves are chosen without a branch, which nobody could predict.
func (ss signs) first(s sign) int {
	at := 0
	for n := len(ss); n > 0; {
		half := (n + 1) / 2
		at += half & -ss[at+half-1].less(s)
		n -= half
	}
	return at
}
