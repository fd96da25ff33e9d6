package storage

import "sync"

// An Exclusive is a Store that no other process can write to while this one has it open. So who writes to it can know of all
// others who do, and where there are none need not look for what they wrote.
type Exclusive interface {
	Store
	// Enter tells that the caller is going to create keys that begin with prefix, until it calls leave. From then on alone
	// reports whether nobody else has been in with that prefix since Enter was called, the time before the call to alone included.
	Enter(prefix string) (alone func() bool, leave func())
}

// Entrances is what a backend embeds to be Exclusive: it counts who is in. The zero Entrances is ready for use.
type Entrances struct {
	mu    sync.Mutex
	rooms map[string]*room
}

// A room is for those who entered with one prefix. It is there while somebody is in.
type room struct{ inside, entered int }

// Enter is the method of Exclusive.
func (e *Entrances) Enter(prefix string) (alone func() bool, leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.rooms[prefix]
	if r == nil {
		r = &room{}
		if e.rooms == nil {
			e.rooms = map[string]*room{}
		}
		e.rooms[prefix] = r
	}
	r.inside++
	r.entered++
	first := r.entered == 1
	alone = func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return first && r.entered == 1
	}
	return alone, sync.OnceFunc(func() { e.leave(prefix, r) })
}

func (e *Entrances) leave(prefix string, r *room) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.inside--; r.inside == 0 {
		delete(e.rooms, prefix)
	}
}
