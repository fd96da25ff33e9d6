package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/datolite/datolite/storage"
)

// A txlog is the log of a database in its store: slots, dense from 1 on, each with one record. It reads and creates them, and
// keeps nothing but the last few small records, for those who follow closely.
type txlog struct {
	store  storage.Store
	dbid   string
	recent recent
}

// An entry is a record of the log, read.
type entry struct {
	seq     int
	prev    digest
	hash    digest
	nonce   nonce
	writer  uint64 // the lowest version that may write after it
	commits []Commit
	ends    bool          // the log: the database was dropped
	yield   time.Duration // for which the others are asked to leave its writer alone
	root    *root         // that it publishes; nil for none
	size    int           // in bytes
}

// slot returns the key of a slot.
func (l *txlog) slot(seq int) string { return l.dbid + "/log/" + hex16(uint64(seq)) }

// enter tells a store that knows who writes to it that there is one more, who does so with contexts that come from inside. alone
// reports whether nobody else has since then, and false of any other store.
func (l *txlog) enter(ctx context.Context) (inside context.Context, alone func() bool, leave func()) {
	if x, ok := l.store.(storage.Exclusive); ok {
		return x.Enter(ctx, l.dbid+"/log/")
	}
	return ctx, func() bool { return false }, func() {}
}

// part returns the key of a part of a record that lies elsewhere.
func (l *txlog) part(r *record, i int) string {
	return fmt.Sprintf("%s/body/%s-%x/%d", l.dbid, hex16(uint64(r.seq)), r.nonce, i)
}

// hex16 returns n in 16 hexadecimal digits.
func hex16(n uint64) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[i] = digits[n>>(60-4*i)&15]
	}
	return string(b[:])
}

// read returns the record of a slot. An empty slot is storage.ErrNotFound.
func (l *txlog) read(ctx context.Context, seq int) (*entry, error) {
	if e := l.recent.get(seq); e != nil {
		return e, nil
	}
	b, err := l.store.Get(ctx, l.slot(seq))
	if err != nil {
		return nil, err
	}
	return l.decode(ctx, seq, b)
}

// decode returns the record of a slot that holds b.
func (l *txlog) decode(ctx context.Context, seq int, b []byte) (*entry, error) {
	r, err := decodeRecord(b)
	if err == nil {
		r, err = l.whole(ctx, r)
	}
	if err == nil && r.seq != seq {
		err = fmt.Errorf("%w: the record is that of slot %d", ErrCorrupt, r.seq)
	}
	var e *entry
	if err == nil {
		e, err = r.read()
	}
	if err != nil {
		return nil, &StoreError{l.slot(seq), err}
	}
	return e, nil
}

// read returns what the record says.
func (r *record) read() (*entry, error) {
	bodies, err := r.bodies()
	if err != nil {
		return nil, err
	}
	commits := make([]Commit, len(bodies))
	for i := range bodies {
		commits[i] = bodies[i].commit
	}
	e := r.entry(commits)
	e.ends, _ = r.ends()
	e.yield, _ = r.yields()
	e.root, _ = r.root()
	return e, nil
}

// entry returns the record with its transactions.
func (r *record) entry(commits []Commit) *entry {
	return &entry{seq: r.seq, prev: r.prev, hash: r.hash, nonce: r.nonce, writer: r.writer, size: r.size, commits: commits}
}

// whole returns the record that r stands for, which is r unless it lies elsewhere.
func (l *txlog) whole(ctx context.Context, r *record) (*record, error) {
	e, ok, err := r.elsewhere()
	if !ok || err != nil {
		return r, err
	}
	var b []byte
	for i := range e.parts {
		part, err := l.store.Get(ctx, l.part(r, i))
		if errors.Is(err, storage.ErrNotFound) {
			return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, l.part(r, i))
		}
		if err != nil {
			return nil, err
		}
		b = append(b, part...)
	}
	whole, err := decodeRecord(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.part(r, 0), err)
	}
	if whole.hash != e.hash || whole.seq != r.seq || whole.prev != r.prev || whole.nonce != r.nonce {
		return nil, fmt.Errorf("%w: %s holds another record", ErrCorrupt, l.part(r, 0))
	}
	return whole, nil
}

// capacity returns how many bytes a transaction may have, and how many a record may have before one more is added to it, so that the
// store can hold the record with all that is around them.
func (l *txlog) capacity() int {
	const half, enough = maxParts/2 - 100, 1 << 18
	return half * min(l.store.Limits().Value, enough)
}

// place returns the bytes for the slot of a record, and puts elsewhere what is more than the store takes in one value.
func (l *txlog) place(ctx context.Context, r *record) ([]byte, error) {
	b := r.encode()
	limits := l.store.Limits()
	if len(b) <= limits.Value {
		return b, nil
	}
	parts := (len(b) + limits.Value - 1) / limits.Value
	if parts > maxParts {
		return nil, fmt.Errorf("%w: %d bytes in values of %d", ErrTooLarge, len(b), limits.Value)
	}
	for i := range parts {
		part := b[i*limits.Value : min((i+1)*limits.Value, len(b))]
		if err := l.store.Put(ctx, storage.Item{Key: l.part(r, i), Value: part}); err != nil {
			return nil, err
		}
	}
	return elsewhereOf(r, parts).encode(), nil
}

// newest returns the seq of the newest record, given one that is there, or 0. Slots are dense, so it asks for n+1, n+2, n+4 … and
// then halves what lies between.
func (l *txlog) newest(ctx context.Context, known int) (int, error) {
	step := 1
	for {
		filled, err := l.filled(ctx, known+step)
		if err != nil {
			return 0, err
		}
		if !filled {
			break
		}
		known, step = known+step, 2*step
	}
	for empty := known + step; empty-known > 1; {
		middle := (known + empty) / 2
		filled, err := l.filled(ctx, middle)
		switch {
		case err != nil:
			return 0, err
		case filled:
			known = middle
		default:
			empty = middle
		}
	}
	return known, nil
}

// filled reports whether a slot has a record.
func (l *txlog) filled(ctx context.Context, seq int) (bool, error) {
	_, err := l.store.Get(ctx, l.slot(seq))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
