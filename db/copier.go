package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// A Copy tells how far a Backup or a Restore has come, or what it came to.
type Copy struct {
	Segments int   // of the index and of the log in chunks that were copied
	Kept     int   // that were there already, with all that lies below them
	Records  int   // of the log that were read, and prove to follow each other
	Pages    int   // of imports that were copied
	Bytes    int64 // of all that was copied
}

// A copier copies a database as it was at some record from one store to another: first the segments that a root leads to, each behind what
// it leads to itself; then the log. What it reads it proves: every byte has the hash by which it is known.
type copier struct {
	from, to *txlog
	root     *root // nil for none
	first    int   // the first record that is to have a slot; those before it are in the chunks of the root
	told     func(Copy)
	keep     func(context.Context) error // is called now and then; nil for nothing
	pace     *pacer                      // whom it gives way to

	there   map[string]map[int]bool // of the jobs that were met, the segments that were there before
	waiting [][]storage.Item        // to be put, by height: a directory comes later than what lies below it, in another call
	items   int
	bytes   int
	done    Copy

	transactions int   // in the records that were read
	held         int64 // the latest time up to which one of them holds a root, in milliseconds since 1970
}

// segments copies those that the root leads to, but for what is there.
func (x *copier) segments(ctx context.Context) error {
	if x.root == nil {
		return nil
	}
	var failure error
	enter := func(s reached) bool {
		there, err := x.has(ctx, s.name)
		if there {
			x.done.Kept++
		}
		failure = cmp.Or(failure, err)
		return !there && failure == nil
	}
	for s, err := range x.from.reach(ctx, x.root, enter) {
		if err == nil {
			err = failure
		}
		if err == nil {
			err = x.segment(ctx, s)
		}
		if err != nil {
			return err
		}
	}
	return cmp.Or(failure, x.flush(ctx))
}

// has reports whether a segment was there before.
func (x *copier) has(ctx context.Context, name index.SegmentName) (bool, error) {
	job, known := x.there[name.Job]
	if known {
		return job[name.N], nil
	}
	job = map[int]bool{}
	prefix := x.to.dbid + "/seg/" + name.Job + "/"
	for key, err := range listed(ctx, x.to.store, prefix) {
		if err != nil {
			return false, err
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), "-")
		if n, err := strconv.ParseUint(number, 16, 31); err == nil {
			job[int(n)] = true
		}
	}
	if x.there == nil {
		x.there = map[string]map[int]bool{}
	}
	x.there[name.Job] = job
	return job[name.N], nil
}

func (x *copier) segment(ctx context.Context, s reached) error {
	from := segments{x.from, nil}
	b, err := from.Load(ctx, s.name)
	if err != nil {
		return err
	}
	height, err := s.sound(b)
	if err != nil {
		return from.Damaged(s.name, err)
	}
	x.done.Segments++
	return x.put(ctx, height, storage.Item{Key: x.to.segment(s.name), Value: b})
}

// sound returns an error unless b, which was loaded as the segment, is as it was written, and how high it lies.
func (s reached) sound(b []byte) (height int, err error) {
	switch {
	case s.part != nil:
		return s.part.Height, s.part.Sound(b)
	case s.high > 0:
		_, err = decodeChunkDirectory(s.high, b, s.name.Sum)
	default:
		_, _, err = openChunkPart(b, s.name.Sum)
	}
	return s.high, err
}

// put has an item put, when enough are gathered.
func (x *copier) put(ctx context.Context, height int, item storage.Item) error {
	for len(x.waiting) <= height {
		x.waiting = append(x.waiting, nil)
	}
	x.waiting[height] = append(x.waiting[height], item)
	x.items, x.bytes = x.items+1, x.bytes+len(item.Value)
	if x.bytes < x.pace.puts() && x.items < x.to.store.Limits().Batch {
		return x.pause(ctx)
	}
	return x.flush(ctx)
}

// flush puts what is gathered, what lies lower first.
func (x *copier) flush(ctx context.Context) error {
	for height, items := range x.waiting {
		if len(items) == 0 {
			continue
		}
		if err := x.pace.put(ctx, func() error { return x.to.store.Put(ctx, items...) }); err != nil {
			return err
		}
		x.waiting[height] = nil
	}
	x.done.Bytes += int64(x.bytes)
	x.items, x.bytes = 0, 0
	x.told(x.done)
	return x.pause(ctx)
}

// records copies what is not in the chunks of the root of the records behind one with a hash, up to another one, of which it returns the hash;
// and the pages of the imports among them.
func (x *copier) records(ctx context.Context, since int, hash digest, upto int) (digest, error) {
	for r, err := range stretches(ctx, x.from, since+1, upto, reading{replayBytes, x.pace}, x.from.batch) {
		if err == nil {
			err = x.record(ctx, r, hash)
		}
		if err != nil {
			return hash, x.from.missing(err)
		}
		hash = r.hash
	}
	return hash, x.flush(ctx)
}

func (x *copier) record(ctx context.Context, r *record, prev digest) error {
	slot := x.from.slot(r.seq)
	if r.prev != prev {
		return &StoreError{slot, errUnlinked}
	}
	if r.writer > writerVersion {
		return &StoreError{slot, fmt.Errorf("%w: the record takes writers of version %d from there on, and this is %d", ErrFormat, r.writer, writerVersion)}
	}
	l, err := r.load()
	if err == nil {
		err = x.count(r, l)
	}
	if err != nil {
		return &StoreError{slot, err}
	}
	if l != nil {
		if err := x.pages(ctx, r, l); err != nil {
			return err
		}
	}
	x.done.Records++
	if r.seq < x.first {
		return x.pause(ctx)
	}
	b, err := x.to.place(ctx, r)
	if err != nil {
		return err
	}
	return x.put(ctx, 0, storage.Item{Key: x.to.slot(r.seq), Value: b})
}

// count adds up what a record says that is of interest behind the last one.
func (x *copier) count(r *record, l *load) error {
	if l != nil {
		x.transactions += l.transactions
	}
	for _, s := range r.sections {
		if s.kind == sectionTx {
			x.transactions++
		}
	}
	h, _, err := r.keeps()
	if h != nil {
		x.held = max(x.held, h.until)
	}
	return err
}

// pages copies the pages of an import, but for those that are there.
func (x *copier) pages(ctx context.Context, r *record, l *load) error {
	there := map[string]bool{}
	for key, err := range listed(ctx, x.to.store, strings.TrimSuffix(x.to.page(r.seq, r.nonce, 0), "0")) {
		if err != nil {
			return err
		}
		there[key] = true
	}
	for i, p := range l.pages {
		item := storage.Item{Key: x.to.page(r.seq, r.nonce, i)}
		if there[item.Key] {
			continue
		}
		key, err := x.from.page(r.seq, r.nonce, i), error(nil)
		item.Value, err = x.from.store.Get(ctx, key)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			err = fmt.Errorf("%w: the page is missing", ErrCorrupt)
		case err != nil:
			return err
		default:
			_, err = openPage(item.Value, p.hash)
		}
		if err != nil {
			return &StoreError{key, err}
		}
		x.done.Pages++
		if err := x.put(ctx, 0, item); err != nil {
			return err
		}
	}
	return nil
}

// rest puts what tells of the database, when all else is there.
func (x *copier) rest(ctx context.Context, m meta) error {
	items := []storage.Item{{Key: x.to.dbid + "/meta", Value: m.encode()}}
	if x.root != nil {
		items = append(items, storage.Item{Key: x.to.rootKey(x.root), Value: x.root.encode()})
	}
	return x.to.store.Put(ctx, items...)
}

// pause does what is to be done now and then, and returns why the copier should not go on.
func (x *copier) pause(ctx context.Context) error {
	if x.keep != nil && ctx.Err() == nil {
		return x.keep(ctx)
	}
	return ctx.Err()
}
