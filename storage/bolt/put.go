package bolt

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// What one bbolt transaction of a Put holds at most. Beyond it a commit holds up the syncs of log.db for too long, and
// bbolt's spilling of nodes gets slow.
const (
	sliceBytes = 4 << 20
	sliceItems = 10_000
	longPause  = 20 * time.Millisecond
)

// Put stores values under names that nobody else writes. Items are written in the order of their keys, which bbolt takes 14
// times faster than random order, in slices of at most 4 MB; when it fails or ctx ends, a first part of them is stored.
// Between two slices it pauses if commits to log.db go on beside it, because both share a disk.
func (s *Store) Put(ctx context.Context, items ...storage.Item) error {
	if err := limits.CheckItems("put", items...); err != nil {
		return err
	}
	sorted := slices.SortedStableFunc(slices.Values(items), func(a, b storage.Item) int { return strings.Compare(a.Key, b.Key) })
	return s.run(ctx, "put", "", func() error {
		for f, mine := range byHome(s, sorted, func(item storage.Item) string { return item.Key }) {
			if err := s.put(ctx, f, mine); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) put(ctx context.Context, f *file, items []storage.Item) error {
	for some := range sliced(items) {
		began, commits := time.Now(), s.log.durable.Load()
		err := f.write(ctx, func(b *bbolt.Bucket) error { return putAll(b, some) })
		if s.tell(err, some...); err != nil {
			return err
		}
		if f == s.seg && s.log.durable.Load() != commits {
			pause(ctx, min(time.Since(began), longPause))
		}
	}
	return nil
}

func putAll(b *bbolt.Bucket, items []storage.Item) error {
	for _, item := range items {
		if err := b.Put([]byte(item.Key), item.Value); err != nil {
			return err
		}
	}
	return nil
}

// sliced yields consecutive parts of items, each at least one item and small enough for one transaction.
func sliced(items []storage.Item) iter.Seq[[]storage.Item] {
	return func(yield func([]storage.Item) bool) {
		from, size := 0, 0
		for i, item := range items {
			size += len(item.Key) + len(item.Value)
			if i > from && (size > sliceBytes || i-from == sliceItems) {
				if !yield(items[from:i]) {
					return
				}
				from, size = i, len(item.Key)+len(item.Value)
			}
		}
		if from < len(items) {
			yield(items[from:])
		}
	}
}

// byHome yields the files that hold some of things, log.db first, each with its share in the given order.
func byHome[T any](s *Store, things []T, key func(T) string) iter.Seq2[*file, []T] {
	return func(yield func(*file, []T) bool) {
		for _, f := range []*file{s.log, s.seg} {
			var mine []T
			for _, thing := range things {
				if s.home(key(thing)) == f {
					mine = append(mine, thing)
				}
			}
			if len(mine) > 0 && !yield(f, mine) {
				return
			}
		}
	}
}

func self(key string) string { return key }

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-ctx.Done():
	case <-wait.C:
	}
}
