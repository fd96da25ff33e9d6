package db

import (
	"context"
	"slices"
)

// A roll puts records of the log into chunks, in their sequence.
type roll struct {
	log     *txlog
	to      *segmentWriter
	refs    []chunkRef // that of the chunk that grows is the last
	records [][]byte   // of that chunk
	size    int        // of those
	last    digest     // the hash of the last record; zero before there is one
	known   int        // of so many of refs it is known which transaction comes first in them or behind
}

// roll returns the chunks of the log up to a record, given those of the root before: it reads the records that they lack, and writes
// them. next is the t behind the last record. A chunk at the end that is not half full is written again with more in it.
func (l *txlog) roll(ctx context.Context, base *chunkTree, to int, next T, w *segmentWriter) (*chunkTree, error) {
	if base == nil {
		base = &noChunks
	}
	if base.to >= to {
		return base, nil
	}
	from := base.to + 1
	if last := base.lastChunk(); last != nil && last.size < l.sizes.chunk/2 {
		from, base = last.from, base.withoutLast()
	}
	r := &roll{log: l, to: w, refs: []chunkRef{{from: from}}}
	for rec, err := range stretches(ctx, l, from, to, reading{bytes: replayBytes}, l.batch) {
		if err == nil {
			err = r.add(ctx, rec)
		}
		if err != nil {
			return nil, l.missing(err)
		}
	}
	if err := r.flush(ctx); err != nil {
		return nil, err
	}
	r.comes(next)
	return base.with(ctx, w, r.refs, to, next)
}

// lastChunk returns the reference to the last chunk, if it lies in no directory.
func (t *chunkTree) lastChunk() *chunkRef {
	if len(t.levels) == 0 || len(t.levels[0]) == 0 {
		return nil
	}
	return &t.levels[0][len(t.levels[0])-1]
}

// withoutLast returns the tree without the last chunk.
func (t *chunkTree) withoutLast() *chunkTree {
	levels := slices.Clone(t.levels)
	levels[0] = levels[0][:len(levels[0])-1]
	return &chunkTree{levels: levels}
}

// add adds a record, if it follows from the one before.
func (r *roll) add(ctx context.Context, rec *record) error {
	if r.last != (digest{}) && rec.prev != r.last {
		return &StoreError{r.log.slot(rec.seq), errUnlinked}
	}
	r.last = rec.hash
	b := rec.encode()
	if len(r.records) > 0 && r.size+len(b) > r.log.sizes.chunk {
		if err := r.flush(ctx); err != nil {
			return err
		}
		r.refs = append(r.refs, chunkRef{from: rec.seq})
	}
	r.records, r.size = append(r.records, b), r.size+len(b)
	first, ok, err := rec.first()
	if ok {
		r.comes(first)
	}
	return err
}

// comes tells which transaction comes next to the chunks that have none before it.
func (r *roll) comes(t T) {
	for ; r.known < len(r.refs); r.known++ {
		r.refs[r.known].first = t
	}
}

// flush writes the chunk that has grown.
func (r *roll) flush(ctx context.Context) error {
	ref := &r.refs[len(r.refs)-1]
	parts, sums := encodeChunk(&chunk{ref.from, r.records}, min(r.log.store.Limits().Value, gathered))
	names, err := r.to.putParts(ctx, parts, sums)
	if err != nil {
		return err
	}
	for _, r := range r.records {
		ref.size += len(r)
	}
	for _, p := range parts {
		ref.bytes += len(p)
	}
	ref.parts, r.records, r.size = names, nil, 0
	return nil
}
