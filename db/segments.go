package db

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// segments reads the segments of a database, those of one root if there is a pin.
type segments struct {
	log *txlog
	pin *pin
}

// Load returns a segment. That it is not there is ErrCorrupt, since a root names what its job has put; unless the root is retired, which
// is ErrExpired, or the database is gone, which is ErrDropped.
func (s segments) Load(ctx context.Context, name index.SegmentName) ([]byte, error) {
	b, err := s.log.store.Get(ctx, s.log.segment(name))
	if isAny(err, storage.ErrNotFound) {
		err = s.missing(ctx, name)
	}
	return b, err
}

// missing returns the error for a segment that is not there.
func (s segments) missing(ctx context.Context, name index.SegmentName) error {
	if s.pin != nil && s.log.retired != nil {
		retired, err := s.log.retired(ctx, s.pin.seq)
		if err == nil && retired {
			err = ErrExpired
		}
		if err != nil {
			return &StoreError{s.log.segment(name), err}
		}
	}
	if err := s.log.gone(ctx); err != nil {
		return &StoreError{s.log.segment(name), err}
	}
	return s.Damaged(name, errNoSegment)
}

// errNoSegment is why a segment cannot be read that is not there.
var errNoSegment = errors.New("the segment is missing")

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
	return w.take(segment, sum)
}

// take is gather for who holds the lock.
func (w *segmentWriter) take(segment []byte, sum [32]byte) (name index.SegmentName, items []storage.Item) {
	name = index.SegmentName{Job: w.job, N: w.n, Sum: sum}
	w.n++
	w.pending = append(w.pending, storage.Item{Key: w.log.segment(name), Value: segment})
	if w.bytes += len(segment); w.bytes >= gathered || len(w.pending) >= w.log.store.Limits().Batch {
		items, w.pending, w.bytes = w.pending, nil, 0
	}
	return name, items
}

// putParts gives the parts of one thing consecutive numbers.
func (w *segmentWriter) putParts(ctx context.Context, parts [][]byte, sums [][32]byte) ([]index.SegmentName, error) {
	names, puts := w.gatherParts(parts, sums)
	for _, items := range puts {
		if err := w.log.store.Put(ctx, items...); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func (w *segmentWriter) gatherParts(parts [][]byte, sums [][32]byte) (names []index.SegmentName, puts [][]storage.Item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, part := range parts {
		name, items := w.take(part, sums[i])
		if names = append(names, name); len(items) > 0 {
			puts = append(puts, items)
		}
	}
	return names, puts
}

// flush puts what is gathered, when nobody gathers any more.
func (w *segmentWriter) flush(ctx context.Context) error {
	if len(w.pending) == 0 {
		return nil
	}
	items := w.pending
	w.pending, w.bytes = nil, 0
	return w.log.store.Put(ctx, items...)
}
