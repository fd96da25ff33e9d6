package remote

import (
	"strings"
	"sync"

	"github.com/datolite/datolite/storage"
)

// rooms are the prefixes of an Exclusive store under which the clients of a Handler create keys. They are entered for good: a client
// may come back at any time, so whoever in this process writes under the same prefix is no longer alone.
type rooms struct {
	store   storage.Exclusive // nil if the store is none
	mu      sync.Mutex
	entered map[string]bool
}

// enter tells the store that a client is about to create a key.
func (r *rooms) enter(key string) {
	if r.store == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	prefix := key[:strings.LastIndexByte(key, '/')+1]
	if r.entered[prefix] {
		return
	}
	if r.entered == nil {
		r.entered = map[string]bool{}
	}
	r.entered[prefix] = true
	r.store.Enter(prefix)
}
