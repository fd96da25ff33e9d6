package db

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/datolite/datolite/storage"
)

// A plainStore is the least that is a store: it is copied in microseconds, and hands out what it holds uncopied.
type plainStore struct {
	mu     sync.Mutex
	keys   []string // sorted
	values map[string][]byte
}

func newPlainStore(items ...storage.Item) *plainStore {
	s := &plainStore{values: map[string][]byte{}}
	_ = s.Put(context.Background(), items...)
	return s
}

// clone returns a store that holds the same.
func (s *plainStore) clone() *plainStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &plainStore{keys: slices.Clone(s.keys), values: maps.Clone(s.values)}
}

// has reports whether a key is there.
func (s *plainStore) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.values[key]
	return there
}

// hasAny reports whether there is a key with a text in it.
func (s *plainStore) hasAny(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.keys, func(key string) bool { return strings.Contains(key, text) })
}

func (s *plainStore) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, there := s.values[key]; there {
		return value, nil
	}
	return nil, storage.ErrNotFound
}

func (s *plainStore) List(_ context.Context, prefix, after string, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, there := slices.BinarySearch(s.keys, max(prefix, after))
	if there && s.keys[i] == after {
		i++
	}
	j := i
	for j < len(s.keys) && j-i < limit && strings.HasPrefix(s.keys[j], prefix) {
		j++
	}
	return slices.Clone(s.keys[i:j]), nil
}

func (s *plainStore) Put(_ context.Context, items ...storage.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range items {
		s.insert(item.Key, item.Value)
	}
	return nil
}

func (s *plainStore) insert(key string, value []byte) {
	if i, there := slices.BinarySearch(s.keys, key); !there {
		s.keys = slices.Insert(s.keys, i, key)
	}
	s.values[key] = value
}

func (s *plainStore) Create(ctx context.Context, key string, value []byte) error {
	return s.CreateUnless(ctx, key, value, "")
}

func (s *plainStore) CreateUnless(_ context.Context, key string, value []byte, guard string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.values[guard]; there {
		return storage.ErrGuarded
	}
	if _, there := s.values[key]; there {
		return storage.ErrExists
	}
	s.insert(key, value)
	return nil
}

func (s *plainStore) Delete(_ context.Context, keys ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if i, there := slices.BinarySearch(s.keys, key); there {
			s.keys = slices.Delete(s.keys, i, i+1)
			delete(s.values, key)
		}
	}
	return nil
}

// Limits has nobody poll.
func (s *plainStore) Limits() storage.Limits {
	return storage.Limits{Value: 1 << 20, Batch: 100, Poll: 24 * time.Hour}
}

func (s *plainStore) Close() error { return nil }
