package mem

import (
	"context"
	"strings"

	"github.com/datolite/datolite/storage"
)

// A watch waits for one key: it is told once, by closing its channel, and forgotten.
type watch struct {
	prefix string
	told   chan struct{}
	stop   func() bool // ends the wait for the end of the context
}

// Watch returns a channel that is closed when a key that begins with prefix is stored after the call, or when the store is
// closed. When ctx ends the store forgets the channel, and it is never closed: the reader selects on ctx too.
func (s *Store) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, &storage.Error{Op: "watch", Key: prefix, Err: err}
	}
	w := &watch{prefix: prefix, told: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() { s.forget(w) })
	s.watches[w] = struct{}{}
	return w.told, nil
}

func (s *Store) forget(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, w)
}

// wake tells those who wait for key. The caller holds the lock.
func (s *Store) wake(key string) {
	for w := range s.watches {
		if strings.HasPrefix(key, w.prefix) {
			s.tell(w)
		}
	}
}

// wakeAll tells everybody, so that they look and find the store closed. The caller holds the lock.
func (s *Store) wakeAll() {
	for w := range s.watches {
		s.tell(w)
	}
}

func (s *Store) tell(w *watch) {
	close(w.told)
	w.stop()
	delete(s.watches, w)
}
