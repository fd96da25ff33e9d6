package db

import (
	"context"
	"sync"

	"github.com/datolite/datolite/index"
)

// Values returns what is known of the values of an attribute without reading them all: how many facts hold, how many values there are
// among them (counted if they are few, else estimated), the first one and the last one. What was found out is kept until the
// number of facts is another by an eighth, for all snapshots of a Conn; so Distinct and the values may be a little old. The error is
// ErrUnknownAttribute, ErrNotIndexed, or that of ctx or of the store.
func (s *Snapshot) Values(ctx context.Context, attr any) (Values, error) {
	a, err := s.Schema().attribute(attr)
	if err != nil {
		return Values{}, err
	}
	if !a.Indexed {
		return Values{}, &AttributeError{Attr: a.Ident.String(), Err: ErrNotIndexed}
	}
	w, err := s.window(ctx)
	if err != nil {
		return Values{}, err
	}
	facts, err := s.levels.Count(ctx, AVET, index.Prefix(1, index.Fact{A: a.ID}), w)
	if err != nil {
		return Values{}, err
	}
	if v, ok := s.env.values.get(a.ID, facts); ok {
		return v, nil
	}
	v, err := s.levels.Values(ctx, a.ID, w)
	if err == nil {
		s.env.values.put(a.ID, v)
	}
	return v, err
}

// knownValues is what was found out about attributes.
type knownValues struct {
	mu sync.Mutex
	of map[ID]Values
}

// get returns what is known of an attribute that has so many facts.
func (k *knownValues) get(a ID, facts int) (Values, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.of[a]
	if !ok || 8*max(facts-v.Facts, v.Facts-facts) > v.Facts {
		return Values{}, false
	}
	v.Exact = v.Exact && v.Facts == facts
	v.Facts = facts
	return v, true
}

func (k *knownValues) put(a ID, v Values) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[ID]Values{}
	}
	k.of[a] = v
}
