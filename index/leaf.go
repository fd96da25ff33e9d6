package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
)

// A leaf is some thousand facts that follow each other in a tree, in blocks that are decoded when they are first read.
type leaf struct {
	shape
	blocks []block
	signs  signs // of where they begin
}

// A block of a leaf: what lies in it, where it is stored, and its columns once they were read.
type block struct {
	summary
	sum     [32]byte
	stored  []byte
	decoded atomic.Pointer[columns]
}

// leaf returns the segment of the facts in columns, from the cut on, in blocks of so many.
func (p *packer) leaf(s shape, c *columns, from Cut, blockFacts int) (segment []byte, sum [32]byte) {
	p.head, p.stored = p.head[:0], p.stored[:0]
	blocks := 0
	for i, j := 0, 0; i < c.len(); i = j {
		j = c.blockEnd(i, blockFacts)
		p.block = p.appendBlock(p.block[:0], c, i, j)
		n := len(p.stored)
		p.store()
		if i > 0 {
			from = c.separator(s.order, i)
		}
		part, hash := summarise(c, i, j, from), sha256.Sum256(p.stored[n:])
		p.head = part.append(p.head, s.order, s.ends)
		p.head = append(binary.AppendUvarint(p.head, uint64(len(p.stored)-n)), hash[:]...)
		blocks++
	}
	head := slices.Concat(binary.AppendUvarint(s.appendHead(leafSegment), uint64(blocks)), p.head)
	return sealed(head, p.stored)
}

// blockText is how many bytes of text a block has at most, unless its first fact alone has more.
const blockText = 64 << 10

// blockEnd returns where the block ends that begins with the i-th fact.
func (c *columns) blockEnd(i, blockFacts int) int {
	j := min(i+blockFacts, c.len())
	if c.V.Texts == nil && c.V.coded.dict == nil {
		return j
	}
	size := 0
	for k := i; k < j; k++ {
		if size += len(c.V.text(k)); size > blockText && k > i {
			return k
		}
	}
	return j
}

// fact returns the i-th fact.
func (c *columns) fact(i int) *Fact {
	f := c.factAt(i)
	return &f
}

// factAt is fact for who keeps none in memory of its own.
func (c *columns) factAt(i int) Fact {
	return Fact{E: c.E[i], A: c.A[i], V: c.V.At(i), Tx: c.Tx[i], End: c.end(i)}
}

// decodeLeaf returns the leaf of a segment, whose blocks are not decoded yet and share its memory.
func decodeLeaf(s shape, b []byte, sum [32]byte) (*leaf, error) {
	in, rest, err := s.openHead(b, sum, leafSegment)
	if err != nil {
		return nil, err
	}
	l := &leaf{shape: s, blocks: make([]block, in.count(len(in.rest)))}
	for i := range l.blocks {
		x := &l.blocks[i]
		x.summary = in.summary(s.order, s.ends)
		size := in.count(len(rest))
		copy(x.sum[:], in.take(len(x.sum)))
		if in.bad {
			return nil, fmt.Errorf("%w: the head of a leaf does not decode", ErrSegment)
		}
		x.stored, rest = rest[:size:size], rest[size:]
	}
	if in.bad || len(in.rest)+len(rest) > 0 || len(l.blocks) == 0 {
		return nil, fmt.Errorf("%w: a leaf does not decode", ErrSegment)
	}
	l.signs = newSigns(s.order, len(l.blocks), l.from)
	return l, nil
}

// columns returns the columns of the i-th block, and how many bytes came to be held for that.
func (l *leaf) columns(i int) (c *columns, more int, err error) {
	x := &l.blocks[i]
	if c := x.decoded.Load(); c != nil {
		return c, 0, nil
	}
	c, err = openBlock(x.stored, x.sum, l.shape)
	if err == nil && c.len() != x.facts {
		err = fmt.Errorf("%w: a block has %d facts, and its leaf says %d", ErrSegment, c.len(), x.facts)
	}
	if err != nil {
		return nil, 0, err
	}
	if !x.decoded.CompareAndSwap(nil, c) {
		return x.decoded.Load(), 0, nil
	}
	return c, c.bytes(), nil
}
