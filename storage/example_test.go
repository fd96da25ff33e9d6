package storage_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

func ExampleCheckKey() {
	fmt.Println(storage.CheckKey("d1/log/0000000000000001"))
	fmt.Println(storage.CheckKey("d1/Log"))
	// Output:
	// <nil>
	// not a key: byte 3 is "L", and a key is made of a-z 0-9 / _ . -
}

func ExampleError() {
	err := error(&storage.Error{Op: "get", Key: "d1/meta", Err: storage.ErrNotFound})
	fmt.Println(err)
	fmt.Println(errors.Is(err, storage.ErrNotFound))
	var place *storage.Error
	if errors.As(err, &place) {
		fmt.Println(place.Op, place.Key)
	}
	// Output:
	// get d1/meta: no such key
	// true
	// get d1/meta
}

func ExampleLimits_CheckItems() {
	limits := storage.Limits{Value: 8, Batch: 2}
	fmt.Println(limits.CheckItems("put", storage.Item{Key: "d1/seg/1", Value: []byte("too large")}))
	// Output: put d1/seg/1: over the store's limit: 9 bytes of at most 8
}

func ExampleLimits_CheckKeys() {
	limits := storage.Limits{Value: 8, Batch: 2}
	fmt.Println(limits.CheckKeys("delete", "d1/seg/1", "d1/seg/2", "d1/seg/3"))
	// Output: delete: over the store's limit: 3 items of at most 2 in one call
}

func ExampleWatches() {
	var watches storage.Watches
	log := watches.Watch(context.Background(), "d1/log/")
	watches.Tell("d1/seg/1")
	watches.Tell("d1/log/1")
	<-log
	fmt.Println("told")
	// Output: told
}

func ExampleCreateUnless() {
	ctx, store := context.Background(), mem.New()
	fmt.Println(storage.CreateUnless(ctx, store, "d1/log/1", []byte("a record"), "d1/trim/0"))
	_ = store.Create(ctx, "d1/trim/0", nil)
	fmt.Println(storage.CreateUnless(ctx, store, "d1/log/2", []byte("a record"), "d1/trim/0"))
	// Output:
	// <nil>
	// create d1/log/2: another key forbids it
}

func ExampleEntrances() {
	ctx := context.Background()
	var entrances storage.Entrances
	inside, alone, leave := entrances.Enter(ctx, "d1/log/")
	defer leave()
	entrances.Creating(inside, "d1/log/1")()
	entrances.Creating(ctx, "d2/log/1")()
	fmt.Println(alone())
	entrances.Creating(ctx, "d1/log/2")()
	fmt.Println(alone())
	// Output:
	// true
	// false
}
