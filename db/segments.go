package db

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// segments reads the segments of a database.
type segments struct{ log *txlog }

// Load returns a segment. That it is not there is ErrCorrupt: a root names what its job has put.
func (s segments) Load(ctx context.Context, name index.SegmentName) ([]byte, error) {
	b, err := s.log.store.Get(ctx, s.log.segment(name))
	if isAny(err, storage.ErrNotFound) {
		err = s.Damaged(name, errors.New("the segment is missing"))
	}
	return b, err
}

// Damaged returns a *StoreError, of ErrFormat if a later version wrote the segment, and of ErrCorrupt if not.
func (s segments) Damaged(name index.SegmentName, why error) error {
	kind := ErrCorrupt
	if errors.Is(why, index.ErrFormat) {
		kind = ErrFormat
	}
	return &StoreError{s.log.segment(name), fmt.Errorf("%w: %w", kind, why)}
}

// segment returns the key of a segment.
func (l *txlog) segment(name index.SegmentName) string { return l.dbid + "/seg/" + name.String() }

// A segmentWriter keeps the segments of one job. It gathers them, since a store is quicker with a few large values than with many.
type segmentWriter struct {
	log *txlog
	job string

	mu      sync.Mutex
	n       int
	pending []storage.Item
	bytes   int
}

// gathered is how many bytes of segments are put at once.
const gathered = 4 << 20

// Put gives a segment its name.
func (w *segmentWriter) Put(ctx context.Context, segment []byte, sum [32]byte) (index.SegmentName, error) {
	name, items := w.gather(segment, sum)
	if len(items) == 0 {
		return name, nil
	}
	return name, w.log.store.Put(ctx, items...)
}

// gather adds a segment to those that are to be put, and returns them if they are enough.
func (w *segmentWriter) gather(segment []byte, sum [32]byte) (name index.SegmentName, items []storage.Item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name = index.SegmentName{Job: w.job, N: w.n, Sum: sum}
	w.n++
	w.pending = append(w.pending, storage.Item{Key: w.log.segment(name), Value: segment})
	if w.bytes += len(segment); w.bytes >= gathered || len(w.pending) >= w.log.store.Limits().Batch {
		items, w.pending, w.bytes = w.pending, nil, 0
	}
	return name, items
}

// flush puts what is gathered, when nobody gathers any more.
func (w *segmentWriter) flush(ctx context.Context) error {
	if len(w.pending) == 0 {
		return nil
	}
	return w.log.store.Put(ctx, w.pending...)
}
