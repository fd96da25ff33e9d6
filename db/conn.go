package db

import (
	"context"
	"iter"

	"github.com/datolite/datolite/storage"
)

// A Conn is a database in a store: the reference whose value changes. It may be used by many goroutines. To write, see
// tx.Transact; to read, take a Snapshot.
type Conn struct{ _ int }

// Open opens the database of a store, and makes it if it is not there. Closing the Conn leaves the store open.
func Open(ctx context.Context, store storage.Store, o Options) (*Conn, error) { panic("not built") }

// Close ends the connection: transactions that wait fail with ErrClosed, streams end. Snapshots stay readable.
func (c *Conn) Close() error { panic("not built") }

// Snapshot returns the newest database that this process knows. It takes no lock and no I/O.
func (c *Conn) Snapshot() *Snapshot { panic("not built") }

// Sync returns a snapshot with everything that was committed anywhere before the call.
func (c *Conn) Sync(ctx context.Context) (*Snapshot, error) { panic("not built") }

// SyncTo waits until this process knows the transaction t, and returns a snapshot that has it.
func (c *Conn) SyncTo(ctx context.Context, t T) (*Snapshot, error) { panic("not built") }

// At returns the snapshot that the commit of the newest transaction at or before t returned, schema included. (AsOf, in
// contrast, is a view with the schema of the snapshot it is taken from.) A t after the newest is ErrFuture.
func (c *Conn) At(ctx context.Context, t T) (*Snapshot, error) { panic("not built") }

// Reports yields the report of every transaction with a t greater than after, in order and without a gap, and then waits for
// more. 0 is from the first on, Snapshot().T() from now on, and the t of the last report that was dealt with the place to
// resume. It ends by yielding an error once: that of ctx, or of the store. A slow reader holds nothing up and costs no memory.
func (c *Conn) Reports(ctx context.Context, after T) iter.Seq2[*Report, error] { panic("not built") }

// Stats returns counts of what the database holds.
func (c *Conn) Stats() Stats { panic("not built") }

// Stats are counts of what a database holds.
type Stats struct {
	T       T   // the basis
	Seq     int // the newest record of the log
	Datoms  int // assertions and retractions, history included
	Records int // of the log that this process replayed or wrote
	Bytes   int // of those records
}

// An Eval makes a transaction on the newest snapshot: a report from before.Apply. The writer calls it again, on a newer
// snapshot, after a lost race or when the batch before it failed, so it must be pure.
type Eval func(ctx context.Context, before *Snapshot) (*Report, error)

// Commit makes what eval comes to durable and visible, in a group with what waits beside it. It is for tx alone: see
// tx.Transact. If ctx ends after the slot was asked for, the error is ErrUnknownOutcome.
func (c *Conn) Commit(ctx context.Context, eval Eval) (*Report, error) { panic("not built") }
