package tx

import (
	"context"
	"errors"
	"slices"

	"github.com/datolite/datolite/db"
)

// Transact makes data part of the database. When it returns, the transaction is durable, and conn.Snapshot shows it. Where the
// data is refused, nothing has happened, and the error is an *Error. No data at all is a transaction too: it has an instant.
//
// The end of ctx ends the wait. Before the transaction is on its way, it is then withdrawn, and the error is that of ctx; after that
// the error is db.ErrUnknownOutcome: ask conn.TxStatus, or submit the data again if it has a key (see Once).
func Transact(ctx context.Context, conn *db.Conn, data ...Data) (*db.Report, error) {
	s, err := read(data)
	if err != nil {
		return nil, err
	}
	return conn.Commit(ctx, s.run)
}

// With returns what Transact would, and writes nothing. The report's After can be asked, and built on, like any snapshot.
func With(ctx context.Context, snap *db.Snapshot, data ...Data) (*db.Report, error) {
	s, err := read(data)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, snap)
}

// run makes a transaction of the data on a snapshot: what it claims, which entities are meant, what changes, and what is after
// that. Data with an idempotency key that was there before is answered as then. It is a pure function of its arguments, as far as
// the functions among the items are.
func (s *submission) run(ctx context.Context, before *db.Snapshot) (*db.Report, error) {
	if first, err := s.repeat(ctx, before); first != nil || err != nil {
		return first, err
	}
	b := newBase(ctx, before)
	b.room = rooms.Get().(*room)
	x, err := expand(b, s.items)
	if err == nil {
		err = x.checkKeys()
	}
	if err != nil {
		return nil, err
	}
	r, changes, err := resolve(x)
	if err != nil {
		return nil, err
	}
	commit, err := settle(r, slices.Clip(changes))
	if err != nil {
		return nil, err
	}
	b.room.leave(x.claims, changes)
	commit.Digest, commit.Quiet = s.digest, s.quiet
	rep, err := before.Apply(commit)
	if errors.Is(err, db.ErrTooLarge) {
		err = fail(db.ErrTooLarge, "%v", err)
	}
	return rep, err
}
