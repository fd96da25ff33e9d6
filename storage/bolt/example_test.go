package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
)

// folder returns where an example may keep a store, and a function that removes it.
func folder() (path string, remove func()) {
	above, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	return filepath.Join(above, "people"), func() { _ = os.RemoveAll(above) }
}

func Example() {
	ctx := context.Background()
	path, remove := folder()
	defer remove()

	store, err := bolt.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Create(ctx, "d1/log/1", []byte("a record")))
	fmt.Println(store.Put(ctx, storage.Item{Key: "d1/seg/j/1", Value: []byte("a leaf")}))
	fmt.Println(store.Close())

	store, err = bolt.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	value, err := store.Get(ctx, "d1/log/1")
	fmt.Printf("%s %v\n", value, err)
	fmt.Println(store.List(ctx, "d1/seg/", "", 10))
	fmt.Println(store.Delete(ctx, "d1/seg/j/1"))
	fmt.Println(store.Create(ctx, "d1/log/1", []byte("another")))
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// a record <nil>
	// [d1/seg/j/1] <nil>
	// <nil>
	// create d1/log/1: key exists
}

// A folder that is held already is given up after two seconds, or when the context ends.
func ExampleOpen() {
	path, remove := folder()
	defer remove()
	store, err := bolt.Open(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = bolt.Open(ctx, path)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

func ExampleOpenError() {
	path, remove := folder()
	defer remove()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		fmt.Println(err)
		return
	}
	_, err := bolt.Open(context.Background(), path)
	var place *bolt.OpenError
	if errors.As(err, &place) {
		fmt.Println(filepath.Base(place.Path)+":", place.Err)
	}
	// Output: people: a store is a folder, and this is a file: not a directory
}

// What was deleted leaves room in the files, which Compact gives back to the disk.
func ExampleCompact() {
	ctx := context.Background()
	path, remove := folder()
	defer remove()
	store, err := bolt.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Put(ctx, storage.Item{Key: "d1/seg/j/1", Value: make([]byte, 4<<20)}, storage.Item{Key: "d1/seg/j/2", Value: []byte("a leaf")}))
	fmt.Println(store.Delete(ctx, "d1/seg/j/1"))
	fmt.Println(store.Close())

	c, err := bolt.Compact(ctx, path, nil)
	fmt.Println(c.Before > 4<<20, c.After < 1<<20, c.Copied, err)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// true true 16 <nil>
}
