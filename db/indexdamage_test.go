package db

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// A swaps store gives for some keys what it is told to, and nothing where that is nil.
type swaps struct {
	storage.Store
	with map[string][]byte
}

func (s *swaps) Get(ctx context.Context, key string) ([]byte, error) {
	b, swapped := s.with[key]
	if !swapped {
		return s.Store.Get(ctx, key)
	}
	if b == nil {
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrNotFound}
	}
	return b, nil
}

// keys returns the keys of a database that begin with a prefix.
func (s *swaps) keys(t *testing.T, prefix string) []string {
	t.Helper()
	keys, err := s.List(t.Context(), prefix, "", 1000)
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	return keys
}

func (s *swaps) value(t *testing.T, key string) []byte {
	t.Helper()
	b, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// indexedDatabase returns a store with a database that is indexed twice, and its id.
func indexedDatabase(t *testing.T, text string) (*swaps, string) {
	t.Helper()
	s := &swaps{Store: mem.New(), with: map[string][]byte{}}
	conn := openConn(t, s, Options{sizes: index.Sizes{Leaf: 100, Block: 20, Level: 300, Ratio: 3}})
	defer func() { _ = conn.Close() }()
	for range 2 {
		for range 30 {
			commit(t, conn, mark(text))
		}
		if err := conn.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s, conn.log.dbid
}

// readAll opens a database, and reads all of it.
func readAll(ctx context.Context, s storage.Store) error {
	conn, err := Open(ctx, s, Options{ReadOnly: true, Cache: 1})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for o := EAVT; o <= VAET; o++ {
		for _, err := range conn.Snapshot().History().Datoms(ctx, o) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// TestADamagedIndexIsNamed takes what an index is made of away, changes it, and puts what is another's in its place: whoever reads all
// there is learns of the key, or of nothing where the newest index does without.
func TestADamagedIndexIsNamed(t *testing.T) {
	s, id := indexedDatabase(t, "x")
	other, otherID := indexedDatabase(t, "y")
	roots, segments := s.keys(t, id+"/root/"), s.keys(t, id+"/seg/")
	strange := other.keys(t, otherID+"/seg/")
	found := 0
	check := func(key string, b []byte) {
		t.Helper()
		s.with[key] = b
		defer delete(s.with, key)
		err := readAll(t.Context(), s)
		if err == nil && key != roots[0] {
			return
		}
		found++
		if place := (*StoreError)(nil); !errors.As(err, &place) || place.Key != key || !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for i, key := range segments {
		was := s.value(t, key)
		flipped := slices.Clone(was)
		flipped[i*7%len(was)] ^= 4
		check(key, nil)
		check(key, flipped)
		check(key, was[:len(was)/2])
		check(key, other.value(t, strange[i%len(strange)]))
		check(key, s.value(t, segments[(i+1)%len(segments)]))
	}
	was := s.value(t, roots[0])
	check(roots[0], was[:len(was)-1])
	check(roots[0], append(slices.Clone(was[:40]), was[41:]...))
	check(roots[0], s.value(t, roots[1]))
	check(roots[0], other.value(t, other.keys(t, otherID+"/root/")[0]))
	if found < len(segments) {
		t.Errorf("%d errors of %d segments", found, len(segments))
	}
	if err := readAll(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// TestOldCopiesOfIndexes opens a database of whose indexes only the older copy is there, or none.
func TestOldCopiesOfIndexes(t *testing.T) {
	s, id := indexedDatabase(t, "x")
	for _, key := range s.keys(t, id+"/root/") {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		conn := openConn(t, s, Options{})
		if m := marks(t, conn.Snapshot()); m["x"] != 60 {
			t.Errorf("without %s: %v", key, m)
		}
		if s := conn.Stats(); s.Tail != 0 || !strings.Contains(key, conn.head.Load().root) && s.Indexed == 0 {
			t.Errorf("without %s: %+v", key, s)
		}
	}
}

// TestAnIndexBehindTheEndOfTheLog cuts a log before the record that published its index.
func TestAnIndexBehindTheEndOfTheLog(t *testing.T) {
	s, id := indexedDatabase(t, "x")
	root, records := s.keys(t, id+"/root/")[0], s.keys(t, id+"/log/")
	if err := s.Delete(t.Context(), records[len(records)-1]); err != nil {
		t.Fatal(err)
	}
	err := readAll(t.Context(), s)
	if place := (*StoreError)(nil); !errors.As(err, &place) || place.Key != root || !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
}

// TestFaultsWhileOpening has every call of the store fail in turn while a database is opened from its index and read: that is told, and
// the next one who opens it sees all.
func TestFaultsWhileOpening(t *testing.T) {
	whole, _ := indexedDatabase(t, "x")
	calls := 0
	for _, mode := range []storagetest.Mode{storagetest.Before, storagetest.Corrupt} {
		for n := 1; ; n++ {
			store := storagetest.NewFaulty(whole)
			store.Set(storagetest.Fault{Mode: mode, N: n})
			err := readAll(t.Context(), store)
			if store.Hits() == 0 {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			calls++
			if place := (*StoreError)(nil); err != nil && !errors.Is(err, storagetest.ErrInjected) && !errors.As(err, &place) {
				t.Errorf("mode %d at call %d: %v", mode, n, err)
			}
			if err := readAll(t.Context(), whole); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d calls failed", calls)
}
