package db

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datolite/datolite/storage"
)

// A point is what makes a backup of what was copied to a store: it says at which record of its log a database stood, and from which root it is
// opened. Its key is created when all that it leads to is there, and sorts the newest of a database first.
type point struct {
	Backup
	id   nonce // of the database
	hash digest
	root string // the key of the root; "" for none
}

// The prefix of the keys of points, how each begins, and the newest version that this version reads, and writes.
const (
	pointPrefix  = "backup/point/"
	pointMagic   = "dlb1"
	pointVersion = 1
)

// key returns the key of the point.
func (p *point) key() string { return pointKey(p.ID, p.Records) }

func pointKey(dbid string, seq int) string { return pointPrefix + dbid + "/" + hex16(^uint64(seq)) }

// encode returns the point as bytes: magic, version, id (16 bytes), name, seq and hash (32 bytes) of the last record, number of transactions,
// last t, its instant, datoms, bytes of the records, key of the root, milliseconds since 1970 at which the backup was made, and the SHA-256
// of all that. Numbers are varints, times signed ones; texts have their length before them.
func (p *point) encode() []byte {
	b := binary.AppendUvarint([]byte(pointMagic), pointVersion)
	b = append(b, p.id[:]...)
	b = appendText(b, p.Name)
	b = binary.AppendUvarint(b, uint64(p.Records))
	b = append(b, p.hash[:]...)
	b = binary.AppendUvarint(b, uint64(p.Transactions))
	b = binary.AppendUvarint(b, uint64(p.T))
	b = binary.AppendVarint(b, p.Instant.UnixMilli())
	b = binary.AppendUvarint(b, uint64(p.Datoms))
	b = binary.AppendUvarint(b, uint64(p.Bytes))
	b = appendText(b, p.root)
	b = binary.AppendVarint(b, p.Made.UnixMilli())
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodePoint returns the point that b holds.
func decodePoint(b []byte) (*point, error) {
	if len(b) < sha256.Size || sha256.Sum256(b[:len(b)-sha256.Size]) != digest(b[len(b)-sha256.Size:]) {
		return nil, fmt.Errorf("%w: what tells of the backup is not as it was written", ErrCorrupt)
	}
	const most = 1 << 62
	s := &source{rest: string(b[:len(b)-sha256.Size])}
	if s.take(uint64(len(pointMagic))) != pointMagic {
		s.fail("not a backup")
	}
	if v := s.uvarint(); s.err == nil && v > pointVersion {
		return nil, fmt.Errorf("%w: the backup has version %d, and this version reads up to %d", ErrFormat, v, pointVersion)
	}
	p := &point{}
	copy(p.id[:], s.take(uint64(len(p.id))))
	p.Name = s.text()
	p.Records = int(s.upTo(most, "seq"))
	copy(p.hash[:], s.take(sha256.Size))
	p.Transactions = int(s.upTo(most, "count"))
	p.T = T(s.upTo(maxT, "t"))
	p.Instant = time.UnixMilli(s.varint()).UTC()
	p.Datoms = int(s.upTo(most, "count"))
	p.Bytes = int64(s.upTo(most, "count"))
	p.root = s.text()
	p.Made = time.UnixMilli(s.varint()).UTC()
	if err := s.end(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	p.ID, p.Hash = hex.EncodeToString(p.id[:]), hex.EncodeToString(p.hash[:])
	return p, nil
}

// pointAt returns the point under a key.
func pointAt(ctx context.Context, store storage.Store, key string) (*point, error) {
	b, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	p, err := decodePoint(b)
	if err == nil && p.key() != key {
		err = fmt.Errorf("%w: it tells of another backup", ErrCorrupt)
	}
	if err != nil {
		return nil, &StoreError{key, err}
	}
	return p, nil
}

// pointOf returns the point of a backup.
func pointOf(ctx context.Context, store storage.Store, b Backup) (*point, error) {
	p, err := pointAt(ctx, store, pointKey(b.ID, b.Records))
	if errors.Is(err, storage.ErrNotFound) || err == nil && p.Hash != b.Hash {
		err = fmt.Errorf("%w: of the database %s at record %d with hash %s", ErrNoBackup, b.ID, b.Records, b.Hash)
	}
	return p, err
}

// newestPoint returns the newest point of a database, and nil where there is none.
func newestPoint(ctx context.Context, store storage.Store, dbid string) (*point, error) {
	keys, err := store.List(ctx, pointPrefix+dbid+"/", "", 1)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return pointAt(ctx, store, keys[0])
}

// open returns the log of the backup, which is read from the store where that lies, and its root; nil for none.
func (p *point) open(ctx context.Context, store storage.Store) (*txlog, *root, error) {
	l := newLog(store, p.ID, logSizes{})
	l.alone = func() bool { return true } // nothing is trimmed here
	if p.root == "" {
		return l, nil, nil
	}
	r, err := l.rootAt(ctx, p.root)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil, &StoreError{p.root, fmt.Errorf("%w: a backup leads to the root, and it is missing", ErrCorrupt)}
	case err != nil:
		return nil, nil, err
	}
	l.adopt(r.chunks)
	return l, r, nil
}

// Backups returns the backups in a store, those of a database together, the newest first. Where one cannot be read, the others come with an
// error.
func Backups(ctx context.Context, store storage.Store) ([]Backup, error) {
	var all []Backup
	var failures []error
	for key, err := range listed(ctx, store, pointPrefix) {
		if err != nil {
			return nil, fmt.Errorf("db: %w", err)
		}
		if strings.Count(key, "/") != strings.Count(pointKey("", 0), "/") {
			err = &StoreError{key, fmt.Errorf("%w: it is no backup", ErrCorrupt)}
		}
		var p *point
		if err == nil {
			p, err = pointAt(ctx, store, key)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("db: %w", err))
			continue
		}
		all = append(all, p.Backup)
	}
	return all, errors.Join(failures...)
}

// firstSlot returns the first record that is in no chunk of a root.
func firstSlot(r *root) int {
	if r == nil {
		return 1
	}
	return cmp.Or(r.chunks, &noChunks).to + 1
}
