package storage

import (
	"context"
	"time"
)

// A Store keeps values under keys. A key is created once, and perhaps deleted later.
// Keys are [a-z0-9/_.-], at most 512 bytes, ordered as bytes. What Put, Create and Delete did when they returned nil
// is durable, and seen by every Get and List that starts later, in any process. All methods may be called by many goroutines.
// Every backend must pass storagetest.Run, which checks one promise of this comment per subtest.
type Store interface {
	// Get returns the value of key, or ErrNotFound. The caller owns the value.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put stores values under names that nobody else writes, or in the place of values that mean the same: whoever reads the one or the
	// other may. Repeating a Put with the same bytes is harmless. It may be interrupted between items, never within one.
	Put(ctx context.Context, items ...Item) error
	// Create stores value under key if nothing is there, else ErrExists: one winner per key, linearizable.
	// ErrUnknown: it may have happened, may not, or may happen yet.
	Create(ctx context.Context, key string, value []byte) error
	// List returns up to limit keys that begin with prefix and are greater than after, in byte order.
	// The first two path elements of prefix are always given in full, but for "name/", which lists the databases of a store.
	List(ctx context.Context, prefix, after string, limit int) ([]string, error)
	// Delete removes keys; a missing key is not an error.
	Delete(ctx context.Context, keys ...string) error
	// Limits tells the largest value and batch, and how often polling is polite.
	Limits() Limits
	// Close releases what the store holds open. Every later call fails with ErrClosed.
	Close() error
}

// An Item is a key with its value.
type Item struct {
	Key   string
	Value []byte
}

// Limits tells what a store takes.
type Limits struct {
	Value int           // the largest value in bytes
	Batch int           // the most items of one Put or Delete
	Poll  time.Duration // the shortest polite pause between two looks for new keys
}
