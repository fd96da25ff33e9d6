package tx

import (
	"context"

	"github.com/datolite/datolite/db"
)

// Transact makes data part of the database. When it returns, the transaction is durable, and conn.Snapshot shows it. Where the
// data is refused, nothing has happened, and the error is an *Error. No data at all is a transaction too: it has an instant.
func Transact(ctx context.Context, conn *db.Conn, data ...Data) (*db.Report, error) {
	items, err := collect(data)
	if err != nil {
		return nil, err
	}
	return conn.Commit(ctx, func(ctx context.Context, before *db.Snapshot) (*db.Report, error) {
		return run(ctx, before, items)
	})
}

// With returns what Transact would, and writes nothing. The report's After can be asked, and built on, like any snapshot.
func With(ctx context.Context, snap *db.Snapshot, data ...Data) (*db.Report, error) {
	items, err := collect(data)
	if err != nil {
		return nil, err
	}
	return run(ctx, snap, items)
}

// run makes a transaction of the items on a snapshot: what they claim, which entities are meant, what changes, and what is
// after that. It is a pure function of its arguments, as far as the functions among the items are.
func run(ctx context.Context, before *db.Snapshot, items []item) (*db.Report, error) {
	x, err := expand(newBase(ctx, before), items)
	if err != nil {
		return nil, err
	}
	r, changes, err := resolve(x)
	if err != nil {
		return nil, err
	}
	commit, err := settle(r, changes)
	if err != nil {
		return nil, err
	}
	return before.Apply(commit)
}
