package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/datolite/datolite/storage"
)

// A txlog is the log of a database in its store: slots, dense from 1 on, each with one record, of which the oldest may be trimmed, and are
// then in chunks. It reads and creates them, and keeps nothing but the last few small records, for those who follow closely, and the
// last few chunks.
type txlog struct {
	store   storage.Store
	dbid    string
	sizes   logSizes
	alone   func() bool                                       // reports whether nobody else can have written to the log, or trimmed it
	retired func(ctx context.Context, root int) (bool, error) // reports whether the root of a seq is retired by now; nil for who never asks
	recent  recent
	tree    atomic.Pointer[chunkTree] // the newest that is known
	shelf   shelf
}

// newLog returns the log of a database, for one who is not alone.
func newLog(store storage.Store, dbid string, sizes logSizes) *txlog {
	return &txlog{store: store, dbid: dbid, sizes: sizes.filled(), alone: func() bool { return false }}
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
	ended   time.Time     // when, if it does
	yield   time.Duration // for which the others are asked to leave its writer alone
	root    *root         // that it publishes; nil for none
	load    *load         // that it is; nil for none
	hold    *hold         // of a root; nil for none

	collection *collection // of roots that nobody needs; nil for none
	size       int         // in bytes
}

// slot returns the key of a slot.
func (l *txlog) slot(seq int) string { return l.dbid + "/log/" + hex16(uint64(seq)) }

// seqOfSlot returns which slot a key is.
func (l *txlog) seqOfSlot(key string) (int, error) {
	text, _ := strings.CutPrefix(key, l.dbid+"/log/")
	seq, err := strconv.ParseUint(text, 16, 62)
	if err == nil && l.slot(int(seq)) != key {
		err = strconv.ErrSyntax
	}
	return int(seq), err
}

// enter tells a store that knows who writes to it that there is one more, who does so with contexts that come from inside. alone
// reports whether nobody else has written to the log, or trimmed it, since then, and false of any other store.
func (l *txlog) enter(ctx context.Context) (inside context.Context, alone func() bool, leave func()) {
	x, ok := l.store.(storage.Exclusive)
	if !ok {
		return ctx, func() bool { return false }, func() {}
	}
	ctx, writesAlone, stopWriting := x.Enter(ctx, l.dbid+"/log/")
	ctx, trimsAlone, stopTrimming := x.Enter(ctx, l.dbid+"/trim/")
	return ctx, func() bool { return writesAlone() && trimsAlone() }, func() { stopWriting(); stopTrimming() }
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

// read returns a record. That it is not there is storage.ErrNotFound.
func (l *txlog) read(ctx context.Context, seq int) (*entry, error) {
	entries, err := l.known(ctx, seq, seq, 1)
	if err != nil {
		return nil, err
	}
	return entries[0], nil
}

// batch returns the records from one seq on, up to another or to so many bytes, and at least one. What is in the chunks comes from there.
// The others come from their slots, and count if these were not trimmed when the last was read: else they may be gone, or be
// those of a writer that did not know, and are in newer chunks. So is the first that has a placeholder there.
func (l *txlog) batch(ctx context.Context, from, to, most int) ([]*record, error) {
	for {
		tree := l.chunks()
		records, slot, err := l.gather(ctx, tree, from, to, most)
		stale := errors.Is(err, errNoSegment) || errors.Is(err, errPlaceholder) && len(records) == 0
		if slot > 0 && !stale {
			var lookErr error
			if stale, lookErr = l.trimmed(ctx, slot); lookErr != nil {
				return nil, lookErr
			}
		}
		switch {
		case !stale && len(records) > 0:
			return records, nil
		case !stale:
			return nil, err
		}
		if err := l.renew(ctx, tree, slot, err); err != nil {
			return nil, err
		}
	}
}

// gather reads records up to the first that cannot be read, and tells the first that it looked for in a slot; 0 for none.
func (l *txlog) gather(ctx context.Context, tree *chunkTree, from, to, most int) (records []*record, slot int, err error) {
	for seq, bytes := from, 0; seq <= to && bytes < most; seq++ {
		var r *record
		if tree.has(seq) {
			r, err = tree.record(ctx, l, seq)
		} else {
			slot = cmp.Or(slot, seq)
			r, err = l.inSlot(ctx, seq)
		}
		if err != nil {
			return records, slot, err
		}
		records, bytes = append(records, r), bytes+r.size
	}
	return records, slot, nil
}

// inSlot returns the record in a slot, trimmed or not.
func (l *txlog) inSlot(ctx context.Context, seq int) (*record, error) {
	b, err := l.store.Get(ctx, l.slot(seq))
	if err != nil {
		return nil, err
	}
	return l.open(ctx, seq, b)
}

// open returns the record of a slot that holds b. That it holds a placeholder is errPlaceholder.
func (l *txlog) open(ctx context.Context, seq int, b []byte) (*record, error) {
	r, err := decodeRecord(b)
	if err == nil && r.seq != seq {
		err = fmt.Errorf("%w: the record is that of slot %d", ErrCorrupt, r.seq)
	}
	if err == nil {
		r, err = l.whole(ctx, r)
	}
	if err != nil {
		return nil, &StoreError{l.slot(seq), err}
	}
	return r, nil
}

// decode returns what the record of a slot says that holds b.
func (l *txlog) decode(ctx context.Context, seq int, b []byte) (*entry, error) {
	r, err := l.open(ctx, seq, b)
	if err != nil {
		return nil, err
	}
	return l.entryOf(r)
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
	e.ended, e.ends, _ = r.ends()
	e.yield, _ = r.yields()
	e.root, _ = r.root()
	e.load, _ = r.load()
	e.hold, e.collection, _ = r.keeps()
	return e, nil
}

// entry returns the record with its transactions.
func (r *record) entry(commits []Commit) *entry {
	return &entry{seq: r.seq, prev: r.prev, hash: r.hash, nonce: r.nonce, writer: r.writer, size: r.size, commits: commits}
}

// whole returns the record that r stands for, which is r unless it lies elsewhere. That it is in chunks is errPlaceholder.
func (l *txlog) whole(ctx context.Context, r *record) (*record, error) {
	if _, short, err := r.placeholder(); short || err != nil {
		return nil, cmp.Or(err, errPlaceholder)
	}
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
	parts := l.parts(len(b))
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

// parts returns in how many parts a record of so many bytes lies elsewhere; 0 if it lies in its slot.
func (l *txlog) parts(size int) int {
	most := l.store.Limits().Value
	if size <= most {
		return 0
	}
	return (size + most - 1) / most
}

// newest returns the seq of the newest record, given one that is there, or 0. Slots are dense, so it asks for n+1, n+2, n+4 … and
// then halves what lies between. If the slots behind the one that is given were trimmed, that is errTrimmed.
func (l *txlog) newest(ctx context.Context, known int) (int, error) {
	first, step := known+1, 1
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
	trimmed, err := l.trimmed(ctx, first)
	if err == nil && trimmed {
		err = errTrimmed
	}
	return known, err
}

// filled reports whether a slot has a record.
func (l *txlog) filled(ctx context.Context, seq int) (bool, error) {
	_, err := l.store.Get(ctx, l.slot(seq))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
