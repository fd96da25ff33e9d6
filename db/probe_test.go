package db

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// brokenStores each break one promise that a log rests on, for the reason that the probe must find.
var brokenStores = []struct {
	name, why string
	broken    func(s storage.Store) storage.Store
}{
	{"ignores conditions", "it let two create one key", func(s storage.Store) storage.Store { return careless{s} }},
	{"looks, then puts", "it let two create one key", func(s storage.Store) storage.Store { return looksFirst{s} }},
	{"overwrites, and says that the key exists", "it does not show what was created", func(s storage.Store) storage.Store { return twoFaced{s} }},
	{"creates nothing", "it let neither of two create a key", func(s storage.Store) storage.Store { return denies{s} }},
	{"remembers what was not there", "it does not show what was created", func(s storage.Store) storage.Store { return &remembers{Store: s} }},
	{"reads from a copy that is behind", "it does not show what was created", func(s storage.Store) storage.Store { return &behind{Store: s, reads: true} }},
	{"lists from a copy that is behind", "it lists 0 keys, and there are 4", func(s storage.Store) storage.Store { return &behind{Store: s, lists: true} }},
	{"deletes nothing", "it shows what was deleted", func(s storage.Store) storage.Store { return keeps{s} }},
	{"shows what nobody made", "it holds a key that nobody made", func(s storage.Store) storage.Store { return dreams{s} }},
}

// TestStoreThatBreaksItsPromise has a database made in a store that cannot carry it, and one that is there opened through a client
// that breaks what its store keeps. Both are refused, and nothing is written that matters.
func TestStoreThatBreaksItsPromise(t *testing.T) {
	ctx := context.Background()
	for _, b := range brokenStores {
		inner := mem.New()
		_, err := Open(ctx, b.broken(inner), Options{})
		refusedFor(t, b.name, err, b.why)
		if list, err := Databases(ctx, inner); len(list) != 0 || err != nil {
			t.Error(b.name, "made", list, err)
		}
		conn := openConn(t, inner, Options{})
		commit(t, conn, raise)
		for range 2 { // the second time as the first: it has not passed
			_, err = Open(ctx, b.broken(inner), Options{})
			refusedFor(t, b.name, err, b.why)
		}
		commit(t, conn, raise)
	}
}

func refusedFor(t *testing.T, name string, err error, why string) {
	t.Helper()
	place := (*StoreError)(nil)
	if !errors.Is(err, ErrStore) || !errors.As(err, &place) || !strings.Contains(place.Key, "/probe/") || !strings.HasSuffix(err.Error(), why) {
		t.Errorf("a store that %s: %v", name, err)
	}
}

// TestProbeIsPassedOnce counts what a kind of client creates when it opens a database for writing: at first the probe, then nothing.
func TestProbeIsPassedOnce(t *testing.T) {
	inner := mem.New()
	openConn(t, inner, Options{})
	for i, want := range []int{3 * probeRaces, 0} {
		store := &countsCreates{Store: inner}
		openConn(t, store, Options{ReadOnly: true})
		openConn(t, store, Options{})
		if store.n != want {
			t.Errorf("opening it %d created %d keys, want %d", i, store.n, want)
		}
	}
	if keys, err := inner.List(context.Background(), "", "", 100); len(keys) != 4 || err != nil {
		t.Error("strays are left:", keys, err)
	}
}

// TestProbeOutlivesItsTraces opens a database where an earlier probe came to no end.
func TestProbeOutlivesItsTraces(t *testing.T) {
	ctx, inner := context.Background(), mem.New()
	openConn(t, inner, Options{})
	if _, err := Open(ctx, keepsWithError{inner}, Options{}); !errors.Is(err, errWritten) {
		t.Fatal(err)
	}
	if _, err := Open(ctx, unlucky{Store: inner}, Options{}); err != nil {
		t.Error(err)
	}
}

// TestProbeOfOneWhoMayNotWrite opens a database without saying that it is only read, with credentials to read.
func TestProbeOfOneWhoMayNotWrite(t *testing.T) {
	inner := mem.New()
	commit(t, openConn(t, inner, Options{}), raise)
	conn := openConn(t, forbids{inner}, Options{})
	if _, err := conn.Commit(context.Background(), raise); !errors.Is(err, storage.ErrForbidden) || countOf(t, conn.Snapshot()) != 1 {
		t.Error(err)
	}
}

// A forbids store lets nobody write.
type forbids struct{ storage.Store }

func (forbids) Create(context.Context, string, []byte) error { return storage.ErrForbidden }
func (forbids) Put(context.Context, ...storage.Item) error   { return storage.ErrForbidden }
func (forbids) Delete(context.Context, ...string) error      { return storage.ErrForbidden }

type careless struct{ storage.Store }

func (c careless) Create(ctx context.Context, key string, value []byte) error {
	return c.Put(ctx, storage.Item{Key: key, Value: value})
}

type looksFirst struct{ storage.Store }

func (l looksFirst) Create(ctx context.Context, key string, value []byte) error {
	if _, err := l.Get(ctx, key); err == nil {
		return storage.ErrExists
	}
	runtime.Gosched()
	time.Sleep(time.Millisecond)
	return l.Put(ctx, storage.Item{Key: key, Value: value})
}

type twoFaced struct{ storage.Store }

func (s twoFaced) Create(ctx context.Context, key string, value []byte) error {
	err := s.Store.Create(ctx, key, value)
	if errors.Is(err, storage.ErrExists) {
		_ = s.Put(ctx, storage.Item{Key: key, Value: value})
	}
	return err
}

type denies struct{ storage.Store }

func (d denies) Create(context.Context, string, []byte) error { return storage.ErrExists }

type remembers struct {
	storage.Store
	missing sync.Map
}

func (r *remembers) Get(ctx context.Context, key string) ([]byte, error) {
	if _, ok := r.missing.Load(key); ok {
		return nil, storage.ErrNotFound
	}
	b, err := r.Store.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		r.missing.Store(key, true)
	}
	return b, err
}

// A behind store shows a key only a while after it was created.
type behind struct {
	storage.Store
	reads, lists bool
	fresh        sync.Map
}

func (b *behind) Create(ctx context.Context, key string, value []byte) error {
	b.fresh.Store(key, time.Now())
	return b.Store.Create(ctx, key, value)
}

func (b *behind) isBehind(key string) bool {
	since, ok := b.fresh.Load(key)
	return ok && time.Since(since.(time.Time)) < time.Minute
}

func (b *behind) Get(ctx context.Context, key string) ([]byte, error) {
	if b.reads && b.isBehind(key) {
		return nil, storage.ErrNotFound
	}
	return b.Store.Get(ctx, key)
}

func (b *behind) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	keys, err := b.Store.List(ctx, prefix, after, limit)
	var seen []string
	for _, key := range keys {
		if !b.lists || !b.isBehind(key) {
			seen = append(seen, key)
		}
	}
	return seen, err
}

type keeps struct{ storage.Store }

func (keeps) Delete(context.Context, ...string) error { return nil }

type keepsWithError struct{ storage.Store }

func (keepsWithError) Delete(context.Context, ...string) error { return errWritten }

type dreams struct{ storage.Store }

func (d dreams) Get(ctx context.Context, key string) ([]byte, error) {
	b, err := d.Store.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) && strings.Contains(key, "/probe/") {
		return []byte("dream"), nil
	}
	return b, err
}

type countsCreates struct {
	storage.Store
	mu sync.Mutex
	n  int
}

func (c *countsCreates) Create(ctx context.Context, key string, value []byte) error {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Store.Create(ctx, key, value)
}
