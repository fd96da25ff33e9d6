package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// limits keep one value well below what bbolt would take, so that reading it back is one short pause.
var limits = storage.Limits{Value: 16 << 20, Batch: 10_000, Poll: 5 * time.Millisecond}

// A Store keeps its values in a folder with two bbolt files: log.db for what orders transactions, small and synced at every
// commit, and seg.db for segments and large bodies. One process at a time may open it.
type Store struct {
	storage.Entrances
	mu     sync.RWMutex // held for reading by every operation, so that Close waits for them
	closed bool
	log    *file
	seg    *file

	watches storage.Watches
}

// Get returns a copy of the value of key, or storage.ErrNotFound.
func (s *Store) Get(ctx context.Context, key string) (value []byte, err error) {
	if err := limits.CheckKeys("get", key); err != nil {
		return nil, err
	}
	err = s.run(ctx, "get", key, func() error {
		return s.home(key).read(ctx, func(b *bbolt.Bucket) error {
			found := b.Get([]byte(key))
			if found == nil {
				return storage.ErrNotFound
			}
			value = append([]byte{}, found...)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Create stores value under key if nothing is there, else it returns storage.ErrExists. It costs one bbolt commit, which is
// two syncs of log.db: who has many small things to create puts them into one value.
func (s *Store) Create(ctx context.Context, key string, value []byte) error {
	return s.create(ctx, key, value, "")
}

// CreateUnless is Create, but returns storage.ErrGuarded if guard is there: it costs no more. A guard in the other file is
// storage.ErrKey.
func (s *Store) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	err := storage.CheckKey(guard)
	if err == nil && s.home(guard) != s.home(key) {
		err = fmt.Errorf("%w of the same file as %s", storage.ErrKey, key)
	}
	if err != nil {
		return &storage.Error{Op: "create", Key: guard, Err: err}
	}
	return s.create(ctx, key, value, guard)
}

// create creates key unless guard is there; an empty guard never is.
func (s *Store) create(ctx context.Context, key string, value []byte, guard string) error {
	if err := limits.CheckItems("create", storage.Item{Key: key, Value: value}); err != nil {
		return err
	}
	defer s.Creating(ctx, key)()
	return s.run(ctx, "create", key, func() error {
		err := s.home(key).write(ctx, func(b *bbolt.Bucket) error {
			switch {
			case guard != "" && b.Get([]byte(guard)) != nil:
				return storage.ErrGuarded
			case b.Get([]byte(key)) != nil:
				return storage.ErrExists
			}
			return b.Put([]byte(key), value)
		})
		s.tell(err, storage.Item{Key: key})
		return err
	})
}

// Delete removes keys; a missing key is not an error.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if err := limits.CheckKeys("delete", keys...); err != nil {
		return err
	}
	return s.run(ctx, "delete", "", func() error {
		for f, mine := range byHome(s, slices.Sorted(slices.Values(keys)), self) {
			if err := f.write(ctx, func(b *bbolt.Bucket) error { return deleteAll(b, mine) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func deleteAll(b *bbolt.Bucket, keys []string) error {
	for _, key := range keys {
		if err := b.Delete([]byte(key)); err != nil {
			return err
		}
	}
	return nil
}

// List returns up to limit keys that begin with prefix and are greater than after, in byte order. A prefix that does not
// settle which file is meant is looked up in both.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (keys []string, err error) {
	err = s.run(ctx, "list", prefix, func() error {
		for _, f := range s.homes(prefix) {
			err := f.read(ctx, func(b *bbolt.Bucket) error {
				some, err := list(ctx, b.Cursor(), prefix, after, limit)
				keys = append(keys, some...)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	return keys[:min(len(keys), max(limit, 0))], nil
}

func list(ctx context.Context, c *bbolt.Cursor, prefix, after string, limit int) (keys []string, err error) {
	begin, low := []byte(prefix), []byte(after)
	for key, _ := c.Seek([]byte(max(prefix, after))); key != nil && len(keys) < limit && bytes.HasPrefix(key, begin); key, _ = c.Next() {
		if len(keys)%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if bytes.Compare(key, low) > 0 {
			keys = append(keys, string(key))
		}
	}
	return keys, nil
}

// Watch returns a channel that is closed when a key that begins with prefix is stored after the call, or when the store is
// closed. Since one process holds the store, all keys are made here. When ctx ends the store forgets the channel.
func (s *Store) Watch(ctx context.Context, prefix string) (told <-chan struct{}, err error) {
	err = s.run(ctx, "watch", prefix, func() error {
		told = s.watches.Watch(ctx, prefix)
		return nil
	})
	return told, err
}

// tell wakes those who wait for what was written, of which err is what came. What is not known may be there, or may have ended
// the use of a file.
func (s *Store) tell(err error, items ...storage.Item) {
	switch {
	case errors.Is(err, storage.ErrUnknown):
		s.watches.TellAll()
	case err == nil:
		for _, item := range items {
			s.watches.Tell(item.Key)
		}
	}
}

// Limits returns values of 16 MB and batches of 10,000. A look for new keys costs microseconds.
func (s *Store) Limits() storage.Limits { return limits }

// Close waits for the operations that run, and closes both files. Every later call fails with storage.ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &storage.Error{Op: "close", Err: storage.ErrClosed}
	}
	s.closed = true
	s.watches.TellAll()
	if err := errors.Join(s.seg.close(), s.log.close()); err != nil {
		return &storage.Error{Op: "close", Err: err}
	}
	return nil
}

// run runs operation op on key, unless the store is closed or ctx has ended, and says in its error which it was.
func (s *Store) run(ctx context.Context, op, key string, operate func() error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	err := storage.ErrClosed
	if !s.closed {
		if err = ctx.Err(); err == nil {
			err = operate()
		}
	}
	if err != nil {
		return &storage.Error{Op: op, Key: key, Err: err}
	}
	return nil
}

// home returns the file that holds key: seg.db if the second path element is seg or body, else log.db.
func (s *Store) home(key string) *file {
	_, rest, _ := strings.Cut(key, "/")
	switch second, _, _ := strings.Cut(rest, "/"); second {
	case "seg", "body":
		return s.seg
	}
	return s.log
}

// homes returns the files that may hold keys that begin with prefix.
func (s *Store) homes(prefix string) []*file {
	if strings.Count(prefix, "/") >= 2 {
		return []*file{s.home(prefix)}
	}
	return []*file{s.log, s.seg}
}
