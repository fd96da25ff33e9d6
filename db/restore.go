package db

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// RestoreOptions say what Restore makes.
type RestoreOptions struct {
	Name string     // of the database; that of the backup when empty
	T    T          // the database ends with the newest transaction at or before it; 0 for all that the backup has
	Told func(Copy) // called after every few megabytes; nil for nobody

	sizes index.Sizes
	log   logSizes
}

// Restore makes a database out of a backup, in a store of any kind, which may be the one that has the backup. It holds what the one that was
// backed up held at that moment, with the same ids, transactions and hashes of records, and goes on from there by itself: behind those
// it has one more record, which tells that older indexes are not there. Its ID is new, so that it may lie beside the one that it comes from, and beside others of the same backup.
//
// A database that ends with an earlier transaction T of the log has the same records too, up to the one that has a later transaction. If that has some up to T as well, it is
// made anew with those alone, and so has another hash; a record of an import becomes several. Its index goes on from that of the newest backup of the same database in the store that has nothing behind T: the
// transactions behind that are replayed, which takes as long as indexing them did.
//
// There is no database before all of it is there. Restore may be interrupted at any moment and called again, with the same backup and
// name: what has been copied by then is not copied again. What is left by one that is never called again means nothing. All that is
// copied is proved to be as it was written; the error is ErrCorrupt if it is not (a *StoreError names the key), ErrTaken if a database
// has the name, ErrName, ErrNoBackup, ErrFuture if the backup ends before T; or that of ctx and of the stores, after which the database may be there, if it was the last step that failed.
func Restore(ctx context.Context, from storage.Store, b Backup, to storage.Store, o RestoreOptions) (Database, error) {
	o.Name = cmp.Or(o.Name, b.Name)
	if o.Told == nil {
		o.Told = func(Copy) {}
	}
	made, err := restore(ctx, from, b, to, o)
	if err != nil {
		err = fmt.Errorf("db: %w", err)
	}
	return made, err
}

func restore(ctx context.Context, from storage.Store, b Backup, to storage.Store, o RestoreOptions) (Database, error) {
	if err := checkName(o.Name); err != nil {
		return Database{}, err
	}
	p, err := pointOf(ctx, from, b)
	if err != nil {
		return Database{}, err
	}
	if o.T > p.T {
		return Database{}, fmt.Errorf("%w: %s, and the backup ends with %s", ErrFuture, o.T, p.T)
	}
	m, err := readMeta(ctx, from, p.ID)
	if err != nil {
		return Database{}, err
	}
	c := newCatalogue(to)
	s, err := c.settled(ctx, o.Name)
	if err == nil && s.dbid != "" {
		err = &NameError{Name: o.Name, Err: ErrTaken}
	}
	if err != nil {
		return Database{}, err
	}
	c.bury(ctx, s)
	place := restoration{catalogue: c, as: s.next(), point: p, t: o.T}
	if err := place.find(ctx); err != nil {
		return Database{}, err
	}
	m.id, m.origin = place.id, m.id
	fill := place.fill
	if o.T > 0 && o.T < p.T {
		fill = place.fillUpTo
	}
	if err := fill(ctx, from, m, o); err != nil {
		return Database{}, err
	}
	if err := place.name(ctx, m); err != nil {
		return Database{}, err
	}
	return Database{Name: o.Name, ID: m.dbid(), Created: m.created, Origin: m.restoredFrom()}, nil
}

// A restoration is a database that comes to be out of a backup, and is to get a generation of a name. What is written of it is the same
// whoever does it, and whenever, or is created once: so two may restore at the same time, and one may go on where another was interrupted.
type restoration struct {
	catalogue
	as    generation
	point *point
	t     T     // up to which the database goes; 0 for all
	id    nonce // of the database
}

// restorePrefix begins the keys of the notes that restorations keep: each says the id of a database that is not there yet.
const restorePrefix = "backup/restore/"

// note returns the key of the note.
func (r *restoration) note() string {
	sum := sha256.Sum256([]byte(fmt.Sprint(r.point.key(), " ", r.point.Hash, " ", int64(r.t))))
	return restorePrefix + r.as.name + "/" + hex16(r.as.gen) + "-" + hex.EncodeToString(sum[:8])
}

// find finds the id of the database: a new one, or that under which it was begun to be restored earlier.
func (r *restoration) find(ctx context.Context) error {
	_, _ = rand.Read(r.id[:]) // never fails
	slot := creation{store: r.store, key: r.note(), value: []byte(hex.EncodeToString(r.id[:])), tries: catalogueTries, logger: r.logger}
	other, err := slot.run(ctx)
	if err != nil || other == nil {
		return err
	}
	if !isDBID(string(other)) {
		return &StoreError{r.note(), fmt.Errorf("%w: it is no id of a database", ErrCorrupt)}
	}
	id, _ := hex.DecodeString(string(other))
	copy(r.id[:], id)
	return nil
}

// fill copies what the backup has.
func (r *restoration) fill(ctx context.Context, from storage.Store, m meta, o RestoreOptions) error {
	log, root, err := r.point.open(ctx, from)
	if err != nil {
		return err
	}
	to := newLog(r.store, m.dbid(), o.log)
	x := &copier{from: log, to: to, root: root, first: to.epochOf(firstSlot(root)), told: o.Told, pace: &pacer{}}
	last, err := x.all(ctx, m.genesis, r.point.Records)
	switch {
	case err != nil:
		return err
	case last != r.point.hash:
		return &StoreError{log.slot(r.point.Records), fmt.Errorf("%w: the record is not the one that was backed up", ErrCorrupt)}
	}
	if err := to.markBefore(ctx, x.first, root); err != nil {
		return err
	}
	return r.finish(ctx, x, m, r.point.Records, last)
}

// all copies the segments of the root, and the log up to a record, of which it returns the hash.
func (x *copier) all(ctx context.Context, genesis digest, upto int) (digest, error) {
	if err := x.segments(ctx); err != nil {
		return genesis, err
	}
	return x.records(ctx, 0, genesis, upto)
}

// finish puts the last record, behind one with a hash, and what tells of the database.
func (r *restoration) finish(ctx context.Context, x *copier, m meta, seq int, hash digest) error {
	last := r.retiring(&record{seq: seq, hash: hash}, x.root, x.held)
	if err := r.store.Put(ctx, storage.Item{Key: x.to.slot(last.seq), Value: last.encode()}); err != nil {
		return err
	}
	return x.rest(ctx, m)
}

// epochOf returns the first slot of the epoch of a record.
func (l *txlog) epochOf(seq int) int { return max(1, seq/l.sizes.epoch*l.sizes.epoch) }

// markBefore puts the marks of the epochs before a slot, which have no slots: their records are in the chunks of a root.
func (l *txlog) markBefore(ctx context.Context, seq int, r *root) error {
	var marks []storage.Item
	for at := 0; seq > 1 && at+l.sizes.epoch <= seq; at += l.sizes.epoch {
		marks = append(marks, storage.Item{Key: l.trimKey(at), Value: []byte(r.job)})
	}
	for some := range slices.Chunk(marks, min(l.store.Limits().Batch, deleted)) {
		if err := l.store.Put(ctx, some...); err != nil {
			return err
		}
	}
	return nil
}

// retiring returns the record behind the last one. It retires all roots but one, whatever holds them, up to a time, since
// the database has none of them.
func (r *restoration) retiring(last *record, root *root, held int64) *record {
	c := &collection{at: max(held, r.point.Instant.UnixMilli()), voids: last.seq}
	if root != nil {
		c.retires = root.seq
	}
	return r.record(last, keepVersion, collectSection(c))
}

// name gives the database its name, and then deletes the note.
func (r *restoration) name(ctx context.Context, m meta) error {
	other, err := r.filling(r.as, naming{verb: named, dbid: m.dbid()}).run(ctx)
	if err == nil && other != nil {
		err = &NameError{Name: r.as.name, Err: ErrTaken}
	}
	if err != nil {
		return err
	}
	if err := r.store.Delete(ctx, r.note()); err != nil && !errors.Is(err, storage.ErrForbidden) {
		r.logger.Warn("the note of a restoration is left in the store", "key", r.note(), "error", err)
	}
	return nil
}
