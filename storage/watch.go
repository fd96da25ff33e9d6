package storage

import (
	"context"
	"strings"
	"sync"
)

// A Watcher is a Store that tells when keys appear, instead of being polled.
type Watcher interface {
	Store
	// Watch returns a channel that is closed as soon as a key that begins with prefix may have appeared since the call, or the
	// store was closed. The caller looks for itself, and watches again. When ctx ends the store forgets the channel, and may
	// never close it: the caller waits for ctx too.
	Watch(ctx context.Context, prefix string) (<-chan struct{}, error)
}

// Watches are the channels of those who watch a store: what a store needs to be a Watcher if all its keys are made by one
// process. A watch is told once, by closing its channel, and forgotten. The zero Watches has none.
type Watches struct {
	mu  sync.Mutex
	all map[*watch]struct{}
}

// A watch waits for one key.
type watch struct {
	prefix string
	told   chan struct{}
	stop   func() bool // ends the wait for the end of the context
}

// Watch returns a channel that is closed by the next Tell of a key that begins with prefix, or by TellAll. When ctx ends it
// is forgotten, and never closed.
func (w *Watches) Watch(ctx context.Context, prefix string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[*watch]struct{}{}
	}
	one := &watch{prefix: prefix, told: make(chan struct{})}
	one.stop = context.AfterFunc(ctx, func() { w.forget(one) })
	w.all[one] = struct{}{}
	return one.told
}

func (w *Watches) forget(one *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, one)
}

// Tell tells those who wait for key that it is there. The caller has made it visible before.
func (w *Watches) Tell(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.all {
		if strings.HasPrefix(key, one.prefix) {
			w.tell(one)
		}
	}
}

// TellAll tells everybody, so that they look and find the store closed.
func (w *Watches) TellAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.all {
		w.tell(one)
	}
}

func (w *Watches) tell(one *watch) {
	close(one.told)
	one.stop()
	delete(w.all, one)
}
