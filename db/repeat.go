package db

import (
	"bytes"
	"context"
	"fmt"
)

// Repeat returns the report of the transaction t once more, if the data that it was made of has the digest; else nil. The
// transaction must be in the snapshot. It is for tx alone: an Eval that returns the report writes nothing.
func (s *Snapshot) Repeat(ctx context.Context, t T, digest []byte) (*Report, error) {
	first, err := s.reportOf(ctx, t)
	if err != nil || !bytes.Equal(first.commit.Digest, digest) {
		return nil, err
	}
	again := first.commit.report(first.Before, first.After)
	again.repeated = true
	return again, nil
}

// reportOf returns the report of a transaction that is in the snapshot: the one that it was made by, or one replayed from the log.
func (s *Snapshot) reportOf(ctx context.Context, t T) (*Report, error) {
	pending, committed := s.uncommitted()
	for _, rep := range pending {
		if rep.T == t {
			return rep, nil
		}
	}
	if t > committed || s.env.log == nil {
		return nil, fmt.Errorf("%w: %s is not in %s", ErrFuture, t, s)
	}
	first, prev, err := s.env.log.commit(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	return s.replay(prev, *first), nil
}

// commit returns the transaction t, and the one before it, nil where t is the first.
func (c *Conn) commit(ctx context.Context, t T) (at, prev *Commit, err error) {
	h := c.head.Load()
	if at, err = c.commitAt(ctx, h, t); err != nil {
		return nil, nil, err
	}
	if at == nil || at.T != t {
		return nil, nil, fmt.Errorf("%w: %s is no transaction of the log", ErrCorrupt, t)
	}
	prev, err = c.commitAt(ctx, h, t-1)
	return at, prev, err
}
