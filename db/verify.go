package db

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"iter"

	"github.com/datolite/datolite/storage"
)

// A Chain tells of the log of a database from its first record up to some record. Every record holds the hash of the one before, so
// the last hash stands for all of them. Keep a Chain in another place than the database, as JSON for example: a log in which it is
// found again has not been altered up to there.
type Chain struct {
	ID           string // of the database
	Records      int
	Transactions int
	T            T      // of the last transaction; 0 if there is none
	Bytes        int64  // of the records
	Hash         string // of the last record, in hexadecimal digits; of no records, that of the database's beginning
}

// Verify reads the whole log of a database and proves that it is as it was written: that no record was altered, dropped, inserted,
// or put in the place of another. It yields how far it has come now and then, and at last the Chain of the whole log. If the last
// records were cut off, or all from some record on written anew, that is found by Chains that were kept: each must be a beginning of
// the log.
//
// It ends by yielding an error once if the log is not as it was written (ErrCorrupt, and a *StoreError names the key); that of ctx or
// of the store; ErrNoDatabase; or ErrFormat. It changes nothing, needs memory for a few records at once, and may run while others
// write: what they add meanwhile may be left out.
func Verify(ctx context.Context, store storage.Store, name string, kept ...Chain) iter.Seq2[Chain, error] {
	return func(yield func(Chain, error) bool) {
		m, _, err := newCatalogue(store).find(ctx, Options{Name: cmp.Or(name, "main"), ReadOnly: true})
		if err != nil {
			yield(Chain{}, fmt.Errorf("db: %w", err))
			return
		}
		v := newVerification(store, m, logSizes{})
		v.run(ctx, kept, yield)
	}
}

// Verify is the function Verify for the database of the Conn. What the Conn knows of the log is one of the Chains that were kept.
func (c *Conn) Verify(ctx context.Context, kept ...Chain) iter.Seq2[Chain, error] {
	return func(yield func(Chain, error) bool) {
		h := c.head.Load()
		m, err := readMeta(ctx, c.log.store, c.log.dbid)
		if err != nil {
			yield(Chain{}, fmt.Errorf("db: %w", err))
			return
		}
		known := Chain{ID: c.log.dbid, Records: h.seq, Hash: hex.EncodeToString(h.hash[:])}
		newVerification(c.log.store, m, c.log.sizes).run(ctx, append([]Chain{known}, kept...), yield)
	}
}

// A verification walks the log of a database. What it has proved is a Chain.
type verification struct {
	log   *txlog
	chain Chain
	hash  digest // of the last record
	ended bool
	told  Chain // what was yielded last
}

func newVerification(store storage.Store, m meta, sizes logSizes) *verification {
	v := &verification{log: newLog(store, m.dbid(), sizes), hash: m.genesis}
	v.chain = Chain{ID: m.dbid(), Hash: hex.EncodeToString(v.hash[:])}
	return v
}

// How much is proved between two Chains that are yielded.
const (
	verifyRecords = 1 << 10
	verifyBytes   = 16 << 20
)

// run walks the log, and yields what it has proved or why it cannot.
func (v *verification) run(ctx context.Context, kept []Chain, yield func(Chain, error) bool) {
	switch err := v.walk(ctx, kept, yield); err {
	case nil:
		yield(v.chain, nil)
	case errStopped:
	default:
		yield(Chain{}, fmt.Errorf("db: %w", err))
	}
}

func (v *verification) walk(ctx context.Context, kept []Chain, yield func(Chain, error) bool) error {
	if err := v.meet(kept); err != nil {
		return err
	}
	for e, err := range v.records(ctx) {
		if err != nil {
			return err
		}
		if v.chain.Records-v.told.Records >= verifyRecords || v.chain.Bytes-v.told.Bytes >= verifyBytes {
			if v.told = v.chain; !yield(v.chain, nil) {
				return errStopped
			}
		}
		if err := v.add(ctx, e); err != nil {
			return err
		}
		if err := v.meet(kept); err != nil {
			return err
		}
	}
	return v.reach(kept)
}

// records yields the records of the log: those in chunks, and then those behind them as their slots are listed. So one that is missing is
// found by those behind it.
func (v *verification) records(ctx context.Context) iter.Seq2[*entry, error] {
	return func(yield func(*entry, error) bool) {
		r, err := v.log.newestRoot(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if r != nil {
			v.log.adopt(r.chunks)
		}
		rolled := v.log.chunks()
		if !v.read(ctx, 1, rolled.to, yield) {
			return
		}
		from, to := rolled.to+1, 0
		for key, err := range listed(ctx, v.log.store, v.log.dbid+"/log/") {
			if err == nil {
				to, err = v.slot(ctx, key, to, rolled)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if to-from+1 < aheadStretches*aheadRecords {
				continue
			}
			if !v.read(ctx, from, to, yield) {
				return
			}
			from = to + 1
		}
		v.read(ctx, from, to, yield)
	}
}

// slot returns which slot a key is that is listed behind another one. Slots between them may be trimmed. What is in chunks too must be the same
// here, unless the slot was trimmed, and means nothing.
func (v *verification) slot(ctx context.Context, key string, last int, rolled *chunkTree) (int, error) {
	seq, err := v.log.seqOfSlot(key)
	if err != nil || seq <= last {
		return 0, v.misplaced(key, last+1)
	}
	if seq > last+1 {
		trimmed, err := v.log.trimmed(ctx, seq-1)
		if err == nil && !trimmed {
			err = v.misplaced(key, last+1)
		}
		if err != nil {
			return 0, err
		}
	}
	if rolled.has(seq) {
		return seq, v.twice(ctx, seq, rolled)
	}
	return seq, nil
}

// twice compares the record in a slot with the one in the chunks.
func (v *verification) twice(ctx context.Context, seq int, rolled *chunkTree) error {
	here, err := v.log.inSlot(ctx, seq)
	if err == nil {
		var there *record
		if there, err = rolled.record(ctx, v.log, seq); err != nil {
			return err
		}
		if here.hash == there.hash {
			return nil
		}
		err = &StoreError{v.log.slot(seq), fmt.Errorf("%w: the record is not the one in the chunks of the log", ErrCorrupt)}
	}
	if trimmed, lookErr := v.log.trimmed(ctx, seq); trimmed || lookErr != nil {
		return lookErr
	}
	return err
}

// misplaced returns the error for a key that is listed where a slot should be.
func (v *verification) misplaced(key string, seq int) error {
	if key > v.log.slot(seq) && len(key) == len(v.log.slot(seq)) {
		return &StoreError{v.log.slot(seq), fmt.Errorf("%w: a record is missing, and later ones are there", ErrCorrupt)}
	}
	return &StoreError{key, fmt.Errorf("%w: it is no slot of the log", ErrCorrupt)}
}

// read yields the records from one seq to another, and reports whether to go on.
func (v *verification) read(ctx context.Context, from, to int, yield func(*entry, error) bool) bool {
	for e, err := range v.log.entries(ctx, from, to, replayBytes) {
		if !yield(e, err) || err != nil {
			return false
		}
	}
	return true
}

// add adds a record to the chain, if it follows.
func (v *verification) add(ctx context.Context, e *entry) error {
	if e.prev != v.hash || v.ended {
		return &StoreError{v.log.slot(e.seq), errUnlinked}
	}
	v.hash, v.ended = e.hash, e.ends
	v.chain.Records, v.chain.Hash = e.seq, hex.EncodeToString(e.hash[:])
	v.chain.Bytes += int64(e.size)
	if e.load != nil {
		v.chain.Bytes += int64(e.load.bytes)
	}
	for commit, err := range v.log.transactions(ctx, e, 0, everyT) {
		if err != nil {
			return err
		}
		v.chain.Transactions++
		v.chain.T = commit.T
	}
	return nil
}

// meet compares the chain with those of its length that were kept.
func (v *verification) meet(kept []Chain) error {
	for _, k := range kept {
		switch {
		case k.ID != v.chain.ID:
			return &StoreError{v.log.dbid + "/meta", fmt.Errorf("%w: the chain that was kept is of another database, %.80q", ErrCorrupt, k.ID)}
		case k.Records == v.chain.Records && k.Hash != v.chain.Hash:
			return &StoreError{v.log.slot(k.Records), fmt.Errorf("%w: the record is not the one of the chain that was kept", ErrCorrupt)}
		}
	}
	return nil
}

// reach checks that the chain is no shorter than those that were kept.
func (v *verification) reach(kept []Chain) error {
	for _, k := range kept {
		if k.Records > v.chain.Records {
			return &StoreError{v.log.slot(k.Records), fmt.Errorf("%w: the log ends with record %d, and had %d", ErrCorrupt,
				v.chain.Records, k.Records)}
		}
	}
	return nil
}
