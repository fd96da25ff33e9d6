package storagetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// A Create whose answer is lost has happened, and nobody knows.
func ExampleNewFaulty() {
	ctx := context.Background()
	store := storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: storagetest.After, Op: "create", N: 2})
	fmt.Println(store.Create(ctx, "d1/log/1", nil))
	err := store.Create(ctx, "d1/log/2", nil)
	fmt.Println(err, errors.Is(err, storage.ErrUnknown))
	fmt.Println(store.Create(ctx, "d1/log/2", nil))
	fmt.Println(store.Calls("create"), store.Hits())
	// Output:
	// <nil>
	// create d1/log/2: outcome unknown: injected fault true
	// create d1/log/2: key exists
	// 3 1
}

// A workload is tried with a fault at its first call, at its second, and so on until it has passed without one.
func ExampleFaulty_Hits() {
	ctx := context.Background()
	workload := func(s storage.Store) error {
		for i := range 3 {
			if err := s.Create(ctx, fmt.Sprint("d1/log/", i), nil); err != nil {
				return err
			}
		}
		return s.Delete(ctx, "d1/log/0")
	}
	for n := 1; ; n++ {
		store := storagetest.NewFaulty(mem.New(), storagetest.Fault{N: n})
		fmt.Println(workload(store))
		if store.Hits() == 0 {
			break
		}
	}
	// Output:
	// create d1/log/0: injected fault
	// create d1/log/1: injected fault
	// create d1/log/2: injected fault
	// delete: injected fault
	// <nil>
}

func ExampleFault_String() {
	fmt.Println(storagetest.Fault{Mode: storagetest.Short, N: 1})
	fmt.Println(storagetest.Fault{Mode: storagetest.Before, Op: "put", N: 3, Forever: true})
	// Output:
	// short value, call 1
	// error before, put 3 and later
}

func ExampleModes() {
	fmt.Println(storagetest.Modes())
	// Output: [error before error after deadline time-out time-out after stall no space corrupt value swapped value short value]
}

// A store that is down for a while is one in which every call fails, and then none.
func ExampleFaulty_Set() {
	ctx := context.Background()
	store := storagetest.NewFaulty(mem.New(), storagetest.Fault{N: 1, Forever: true})
	fmt.Println(store.Create(ctx, "d1/log/1", nil))
	store.Set()
	fmt.Println(store.Create(ctx, "d1/log/1", nil))
	// Output:
	// create d1/log/1: injected fault
	// <nil>
}

// A seed decides which calls fail, and how, so that a failure can be repeated.
func ExampleRandomFaults() {
	for _, f := range storagetest.RandomFaults(7, 3, 10, time.Second) {
		fmt.Println(f)
	}
	// Output:
	// deadline, put 3
	// corrupt value, call 10
	// short value, call 3
}
