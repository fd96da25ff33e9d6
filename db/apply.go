package db

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/datolite/datolite/index"
)

// A Commit is the facts and ids that a transaction comes to, ready to be applied to the snapshot that it was made on.
type Commit struct {
	T       T         // the transaction's: the snapshot's NextT
	Instant time.Time // UTC milliseconds, not before the snapshot's
	// Facts are in the order in which the report shows them: an open fact (Tx is the transaction) is asserted, a closed one
	// (End is the transaction) ends what Tx asserted. The fact of :db/txInstant is not among them: Apply puts it first.
	Facts       []index.Fact
	TempIDs     map[string]ID
	Created     []ID
	Digest      []byte // of the data as submitted, 32 bytes, if it has an idempotency key: then the log keeps TempIDs and Created
	NextT       T
	NextElement ID
	Quiet       bool // the report has no Datoms, since nobody will look at them
}

// Apply returns the report of a commit on the snapshot, whose After is the next snapshot. Nothing is written, and Facts must
// not be changed afterwards. A commit that was not made on this snapshot is ErrCorrupt, one of more than a transaction may have ErrTooLarge. It is for
// tx alone.
func (s *Snapshot) Apply(c Commit) (*Report, error) {
	if err := cmp.Or(s.fits(c), c.checkSize()); err != nil {
		return nil, err
	}
	levels, err := s.ground()
	if err != nil {
		return nil, err
	}
	schema := s.Schema().revise(c.T, c.Facts)
	next := &Snapshot{env: s.env, levels: levels.Push(index.NewRun(c.Facts, schema, c.stamp())), basis: c.T, instant: c.Instant.UnixMilli(),
		nextT: c.NextT, nextElement: c.NextElement}
	next.reader.snap = next
	next.schema.Store(schema)
	rep := c.report(s, next)
	next.pending.Store(rep)
	return rep, nil
}

// applyAll returns the snapshot after commits that are known to follow each other, for those who need no report of each: their facts
// become one run, or a few where the schema changes between them.
func (s *Snapshot) applyAll(commits []Commit) (*Snapshot, error) {
	if len(commits) == 0 {
		return s, nil
	}
	levels, err := s.ground()
	if err != nil {
		return nil, err
	}
	next := &Snapshot{env: s.env, instant: s.instant, basis: s.basis, nextT: s.nextT, nextElement: s.nextElement}
	next.reader.snap = next
	schema, facts := s.Schema(), []index.Fact(nil)
	for _, c := range commits {
		if err := next.fits(c); err != nil {
			return nil, err
		}
		next.basis, next.instant, next.nextT, next.nextElement = c.T, c.Instant.UnixMilli(), c.NextT, c.NextElement
		facts = append(append(facts, c.stamp()), c.Facts...)
		if revised := schema.revise(c.T, c.Facts); revised != schema {
			schema, levels, facts = revised, levels.Push(index.NewRun(facts, revised)), nil
		}
	}
	if len(facts) > 0 {
		levels = levels.Push(index.NewRun(facts, schema))
	}
	next.levels = levels
	next.schema.Store(schema)
	return next, nil
}

// fits returns an error if the commit cannot have been made on the snapshot.
func (s *Snapshot) fits(c Commit) error {
	switch {
	case c.T != s.nextT:
		return fmt.Errorf("%w: a commit of %s on %s, whose next is %s", ErrCorrupt, c.T, s, s.nextT)
	case c.NextT <= c.T || c.NextElement < s.nextElement:
		return fmt.Errorf("%w: the commit of %s takes a counter back", ErrCorrupt, c.T)
	case c.Instant.UnixMilli() < s.instant:
		return fmt.Errorf("%w: the instant of %s is before that of %s", ErrCorrupt, c.T, s)
	}
	return nil
}

// stamp returns the fact of the commit's instant.
func (c Commit) stamp() index.Fact {
	return index.Fact{E: index.TxID(c.T), A: attrInstant, V: index.Instant(c.Instant), Tx: index.TxID(c.T)}
}

// ground returns the levels that hold what the snapshot shows and nothing later. Those of a replayed snapshot are made when first
// asked for, by copying every fact up to its basis: one builds on the past seldom.
func (s *Snapshot) ground() (index.Levels, error) {
	if s.later == nil {
		return s.levels, nil
	}
	if own := s.own.Load(); own != nil {
		return *own, nil
	}
	var facts []index.Fact
	var end ID
	for d, err := range s.History().Datoms(context.Background(), EAVT) {
		switch {
		case err != nil:
			return index.Levels{}, err
		case d.Added:
			facts, end = append(facts, index.Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx, End: end}), 0
		default:
			end = d.Tx // the next datom is the assertion that this one ended
		}
	}
	own := index.Levels{}.Push(index.NewRun(facts, s.Schema()))
	s.own.Store(&own)
	return own, nil
}
