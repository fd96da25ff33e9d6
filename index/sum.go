package index

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// A Sum stands for a set of facts: it is the same for two sets of the same facts, whatever the order in which they were added, and for
// others it differs but for a chance of one in 2^128 or so. So what lies in trees is compared with what a log says without holding
// either in memory. It tells damage and errors, not malice: for those who alter facts on purpose there are the hashes.
type Sum struct {
	Facts  int
	Hi, Lo uint64
}

// Plus returns the sum of two sets that have nothing in common.
func (s Sum) Plus(t Sum) Sum {
	lo, carry := bits.Add64(s.Lo, t.Lo, 0)
	hi, _ := bits.Add64(s.Hi, t.Hi, carry)
	return Sum{s.Facts + t.Facts, hi, lo}
}

// Minus returns the sum of a set without a part of it.
func (s Sum) Minus(t Sum) Sum {
	lo, borrow := bits.Sub64(s.Lo, t.Lo, 0)
	hi, _ := bits.Sub64(s.Hi, t.Hi, borrow)
	return Sum{s.Facts - t.Facts, hi, lo}
}

// String returns the number of facts, and 32 hexadecimal digits.
func (s Sum) String() string { return fmt.Sprintf("%d-%016x%016x", s.Facts, s.Hi, s.Lo) }

// Sum returns the sum of the fact alone. A long value is in it by its stub, which is all that orders other than EAVT have of it.
func (f *Fact) Sum() Sum {
	m := mixing{0x243f6a8885a308d3, 0x13198a2e03707344}
	m.add(uint64(f.E), uint64(f.A))
	m.add(uint64(f.Tx), uint64(f.End))
	v := f.V.stub()
	m.add(uint64(v.kind), v.word)
	m.text(v.text)
	return Sum{1, m[0], m[1]}
}

// sum returns the sum of the facts in columns whose attributes skip does not pick.
func (c *columns) sum(skip func(a ID) bool) Sum {
	var all Sum
	for i := range c.len() {
		if skip != nil && skip(c.A[i]) {
			continue
		}
		all = all.Plus(c.fact(i).Sum())
	}
	return all
}

// A mixing is a hash of words: each is multiplied into it to 128 bits, whose halves are folded (as in wyhash, by Wang Yi), in two lanes.
type mixing [2]uint64

func (m *mixing) add(x, y uint64) {
	m[0], m[1] = folded(m[0]^x, y^0x9e3779b97f4a7c15), folded(m[1]^y, x^0xc2b2ae3d27d4eb4f)
	m[0], m[1] = folded(m[0]^0xa0761d6478bd642f, m[1]^0xe7037ed1a0b428db), m[0]^bits.RotateLeft64(m[1], 29)
}

func folded(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}

// text adds a text and its length.
func (m *mixing) text(t string) {
	n := len(t)
	for ; len(t) >= 16; t = t[16:] {
		m.add(word(t[:8]), word(t[8:16]))
	}
	var rest [16]byte
	copy(rest[:], t)
	m.add(binary.LittleEndian.Uint64(rest[:8]), binary.LittleEndian.Uint64(rest[8:])^uint64(n)<<56^uint64(n))
}

func word(t string) uint64 {
	_ = t[7]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 |
		uint64(t[6])<<48 | uint64(t[7])<<56
}
