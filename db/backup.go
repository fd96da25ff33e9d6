package db

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/datolite/datolite/storage"
)

// A Backup is a database as it was at one moment, kept in a store: see Conn.Backup. Its Chain, of the log up to that moment, can be given to
// Verify, to see whether the database is still what it was there.
type Backup struct {
	Chain
	Name    string    // of the database
	Instant time.Time // of the last transaction, in UTC milliseconds; the beginning of 1970 if there is none
	Datoms  int       // assertions and retractions of the log, those of :db/txInstant included
	Made    time.Time // by the clock of who made it, in UTC milliseconds
}

// Backup copies the database, as it is at some moment after the call, to a store of any kind, while it is written to, indexed and collected.
// What the store has of earlier backups of the database is not copied again, and they stay. It may have backups of other
// databases too, and databases, but not this one. Before the call returns, or if it is interrupted, there is no new backup; what has been
// copied by then is not copied again by the next call. Nothing that is copied is decoded, but that it is as it was written is proved.
//
// While it copies it holds an index, which Collect does not delete then, by a record in the log, and for an hour beyond if it is killed. told,
// if not nil, is called after every few megabytes. The error is ErrReadOnly, ErrCorrupt of what is damaged (a *StoreError names its
// key), ErrExpired if the process stood still for more than an hour, ErrTaken if the store has the database itself, ErrDiverged if it has
// backups of a database of the same origin that went on differently, since somebody copied its files; or that of ctx and of the stores.
func (c *Conn) Backup(ctx context.Context, to storage.Store, told func(Copy)) (Backup, error) {
	began := time.Now()
	if told == nil {
		told = func(Copy) {}
	}
	b, err := c.backUp(ctx, to, told)
	if err != nil {
		err = fmt.Errorf("db: %w", c.orStopped(err))
	}
	c.o.Logger.Info("backed up", "t", int64(b.T), "took", time.Since(began), "error", err)
	if c.o.Observer != nil {
		c.o.Observer.Observe(Event{Kind: "backup", T: b.T, Datoms: b.Datoms, Duration: time.Since(began), Err: err})
	}
	return b, err
}

func (c *Conn) backUp(ctx context.Context, to storage.Store, told func(Copy)) (Backup, error) {
	switch {
	case c.o.ReadOnly:
		return Backup{}, ErrReadOnly
	case ctx.Value(nested{c}) != nil:
		return Backup{}, ErrNested
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(c.ctx, stop)()
	if err := c.backsUpElsewhere(ctx, to); err != nil {
		return Backup{}, err
	}
	last, err := newestPoint(ctx, to, c.log.dbid)
	if err != nil {
		return Backup{}, err
	}
	h := newHeldRoot(c)
	defer h.release(ctx)
	if err := h.begin(ctx); err != nil {
		return Backup{}, err
	}
	b, err := h.copyTo(ctx, to, last, told)
	if err != nil && h.expired(ctx) {
		err = ErrExpired
	}
	return b, err
}

// backsUpElsewhere returns ErrTaken if a store has the database itself.
func (c *Conn) backsUpElsewhere(ctx context.Context, to storage.Store) error {
	all, err := newCatalogue(to).all(ctx)
	for _, s := range all {
		if s.dbid == c.log.dbid {
			err = fmt.Errorf("%w: the store has the database itself, as %s", ErrTaken, s.name)
		}
	}
	return err
}

// How long the index of a backup is held from when it is held last, and how often it is held anew meanwhile.
const (
	holdFor   = time.Hour
	holdEvery = 10 * time.Minute
)

// A heldRoot is a root that is held for a backup, with the head of which it is the newest one.
type heldRoot struct {
	*Conn
	id   string
	root *root // nil for none
	head *head
	held time.Time // for the last time
	pace pacer
}

func newHeldRoot(c *Conn) *heldRoot {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return &heldRoot{Conn: c, id: "backup-" + hex.EncodeToString(random[:]), pace: pacer{conn: c}}
}

// begin holds the newest root. After an import that was interrupted before its end there may be none from which a database is opened; then one is published.
func (h *heldRoot) begin(ctx context.Context) error {
	for {
		h.held = time.Now()
		r, at, err := h.holdNewest(ctx, h.id, holdFor)
		if err == nil && at.ended {
			err = ErrDropped
		}
		if err != nil {
			return err
		}
		if h.root, h.head = r, at; r == nil || !r.unkeyed {
			return nil
		}
		if err := h.publishBehindImport(ctx, r.levels); err != nil && !errors.Is(err, errOutrun) {
			return err
		}
	}
}

// publishBehindImport publishes an index at the newest record.
func (c *Conn) publishBehindImport(ctx context.Context, levels [][]byte) error {
	c.indexing.Lock()
	defer c.indexing.Unlock()
	if h := c.head.Load(); h.snap.levels.Tail() == 0 {
		return c.publishAgain(ctx, h, levels)
	}
	return c.job(ctx)
}

// on holds the root for longer, if it is time for that.
func (h *heldRoot) on(ctx context.Context) error {
	if err := h.pace.pause(ctx); h.root == nil || err != nil || time.Since(h.held) < holdEvery {
		return err
	}
	h.held = time.Now()
	return h.holdOn(ctx, h.id, h.root.seq, holdFor)
}

// release ends the hold, also when ctx is over. If that fails it ends by itself.
func (h *heldRoot) release(ctx context.Context) {
	if h.root == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.grace)
	defer cancel()
	if err := h.Conn.release(ctx, h.id); err != nil {
		h.o.Logger.Warn("the index of a backup stays held for a while", "error", err, "hold", holdFor)
	}
}

// expired reports whether the root is retired although it was held.
func (h *heldRoot) expired(ctx context.Context) bool {
	if h.root == nil {
		return false
	}
	retired, err := h.isRetired(ctx, h.root.seq)
	return err == nil && retired
}

// copyTo copies what is held to a store that has a last point of the database, or nil, and makes the next one.
func (h *heldRoot) copyTo(ctx context.Context, to storage.Store, last *point, told func(Copy)) (Backup, error) {
	m, err := h.log.meta(ctx)
	if err != nil {
		return Backup{}, err
	}
	since, hash := 0, m.genesis
	if last != nil {
		since, hash = last.Records, last.hash
	}
	x := &copier{from: h.log, to: newLog(to, h.log.dbid, h.log.sizes), root: h.root, first: firstSlot(h.root), told: told, keep: h.on, pace: &h.pace}
	if err := h.goesOn(ctx, last); err != nil {
		return Backup{}, err
	}
	if err := x.segments(ctx); err != nil {
		return Backup{}, err
	}
	hash, err = x.records(ctx, since, hash, h.head.seq)
	switch {
	case err != nil:
		return Backup{}, err
	case hash != h.head.hash:
		return Backup{}, &StoreError{h.log.slot(h.head.seq), errUnlinked}
	}
	if err := x.rest(ctx, m); err != nil {
		return Backup{}, err
	}
	if last != nil {
		x.transactions += last.Transactions
	}
	return h.point(m, x.transactions).create(ctx, to, h.o.Logger)
}

// goesOn returns ErrDiverged unless the log goes on from a point.
func (h *heldRoot) goesOn(ctx context.Context, last *point) error {
	if last == nil || last.Records == 0 {
		return nil
	}
	if last.Records <= h.head.seq {
		switch e, err := h.log.read(ctx, last.Records); {
		case err != nil:
			return h.log.missing(err)
		case e.hash == last.hash:
			return nil
		}
	}
	return fmt.Errorf("%w: the newest, of record %d with hash %s, is none of this one", ErrDiverged, last.Records, last.Hash)
}

// point returns the point of what is held.
func (h *heldRoot) point(m meta, transactions int) *point {
	p := &point{id: m.id, hash: h.head.hash}
	p.Chain = h.head.chain(h.log)
	p.Transactions, p.T, p.Bytes = transactions, h.head.snap.basis, int64(h.head.bytes)
	p.Name, p.Instant, p.Datoms = h.o.Name, time.UnixMilli(h.head.snap.instant).UTC(), h.head.datoms
	p.Made = time.UnixMilli(h.o.Clock().UnixMilli()).UTC()
	if h.root != nil {
		p.root = h.log.rootKey(h.root)
	}
	return p
}

// create creates the point. That the same moment has one already is no error.
func (p *point) create(ctx context.Context, store storage.Store, logger *slog.Logger) (Backup, error) {
	value := p.encode()
	slot := creation{store: store, key: p.key(), value: value, tries: catalogueTries, logger: logger}
	other, err := slot.run(ctx)
	if other == nil || err != nil {
		return p.Backup, err
	}
	there, err := pointAt(ctx, store, p.key())
	if err == nil && !bytes.Equal(there.hash[:], p.hash[:]) {
		err = fmt.Errorf("%w: there is one of the same record", ErrDiverged)
	}
	if err != nil {
		return Backup{}, err
	}
	return there.Backup, nil
}
