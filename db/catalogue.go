package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datolite/datolite/storage"
)

// format is what this version makes of a store.
const format = 1

// A meta says what database this is. It never changes.
type meta struct {
	id      nonce
	created time.Time
	genesis digest // the record before the first
}

// dbid returns the id as it begins the keys of the database.
func (m meta) dbid() string { return hex.EncodeToString(m.id[:]) }

// metaMagic is how every meta begins.
const metaMagic = "dlm1"

// encode returns the meta as bytes: magic, format, id (16 bytes), milliseconds since 1970, genesis hash (32), and the SHA-256 of
// all that. Numbers are varints.
func (m meta) encode() []byte {
	b := binary.AppendUvarint([]byte(metaMagic), format)
	b = append(b, m.id[:]...)
	b = binary.AppendVarint(b, m.created.UnixMilli())
	b = append(b, m.genesis[:]...)
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
	if f := s.uvarint(); s.err == nil && f > format {
		return m, fmt.Errorf("%w: the database has format %d, and this version reads up to %d", ErrFormat, f, format)
	}
	copy(m.id[:], s.take(uint64(len(m.id))))
	m.created = time.UnixMilli(s.varint()).UTC()
	copy(m.genesis[:], s.take(sha256.Size))
	if err := s.end(); err != nil {
		return m, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return m, nil
}

// newMeta returns the meta of a database that is about to be.
func newMeta(now time.Time) meta {
	m := meta{created: now}
	_, _ = rand.Read(m.id[:]) // never fails
	m.genesis = sha256.Sum256(binary.AppendVarint(append([]byte("genesis "), m.id[:]...), now.UnixMilli()))
	return m
}

// checkName refuses what is not a name of a database: lower-case letters, digits, "_", "." and "-", at most 64 of them.
func checkName(name string) error {
	good := func(r rune) bool {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("_.-", r)
	}
	bad := strings.IndexFunc(name, func(r rune) bool { return !good(r) })
	if name == "" || len(name) > 64 || bad >= 0 {
		return fmt.Errorf("%w: %.80q (a name has 1 to 64 of a-z 0-9 _ . -)", ErrName, name)
	}
	return nil
}

// A catalogue tells which database of a store has a name: the highest generation of the name holds its id.
type catalogue struct {
	store storage.Store
	o     Options
}

// dropped is what a generation holds of a name whose database is gone.
const dropped = "dropped"

// find returns the database with the name, making it if it is not there.
func (c catalogue) find(ctx context.Context) (meta, error) {
	if err := checkName(c.o.Name); err != nil {
		return meta{}, err
	}
	dbid, gen, err := c.look(ctx)
	if err != nil {
		return meta{}, err
	}
	if dbid == dropped && c.o.ReadOnly {
		return meta{}, fmt.Errorf("%w: %s", ErrNoDatabase, c.o.Name)
	}
	if dbid == dropped {
		if dbid, err = c.create(ctx, gen+1); err != nil {
			return meta{}, err
		}
	}
	return c.meta(ctx, dbid)
}

// look returns the database id of the name, and the generation that says it. A name that never was is like one whose database is
// gone, in generation 0.
func (c catalogue) look(ctx context.Context) (dbid string, gen uint64, err error) {
	prefix := "name/" + c.o.Name + "/"
	last := ""
	for {
		keys, err := c.store.List(ctx, prefix, last, 1000)
		if err != nil {
			return "", 0, err
		}
		if len(keys) == 0 {
			break
		}
		last = keys[len(keys)-1]
	}
	if last == "" {
		return dropped, 0, nil
	}
	b, err := c.store.Get(ctx, last)
	if err != nil {
		return "", 0, err
	}
	gen, err = parseGen(strings.TrimPrefix(last, prefix))
	if err == nil && string(b) != dropped && !isDBID(string(b)) {
		err = fmt.Errorf("%w: it holds no database id", ErrCorrupt)
	}
	if err != nil {
		return "", 0, &StoreError{last, err}
	}
	return string(b), gen, nil
}

func parseGen(text string) (uint64, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 8 {
		return 0, fmt.Errorf("%w: the key ends in no generation", ErrCorrupt)
	}
	return binary.BigEndian.Uint64(b), nil
}

func isDBID(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == len(nonce{}) && hex.EncodeToString(b) == text
}

// create makes a database and gives it the name, and returns its id, or that of the database which somebody else named in the
// meantime. The meta is there before the name, so whoever finds the name finds the database.
func (c catalogue) create(ctx context.Context, gen uint64) (string, error) {
	m := newMeta(c.o.Clock())
	if err := probe(ctx, c.store, m.dbid()); err != nil {
		return "", err
	}
	if err := c.store.Put(ctx, storage.Item{Key: m.dbid() + "/meta", Value: m.encode()}); err != nil {
		return "", err
	}
	slot := creation{c.store, "name/" + c.o.Name + "/" + hex16(gen), []byte(m.dbid()), 5, c.o.Logger}
	other, err := slot.run(ctx)
	if err != nil || other == nil {
		return m.dbid(), err
	}
	if err := c.store.Delete(ctx, m.dbid()+"/meta"); err != nil {
		c.o.Logger.Warn("a database that was never named is left in the store", "id", m.dbid(), "error", err)
	}
	if string(other) == dropped || !isDBID(string(other)) {
		return "", fmt.Errorf("%w: %s was dropped while it was opened", ErrNoDatabase, c.o.Name)
	}
	return string(other), nil
}

// meta returns what a database says of itself.
func (c catalogue) meta(ctx context.Context, dbid string) (meta, error) {
	key := dbid + "/meta"
	b, err := c.store.Get(ctx, key)
	var m meta
	switch {
	case errors.Is(err, storage.ErrNotFound):
		err = &StoreError{key, fmt.Errorf("%w: %s names the database, and this is missing", ErrCorrupt, c.o.Name)}
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
