package index

import (
	"slices"
	"unsafe"
)

// packedTexts is a column of texts without pointers: where each begins and ends in one byte string. The zero packedTexts is none.
type packedTexts struct {
	bytes []byte
	spans []uint64 // begin << 32 | end
	stubs bool     // some of the texts are those of stubs
	from  int32    // the place of the first one among the codes
	codes *spanCodes
}

// spanCodes are the numbers of the spans of a column whose values are all texts, of few spans.
type spanCodes struct {
	of       []uint8
	distinct []uint64 // these spans, by number
}

// fewSpans is how many spans a column of texts may have for each to have a number beside it.
const fewSpans = 256

// at returns the i-th text, which shares the memory of the column.
func (p *packedTexts) at(i int) string { return p.text(p.spans[i]) }

func (p *packedTexts) text(span uint64) string {
	begin, end := uint32(span>>32), uint32(span)
	if begin == end {
		return ""
	}
	return unsafe.String(&p.bytes[begin], int(end-begin))
}

// slice returns the texts from i to j, in the same memory.
func (p *packedTexts) slice(i, j int) packedTexts {
	return packedTexts{p.bytes, p.spans[i:j:j], p.stubs, p.from + int32(i), p.codes}
}

// gather fills to with the texts from the i-th on.
func (p *packedTexts) gather(to []string, i int) {
	for k := range to {
		to[k] = p.at(i + k)
	}
}

// pick fills to with the texts at some places.
func (p *packedTexts) pick(to []string, places []uint32) {
	for k, place := range places {
		to[k] = p.at(int(place))
	}
}

// A column of texts is packed as a list, or as a list of the distinct ones and a number for each, where that is shorter.
const (
	textList byte = iota
	textDictionary
)

// maxTexts is how many bytes the texts of one column may have in all: more than a block can come to.
const maxTexts = 1 << 24

func commonPrefix(s, t string) int {
	n := min(len(s), len(t))
	for i := range n {
		if s[i] != t[i] {
			return i
		}
	}
	return n
}

// unpack returns the spans of n texts that appendTexts packed, and appends what they hold to the column's bytes.
func (p *packedTexts) unpack(in *input, n int) []uint64 {
	if n == 0 {
		return nil
	}
	switch in.byte() {
	case textList:
		return p.unpackList(in, n)
	case textDictionary:
		var size [1]int64
		unpack(in, size[:])
		if size[0] < 1 || size[0] > int64(n) {
			in.bad = true
			return nil
		}
		distinct, codes := p.unpackList(in, int(size[0])), make([]uint64, n)
		unpack(in, codes)
		p.note(codes, distinct)
		for i, c := range codes {
			if c >= uint64(len(distinct)) {
				in.bad = true
				return nil
			}
			codes[i] = distinct[c]
		}
		return codes
	}
	in.bad = true
	return nil
}

// note notes the numbers of spans, if those are few.
func (p *packedTexts) note(codes, distinct []uint64) {
	if len(distinct) > fewSpans {
		return
	}
	p.codes = &spanCodes{make([]uint8, len(codes)), distinct}
	for i, c := range codes {
		p.codes.of[i] = uint8(c)
	}
}

func (p *packedTexts) unpackList(in *input, n int) []uint64 {
	shared, rest := make([]uint64, n), make([]uint64, n)
	unpack(in, shared)
	unpack(in, rest)
	if in.bad {
		return nil
	}
	before, size := uint64(0), uint64(0) // of the text before
	for i := range n {
		if shared[i] > before || rest[i] > uint64(len(in.rest)) {
			in.bad = true
			return nil
		}
		before = shared[i] + rest[i]
		size += before
	}
	if uint64(len(p.bytes))+size > maxTexts {
		in.bad = true
		return nil
	}
	p.bytes = slices.Grow(p.bytes, int(size))
	spans := rest
	for i := range n {
		begin := len(p.bytes)
		if i > 0 {
			from := spans[i-1] >> 32
			p.bytes = append(p.bytes, p.bytes[from:from+shared[i]]...)
		}
		p.bytes = append(p.bytes, in.take(int(rest[i]))...)
		spans[i] = uint64(begin)<<32 | uint64(len(p.bytes))
	}
	return spans
}
