package db

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/datolite/datolite/storage"
)

// Reading ahead: as many stretches of so many records at once, each up to so many bytes. The last bounds memory, the others hide
// what a store is slow in.
const (
	aheadStretches = 4
	aheadRecords   = 64
	replayBytes    = 1 << 20  // for who reads on at once
	streamBytes    = 64 << 10 // for who may stop in the middle, as one of many
)

// entries yields the records from one seq to another, both included, and checks that each names the one before it. All of them
// must be there. It reads ahead in stretches of so many bytes.
func (l *txlog) entries(ctx context.Context, from, to, bytes int) iter.Seq2[*entry, error] {
	return func(yield func(*entry, error) bool) {
		var last *entry
		for e, err := range l.stretches(ctx, from, to, bytes) {
			if err == nil && last != nil && e.prev != last.hash {
				err = &StoreError{l.slot(e.seq), errUnlinked}
			}
			if err != nil {
				yield(nil, l.missing(err))
				return
			}
			if !yield(e, nil) {
				return
			}
			last = e
		}
	}
}

// errUnlinked is why a record cannot be where it is.
var errUnlinked = fmt.Errorf("%w: the record does not follow the one before it", ErrCorrupt)

// missing returns the error for a slot that must be filled.
func (l *txlog) missing(err error) error {
	place := (*storage.Error)(nil)
	if errors.Is(err, storage.ErrNotFound) && errors.As(err, &place) {
		return &StoreError{place.Key, fmt.Errorf("%w: a record is missing, and later ones are there", ErrCorrupt)}
	}
	return err
}

// stretches yields the records from one seq to another. A few it reads one by one, of many it reads stretches ahead.
func (l *txlog) stretches(ctx context.Context, from, to, bytes int) iter.Seq2[*entry, error] {
	return func(yield func(*entry, error) bool) {
		if to-from < aheadRecords {
			l.oneByOne(ctx, from, to, yield)
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var coming []chan *stretch
		defer func() {
			stop()
			for _, c := range coming {
				<-c
			}
		}()
		for next := from; next <= to || len(coming) > 0; {
			for ; next <= to && len(coming) < aheadStretches; next += aheadRecords {
				coming = append(coming, l.fetch(ctx, next, min(next+aheadRecords-1, to), bytes))
			}
			s := <-coming[0]
			coming = coming[1:]
			if !s.yield(ctx, l, yield) {
				return
			}
		}
	}
}

// oneByOne yields records until one cannot be read, and reports whether to go on.
func (l *txlog) oneByOne(ctx context.Context, from, to int, yield func(*entry, error) bool) bool {
	for seq := from; seq <= to; seq++ {
		e, err := l.read(ctx, seq)
		if !yield(e, err) || err != nil {
			return false
		}
	}
	return true
}

// A stretch is records that were read ahead: those from a seq on, up to one that is left to be read when its turn comes.
type stretch struct {
	entries  []*entry
	next, to int
	err      error
}

// fetch reads a stretch in a goroutine of its own.
func (l *txlog) fetch(ctx context.Context, from, to, most int) chan *stretch {
	c := make(chan *stretch, 1)
	go func() {
		s := &stretch{next: from, to: to}
		for bytes := 0; s.next <= to && bytes < most && s.err == nil; {
			var e *entry
			if e, s.err = l.read(ctx, s.next); s.err == nil {
				s.entries, s.next, bytes = append(s.entries, e), s.next+1, bytes+e.size
			}
		}
		c <- s
	}()
	return c
}

// yield yields the records of the stretch, and reports whether to go on.
func (s *stretch) yield(ctx context.Context, l *txlog, yield func(*entry, error) bool) bool {
	for _, e := range s.entries {
		if !yield(e, nil) {
			return false
		}
	}
	if s.err != nil {
		yield(nil, s.err)
		return false
	}
	return l.oneByOne(ctx, s.next, s.to, yield)
}

// A recent keeps the last few records that are small, by seq.
type recent [32]atomic.Pointer[entry]

// recentBytes is the size of the largest record that a recent keeps.
const recentBytes = 32 << 10

func (r *recent) put(e *entry) {
	if e.size <= recentBytes {
		r[e.seq%len(r)].Store(e)
	}
}

func (r *recent) get(seq int) *entry {
	e := r[seq%len(r)].Load()
	if e == nil || e.seq != seq {
		return nil
	}
	return e
}
