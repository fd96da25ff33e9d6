package db

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
)

// chain returns what the head knows of the log.
func (h *head) chain(l *txlog) Chain {
	return Chain{ID: l.dbid, Records: h.seq, Hash: hex.EncodeToString(h.hash[:])}
}

// How much is proved between two Verifications that are yielded.
const (
	verifyRecords  = 1 << 10
	verifyBytes    = 16 << 20
	verifySegments = 64
)

// walkLog proves the log. What is damaged in it is noted, and nothing behind that is looked at.
func (v *verifier) walkLog(ctx context.Context, kept []Chain, yield func(Verification, error) bool) error {
	err := v.walkRecords(ctx, kept, yield)
	if err == nil {
		err = v.reach(kept)
	}
	if err == nil && v.point != nil {
		err = v.point.tells(v)
	}
	if isDamage(err) {
		if err := v.outrun(ctx); err != nil {
			return err
		}
		lost := "all transactions"
		if v.T > 0 {
			lost = "the transactions after " + v.T.String()
		}
		v.damaged(err, lost)
		v.index.LogDamaged = true
		return nil
	}
	return err
}

func (v *verifier) walkRecords(ctx context.Context, kept []Chain, yield func(Verification, error) bool) error {
	if err := v.meet(kept); err != nil {
		return err
	}
	for e, err := range v.records(ctx) {
		if err != nil {
			return err
		}
		if v.Records-v.told.Records >= verifyRecords/max(1, v.finer) || v.Bytes-v.told.Bytes >= verifyBytes {
			if v.told = v.Chain; !yield(v.state(), nil) {
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
	return nil
}

// records yields the records of the log: those that were not looked at yet, in chunks, and then those behind them as their slots are listed. So one that is missing is
// found by those behind it. Of a backup it is known which there must be.
func (v *verifier) records(ctx context.Context) iter.Seq2[*entry, error] {
	return func(yield func(*entry, error) bool) {
		if r := v.index.root; r != nil {
			v.log.adopt(r.chunks)
		}
		rolled := v.log.chunks()
		if v.point != nil {
			v.read(ctx, v.Records+1, v.point.Records, yield)
			return
		}
		if !v.read(ctx, v.Records+1, rolled.to, yield) {
			return
		}
		from, to := max(v.Records, rolled.to)+1, 0
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
func (v *verifier) slot(ctx context.Context, key string, last int, rolled *chunkTree) (int, error) {
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
func (v *verifier) twice(ctx context.Context, seq int, rolled *chunkTree) error {
	here, err := v.log.hashInSlot(ctx, seq)
	if err == nil {
		var there *record
		if there, err = rolled.record(ctx, v.log, seq); err != nil {
			return err
		}
		if here == there.hash {
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
func (v *verifier) misplaced(key string, seq int) error {
	if key > v.log.slot(seq) && len(key) == len(v.log.slot(seq)) {
		return &StoreError{v.log.slot(seq), fmt.Errorf("%w: a record is missing, and later ones are there", ErrCorrupt)}
	}
	return &StoreError{key, fmt.Errorf("%w: it is no slot of the log", ErrCorrupt)}
}

// read yields the records from one seq to another, and reports whether to go on.
func (v *verifier) read(ctx context.Context, from, to int, yield func(*entry, error) bool) bool {
	for e, err := range v.log.entries(ctx, from, to, reading{replayBytes, &v.pacer}) {
		if !yield(e, err) || err != nil {
			return false
		}
	}
	return true
}

// add adds a record to the chain, if it follows.
func (v *verifier) add(ctx context.Context, e *entry) error {
	if e.prev != v.hash || v.ended {
		return &StoreError{v.log.slot(e.seq), errUnlinked}
	}
	for c, err := range v.log.transactions(ctx, e, 0, everyT) {
		if err == nil {
			err = v.addCommit(c)
		}
		if err != nil {
			return &StoreError{v.log.slot(e.seq), err}
		}
		if err := v.pacer.pause(ctx); err != nil {
			return err
		}
	}
	v.hash, v.ended = e.hash, e.ends
	v.Records, v.Hash = e.seq, hex.EncodeToString(e.hash[:])
	v.Bytes += int64(e.size)
	if e.load != nil {
		v.Bytes += int64(e.load.bytes)
	}
	if e.writer > v.writer.version {
		v.writer.version, v.writer.seq = e.writer, e.seq
	}
	v.meetRoot(e)
	return nil
}

// addCommit adds a transaction, if it follows.
func (v *verifier) addCommit(c *Commit) error {
	if err := v.snap.fits(*c); err != nil {
		return err
	}
	v.snap = &Snapshot{env: v.snap.env, basis: c.T, instant: c.Instant.UnixMilli(), nextT: c.NextT, nextElement: c.NextElement}
	v.datoms += len(c.Facts) + 1
	v.index.add(c)
	v.Transactions++
	v.T = c.T
	return nil
}

// meet compares the chain with those of its length that were kept.
func (v *verifier) meet(kept []Chain) error {
	for _, k := range kept {
		switch {
		case k.ID != v.ID && (k.ID != v.origin || k.ID == ""):
			return &StoreError{v.log.dbid + "/meta", fmt.Errorf("%w: the chain that was kept is of another database, %.80q", ErrCorrupt, k.ID)}
		case k.Records == v.Records && k.Hash != v.Hash:
			return &StoreError{v.log.slot(k.Records), fmt.Errorf("%w: the record is not the one of the chain that was kept", ErrCorrupt)}
		}
	}
	return nil
}

// reach checks that the chain is no shorter than those that were kept.
func (v *verifier) reach(kept []Chain) error {
	for _, k := range kept {
		if k.Records > v.Records {
			return &StoreError{v.log.slot(k.Records), fmt.Errorf("%w: the log ends with record %d, and had %d", ErrCorrupt,
				v.Records, k.Records)}
		}
	}
	return nil
}
