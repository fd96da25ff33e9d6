package db

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// A verifier reads a database. It is first in the log, then in the index; what it has proved is a Verification.
type verifier struct {
	Verification
	log    *txlog
	origin string // the database that it was restored from; "" for none
	point  *point // of the backup that it is; nil for none
	hash   digest // of the last record
	ended  bool
	snap   *Snapshot // the counters behind the last record, without facts
	datoms int
	writer struct {
		version uint64 // as in a head
		seq     int
	}
	told  Chain  // what was yielded last
	begun bool   // the root is found, or there is none
	again string // the job of the root with which it began before, and which was retired meanwhile; "" for none
	finer int    // so many times as often is it told how far it has come; 0 stands for 1
	pacer pacer
	index indexVerifier
}

func newVerifier(store storage.Store, m meta, sizes logSizes) *verifier {
	v := &verifier{log: newLog(store, m.dbid(), sizes), origin: m.restoredFrom(), hash: m.genesis}
	v.Chain = Chain{ID: m.dbid(), Hash: hex.EncodeToString(v.hash[:])}
	v.snap = genesis(&env{dbid: m.dbid()})
	return v
}

// run looks at the log and at the index, and yields what it has proved, or why it cannot go on. If the root is retired meanwhile, another
// verifier runs, with the root that is the newest then.
func (v *verifier) run(ctx context.Context, kept []Chain, yield func(Verification, error) bool, anew func() *verifier) {
	switch err := v.steps(ctx, kept, yield); err {
	case errOutrun:
		next := anew()
		next.again = v.index.root.job
		next.run(ctx, kept, yield, anew)
	case nil:
		v.Completed = true
		if err = v.failure(); err != nil {
			err = fmt.Errorf("db: %w", err)
		}
		yield(v.Verification, err)
	case errStopped:
	default:
		yield(Verification{}, fmt.Errorf("db: %w", err))
	}
}

func (v *verifier) steps(ctx context.Context, kept []Chain, yield func(Verification, error) bool) error {
	if !v.begun {
		if err := v.findRoot(ctx); err != nil {
			return err
		}
		v.begun = true
	}
	if err := v.walkLog(ctx, kept, yield); err != nil {
		return err
	}
	return v.walkIndex(ctx, yield)
}

// outrun returns errOutrun if the root was retired, so that what seems damaged may have been collected.
func (v *verifier) outrun(ctx context.Context) error {
	r := v.index.root
	if r == nil || v.point != nil || r.job == v.again {
		return nil
	}
	k := r.keeping
	if k == nil {
		k = &keeping{}
	}
	retired, err := v.log.isRetired(ctx, r.seq, k, seqOfJob(r.from), r.seq)
	switch {
	case isDamage(err):
		return nil
	case err == nil && retired:
		return errOutrun
	}
	return err
}

// A pausedVerifier is what is kept of a verifier, beside its Verification.
type pausedVerifier struct {
	Root    string // its key
	Ended   bool
	Basis   T
	Instant int64
	NextT   T
	Element ID
	Datoms  int
	Writer  uint64
	Since   int      // the record that asks for the writer
	Schema  [][]byte // its facts: see appendBody
	Index   *indexVerifier
}

// state returns the verification with the place where it goes on.
func (v *verifier) state() Verification {
	out, s := v.Verification, v.snap
	p := pausedVerifier{Ended: v.ended, Basis: s.basis, Instant: s.instant, NextT: s.nextT, Element: s.nextElement, Datoms: v.datoms,
		Writer: v.writer.version, Since: v.writer.seq, Index: &v.index}
	if v.index.root != nil {
		p.Root = v.log.rootKey(v.index.root)
		for _, r := range v.index.schema.revisions() {
			p.Schema = append(p.Schema, appendBody(nil, &body{commit: Commit{T: r.t, NextT: r.t, Facts: r.facts}}))
		}
	}
	out.State, _ = json.Marshal(p) // which has numbers and texts alone
	return out
}

// resume goes on where a verification was. If the root that it looked at was retired meanwhile, it begins anew.
func (v *verifier) resume(from Verification) error {
	var p pausedVerifier
	if from.State == nil {
		return nil
	}
	x := &v.index
	x.schema = bootstrap().schema
	p.Index = x
	if err := json.Unmarshal(from.State, &p); err != nil {
		return fmt.Errorf("the state of a verification: %w", err)
	}
	if p.Root != "" {
		switch err := x.reopen(v.log, &p); {
		case errors.Is(err, storage.ErrNotFound):
			v.index = indexVerifier{}
			return nil
		case err != nil:
			return err
		}
	}
	hash, err := hex.DecodeString(from.Hash)
	if err != nil || len(hash) != len(v.hash) {
		return fmt.Errorf("the state of a verification: no hash: %.80q", from.Hash)
	}
	v.Verification, v.hash, v.ended, v.begun, v.told = from, digest(hash), p.Ended, true, from.Chain
	v.snap = &Snapshot{env: v.snap.env, basis: p.Basis, instant: p.Instant, nextT: p.NextT, nextElement: p.Element}
	v.datoms = p.Datoms
	v.writer.version, v.writer.seq = p.Writer, p.Since
	return nil
}

// reopen reads the root again, and the schema of what was kept.
func (x *indexVerifier) reopen(l *txlog, p *pausedVerifier) (err error) {
	if x.root, err = l.rootAt(context.Background(), p.Root); err != nil {
		return err
	}
	if x.levels, err = l.levels(x.root, index.NewCache(0), nil); err != nil {
		return err
	}
	for _, b := range p.Schema {
		said, err := decodeBody(b)
		if err != nil {
			return fmt.Errorf("the state of a verification: %w", err)
		}
		x.schema = x.schema.revise(said.commit.T, said.commit.Facts)
	}
	if n := len(x.levels); len(x.Held) != n || len(x.Ended) != n || len(x.Found) != n || len(x.Torn) != n {
		return fmt.Errorf("the state of a verification is of another index")
	}
	return nil
}
