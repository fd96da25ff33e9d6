package storagetest_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

func newMem(storagetest.T) storage.Store { return mem.New() }

// kept is a memory store that survives its end, so that durability has something to be checked against.
type kept struct{ storage.Store }

func (kept) Close() error { return nil }

func openKept(storagetest.T) storage.Store { return kept{mem.New()} }

func reopenKept(_ storagetest.T, s storage.Store) storage.Store { return s }

func TestMemoryStoreKeepsEveryPromise(t *testing.T) {
	storagetest.Run(t, newMem, nil)
}

// A broken store does one thing wrong, which the suite must notice in at least one of the promises named.
var brokenStores = []struct {
	name   string
	noted  string // promises that must be reported broken
	broken func(s storage.Store) storage.Store
}{
	{"create overwrites", "CreateNeverOverwrites CreateHasOneWinner AgreesWithAMap", func(s storage.Store) storage.Store { return overwrites{s} }},
	{"create reports ErrExists on success", "GetReturnsWhatWasStored CreateHasOneWinner", func(s storage.Store) storage.Store { return existsAnyway{s} }},
	{"create reports success on ErrExists", "CreateNeverOverwrites", func(s storage.Store) storage.Store { return succeedsAnyway{s} }},
	{"create looks, then puts", "CreateHasOneWinner", func(s storage.Store) storage.Store { return looksFirst{s} }},
	{"create is seen later", "SuccessIsSeenByLaterCalls", func(s storage.Store) storage.Store { return &late{Store: s} }},
	{"put drops the last item", "PutStoresEveryItem AgreesWithAMap", func(s storage.Store) storage.Store { return dropsLast{s} }},
	{"put cannot be repeated", "PutMayBeRepeated", func(s storage.Store) storage.Store { return putCreates{s} }},
	{"put leaves what is there", "PutReplaces", func(s storage.Store) storage.Store { return putLeaves{s} }},
	{"put keeps the caller's slices", "ValuesBelongToTheCaller", func(s storage.Store) storage.Store { return &keepsSlices{Store: s} }},
	{"get hands out its own slices", "ValuesBelongToTheCaller", func(s storage.Store) storage.Store { return &ownSlices{Store: s} }},
	{"get of a missing key is empty", "GetOfMissingKeyIsErrNotFound DeleteRemoves", func(s storage.Store) storage.Store { return emptyMissing{s} }},
	{"values are cut", "LargestValueIsStored", func(s storage.Store) storage.Store { return cuts{s} }},
	{"empty values are missing", "EmptyValueIsAValue", func(s storage.Store) storage.Store { return noEmpty{s} }},
	{"list is unordered", "ListIsInByteOrder AgreesWithAMap", func(s storage.Store) storage.Store { return unordered{s} }},
	{"list sorts by path element", "ListIsInByteOrder", func(s storage.Store) storage.Store { return byElement{s} }},
	{"list includes after", "ListIsAfterAndUpToLimit ListPagesMeetEveryKeyOnce", func(s storage.Store) storage.Store { return inclusive{s} }},
	{"list ignores after", "ListIsAfterAndUpToLimit ListPagesMeetEveryKeyOnce", func(s storage.Store) storage.Store { return noAfter{s} }},
	{"list ignores the limit", "ListIsAfterAndUpToLimit", func(s storage.Store) storage.Store { return noLimit{s} }},
	{"list knows whole folders only", "ListHonoursPrefix", func(s storage.Store) storage.Store { return folders{s} }},
	{"list knows whole databases only", "ListShowsAllNames", func(s storage.Store) storage.Store { return databases{s} }},
	{"delete of a missing key fails", "DeleteOfMissingKeyIsNoError", func(s storage.Store) storage.Store { return deleteFails{s} }},
	{"delete empties instead", "DeleteRemoves", func(s storage.Store) storage.Store { return deleteEmpties{s} }},
	{"any key goes", "WhatIsNoKeyIsErrKey", func(s storage.Store) storage.Store { return anyKey{s} }},
	{"keys are cut", "LongestKeyIsAKey", func(s storage.Store) storage.Store { return cutKeys{s} }},
	{"limits are boasts", "LimitsAreKept", func(s storage.Store) storage.Store { return boasts{s} }},
	{"contexts are ignored", "EndedContextEndsCalls", func(s storage.Store) storage.Store { return noContext{s} }},
	{"close closes nothing", "ClosedStoreIsErrClosed", func(s storage.Store) storage.Store { return neverCloses{s} }},
	{"watch never tells", "WatchTellsOfNewKeys WatchLosesNothing", func(s storage.Store) storage.Store { return silent{s.(storage.Watcher)} }},
	{"watch ignores contexts", "WatchEndsWithTheStore", func(s storage.Store) storage.Store { return watchesOn{s.(storage.Watcher)} }},
	{"everybody is alone", "EnterTellsWhoIsAlone", func(s storage.Store) storage.Store { return lonely{s} }},
	{"guards forbid nothing", "GuardForbidsCreation", func(s storage.Store) storage.Store { return unguarded{s} }},
	{"create looks at its guard first", "GuardIsLookedAtInOneStep", func(s storage.Store) storage.Store { return guardsFirst{s} }},
	{"calls share a place", "ManyGoroutinesMayCall", func(s storage.Store) storage.Store { return &mixesUp{Store: s} }},
}

func TestSuiteNoticesBrokenStores(t *testing.T) {
	for _, b := range brokenStores {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			open := func(storagetest.T) storage.Store { return b.broken(mem.New()) }
			for _, promise := range strings.Fields(b.noted) {
				if failures := storagetest.Broken(t, promise, open, nil); len(failures) == 0 {
					t.Errorf("%s is not reported", promise)
				}
			}
		})
	}
}

func TestSuiteNoticesForgetfulStores(t *testing.T) {
	forget := func(storagetest.T, storage.Store) storage.Store { return kept{mem.New()} }
	undelete := func(_ storagetest.T, s storage.Store) storage.Store {
		_ = s.Put(context.Background(), storage.Item{Key: "d1/meta", Value: []byte("x")})
		return s
	}
	for promise, reopen := range map[string]storagetest.Reopen{"WhatWasStoredIsDurable": forget, "WhatWasDeletedStaysDeleted": undelete} {
		if failures := storagetest.Broken(t, promise, openKept, reopenKept); len(failures) > 0 {
			t.Errorf("%s: a good store is reported: %v", promise, failures)
		}
		if failures := storagetest.Broken(t, promise, openKept, reopen); len(failures) == 0 {
			t.Errorf("%s is not reported", promise)
		}
	}
}

// TestEveryPromiseIsBrokenByAStore sees that no check passes whatever a store does.
func TestEveryPromiseIsBrokenByAStore(t *testing.T) {
	noted := []string{"WhatWasStoredIsDurable", "WhatWasDeletedStaysDeleted"}
	for _, b := range brokenStores {
		noted = append(noted, strings.Fields(b.noted)...)
	}
	for _, promise := range storagetest.Promises() {
		if !slices.Contains(noted, promise) {
			t.Errorf("no broken store breaks %s", promise)
		}
	}
}

type unguarded struct{ storage.Store }

func (u unguarded) CreateUnless(ctx context.Context, key string, value []byte, _ string) error {
	return u.Create(ctx, key, value)
}

type guardsFirst struct{ storage.Store }

func (g guardsFirst) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	if _, err := g.Get(ctx, guard); err == nil {
		return storage.ErrGuarded
	}
	time.Sleep(100 * time.Microsecond)
	return g.Create(ctx, key, value)
}

type overwrites struct{ storage.Store }

func (o overwrites) Create(ctx context.Context, key string, value []byte) error {
	return o.Put(ctx, storage.Item{Key: key, Value: value})
}

type existsAnyway struct{ storage.Store }

func (e existsAnyway) Create(ctx context.Context, key string, value []byte) error {
	return orElse(e.Store.Create(ctx, key, value), storage.ErrExists)
}

func orElse(err, instead error) error {
	if err == nil {
		return instead
	}
	return err
}

type succeedsAnyway struct{ storage.Store }

func (e succeedsAnyway) Create(ctx context.Context, key string, value []byte) error {
	if err := e.Store.Create(ctx, key, value); !errors.Is(err, storage.ErrExists) {
		return err
	}
	return nil
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

type late struct {
	storage.Store
	all sync.WaitGroup
}

func (l *late) Put(ctx context.Context, items ...storage.Item) error {
	own := slices.Clone(items)
	l.all.Go(func() {
		time.Sleep(time.Millisecond)
		_ = l.Store.Put(ctx, own...)
	})
	return nil
}

type dropsLast struct{ storage.Store }

func (d dropsLast) Put(ctx context.Context, items ...storage.Item) error {
	return d.Store.Put(ctx, items[:max(len(items)-1, min(len(items), 1))]...)
}

type putCreates struct{ storage.Store }

func (p putCreates) Put(ctx context.Context, items ...storage.Item) error {
	for _, item := range items {
		if err := p.Create(ctx, item.Key, item.Value); err != nil {
			return err
		}
	}
	return nil
}

type putLeaves struct{ storage.Store }

func (p putLeaves) Put(ctx context.Context, items ...storage.Item) error {
	for _, item := range items {
		if err := p.Create(ctx, item.Key, item.Value); err != nil && !errors.Is(err, storage.ErrExists) {
			return err
		}
	}
	return nil
}

type keepsSlices struct {
	storage.Store
	kept sync.Map
}

func (k *keepsSlices) Put(ctx context.Context, items ...storage.Item) error {
	for _, item := range items {
		k.kept.Store(item.Key, item.Value)
	}
	return k.Store.Put(ctx, items...)
}

func (k *keepsSlices) Get(ctx context.Context, key string) ([]byte, error) {
	if value, ok := k.kept.Load(key); ok {
		return bytes.Clone(value.([]byte)), nil
	}
	return k.Store.Get(ctx, key)
}

type ownSlices struct {
	storage.Store
	cache sync.Map
}

func (o *ownSlices) Get(ctx context.Context, key string) ([]byte, error) {
	if value, ok := o.cache.Load(key); ok {
		return value.([]byte), nil
	}
	value, err := o.Store.Get(ctx, key)
	if err == nil {
		o.cache.Store(key, value)
	}
	return value, err
}

type emptyMissing struct{ storage.Store }

func (e emptyMissing) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := e.Store.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return value, err
}

type cuts struct{ storage.Store }

func (c cuts) Put(ctx context.Context, items ...storage.Item) error {
	cut := slices.Clone(items)
	for i, item := range cut {
		cut[i].Value = item.Value[:min(len(item.Value), 1<<20)]
	}
	return c.Store.Put(ctx, cut...)
}

type noEmpty struct{ storage.Store }

func (n noEmpty) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := n.Store.Get(ctx, key)
	if err == nil && len(value) == 0 {
		return nil, storage.ErrNotFound
	}
	return value, err
}

type unordered struct{ storage.Store }

func (u unordered) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	keys, err := u.Store.List(ctx, prefix, after, limit)
	slices.Reverse(keys)
	return keys, err
}

type byElement struct{ storage.Store }

func (b byElement) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	keys, err := b.Store.List(ctx, prefix, after, limit)
	slices.SortFunc(keys, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
	return keys, err
}

type inclusive struct{ storage.Store }

func (i inclusive) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	keys, err := i.Store.List(ctx, prefix, after, limit)
	if _, there := i.Get(ctx, after); there == nil && strings.HasPrefix(after, prefix) {
		keys = append([]string{after}, keys...)
	}
	return keys[:min(limit, len(keys))], err
}

type noAfter struct{ storage.Store }

func (n noAfter) List(ctx context.Context, prefix, _ string, limit int) ([]string, error) {
	return n.Store.List(ctx, prefix, "", limit)
}

type noLimit struct{ storage.Store }

func (n noLimit) List(ctx context.Context, prefix, after string, _ int) ([]string, error) {
	return n.Store.List(ctx, prefix, after, 1000)
}

type folders struct{ storage.Store }

func (f folders) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	return f.Store.List(ctx, prefix[:strings.LastIndex(prefix, "/")+1], after, limit)
}

// databases finds nothing unless it is told of which database.
type databases struct{ storage.Store }

func (d databases) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if strings.Count(prefix, "/") < 2 {
		return nil, nil
	}
	return d.Store.List(ctx, prefix, after, limit)
}

type deleteFails struct{ storage.Store }

func (d deleteFails) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := d.Get(ctx, key); err != nil {
			return err
		}
	}
	return d.Store.Delete(ctx, keys...)
}

type deleteEmpties struct{ storage.Store }

func (d deleteEmpties) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		_ = d.Put(ctx, storage.Item{Key: key})
	}
	return nil
}

type anyKey struct{ storage.Store }

func (a anyKey) Create(ctx context.Context, key string, value []byte) error {
	if storage.CheckKey(key) != nil {
		return nil
	}
	return a.Store.Create(ctx, key, value)
}

type cutKeys struct{ storage.Store }

func (c cutKeys) Get(ctx context.Context, key string) ([]byte, error) {
	return c.Store.Get(ctx, key[:min(len(key), 255)])
}

func (c cutKeys) Create(ctx context.Context, key string, value []byte) error {
	return c.Store.Create(ctx, key[:min(len(key), 255)], value)
}

type boasts struct{ storage.Store }

func (b boasts) Limits() storage.Limits {
	l := b.Store.Limits()
	l.Batch /= 2
	return l
}

type noContext struct{ storage.Store }

func (n noContext) Get(_ context.Context, key string) ([]byte, error) {
	return n.Store.Get(context.Background(), key)
}

type neverCloses struct{ storage.Store }

func (neverCloses) Close() error { return nil }

type silent struct{ storage.Watcher }

func (silent) Watch(context.Context, string) (<-chan struct{}, error) {
	return make(chan struct{}), nil
}

type watchesOn struct{ storage.Watcher }

func (w watchesOn) Watch(_ context.Context, prefix string) (<-chan struct{}, error) {
	return w.Watcher.Watch(context.Background(), prefix)
}

type mixesUp struct {
	storage.Store
	key atomic.Value
}

func (m *mixesUp) Create(ctx context.Context, key string, value []byte) error {
	m.key.Store(key)
	time.Sleep(time.Millisecond)
	return m.Store.Create(ctx, m.key.Load().(string), value)
}

type lonely struct{ storage.Store }

func (lonely) Enter(ctx context.Context, _ string) (inside context.Context, alone func() bool, leave func()) {
	return ctx, func() bool { return true }, func() {}
}
