package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/storage"
)

// probe refuses a store that does not do what a log rests on: of two who create a key one wins and the other is told, and both
// then read what the winner wrote. (Some servers of object storage ignore the condition of a conditional write.) It leaves
// nothing behind.
func probe(ctx context.Context, store storage.Store, dbid string) error {
	key := dbid + "/probe/1"
	if _, err := store.Get(ctx, key); !errors.Is(err, storage.ErrNotFound) {
		return broken(key, err, "it holds a key that nobody made")
	}
	errs := race(ctx, store, key)
	winner := 0
	if errors.Is(errs[0], storage.ErrExists) {
		winner = 1
	}
	switch {
	case errs[winner] != nil:
		return errs[winner]
	case errs[1-winner] == nil:
		return broken(key, nil, "it let two create one key")
	case !errors.Is(errs[1-winner], storage.ErrExists):
		return errs[1-winner]
	}
	b, err := store.Get(ctx, key)
	if err != nil || string(b) != racers[winner] {
		return broken(key, err, "it does not show what was created")
	}
	return store.Delete(ctx, key)
}

// racers are the values of two who create one key.
var racers = [2]string{"one", "two"}

// race lets two create a key at the same time, and returns what each is told.
func race(ctx context.Context, store storage.Store, key string) [2]error {
	second := make(chan error, 1)
	go func() { second <- store.Create(ctx, key, []byte(racers[1])) }()
	first := store.Create(ctx, key, []byte(racers[0]))
	return [2]error{first, <-second}
}

// broken returns the error of a store: its own, unless it has none or only denies what should be there.
func broken(key string, err error, why string) error {
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return &StoreError{key, fmt.Errorf("%w: %s", ErrStore, why)}
}
