package db

import (
	"maps"
	"slices"
	"time"

	"github.com/datolite/datolite/index"
)

// A Report is what came of a transaction.
type Report struct {
	T       T
	Tx      ID
	Instant time.Time
	Before  *Snapshot
	After   *Snapshot
	Datoms  []Datom       // :db/txInstant first
	TempIDs map[string]ID // what each tempid became
	Created []ID          // the ids of the items that had none, in their order

	commit   Commit // what came of it is this applied to Before
	repeated bool   // it is the answer to the same data once more: see Repeat
}

// report returns the report of the commit that led from one snapshot to another.
func (c Commit) report(before, after *Snapshot) *Report {
	rep := &Report{T: c.T, Tx: index.TxID(c.T), Instant: after.Instant(), Before: before, After: after, Datoms: c.datoms(),
		TempIDs: c.TempIDs, Created: c.Created, commit: c}
	if c.Digest != nil { // others are told the same, and each may do with it as it likes
		rep.TempIDs, rep.Created = maps.Clone(c.TempIDs), slices.Clone(c.Created)
	}
	return rep
}

// replay returns the report of c as Apply returned it, read out of s, which holds c. prev is the commit before c, and nil where c
// is the first.
func (s *Snapshot) replay(prev *Commit, c Commit) *Report {
	before := genesis(s.env)
	if prev != nil {
		before = s.at(*prev)
	}
	return c.report(before, s.at(c))
}

// datoms returns the events of the commit.
func (c Commit) datoms() []Datom {
	if c.Quiet {
		return nil
	}
	tx := index.TxID(c.T)
	datoms := make([]Datom, 0, len(c.Facts)+1)
	datoms = append(datoms, Datom{E: tx, A: attrInstant, V: index.Instant(c.Instant), Tx: tx, Added: true})
	for _, f := range c.Facts {
		datoms = append(datoms, Datom{E: f.E, A: f.A, V: f.V, Tx: tx, Added: f.Open()})
	}
	return datoms
}
