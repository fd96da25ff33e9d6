package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/datolite/datolite/storage"
)

// restoreTail is how many bytes of what is replayed lie in memory at once, about.
const restoreTail = 64 << 20

// fillUpTo copies what the backup has up to a transaction, and makes an index of that. Records are kept whole up to the one that has a later
// transaction too; what that has up to t is in records that are made anew. The index goes on from the newest root of a backup of the same database that has nothing
// behind t, and without one from the beginning of the log.
func (r *restoration) fillUpTo(ctx context.Context, from storage.Store, m meta, o RestoreOptions) error {
	log, _, err := r.point.open(ctx, from)
	if err != nil {
		return err
	}
	whole, rest, err := log.cut(ctx, r.t, r.point.Records)
	if err != nil {
		return err
	}
	base, err := r.baseOf(ctx, from, log, whole)
	if err != nil {
		return err
	}
	to := newLog(r.store, m.dbid(), o.log)
	x := &copier{from: log, to: to, root: base, first: to.epochOf(firstSlot(base)), told: o.Told, pace: &pacer{}}
	last, err := x.all(ctx, m.genesis, whole)
	if err != nil {
		return err
	}
	if err := to.markBefore(ctx, x.first, base); err != nil {
		return err
	}
	end, err := r.append(ctx, to, &record{seq: whole, hash: last}, rest)
	if err != nil {
		return err
	}
	x.root = nil
	if end.seq > 0 {
		if end, x.root, err = r.published(ctx, to, m, base, end, o); err != nil {
			return err
		}
	}
	return r.finish(ctx, x, m, end.seq, end.hash)
}

// cut returns up to which record all transactions of a log are at or before t, and what of the next record is, as sections of records.
func (l *txlog) cut(ctx context.Context, t T, upto int) (whole int, rest [][]section, err error) {
	seq, err := l.seqUpTo(ctx, t, upto)
	if seq == 0 || err != nil {
		return 0, nil, err
	}
	records, err := l.batch(ctx, seq, seq, 1)
	if err != nil {
		return 0, nil, l.missing(err)
	}
	r := records[0]
	load, err := r.load()
	if err != nil {
		return 0, nil, &StoreError{l.slot(seq), err}
	}
	complete := true
	if load == nil {
		var some []section
		some, complete, err = upToT(r.sections, t)
		rest = [][]section{some}
	} else {
		rest, complete, err = l.loadUpTo(ctx, r, load, t)
	}
	switch {
	case err != nil:
		return 0, nil, err
	case complete:
		return seq, nil, nil
	}
	return seq - 1, rest, nil
}

// seqUpTo returns the last record that has a transaction at or before t, or a later one behind which none begins that is; 0 where there is none.
func (l *txlog) seqUpTo(ctx context.Context, t T, upto int) (int, error) {
	tree := l.chunks()
	if t < tree.next {
		return tree.seqOf(ctx, l, t)
	}
	seq := tree.to
	for r, err := range stretches(ctx, l, tree.to+1, upto, reading{bytes: replayBytes}, l.batch) {
		if err != nil {
			return 0, l.missing(err)
		}
		first, ok, err := r.first()
		if err != nil {
			return 0, &StoreError{l.slot(r.seq), err}
		}
		if ok && first > t {
			break
		}
		if ok {
			seq = r.seq
		}
	}
	return seq, nil
}

// upToT returns the sections with transactions at or before t, and whether those are all.
func upToT(sections []section, t T) (some []section, all bool, err error) {
	for i, s := range sections {
		if s.kind != sectionTx {
			continue
		}
		body, err := decodeBody(s.content)
		if err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if body.commit.T > t {
			return sections[:i], false, nil
		}
	}
	return sections, true, nil
}

// loadUpTo returns the transactions of an import at or before t, a page each, and whether those are all.
func (l *txlog) loadUpTo(ctx context.Context, r *record, load *load, t T) (pages [][]section, all bool, err error) {
	if load.root.basis <= t {
		return nil, true, nil
	}
	for i, p := range load.pages {
		if p.first > t {
			break
		}
		key := l.page(r.seq, r.nonce, i)
		value, err := l.store.Get(ctx, key)
		if errors.Is(err, storage.ErrNotFound) {
			err = fmt.Errorf("%w: the page is missing", ErrCorrupt)
		}
		var bodies [][]byte
		if err == nil {
			bodies, err = openPage(value, p.hash)
		}
		var some []section
		for _, b := range bodies {
			some = append(some, section{sectionTx, b})
		}
		if err == nil {
			some, _, err = upToT(some, t)
		}
		if err != nil {
			return nil, false, &StoreError{key, err}
		}
		pages = append(pages, some)
	}
	return pages, false, nil
}

// baseOf returns the newest root of a backup of the same database up to a record; nil for none.
func (r *restoration) baseOf(ctx context.Context, from storage.Store, log *txlog, upto int) (*root, error) {
	for key, err := range listedAfter(ctx, from, pointPrefix+r.point.ID+"/", pointKey(r.point.ID, upto+1)) {
		if err != nil {
			return nil, err
		}
		p, err := pointAt(ctx, from, key)
		if err != nil {
			return nil, err
		}
		if p.root != "" {
			return log.rootAt(ctx, p.root)
		}
	}
	return nil, nil
}

// append puts records with sections behind a last one, and returns the last of them.
func (r *restoration) append(ctx context.Context, to *txlog, last *record, rest [][]section) (*record, error) {
	for _, sections := range rest {
		next := r.record(last, 1, sections...)
		b, err := to.place(ctx, next)
		if err == nil {
			err = to.store.Put(ctx, storage.Item{Key: to.slot(next.seq), Value: b})
		}
		if err != nil {
			return nil, err
		}
		last = next
	}
	return last, nil
}

// record returns a record behind a last one, the same whenever it is made.
func (r *restoration) record(last *record, reader uint64, sections ...section) *record {
	next := &record{reader: reader, writer: 1, seq: last.seq + 1, prev: last.hash, sections: sections}
	sum := sha256.Sum256(binary.AppendUvarint(append([]byte("restored "), r.id[:]...), uint64(next.seq)))
	copy(next.nonce[:], sum[:])
	return next
}

// published makes an index of the log up to an end, and the record that publishes it, of which it returns the root. If that is there, somebody was
// faster, or it was made before an interruption.
func (r *restoration) published(ctx context.Context, to *txlog, m meta, base *root, end *record, o RestoreOptions) (*record, *root, error) {
	there, err := to.inSlot(ctx, end.seq+1)
	if errors.Is(err, storage.ErrNotFound) {
		there, err = r.publish(ctx, to, m, base, end, o)
	}
	if err != nil {
		return nil, nil, err
	}
	made, err := there.root()
	if err == nil && (made == nil || there.prev != end.hash) {
		err = errUnlinked
	}
	if err != nil {
		return nil, nil, &StoreError{to.slot(there.seq), err}
	}
	return there, made, nil
}

func (r *restoration) publish(ctx context.Context, to *txlog, m meta, base *root, end *record, o RestoreOptions) (*record, error) {
	c := newConn(r.store, Options{sizes: o.sizes, log: o.log}.filled(), nil, m)
	defer c.cancel()
	made, err := c.indexed(ctx, base, end.seq)
	if err != nil {
		return nil, err
	}
	made.made = r.point.Made.UnixMilli()
	own := r.record(end, indexVersion, section{sectionRoot, made.encode()})
	_, _ = rand.Read(own.nonce[:]) // never fails; two who do the same make different ones
	b, err := to.place(ctx, own)
	if err != nil {
		return nil, err
	}
	slot := creation{store: r.store, key: to.slot(own.seq), value: b, tries: catalogueTries, logger: r.logger}
	if _, err := slot.run(ctx); err != nil {
		return nil, err
	}
	return to.inSlot(ctx, own.seq)
}

// indexed returns a root of the log up to a record, that goes on from a root before, or from the beginning.
func (c *Conn) indexed(ctx context.Context, base *root, upto int) (*root, error) {
	h := c.head.Load()
	if base != nil {
		var err error
		if h, err = c.headAt(ctx, base); err != nil {
			return nil, err
		}
	}
	job := newRoot(&head{snap: h.snap, seq: upto, keeping: h.keeping}).job
	w := &segmentWriter{log: c.log, job: job}
	h, err := c.replayed(ctx, h, upto, w)
	if err != nil {
		return nil, err
	}
	snap, err := c.grown(ctx, h.snap, w, 1)
	if err != nil {
		return nil, err
	}
	r := newRoot(h)
	r.job, r.from = job, ""
	if base != nil {
		r.chunks = base.chunks
	}
	if r.chunks, err = c.log.roll(ctx, r.chunks, upto, h.next, w); err != nil {
		return nil, err
	}
	for _, level := range snap.levels.Stored() {
		r.levels = append(r.levels, level.Encode(nil))
	}
	return r, w.flush(ctx)
}

// replayed returns the head behind a record, whatever index was published up to there.
func (c *Conn) replayed(ctx context.Context, h *head, upto int, w *segmentWriter) (*head, error) {
	p := &replay{conn: c, snap: h.snap, to: w}
	for e, err := range c.log.entries(ctx, h.seq+1, upto, reading{bytes: replayBytes}) {
		if err != nil {
			return nil, err
		}
		for commit, err := range c.log.transactions(ctx, e, 0, everyT) {
			if err == nil {
				err = p.add(ctx, commit)
			}
			if err != nil {
				return nil, err
			}
		}
		if h = h.after(e, h.snap); e.load != nil {
			h.next, h.datoms, h.bytes = e.load.root.nextT, h.datoms+e.load.facts, h.bytes+e.load.bytes
		}
	}
	err := p.apply(ctx)
	h.snap = p.snap
	return h, err
}

// A replay applies transactions, many at once, and moves what that comes to into trees.
type replay struct {
	conn    *Conn
	snap    *Snapshot
	to      *segmentWriter
	commits []Commit
	facts   int
}

func (p *replay) add(ctx context.Context, c *Commit) error {
	p.commits, p.facts = append(p.commits, *c), p.facts+len(c.Facts)+1
	if p.facts < replayFacts {
		return nil
	}
	return p.apply(ctx)
}

func (p *replay) apply(ctx context.Context) (err error) {
	if p.snap, err = p.snap.applyAll(p.commits); err == nil {
		p.snap, err = p.conn.grown(ctx, p.snap, p.to, restoreTail)
	}
	p.commits, p.facts = nil, 0
	return err
}

// grown returns the snapshot with what it has in memory in trees, if that is so many bytes.
func (c *Conn) grown(ctx context.Context, snap *Snapshot, w *segmentWriter, bytes int) (*Snapshot, error) {
	if snap.levels.Tail() == 0 || snap.levels.TailBytes() < bytes {
		return snap, nil
	}
	levels, err := snap.levels.Grown(ctx, c.growth(snap, w))
	if err == nil {
		err = w.flush(ctx)
	}
	if err != nil {
		return nil, err
	}
	return snap.over(levels), nil
}
