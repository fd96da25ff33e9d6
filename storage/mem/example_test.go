package mem_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

func Example() {
	ctx := context.Background()
	store := mem.New()
	fmt.Println(store.Put(ctx, storage.Item{Key: "d1/seg/j/1", Value: []byte("a leaf")}, storage.Item{Key: "d1/seg/j/2", Value: []byte("a directory")}))
	fmt.Println(store.List(ctx, "d1/seg/", "", 10))
	fmt.Println(store.Delete(ctx, "d1/seg/j/1"))
	_, err := store.Get(ctx, "d1/seg/j/1")
	fmt.Println(err)
	fmt.Println(store.Close())
	_, err = store.Get(ctx, "d1/seg/j/2")
	fmt.Println(err)
	// Output:
	// <nil>
	// [d1/seg/j/1 d1/seg/j/2] <nil>
	// <nil>
	// get d1/seg/j/1: no such key
	// <nil>
	// get d1/seg/j/2: store is closed
}

func ExampleNew() {
	store := mem.New()
	defer store.Close()
	fmt.Println(store.List(context.Background(), "d1/log/", "", 10))
	// Output: [] <nil>
}

func ExampleStore_Get() {
	ctx, store := context.Background(), mem.New()
	_ = store.Create(ctx, "d1/meta", []byte("mine"))
	value, err := store.Get(ctx, "d1/meta")
	fmt.Printf("%s %v\n", value, err)
	// Output: mine <nil>
}

func ExampleStore_Put() {
	ctx, store := context.Background(), mem.New()
	leaf := storage.Item{Key: "d1/seg/j/1", Value: []byte("a leaf")}
	fmt.Println(store.Put(ctx, leaf))
	fmt.Println(store.Put(ctx, leaf)) // harmless
	// Output:
	// <nil>
	// <nil>
}

func ExampleStore_Create() {
	ctx, store := context.Background(), mem.New()
	fmt.Println(store.Create(ctx, "d1/log/1", []byte("mine")))
	err := store.Create(ctx, "d1/log/1", []byte("yours"))
	fmt.Println(err, errors.Is(err, storage.ErrExists))
	// Output:
	// <nil>
	// create d1/log/1: key exists true
}

func ExampleStore_List() {
	ctx, store := context.Background(), mem.New()
	for _, key := range []string{"d1/log/3", "d1/log/1", "d1/log/2", "d1/meta"} {
		_ = store.Create(ctx, key, nil)
	}
	fmt.Println(store.List(ctx, "d1/log/", "", 2))
	fmt.Println(store.List(ctx, "d1/log/", "d1/log/2", 2))
	// Output:
	// [d1/log/1 d1/log/2] <nil>
	// [d1/log/3] <nil>
}

func ExampleStore_Delete() {
	ctx, store := context.Background(), mem.New()
	_ = store.Create(ctx, "d1/log/1", nil)
	fmt.Println(store.Delete(ctx, "d1/log/1", "d1/log/2"))
	fmt.Println(store.List(ctx, "d1/log/", "", 10))
	// Output:
	// <nil>
	// [] <nil>
}

func ExampleStore_Limits() {
	limits := mem.New().Limits()
	fmt.Println(limits.Value>>20, "MB,", limits.Batch, "items")
	// Output: 16 MB, 10000 items
}

func ExampleStore_Watch() {
	ctx, store := context.Background(), mem.New()
	told, err := store.Watch(ctx, "d1/log/")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() { _ = store.Create(ctx, "d1/log/1", nil) }()
	<-told
	fmt.Println(store.List(ctx, "d1/log/", "", 10))
	// Output: [d1/log/1] <nil>
}

func ExampleStore_Close() {
	store := mem.New()
	fmt.Println(store.Close())
	fmt.Println(store.Close())
	// Output:
	// <nil>
	// close: store is closed
}
