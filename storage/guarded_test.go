package storage_test

import (
	"context"
	"errors"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// onCreate is a store that is not Guarded, with something that happens right after a Create.
type onCreate struct {
	storage.Store
	then func()
}

func (o onCreate) Create(ctx context.Context, key string, value []byte) error {
	err := o.Store.Create(ctx, key, value)
	o.then()
	return err
}

// TestAStoreThatIsNotGuardedIsLookedAtAfterwards has the guard appear at the last moment.
func TestAStoreThatIsNotGuardedIsLookedAtAfterwards(t *testing.T) {
	inner := mem.New()
	store := onCreate{inner, func() { _ = inner.Create(t.Context(), "d1/trim/0", nil) }}
	if err := storage.CreateUnless(t.Context(), store, "d1/log/1", nil, "d1/trim/0"); !errors.Is(err, storage.ErrGuarded) {
		t.Errorf("CreateUnless = %v", err)
	}
	if err := storage.CreateUnless(t.Context(), store, "d1/log/1", nil, "d1/trim/1"); !errors.Is(err, storage.ErrExists) {
		t.Errorf("CreateUnless of what is there = %v", err)
	}
	faulty := storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: storagetest.Before, Op: "get", N: 1})
	if err := storage.CreateUnless(t.Context(), faulty, "d1/log/1", nil, "d1/trim/0"); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("CreateUnless without a look = %v", err)
	}
}
