package db

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"github.com/datolite/datolite/index"
)

// A Snapshot is a database as of one transaction: a value, made without I/O and held as long as one likes. Taking part in the
// future is for snapshots alone: see tx.With. What the past was, ask with AsOf, Since and History.
//
// A snapshot is made by Apply from the one before it. One that is replayed is read out of a later one instead, whose levels
// hold more than it shows.
type Snapshot struct {
	reader
	env         *env
	levels      index.Levels
	basis       T
	instant     int64 // milliseconds since 1970
	nextT       T
	nextElement ID
	schema      atomic.Pointer[Schema]
	later       *Schema                      // of a replayed snapshot: that of the one it is read out of
	own         atomic.Pointer[index.Levels] // of a replayed snapshot: the levels without what is later, once they were needed
	pending     atomic.Pointer[Report]       // what made the snapshot, until that is committed
}

// An env is what a snapshot knows of the connection it came from.
type env struct {
	clock    func() time.Time // never nil
	host     map[string]Named
	dbid     string
	log      txLog    // nil without a connection
	observer Observer // nil for nobody
	values   knownValues
	cache    *index.Cache // nil without a connection
}

// A txLog reads committed transactions.
type txLog interface {
	// commits yields those with after < t ≤ until, in order.
	commits(ctx context.Context, after, until T) iter.Seq2[Commit, error]
	// commit returns the transaction t, and the one before it, nil where t is the first.
	commit(ctx context.Context, t T) (at, prev *Commit, err error)
}

// genesis returns the database before its first transaction: the bootstrap at t 0.
func genesis(e *env) *Snapshot {
	s := &Snapshot{env: e, levels: bootstrap().levels.Caching(e.cache), nextT: firstT, nextElement: firstElement}
	s.reader.snap = s
	s.schema.Store(bootstrap().schema)
	return s
}

// at returns the snapshot that applying c returned, read out of s, which is that one or a later one.
func (s *Snapshot) at(c Commit) *Snapshot {
	if c.T == s.basis {
		return s
	}
	past := &Snapshot{env: s.env, levels: s.levels, basis: c.T, instant: c.Instant.UnixMilli(), nextT: c.NextT,
		nextElement: c.NextElement, later: s.Schema()}
	past.reader.snap = past
	return past
}

// publish marks the snapshot as committed. The connection calls it when the transaction that made it is durable, before anyone
// else sees the snapshot.
func (s *Snapshot) publish() { s.pending.Store(nil) }

// Schema returns what the database knows of its attributes and of the names of its entities.
func (s *Snapshot) Schema() *Schema {
	schema := s.schema.Load()
	if schema == nil {
		schema = s.later.at(s.basis)
		s.schema.Store(schema)
	}
	return schema
}

// First returns the first datom of a range, if it has one. It is for tx alone, which asks for many.
func (s *Snapshot) First(ctx context.Context, o Order, r index.Range) (Datom, bool, error) {
	return s.levels.First(ctx, o, r, index.View{Basis: index.TxID(s.basis)})
}

// Speculative reports whether the snapshot holds transactions that were never committed: it comes from tx.With.
func (s *Snapshot) Speculative() bool { return s.pending.Load() != nil }

// Instant returns the instant of the newest transaction.
func (s *Snapshot) Instant() time.Time { return time.UnixMilli(s.instant).UTC() }

// Now returns the instant that the next transaction gets if it does not say otherwise: the clock's, but never before Instant.
func (s *Snapshot) Now() time.Time {
	return time.UnixMilli(max(s.env.clock().UnixMilli(), s.instant)).UTC()
}

// Clock returns what the database's clock says, in UTC milliseconds.
func (s *Snapshot) Clock() time.Time { return time.UnixMilli(s.env.clock().UnixMilli()).UTC() }

// NextT returns the t of the next transaction; entities that it makes take those after it.
func (s *Snapshot) NextT() T { return s.nextT }

// NextElement returns the id of the next attribute.
func (s *Snapshot) NextElement() ID { return s.nextElement }

// Host returns what the host gave the database under a name.
func (s *Snapshot) Host(name string) (Named, bool) {
	named, ok := s.env.host[name]
	return named, ok
}

// Observed reports whether somebody observes the database. It is for package query alone.
func (s *Snapshot) Observed() bool { return s.env.observer != nil }

// Observe tells the database's observer of an event, if there is one. It is for package query alone.
func (s *Snapshot) Observe(e Event) {
	if s.env.observer != nil {
		s.env.observer.Observe(e)
	}
}

// String describes the snapshot, as in "snapshot t 1005".
func (s *Snapshot) String() string {
	if s.Speculative() {
		return "snapshot " + s.basis.String() + " (speculative)"
	}
	return "snapshot " + s.basis.String()
}
