package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/storage"
)

// asGuarded returns the store if it is Guarded.
func (s *subject) asGuarded() (storage.Guarded, bool) {
	g, ok := s.Store.(storage.Guarded)
	if !ok {
		s.Logf("not Guarded")
	}
	return g, ok
}

func guardForbidsCreation(s *subject) {
	g, ok := s.asGuarded()
	if !ok {
		return
	}
	create := func(key, value, guard string) error { return g.CreateUnless(s.ctx, key, []byte(value), guard) }
	if err := create("d1/log/1", "one", "d1/trim/0"); err != nil {
		s.Errorf("CreateUnless without its guard = %v", err)
	}
	s.fails("CreateUnless of what is there", create("d1/log/1", "two", "d1/trim/0"), storage.ErrExists)
	s.holds("d1/log/1", "one")
	s.create("d1/trim/0", "")
	s.fails("CreateUnless of what is there, with its guard", create("d1/log/1", "two", "d1/trim/0"), storage.ErrGuarded)
	s.fails("CreateUnless with its guard", create("d1/log/2", "two", "d1/trim/0"), storage.ErrGuarded)
	s.lacks("d1/log/2")
	if err := create("d1/log/2", "two", "d1/trim/1"); err != nil {
		s.Errorf("CreateUnless with the guard of another = %v", err)
	}
	s.holds("d1/log/2", "two")
	s.fails("CreateUnless with a guard that is no key", create("d1/log/3", "", "D"), storage.ErrKey)
	s.fails("CreateUnless of what is no key", create("D", "", "d1/trim/1"), storage.ErrKey)
	s.fails("CreateUnless over the limit", create("d1/log/3", string(make([]byte, s.Limits().Value+1)), "d1/trim/1"), storage.ErrTooLarge)
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	s.fails("CreateUnless with an ended context", g.CreateUnless(ctx, "d1/log/4", nil, "d1/trim/1"), context.Canceled)
}

// guardIsLookedAtInOneStep races who creates a key against who creates its guard and then deletes the key: what was created must be
// gone.
func guardIsLookedAtInOneStep(s *subject) {
	g, ok := s.asGuarded()
	if !ok {
		return
	}
	for round := range 50 {
		key, guard := fmt.Sprintf("d1/log/%d", round), fmt.Sprintf("d1/trim/%d", round)
		together(3, func(i int) {
			if i == round%3 {
				s.create(guard, "")
				s.delete(key)
				return
			}
			if err := g.CreateUnless(s.ctx, key, []byte("x"), guard); err != nil && !errors.Is(err, storage.ErrGuarded) && !errors.Is(err, storage.ErrExists) {
				s.Errorf("CreateUnless(%s) = %v", key, err)
			}
		})
		s.lacks(key)
	}
}
