package db

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

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

// A reading says how much of a log is read at once.
type reading struct {
	bytes int
	pace  *pacer // gives way to writers, and reads nothing ahead while there are any; nil for nobody's
}

// entries yields the records from one seq to another, both included, and checks that each names the one before it. All of them
// must be there. It reads ahead.
func (l *txlog) entries(ctx context.Context, from, to int, how reading) iter.Seq2[*entry, error] {
	return func(yield func(*entry, error) bool) {
		var last *entry
		for e, err := range stretches(ctx, l, from, to, how, l.known) {
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

// known returns entries from one seq on: those that were met a moment ago as they are, or what batch reads.
func (l *txlog) known(ctx context.Context, from, to, most int) ([]*entry, error) {
	var entries []*entry
	for seq := from; seq <= to; seq++ {
		e := l.recent.get(seq)
		if e == nil {
			break
		}
		entries = append(entries, e)
	}
	if len(entries) > 0 {
		return entries, nil
	}
	records, err := l.batch(ctx, from, to, most)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		e, err := l.entryOf(r)
		if err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// entryOf returns what a record of the log says.
func (l *txlog) entryOf(r *record) (*entry, error) {
	e, err := r.read()
	if err != nil {
		return nil, &StoreError{l.slot(r.seq), err}
	}
	return e, nil
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

// A batch reads records from one seq on: up to another, or to about so many bytes, and at least one. What it read before an error it
// may return with it.
type batch[T any] func(ctx context.Context, from, to, most int) ([]T, error)

// stretches yields what a batch returns for the records from one seq to another. A few it reads at once, of many it reads stretches ahead.
func stretches[T any](ctx context.Context, l *txlog, from, to int, how reading, read batch[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if to-from < aheadRecords {
			(&stretch[T]{next: from, to: to}).rest(ctx, how, read, yield)
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var coming []chan *stretch[T]
		defer func() {
			stop()
			for _, c := range coming {
				<-c
			}
		}()
		for next := from; next <= to || len(coming) > 0; {
			for ; next <= to && len(coming) < how.ahead(); next += aheadRecords {
				coming = append(coming, fetch(ctx, next, min(next+aheadRecords-1, to), how.bytes, read))
			}
			s := &stretch[T]{next: next, to: min(next+aheadRecords-1, to)}
			if len(coming) > 0 {
				s, coming = <-coming[0], coming[1:]
			} else {
				next += aheadRecords
			}
			if !s.rest(ctx, how, read, yield) {
				return
			}
		}
	}
}

// A stretch is records that were read ahead: those from a seq on, up to one that is left to be read when its turn comes.
type stretch[T any] struct {
	read     []T
	next, to int
	err      error
}

// fetch reads a stretch in a goroutine of its own.
func fetch[T any](ctx context.Context, from, to, most int, read batch[T]) chan *stretch[T] {
	c := make(chan *stretch[T], 1)
	go func() {
		s := &stretch[T]{next: from, to: to}
		s.more(ctx, most, read)
		c <- s
	}()
	return c
}

// more reads the next batch of the stretch.
func (s *stretch[T]) more(ctx context.Context, most int, read batch[T]) {
	s.read, s.err = read(ctx, s.next, s.to, most)
	s.next += len(s.read)
}

// rest yields the records of the stretch, and then those that are left to be read. It reports whether to go on.
func (s *stretch[T]) rest(ctx context.Context, how reading, read batch[T], yield func(T, error) bool) bool {
	for {
		for _, x := range s.read {
			if !yield(x, nil) {
				return false
			}
		}
		if s.err != nil {
			var none T
			yield(none, s.err)
			return false
		}
		if s.next > s.to {
			return true
		}
		s.more(ctx, how.most(), read)
	}
}

// ahead returns how many stretches to read ahead.
func (r reading) ahead() int {
	if r.pace.gives(time.Now()) {
		return 0
	}
	return aheadStretches
}

// most returns how many bytes to read at once.
func (r reading) most() int { return r.pace.reads(r.bytes) }

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
