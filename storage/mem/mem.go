package mem

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/btree"

	"github.com/datolite/datolite/storage"
)

// limits are those of the other embedded store, so that what works here works in a folder.
var limits = storage.Limits{Value: 16 << 20, Batch: 10_000, Poll: time.Millisecond}

// A Store keeps its values in memory, for tests and for databases that nobody needs to find again.
// It is one ordered map under a lock; a value in it never changes, so values are copied outside the lock.
type Store struct {
	mu      sync.RWMutex
	items   *btree.BTreeG[storage.Item]
	watches storage.Watches
	closed  bool
}

// New returns an empty store.
func New() *Store {
	return &Store{items: btree.NewG(32, before)}
}

func before(a, b storage.Item) bool { return a.Key < b.Key }

// Get returns a copy of the value of key, or storage.ErrNotFound.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := limits.CheckKeys("get", key); err != nil {
		return nil, err
	}
	item, err := s.find(ctx, key)
	if err != nil {
		return nil, &storage.Error{Op: "get", Key: key, Err: err}
	}
	return clone(item.Value), nil
}

func (s *Store) find(ctx context.Context, key string) (storage.Item, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return storage.Item{}, err
	}
	item, ok := s.items.Get(storage.Item{Key: key})
	if !ok {
		return storage.Item{}, storage.ErrNotFound
	}
	return item, nil
}

// Put stores copies of the values, all at once.
func (s *Store) Put(ctx context.Context, items ...storage.Item) error {
	if err := limits.CheckItems("put", items...); err != nil {
		return err
	}
	own := make([]storage.Item, len(items))
	for i, item := range items {
		own[i] = storage.Item{Key: item.Key, Value: clone(item.Value)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return &storage.Error{Op: "put", Err: err}
	}
	for _, item := range own {
		s.insert(item)
	}
	return nil
}

// Create stores a copy of value under key if nothing is there, else it returns storage.ErrExists.
func (s *Store) Create(ctx context.Context, key string, value []byte) error {
	return s.create(ctx, storage.Item{Key: key, Value: value}, "")
}

// CreateUnless is Create, but returns storage.ErrGuarded if guard is there.
func (s *Store) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	if err := limits.CheckKeys("create", guard); err != nil {
		return err
	}
	return s.create(ctx, storage.Item{Key: key, Value: value}, guard)
}

func (s *Store) create(ctx context.Context, item storage.Item, guard string) error {
	if err := limits.CheckItems("create", item); err != nil {
		return err
	}
	item.Value = clone(item.Value)
	if err := s.insertNew(ctx, item, guard); err != nil {
		return &storage.Error{Op: "create", Key: item.Key, Err: err}
	}
	return nil
}

// insertNew inserts item if neither its key nor guard is there. No key is empty, so an empty guard never is.
func (s *Store) insertNew(ctx context.Context, item storage.Item, guard string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if s.items.Has(storage.Item{Key: guard}) {
		return storage.ErrGuarded
	}
	if s.items.Has(item) {
		return storage.ErrExists
	}
	s.insert(item)
	return nil
}

// insert makes item visible, then tells those who wait for it. The caller holds the lock.
func (s *Store) insert(item storage.Item) {
	s.items.ReplaceOrInsert(item)
	s.watches.Tell(item.Key)
}

// List returns up to limit keys that begin with prefix and are greater than after, in byte order.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, &storage.Error{Op: "list", Key: prefix, Err: err}
	}
	var keys []string
	var err error
	s.items.AscendGreaterOrEqual(storage.Item{Key: max(prefix, after)}, func(item storage.Item) bool {
		if len(keys)%1024 == 0 {
			err = ctx.Err()
		}
		if err != nil || len(keys) >= limit || !strings.HasPrefix(item.Key, prefix) {
			return false
		}
		if item.Key > after {
			keys = append(keys, item.Key)
		}
		return true
	})
	if err != nil {
		return nil, &storage.Error{Op: "list", Key: prefix, Err: err}
	}
	return keys, nil
}

// Delete removes keys; a missing key is not an error.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if err := limits.CheckKeys("delete", keys...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return &storage.Error{Op: "delete", Err: err}
	}
	for _, key := range keys {
		s.items.Delete(storage.Item{Key: key})
	}
	return nil
}

// Watch returns a channel that is closed when a key that begins with prefix is stored after the call, or when the store is
// closed. When ctx ends the store forgets the channel, and it is never closed: the reader selects on ctx too.
func (s *Store) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, &storage.Error{Op: "watch", Key: prefix, Err: err}
	}
	return s.watches.Watch(ctx, prefix), nil
}

// Limits returns values of 16 MB and batches of 10,000, as in storage/bolt. Who watches need not poll.
func (s *Store) Limits() storage.Limits { return limits }

// Close drops what the store holds, and wakes those who watch it. Every later call fails with storage.ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &storage.Error{Op: "close", Err: storage.ErrClosed}
	}
	s.closed = true
	s.watches.TellAll()
	s.items = nil
	return nil
}

// usable returns why no operation may run now, or nil. The caller holds the lock.
func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// clone returns a copy of value that is not nil, so that an empty value does not read like a missing one.
func clone(value []byte) []byte { return append([]byte{}, value...) }
