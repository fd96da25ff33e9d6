package storage

import (
	"context"
	"strings"
	"sync"
)

// An Exclusive is a Store that no other process can write to while this one has it open. So it knows who writes to it, and who is
// the only one need not look for what others wrote.
type Exclusive interface {
	Store
	// Enter tells that the caller is going to create keys that begin with prefix, each with a context derived from inside, until it
	// calls leave. From then on alone reports whether nobody else was creating such a key when Enter was called, or began to since, the
	// time before the call to alone included: whoever it is, and whatever wraps the store on the way.
	Enter(ctx context.Context, prefix string) (inside context.Context, alone func() bool, leave func())
}

// Entrances is what a backend embeds to be Exclusive: it knows who is in. The zero Entrances is ready for use.
type Entrances struct {
	mu       sync.Mutex
	inside   map[*entrance]struct{}
	creating map[*string]struct{} // the keys
}

// An entrance is one who is in. It is the key of its own context, too.
type entrance struct {
	prefix  string
	company bool // somebody else created a key
}

// Enter is the method of Exclusive.
func (e *Entrances) Enter(ctx context.Context, prefix string) (inside context.Context, alone func() bool, leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	one := &entrance{prefix: prefix}
	for key := range e.creating {
		one.company = one.company || strings.HasPrefix(*key, prefix)
	}
	if e.inside == nil {
		e.inside = map[*entrance]struct{}{}
	}
	e.inside[one] = struct{}{}
	alone = func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return !one.company
	}
	return context.WithValue(ctx, one, true), alone, func() { e.leave(one) }
}

func (e *Entrances) leave(one *entrance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.inside, one)
}

// Creating tells that a key is about to be created, with the context that Create got. The backend calls it before it begins, and done
// when it is over.
func (e *Entrances) Creating(ctx context.Context, key string) (done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for one := range e.inside {
		if strings.HasPrefix(key, one.prefix) && ctx.Value(one) == nil {
			one.company = true
		}
	}
	if e.creating == nil {
		e.creating = map[*string]struct{}{}
	}
	e.creating[&key] = struct{}{}
	return func() { e.created(&key) }
}

func (e *Entrances) created(key *string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.creating, key)
}
