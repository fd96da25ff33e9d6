package storage

import (
	"context"
	"errors"
	"fmt"
)

// A Guarded is a Store that can make a Create depend on another key, in one step.
type Guarded interface {
	Store
	// CreateUnless is Create, but is ErrGuarded, and creates nothing, if guard is there at the moment of creation, whether key is there
	// or not. Both keys are of one database, and neither is a segment or a body (package bolt keeps those in another file).
	CreateUnless(ctx context.Context, key string, value []byte, guard string) error
}

// CreateUnless creates key unless guard is there, and is ErrGuarded if it is. A store that is Guarded does so in one step, and then
// ErrGuarded says that nothing was created. On any other store it creates the key, and then looks whether guard is there: then
// ErrGuarded says only that guard was there afterwards, and the key may be there or not; nil, on both, that guard was not there
// when the key was created.
func CreateUnless(ctx context.Context, store Store, key string, value []byte, guard string) error {
	if g, ok := store.(Guarded); ok {
		return g.CreateUnless(ctx, key, value, guard)
	}
	if err := store.Create(ctx, key, value); err != nil {
		return err
	}
	switch _, err := store.Get(ctx, guard); {
	case errors.Is(err, ErrNotFound):
		return nil
	case err == nil:
		return &Error{Op: "create", Key: key, Err: ErrGuarded}
	default:
		return &Error{Op: "create", Key: key, Err: fmt.Errorf("%w: %w", ErrUnknown, err)}
	}
}
