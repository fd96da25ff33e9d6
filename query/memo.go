package query

import "sync"

// kept is how many texts a memo keeps at least.
const kept = 512

// A memo keeps what was made of texts that were used lately: the young ones, and those that were young before. It may be used by
// many goroutines.
type memo[T any] struct {
	mu         sync.Mutex
	young, old map[string]T
}

// get returns what was made of a text.
func (m *memo[T]) get(text string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if x, ok := m.young[text]; ok {
		return x, true
	}
	x, ok := m.old[text]
	if ok {
		m.keep(text, x)
	}
	return x, ok
}

// put keeps what was made of a text.
func (m *memo[T]) put(text string, x T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(text, x)
}

func (m *memo[T]) keep(text string, x T) {
	if m.young == nil || len(m.young) >= kept {
		m.young, m.old = map[string]T{}, m.young
	}
	m.young[text] = x
}
