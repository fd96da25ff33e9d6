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

	"github.com/datolite/datolite/storage"
)

// RestoreOptions say what Restore makes.
type RestoreOptions struct {
	Name string     // of the database; that of the backup when empty
	Told func(Copy) // called after every few megabytes; nil for nobody

	log logSizes
}

// Restore makes a database out of a backup, in a store of any kind, which may be the one that has the backup. It holds what the one that was
// backed up held at that moment, with the same ids, transactions and hashes of records, and goes on from there by itself: behind those
// it has one more record, which tells that older indexes are not there. Its ID is new, so that it may lie beside the one that it comes from, and beside others of the same backup.
//
// There is no database before all of it is there. Restore may be interrupted at any moment and called again, with the same backup and
// name: what has been copied by then is not copied again. What is left by one that is never called again means nothing. All that is
// copied is proved to be as it was written; the error is ErrCorrupt if it is not (a *StoreError names the key), ErrTaken if a database
// has the name, ErrName, ErrNoBackup; or that of ctx and of the stores, after which the database may be there, if it was the last step that failed.
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
	place := restoration{catalogue: c, as: s.next(), point: p}
	if err := place.find(ctx); err != nil {
		return Database{}, err
	}
	m.id, m.origin = place.id, m.id
	if err := place.fill(ctx, from, m, o); err != nil {
		return Database{}, err
	}
	if err := place.name(ctx, m); err != nil {
		return Database{}, err
	}
	return Database{Name: o.Name, ID: m.dbid(), Created: m.created, Origin: m.restoredFrom()}, nil
}

// A restoration is a database that comes to be out of a backup, and is to get a generation of a name. What is written of it is the same
// whoever does it, and whenever: so two may restore at the same time, and one may go on where another was interrupted.
type restoration struct {
	catalogue
	as    generation
	point *point
	id    nonce // of the database
}

// restorePrefix begins the keys of the notes that restorations keep: each says the id of a database that is not there yet.
const restorePrefix = "backup/restore/"

// note returns the key of the note.
func (r *restoration) note() string {
	sum := sha256.Sum256([]byte(r.point.key() + " " + r.point.Hash))
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
	x := &copier{from: log, to: to, root: root, first: to.epochOf(firstSlot(root)), told: o.Told}
	if err := x.segments(ctx); err != nil {
		return err
	}
	last, err := x.records(ctx, 0, m.genesis, r.point.Records)
	switch {
	case err != nil:
		return err
	case last != r.point.hash:
		return &StoreError{log.slot(r.point.Records), fmt.Errorf("%w: the record is not the one that was backed up", ErrCorrupt)}
	}
	if err := to.markBefore(ctx, x.first, root); err != nil {
		return err
	}
	if err := to.store.Put(ctx, storage.Item{Key: to.slot(r.point.Records + 1), Value: r.retiring(root, x.held).encode()}); err != nil {
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

// retiring returns the record behind the last one of the backup. It retires all roots but one, whatever holds them, up to a time, since
// the backup has none of them.
func (r *restoration) retiring(root *root, held int64) *record {
	c := &collection{at: max(held, r.point.Instant.UnixMilli()), voids: r.point.Records}
	if root != nil {
		c.retires = root.seq
	}
	out := &record{reader: keepVersion, writer: 1, seq: r.point.Records + 1, prev: r.point.hash, sections: []section{collectSection(c)}}
	sum := sha256.Sum256(append([]byte("restored "), r.id[:]...))
	copy(out.nonce[:], sum[:])
	return out
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
