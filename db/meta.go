package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/datolite/datolite/storage"
)

// format is the newest that this version makes of a store, and reads. One of a database that was not restored has format 1.
const format = 2

// A meta says what database this is. It never changes.
type meta struct {
	id      nonce
	created time.Time
	genesis digest // the record before the first
	origin  nonce  // the database that it was restored from, and shares the beginning of its log with; zero for none
}

// dbid returns the id as it begins the keys of the database.
func (m meta) dbid() string { return hex.EncodeToString(m.id[:]) }

// restoredFrom returns the id of the database that it was restored from; "" for none.
func (m meta) restoredFrom() string {
	if m.origin == (nonce{}) {
		return ""
	}
	return hex.EncodeToString(m.origin[:])
}

// metaMagic is how every meta begins.
const metaMagic = "dlm1"

// encode returns the meta as bytes: magic, format, id (16 bytes), milliseconds since 1970, genesis hash (32), in format 2 the id of the
// origin (16), and the SHA-256 of all that. Numbers are varints.
func (m meta) encode() []byte {
	version := uint64(1)
	if m.origin != (nonce{}) {
		version = 2
	}
	b := binary.AppendUvarint([]byte(metaMagic), version)
	b = append(b, m.id[:]...)
	b = binary.AppendVarint(b, m.created.UnixMilli())
	b = append(b, m.genesis[:]...)
	if version > 1 {
		b = append(b, m.origin[:]...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeMeta returns the meta that b holds.
func decodeMeta(b []byte) (meta, error) {
	var m meta
	if len(b) < sha256.Size || sha256.Sum256(b[:len(b)-sha256.Size]) != digest(b[len(b)-sha256.Size:]) {
		return m, fmt.Errorf("%w: what describes the database is not as it was written", ErrCorrupt)
	}
	s := &source{rest: string(b[:len(b)-sha256.Size])}
	if s.take(uint64(len(metaMagic))) != metaMagic {
		s.fail("not a database")
	}
	f := s.uvarint()
	if s.err == nil && f > format {
		return m, fmt.Errorf("%w: the database has format %d, and this version reads up to %d", ErrFormat, f, format)
	}
	copy(m.id[:], s.take(uint64(len(m.id))))
	m.created = time.UnixMilli(s.varint()).UTC()
	copy(m.genesis[:], s.take(sha256.Size))
	if f > 1 {
		copy(m.origin[:], s.take(uint64(len(m.origin))))
	}
	if err := s.end(); err != nil {
		return m, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return m, nil
}

// newMeta returns the meta of a database that is about to be.
func newMeta(now time.Time) meta {
	m := meta{created: time.UnixMilli(now.UnixMilli()).UTC()}
	_, _ = rand.Read(m.id[:]) // never fails
	m.genesis = sha256.Sum256(binary.AppendVarint(append([]byte("genesis "), m.id[:]...), now.UnixMilli()))
	return m
}

// errNoMeta is why nothing is known of a database. One that was dropped may be deleted.
var errNoMeta = fmt.Errorf("%w: a name leads to the database, and this is missing", ErrCorrupt)

// gone returns ErrDropped if the database of a log is not there any more, or is just being deleted.
func (l *txlog) gone(ctx context.Context) error {
	_, err := l.store.Get(ctx, l.dbid+"/meta")
	if errors.Is(err, storage.ErrNotFound) {
		return ErrDropped
	}
	return err
}

// meta returns what the database of a log says of itself, and ErrDropped if it is not there any more.
func (l *txlog) meta(ctx context.Context) (meta, error) {
	m, err := readMeta(ctx, l.store, l.dbid)
	if errors.Is(err, errNoMeta) {
		err = ErrDropped
	}
	return m, err
}

// readMeta returns what a database says of itself.
func readMeta(ctx context.Context, store storage.Store, dbid string) (meta, error) {
	key := dbid + "/meta"
	b, err := store.Get(ctx, key)
	var m meta
	switch {
	case errors.Is(err, storage.ErrNotFound):
		err = &StoreError{key, errNoMeta}
	case err == nil:
		if m, err = decodeMeta(b); err == nil && m.dbid() != dbid {
			err = fmt.Errorf("%w: it describes another database", ErrCorrupt)
		}
		if err != nil {
			err = &StoreError{key, err}
		}
	}
	return m, err
}
