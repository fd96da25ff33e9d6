package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/datolite/datolite/storage"
)

// logSizes are those of a log's parts. Everybody who uses a database must have the same epoch.
type logSizes struct {
	chunk int // how many bytes of records a chunk holds, about
	fan   int // how many chunks a directory of them has
	epoch int // how many slots are trimmed together
	kept  int // slots of so many bytes are not shortened
}

// The sizes that stand for zero.
const (
	chunkBytes = 256 << 10
	chunkFan   = 64
	epochSlots = 1 << 12
	keptBytes  = 1 << 10
)

func (s logSizes) filled() logSizes {
	if s.chunk <= 0 {
		s.chunk = chunkBytes
	}
	if s.fan <= 0 {
		s.fan = chunkFan
	}
	if s.epoch <= 0 {
		s.epoch = epochSlots
	}
	if s.kept <= 0 {
		s.kept = keptBytes
	}
	return s
}

// errTrimmed tells that a slot may be gone, or hold what nobody committed: the chunks of the newest root have its record.
var errTrimmed = errors.New("the slot was trimmed")

// trimKey returns the key that is there if a slot may be trimmed.
func (l *txlog) trimKey(seq int) string { return l.dbid + "/trim/" + hex16(uint64(seq/l.sizes.epoch)) }

// trim deletes the records that lie in the chunks of the newest root, whole epochs of slots, each when its mark is there. What a writer that
// did not know has put there since goes with them. It reports how many keys it deleted.
func (l *txlog) trim(ctx context.Context) (n int, err error) {
	r, err := l.newestRoot(ctx)
	if err != nil || r == nil || r.chunks == nil {
		return 0, err
	}
	upto := (r.chunks.to+1)/l.sizes.epoch*l.sizes.epoch - 1
	for _, kind := range [...]string{"/log/", "/body/"} {
		for more := true; more && err == nil; {
			var keys []string
			if keys, err = l.upTo(ctx, kind, upto); err == nil {
				err = l.trimSome(ctx, r, kind, keys)
			}
			n, more = n+len(keys), len(keys) > 0
		}
	}
	return n, err
}

// upTo returns keys of slots, or of bodies, up to a record: the first of them that are there.
func (l *txlog) upTo(ctx context.Context, kind string, seq int) ([]string, error) {
	keys, err := l.store.List(ctx, l.dbid+kind, "", deleted)
	beyond := l.dbid + kind + hex16(uint64(seq+1))
	return slices.DeleteFunc(keys, func(key string) bool { return key >= beyond }), err
}

// trimSome deletes slots, or bodies, when the marks of their epochs are there: of slots, those are created here. There is none of an epoch
// before without its mark, so marks come in the sequence of their epochs.
func (l *txlog) trimSome(ctx context.Context, r *root, kind string, keys []string) error {
	last := ""
	for _, key := range keys {
		seq, err := l.seqOfSlot(key)
		if kind != "/log/" || err != nil || l.trimKey(seq) == last {
			continue
		}
		last = l.trimKey(seq)
		if err := l.store.Create(ctx, last, []byte(r.job)); err != nil && !errors.Is(err, storage.ErrExists) {
			return err
		}
	}
	return l.delete(ctx, keys)
}

// trimmed reports whether a slot may be trimmed; nor are later ones if it may not. It looks in the store after it was called: what was
// read of a slot before counts if it reports false.
func (l *txlog) trimmed(ctx context.Context, seq int) (bool, error) {
	if l.alone() {
		return l.chunks().has(seq), nil // whoever is alone trims what its own tree has
	}
	return l.marked(ctx, seq)
}

// marked reports whether the mark is there of the epoch of a slot.
func (l *txlog) marked(ctx context.Context, seq int) (bool, error) {
	_, err := l.store.Get(ctx, l.trimKey(seq))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// chunks returns the newest chunks of the log that are known.
func (l *txlog) chunks() *chunkTree {
	if t := l.tree.Load(); t != nil {
		return t
	}
	return &noChunks
}

var noChunks chunkTree

// adopt has the log read from the chunks of a root, unless it knows of newer ones.
func (l *txlog) adopt(t *chunkTree) {
	if t == nil {
		return
	}
	for was := l.tree.Load(); was == nil || was.to < t.to; was = l.tree.Load() {
		if l.tree.CompareAndSwap(was, t) {
			return
		}
	}
}

// afterTrim returns the record that was committed in the slot of one that may be in it after it was trimmed, nil if it is that one. If it
// is another, what is in the slot counts for nothing, and is deleted.
func (l *txlog) afterTrim(ctx context.Context, r *record, logger *slog.Logger) (other *entry, err error) {
	e, err := l.read(ctx, r.seq)
	if err != nil || e.hash == r.hash {
		return nil, err
	}
	stray := []string{l.slot(r.seq)}
	for i := range l.parts(len(r.encode())) {
		stray = append(stray, l.part(r, i))
	}
	if err := l.delete(ctx, stray); err != nil {
		logger.Warn("what a slot holds in vain is left to who trims next", "key", l.slot(r.seq), "error", err)
	}
	return e, nil
}

// delete deletes keys, as many at once as the store takes.
func (l *txlog) delete(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, min(l.store.Limits().Batch, deleted)) {
		err := ctx.Err()
		if err == nil {
			err = l.store.Delete(ctx, some...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleted is how many keys are deleted at once: so few that commits do not wait long.
const deleted = 512

// inChunks returns what look finds in the newest chunks that there are.
func (l *txlog) inChunks(ctx context.Context, look func(*chunkTree) (int, error)) (int, error) {
	for {
		tree := l.chunks()
		n, err := look(tree)
		if !errors.Is(err, errNoSegment) {
			return n, err
		}
		if err := l.renew(ctx, tree, 0, err); err != nil {
			return 0, err
		}
	}
}

// rolled returns the last record that is in the newest chunks, which have the record of a slot that was trimmed.
func (l *txlog) rolled(ctx context.Context, slot int) (int, error) {
	if tree := l.chunks(); !tree.has(slot) {
		if err := l.renew(ctx, tree, slot, nil); err != nil {
			return 0, err
		}
	}
	return l.chunks().to, nil
}

// renew looks for chunks that are newer than those of a tree, with which something could not be read: a slot that was trimmed, or a chunk
// that is gone.
func (l *txlog) renew(ctx context.Context, tree *chunkTree, slot int, why error) error {
	r, err := l.newestRoot(ctx)
	if err != nil {
		return err
	}
	if r != nil {
		l.adopt(r.chunks)
	}
	switch {
	case l.chunks() != tree:
		return nil
	case why != nil && !errors.Is(why, storage.ErrNotFound):
		return cmp.Or(l.gone(ctx), why)
	}
	return l.lost(ctx, slot)
}

// lost returns the error for a slot that was trimmed, and whose record is nowhere: ErrDropped if the database is not there any more.
func (l *txlog) lost(ctx context.Context, seq int) error {
	if err := l.gone(ctx); err != nil {
		return err
	}
	return &StoreError{l.trimKey(seq), fmt.Errorf("%w: slots were trimmed, and no root has their records", ErrCorrupt)}
}
