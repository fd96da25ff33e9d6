package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/storage"
)

// A Status is what has become of a transaction whose outcome was unknown.
type Status uint8

// What becomes of a transaction.
const (
	Unresolved   Status = iota // it may be committed yet
	Committed                  // it is there
	NotCommitted               // it is not there, and never will be
)

// String returns the status in words.
func (s Status) String() string { return [...]string{"unresolved", "committed", "not committed"}[s] }

// TxStatus tells what became of a transaction that ended with ErrUnknownOutcome, and its t if it is committed. The slot of the log
// that it was tried in decides: once that is filled, the answer is definite, and stays. While it is empty, a Conn that may write
// fills it with an empty record, so that the transaction cannot come any more; on one that is ReadOnly the transaction is
// Unresolved. The id may come from another process. ErrOutcomeID says that it cannot be one of this database.
func (c *Conn) TxStatus(ctx context.Context, id OutcomeID) (Status, T, error) {
	for {
		status, t, err := c.status(ctx, id)
		if err == nil && status == Unresolved && !c.o.ReadOnly {
			err = c.fill(ctx, id.Seq)
		}
		switch {
		case errors.Is(err, ErrDropped) && c.head.Load().seq >= id.Seq: // the end of the log came first
		case err != nil:
			return Unresolved, 0, fmt.Errorf("db: %w", err)
		case status != Unresolved || c.o.ReadOnly:
			return status, t, nil
		}
	}
}

// status looks at the slot of an attempt.
func (c *Conn) status(ctx context.Context, id OutcomeID) (Status, T, error) {
	if !id.possible() {
		return Unresolved, 0, fmt.Errorf("%w: %s", ErrOutcomeID, id)
	}
	known := c.head.Load().seq // before the look, since it may be filled right after
	e, err := c.log.read(ctx, id.Seq)
	switch {
	case errors.Is(err, storage.ErrNotFound) && id.Seq > known:
		return Unresolved, 0, nil
	case err != nil:
		return Unresolved, 0, c.log.missing(err)
	case e.nonce != id.Nonce:
		return NotCommitted, 0, nil
	case id.Place >= len(e.commits):
		return Unresolved, 0, fmt.Errorf("%w: %s: the record has %d transactions", ErrOutcomeID, id, len(e.commits))
	}
	return Committed, e.commits[id.Place].T, nil
}

// fill has the writer see to it that a slot is filled: by what it writes anyway, or with an empty record.
func (c *Conn) fill(ctx context.Context, seq int) error {
	_, err := c.ask(ctx, &look{fill: seq, told: make(chan struct{})})
	return err
}
