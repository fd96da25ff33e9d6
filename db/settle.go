package db

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/datolite/datolite/storage"
)

// A creation puts a value under a key that others may want too, and finds out who got it. A store that fails may have done what
// it was asked for, or do it yet; so the key is asked for again, with the same bytes, until it is known to be filled.
type creation struct {
	store  storage.Store
	key    string
	value  []byte
	guard  string // the key is asked for only while this one is not there; empty for none
	tries  int    // how often to try; 0 is until ctx ends
	logger *slog.Logger
}

// run returns nil if the value is there, and otherwise what is. An error says that nothing is known, unless it is refused. That the guard
// is there is errTrimmed: then the key may be there too, and nothing follows from that.
func (c *creation) run(ctx context.Context) (other []byte, err error) {
	pause := time.Millisecond
	for try := 1; ; try++ {
		err := c.create(ctx)
		switch {
		case err == nil:
			return nil, nil
		case errors.Is(err, storage.ErrGuarded):
			return nil, errTrimmed
		}
		if try == 1 && isRefusal(err) {
			return nil, &refusedError{err}
		}
		found, getErr := c.get(ctx)
		switch {
		case errors.Is(getErr, errTrimmed):
			return nil, getErr
		case getErr == nil && bytes.Equal(found, c.value):
			return nil, nil
		case getErr == nil:
			return found, nil
		case try == c.tries || isRefusal(err):
			return nil, err
		}
		c.logger.Warn("store fails, and is asked again", "key", c.key, "error", err)
		if !sleep(ctx, pause) {
			return nil, errors.Join(err, ctx.Err())
		}
		pause = min(2*pause, time.Second)
	}
}

// create creates the key, unless the guard is there.
func (c *creation) create(ctx context.Context) error {
	if c.guard == "" {
		return c.store.Create(ctx, c.key, c.value)
	}
	return storage.CreateUnless(ctx, c.store, c.key, c.value, c.guard)
}

// get returns what is under the key. What it finds, or that it finds nothing, counts if the guard is not there afterwards.
func (c *creation) get(ctx context.Context) ([]byte, error) {
	found, err := c.store.Get(ctx, c.key)
	if c.guard == "" || err != nil && !errors.Is(err, storage.ErrNotFound) {
		return found, err
	}
	switch _, guardErr := c.store.Get(ctx, c.guard); {
	case guardErr == nil:
		return nil, errTrimmed
	case !errors.Is(guardErr, storage.ErrNotFound):
		return nil, guardErr
	}
	return found, err
}

// A refusedError is a definite answer: the value is not there, and will not be.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// isRefusal reports whether a store says of a first Create that it did not and will not happen. What is unknown says so, whatever
// its cause.
func isRefusal(err error) bool {
	return isAny(err, storage.ErrClosed, storage.ErrKey, storage.ErrTooLarge, storage.ErrForbidden) && !errors.Is(err, storage.ErrUnknown)
}

// sleep waits, and reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
