package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/datolite/datolite/storage"
)

// Sync returns a snapshot with everything that was committed anywhere before the call. The error is that of ctx or of the store,
// ErrClosed, or ErrDropped.
func (c *Conn) Sync(ctx context.Context) (*Snapshot, error) {
	if _, err := c.look(ctx); err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	return c.Snapshot(), nil
}

// SyncTo waits until this process knows the transaction t, and returns a snapshot that has it. It waits out a store that fails for
// a time. The error is that of ctx, ErrClosed, ErrDropped, or what is wrong with the log.
func (c *Conn) SyncTo(ctx context.Context, t T) (*Snapshot, error) {
	for first := true; ; first = false {
		news, h := c.news.wait(), c.head.Load()
		if h.snap.T() >= t {
			return h.snap, nil
		}
		if first {
			c.kick()
		}
		if err := c.await(ctx, h, news); err != nil {
			return nil, cmp.Or(ctx.Err(), fmt.Errorf("db: %w", err))
		}
	}
}

// kick asks the follower to look now.
func (c *Conn) kick() {
	select {
	case c.kicks <- struct{}{}:
	default:
	}
}

// await waits for news behind a head, unless there will be none.
func (c *Conn) await(ctx context.Context, h *head, news <-chan struct{}) error {
	if h.ended {
		return ErrDropped
	}
	if err := c.fault.Load(); err != nil {
		return *err
	}
	if ctx.Value(nested{c}) != nil {
		return ErrNested
	}
	select {
	case <-news:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return ErrClosed
	}
}

// At returns the snapshot that the commit of the newest transaction at or before t returned, schema included. (AsOf, in
// contrast, is a view with the schema of the snapshot it is taken from.) A t after the newest is ErrFuture.
func (c *Conn) At(ctx context.Context, t T) (*Snapshot, error) {
	h := c.head.Load()
	if t > h.snap.T() {
		return nil, fmt.Errorf("db: %w: %s is after the newest, %s", ErrFuture, t, h.snap.T())
	}
	commit, err := c.commitAt(ctx, h, t)
	if err != nil {
		return nil, fmt.Errorf("db: %w", c.orClosed(err))
	}
	if commit == nil {
		return genesis(c.env), nil
	}
	return h.snap.at(*commit), nil
}

// commitAt returns the newest commit at or before t; nil if t is before the first.
func (c *Conn) commitAt(ctx context.Context, h *head, t T) (*Commit, error) {
	seq, err := c.seqOf(ctx, h, t)
	if seq == 0 || err != nil {
		return nil, err
	}
	e, err := c.log.read(ctx, seq)
	if err != nil {
		return nil, c.log.missing(err)
	}
	return c.log.newestAt(ctx, e, t)
}

// commits yields the transactions with after < t ≤ until, in order.
func (c *Conn) commits(ctx context.Context, after, until T) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		h := c.head.Load()
		first, err := c.seqOf(ctx, h, after)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		last, err := c.seqOf(ctx, h, until)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		for e, err := range c.log.entries(ctx, max(1, first), last, reading{bytes: streamBytes}) {
			if err != nil {
				yield(Commit{}, err)
				return
			}
			for commit, err := range c.log.transactions(ctx, e, after, until) {
				if err != nil {
					yield(Commit{}, err)
					return
				}
				if !yield(*commit, nil) {
					return
				}
			}
		}
	}
}

// Reports yields the report of every transaction with a t greater than after, in order and without a gap, and then waits for
// more. 0 is from the first on, Snapshot().T() from now on, and the t of the last report that was dealt with the place to
// resume. It ends by yielding an error once: that of ctx, ErrClosed, ErrDropped, or of the store. A slow reader holds nothing up and
// costs no memory: what is not quite new is read from the log. TempIDs and Created are told to the caller of a transaction alone,
// unless it has an idempotency key.
func (c *Conn) Reports(ctx context.Context, after T) iter.Seq2[*Report, error] {
	return func(yield func(*Report, error) bool) {
		s := &stream{conn: c, t: after, yield: yield}
		var err error
		for err == nil {
			news, h := c.news.wait(), c.head.Load()
			if err = s.drain(ctx, h); err == nil {
				err = c.await(ctx, h, news)
			}
		}
		if err != errStopped {
			yield(nil, cmp.Or(ctx.Err(), fmt.Errorf("db: %w", c.orClosed(err))))
		}
	}
}

// orClosed returns ErrClosed for what a store says that was closed with the Conn.
func (c *Conn) orClosed(err error) error {
	if errors.Is(err, storage.ErrClosed) && c.owned != nil && closed(c.closing) {
		return ErrClosed
	}
	return err
}

// A stream is one reading of the reports.
type stream struct {
	conn  *Conn
	t     T       // of the last report
	prev  *Commit // what came before the next report, once that is known
	begun bool
	yield func(*Report, error) bool
}

// errStopped ends a stream whose reader broke out.
var errStopped = errors.New("the reader stopped")

// drain yields what is there up to a head.
func (s *stream) drain(ctx context.Context, h *head) error {
	for commit, err := range s.conn.commits(ctx, s.t, h.snap.T()) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := s.report(ctx, h, commit); err != nil {
			return err
		}
	}
	return nil
}

// report yields the report of a commit.
func (s *stream) report(ctx context.Context, h *head, commit Commit) (err error) {
	if !s.begun {
		if s.prev, err = s.conn.commitAt(ctx, h, commit.T-1); err != nil {
			return err
		}
		s.begun = true
	}
	if !s.yield(h.snap.replay(s.prev, commit), nil) {
		return errStopped
	}
	s.t, s.prev = commit.T, &commit
	return nil
}
