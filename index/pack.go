package index

import (
	"encoding/binary"
	"math/bits"
)

// A column of integers is packed in one of three ways: all equal, each as its distance from the smallest (frame of reference), or
// each as its distance from the one before it, where they ascend. Distances have as many bits as the largest of them needs.
const (
	packEqual byte = iota
	packFrame
	packAscending
)

// appendInts appends a packed column, whose length the reader must know.
func appendInts[T ~int64](b []byte, xs []T) []byte {
	if len(xs) == 0 {
		return b
	}
	least, most, before, ascends, step := xs[0], xs[0], xs[0], true, uint64(0)
	for _, x := range xs {
		least, most = min(least, x), max(most, x)
		ascends = ascends && x >= before
		step = max(step, uint64(x)-uint64(before))
		before = x
	}
	width := bits.Len64(uint64(most) - uint64(least))
	switch {
	case width == 0:
		return binary.AppendVarint(append(b, packEqual), int64(least))
	case ascends && bits.Len64(step) < width:
		width = bits.Len64(step)
		b = append(binary.AppendVarint(append(b, packAscending), int64(xs[0])), byte(width))
		return packBits(b, width, xs[1:], xs[0], true)
	}
	b = append(binary.AppendVarint(append(b, packFrame), int64(least)), byte(width))
	return packBits(b, width, xs, least, false)
}

// packBits appends the distances of numbers from one, or of each from the one before it, in some bits each, the lowest bit first.
func packBits[T ~int64](b []byte, width int, xs []T, from T, each bool) []byte {
	var word uint64
	used := 0
	for _, x := range xs {
		distance := uint64(x) - uint64(from)
		if each {
			from = x
		}
		word |= distance << used
		if used+width < 64 {
			used += width
			continue
		}
		b = binary.LittleEndian.AppendUint64(b, word)
		word = 0
		if rest := 64 - used; rest < 64 {
			word = distance >> rest
		}
		used += width - 64
	}
	for ; used > 0; used -= 8 {
		b, word = append(b, byte(word)), word>>8
	}
	return b
}

// An input is the bytes of a segment on their way through a decoder. After the first thing that does not fit it is bad, and yields
// zeros.
type input struct {
	rest    []byte
	bad     bool
	version byte // of the segment
}

// take returns the next n bytes, which are part of the segment.
func (in *input) take(n int) []byte {
	if n < 0 || n > len(in.rest) || in.bad {
		in.bad = true
		return nil
	}
	out := in.rest[:n:n]
	in.rest = in.rest[n:]
	return out
}

func (in *input) byte() byte {
	if b := in.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (in *input) uvarint() uint64 {
	x, n := binary.Uvarint(in.rest)
	if in.take(n); n <= 0 {
		in.bad = true
	}
	return x
}

func (in *input) varint() int64 {
	x, n := binary.Varint(in.rest)
	if in.take(n); n <= 0 {
		in.bad = true
	}
	return x
}

// count returns a number that counts something, which is at most limit.
func (in *input) count(limit int) int {
	n := in.uvarint()
	if n > uint64(limit) {
		in.bad = true
		return 0
	}
	return int(n)
}

// unpack fills a column that appendInts packed.
func unpack[T ~int64 | ~uint64](in *input, xs []T) {
	if len(xs) == 0 {
		return
	}
	mode, first := in.byte(), in.varint()
	switch mode {
	case packEqual:
		fill(xs, T(first))
	case packFrame:
		unpackBits(in, xs)
		for i := range xs {
			xs[i] += T(first)
		}
	case packAscending:
		xs[0] = T(first)
		unpackBits(in, xs[1:])
		for i := range xs[1:] {
			xs[i+1] += xs[i]
		}
	default:
		in.bad = true
	}
}

// unpackBits fills a column with numbers of as many bits as the next byte says.
func unpackBits[T ~int64 | ~uint64](in *input, xs []T) {
	width := int(in.byte())
	if width == 0 || width > 64 {
		in.bad = true
		return
	}
	b := in.take((len(xs)*width + 7) / 8)
	if b == nil {
		return
	}
	mask := ^uint64(0) >> (64 - width)
	for i := range xs {
		at := i * width
		x := wordAt(b, at/8) >> (at % 8)
		if at%8+width > 64 {
			x |= uint64(b[at/8+8]) << (64 - at%8)
		}
		xs[i] = T(x & mask)
	}
}

// wordAt returns the eight bytes at i as a number; those behind the end are zero.
func wordAt(b []byte, i int) uint64 {
	if i+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[i:])
	}
	var word [8]byte
	copy(word[:], b[i:])
	return binary.LittleEndian.Uint64(word[:])
}
