package db

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/datolite/datolite/storage"
)

// A placeholder is what a slot of an epoch that is not full may hold in the place of its record, when that is in the chunks of a root that has
// its copy under a key: a record of the same seq, nonce and record before, whose one section, of kind sectionRolled, is the hash of the record.
// So the slot stays filled, and nobody else gets it, and a large record is not stored twice. Who meets one reads the record from the chunks
// of the newest root.

// placeholderVersion is the lowest version that reads a placeholder.
const placeholderVersion = 4

// errPlaceholder tells that a slot holds a placeholder.
var errPlaceholder = fmt.Errorf("%w: the record is said to be in the chunks of the log, and is not", ErrCorrupt)

// placeholderOf returns the placeholder of a record.
func placeholderOf(r *record) *record {
	return &record{reader: placeholderVersion, writer: r.writer, seq: r.seq, prev: r.prev, nonce: r.nonce, sections: []section{{sectionRolled, r.hash[:]}}}
}

// placeholder reports whether the record is a placeholder, and of the record with which hash.
func (r *record) placeholder() (of digest, ok bool, err error) {
	if len(r.sections) != 1 || r.sections[0].kind != sectionRolled {
		return of, false, nil
	}
	if n := copy(of[:], r.sections[0].content); n != len(r.sections[0].content) || n != sha256.Size {
		return of, false, fmt.Errorf("%w: the hash of a record has %d bytes, and not %d", ErrCorrupt, len(r.sections[0].content), sha256.Size)
	}
	return of, true, nil
}

// hashInSlot returns the hash of the record in a slot, or of the one that has a placeholder there.
func (l *txlog) hashInSlot(ctx context.Context, seq int) (digest, error) {
	b, err := l.store.Get(ctx, l.slot(seq))
	if err != nil {
		return digest{}, err
	}
	if short, err := decodeRecord(b); err == nil && short.seq == seq {
		if of, ok, err := short.placeholder(); ok && err == nil {
			return of, nil
		}
	}
	r, err := l.open(ctx, seq, b)
	if err != nil {
		return digest{}, err
	}
	return r.hash, nil
}

// winner returns the record that is in a slot that another one was to get, given what was found there; nil if it is that one, by now in chunks.
func (l *txlog) winner(ctx context.Context, r *record, found []byte) (*entry, error) {
	e, err := l.decode(ctx, r.seq, found)
	if errors.Is(err, errPlaceholder) {
		e, err = l.read(ctx, r.seq)
	}
	if err != nil || e.hash == r.hash {
		return nil, err
	}
	return e, nil
}

// A shortening is what slots are to hold instead of their records.
type shortening struct {
	log   *txlog
	root  *root // that has the records
	pause func(context.Context) error
	items []storage.Item // of one epoch
	bytes int            // that they save
}

// newShortening finds the slots that may be shortened: those of large records that are in the chunks of a root which has its copy under a
// key, and are not to be trimmed yet. nil is for no root.
func newShortening(ctx context.Context, l *txlog, r *root, pause func(context.Context) error) (*shortening, error) {
	s := &shortening{log: l, root: r, pause: pause}
	if r == nil || r.chunks == nil {
		return s, nil
	}
	first := l.epochOf(r.chunks.to + 1)
	refs, err := r.chunks.refsFrom(ctx, l, first)
	for i := 0; i < len(refs) && err == nil; i++ {
		end := r.chunks.to + 1
		if i+1 < len(refs) {
			end = refs[i+1].from
		}
		if refs[i].size > l.sizes.kept*(end-refs[i].from) {
			err = s.find(ctx, max(first, refs[i].from), end)
		}
	}
	return s, err
}

// refsFrom returns the references to the chunks from the one on that has a record.
func (t *chunkTree) refsFrom(ctx context.Context, l *txlog, seq int) (refs []chunkRef, err error) {
	for height, some := range slices.Backward(t.levels) {
		for h := height; ; h-- {
			some = some[max(0, sort.Search(len(some), func(i int) bool { return some[i].from > seq })-1):]
			if h == 0 {
				break
			}
			if some, err = l.below(ctx, some, h); err != nil {
				return nil, err
			}
		}
		refs = append(refs, some...)
	}
	return refs, nil
}

// below returns what directories of one height refer to.
func (l *txlog) below(ctx context.Context, directories []chunkRef, height int) (refs []chunkRef, err error) {
	for i := range directories {
		some, err := l.shelf.directory(ctx, l, &directories[i], height)
		if err != nil {
			return nil, err
		}
		refs = append(refs, some...)
	}
	return refs, nil
}

// find adds the slots from one to before another that hold large records. One that is empty was trimmed meanwhile.
func (s *shortening) find(ctx context.Context, from, to int) error {
	for seq := from; seq < to; seq++ {
		if err := s.pause(ctx); err != nil {
			return err
		}
		b, err := s.log.store.Get(ctx, s.log.slot(seq))
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err == nil && len(b) > s.log.sizes.kept {
			err = s.add(ctx, seq, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a slot, if what it holds is the record that is in the chunks. If it is not, Verify tells of it.
func (s *shortening) add(ctx context.Context, seq int, b []byte) error {
	there, err := s.root.chunks.record(ctx, s.log, seq)
	if err != nil {
		return err
	}
	here, err := decodeRecord(b)
	if err != nil || here.hash != there.hash {
		return nil
	}
	short := placeholderOf(here).encode()
	if len(short) < len(b) {
		s.items = append(s.items, storage.Item{Key: s.log.slot(seq), Value: short})
		s.bytes += len(b) - len(short)
	}
	return nil
}

// shortenedAtOnce is how many slots are shortened at once: so few that commits do not wait long for the room that this frees.
const shortenedAtOnce = 64

// put shortens the slots. One that was trimmed meanwhile is deleted again.
func (s *shortening) put(ctx context.Context) error {
	for some := range slices.Chunk(s.items, min(s.log.store.Limits().Batch, shortenedAtOnce)) {
		if err := s.pause(ctx); err != nil {
			return err
		}
		if err := s.log.store.Put(ctx, some...); err != nil {
			return err
		}
		trimmed, err := s.log.marked(ctx, s.root.chunks.to)
		if err != nil {
			return err
		}
		if !trimmed {
			continue
		}
		var keys []string
		for _, item := range some {
			keys = append(keys, item.Key)
		}
		if err := s.log.delete(ctx, keys); err != nil {
			return err
		}
	}
	return nil
}
