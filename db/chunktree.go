package db

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/datolite/datolite/index"
)

// A chunkTree is the log up to some record, in chunks: a value, named by a root. It grows at its end alone: logSizes.fan references of one
// height become a directory of the next, which is never written again. So the tree of the next root has all in common with it but a last
// chunk that was not full.
type chunkTree struct {
	to     int          // the last record; 0 of the tree that is empty
	next   T            // of the transaction behind it
	levels [][]chunkRef // by height, the chunks first; what lies higher is older
}

// encode returns the tree as a section of a root has it: last record, t behind it, number of heights, and the references of each.
func (t *chunkTree) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(t.to))
	b = binary.AppendUvarint(b, uint64(t.next))
	b = binary.AppendUvarint(b, uint64(len(t.levels)))
	for _, refs := range t.levels {
		b = appendChunkRefs(b, refs)
	}
	return b
}

// chunkTree decodes what encode wrote.
func (s *source) chunkTree() *chunkTree {
	t := &chunkTree{to: int(s.upTo(math.MaxInt32<<16, "seq")), next: T(s.upTo(uint64(maxID), "t"))}
	t.levels = make([][]chunkRef, s.count(1))
	for h := range t.levels {
		t.levels[h] = s.chunkRefs()
	}
	return t
}

// has reports whether the tree holds a record.
func (t *chunkTree) has(seq int) bool { return seq <= t.to }

// A descent is a way down a tree: to the last chunk before which something is not so.
type descent func(r *chunkRef) (beyond bool)

// find returns the last chunk of the tree of which beyond is not so, and nil if it is so of the first.
func (t *chunkTree) find(ctx context.Context, l *txlog, beyond descent) (*chunk, error) {
	for h, refs := range t.levels {
		i := sort.Search(len(refs), func(i int) bool { return beyond(&refs[i]) })
		if i == 0 {
			continue
		}
		ref := refs[i-1]
		for ; h > 0; h-- {
			below, err := l.shelf.directory(ctx, l, &ref, h)
			if err != nil {
				return nil, err
			}
			ref = below[max(0, sort.Search(len(below), func(i int) bool { return beyond(&below[i]) })-1)]
		}
		return l.shelf.chunk(ctx, l, &ref)
	}
	return nil, nil
}

// record returns a record of the tree.
func (t *chunkTree) record(ctx context.Context, l *txlog, seq int) (*record, error) {
	c, err := t.find(ctx, l, func(r *chunkRef) bool { return r.from > seq })
	if err != nil {
		return nil, err
	}
	if c == nil || seq-c.from >= len(c.records) {
		return nil, &StoreError{l.slot(seq), fmt.Errorf("%w: the record is not in the chunks of the log, which say that they have it", ErrCorrupt)}
	}
	return c.record(l, seq)
}

// record returns a record of the chunk.
func (c *chunk) record(l *txlog, seq int) (*record, error) {
	r, err := decodeRecord(c.records[seq-c.from])
	if err == nil && r.seq != seq {
		err = fmt.Errorf("%w: the record is that of slot %d", ErrCorrupt, r.seq)
	}
	if err != nil {
		return nil, &StoreError{l.slot(seq), err}
	}
	return r, nil
}

// seqOf returns the record that holds the transaction t, or the newest one before it; 0 if t is before the first.
func (t *chunkTree) seqOf(ctx context.Context, l *txlog, at T) (int, error) {
	c, err := t.find(ctx, l, func(r *chunkRef) bool { return r.first > at })
	if c == nil || err != nil {
		return 0, err
	}
	n := sort.Search(len(c.records), func(i int) bool {
		for ; i < len(c.records) && err == nil; i++ {
			var first T
			var ok bool
			if first, ok, err = c.firstAt(l, i); ok {
				return first > at
			}
		}
		return true // what follows is in the next chunk, and begins behind t
	})
	return c.from + n - 1, err
}

// firstAt returns the t of the first transaction of the record in a place of the chunk, if it has one.
func (c *chunk) firstAt(l *txlog, i int) (T, bool, error) {
	r, err := c.record(l, c.from+i)
	if err != nil {
		return 0, false, err
	}
	return r.first()
}

// first returns the t of the first transaction of the record, if it has one.
func (r *record) first() (T, bool, error) {
	if l, err := r.load(); l != nil || err != nil {
		return l.first(), err == nil, err
	}
	if len(r.sections) == 0 || r.sections[0].kind != sectionTx {
		return 0, false, nil
	}
	body, err := decodeBody(r.sections[0].content)
	return body.commit.T, err == nil, err
}

// with returns the tree with more chunks at its end, which go up to a record.
func (t *chunkTree) with(ctx context.Context, w *segmentWriter, refs []chunkRef, to int, next T) (*chunkTree, error) {
	grown := &chunkTree{to: to, next: next, levels: slices.Clone(t.levels)}
	for h := 0; len(refs) > 0; h++ {
		if h == len(grown.levels) {
			grown.levels = append(grown.levels, nil)
		}
		all := slices.Concat(grown.levels[h], refs)
		refs = nil
		for len(all) > w.log.sizes.fan { // the last one may be taken up again
			ref, err := w.directory(ctx, h+1, all[:w.log.sizes.fan])
			if err != nil {
				return nil, err
			}
			refs, all = append(refs, ref), all[w.log.sizes.fan:]
		}
		grown.levels[h] = all
	}
	return grown, nil
}

// directory writes a directory, and returns the reference to it.
func (w *segmentWriter) directory(ctx context.Context, height int, refs []chunkRef) (chunkRef, error) {
	segment, sum := encodeChunkDirectory(height, refs)
	name, err := w.Put(ctx, segment, sum)
	ref := chunkRef{from: refs[0].from, first: refs[0].first, bytes: len(segment), parts: []index.SegmentName{name}}
	for i := range refs {
		ref.bytes += refs[i].bytes
	}
	return ref, err
}

// reachChunks yields the segments of a tree of chunks, as reach does.
func (l *txlog) reachChunks(ctx context.Context, t *chunkTree, enter func(reached) bool, yield func(reached, error) bool) {
	if t == nil {
		return
	}
	for h, refs := range t.levels {
		if !l.reachRefs(ctx, refs, h, enter, yield) {
			return
		}
	}
}

// reachRefs yields the segments of chunks, or of directories that lie so high, and reports whether to go on.
func (l *txlog) reachRefs(ctx context.Context, refs []chunkRef, height int, enter func(reached) bool, yield func(reached, error) bool) bool {
	for i := range refs {
		for k, name := range refs[i].parts {
			if enter != nil && !enter(reached{name: name, high: height}) {
				continue
			}
			var below []chunkRef
			var err error
			if k == 0 && height > 0 {
				below, err = l.loadChunkDirectory(ctx, &refs[i], height)
			}
			if !l.reachRefs(ctx, below, height-1, enter, yield) || !yield(reached{name: name, high: height}, err) {
				return false
			}
		}
	}
	return true
}

// loadChunk reads a chunk.
func (l *txlog) loadChunk(ctx context.Context, ref *chunkRef) (*chunk, error) {
	var stored []byte
	var head chunkHead
	for i, name := range ref.parts {
		b, err := segments{l, nil}.Load(ctx, name)
		if err != nil {
			return nil, err
		}
		h, rest, err := openChunkPart(b, name.Sum)
		if err == nil && (h.part != i || h.parts != len(ref.parts) || h.from != ref.from || h.size != ref.size) {
			err = errChunk
		}
		if err != nil {
			return nil, segments{l, nil}.Damaged(name, err)
		}
		head, stored = h, append(stored, rest...)
	}
	c, err := decodeChunk(head, stored)
	if err != nil {
		return nil, segments{l, nil}.Damaged(ref.parts[0], err)
	}
	return c, nil
}

// loadChunkDirectory reads a directory that lies so high above the chunks.
func (l *txlog) loadChunkDirectory(ctx context.Context, ref *chunkRef, height int) ([]chunkRef, error) {
	name := ref.parts[0]
	b, err := segments{l, nil}.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	refs, err := decodeChunkDirectory(height, b, name.Sum)
	if err == nil && refs[0].from != ref.from {
		err = errChunk
	}
	if err != nil {
		return nil, segments{l, nil}.Damaged(name, err)
	}
	return refs, nil
}
