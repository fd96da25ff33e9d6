package storagetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

var bg = context.Background()

func TestFaultyWithoutFaultsKeepsEveryPromise(t *testing.T) {
	storagetest.Run(t, func(storagetest.T) storage.Store { return storagetest.NewFaulty(mem.New()) }, nil)
}

// call makes the call of op, on key where it takes one.
func call(ctx context.Context, s storage.Store, op, key string) (err error) {
	switch op {
	case "get":
		_, err = s.Get(ctx, key)
	case "put":
		err = s.Put(ctx, storage.Item{Key: key, Value: []byte("new")})
	case "create":
		err = s.Create(ctx, key, []byte("new"))
	case "list":
		_, err = s.List(ctx, "d1/log/", "", 10)
	case "delete":
		err = s.Delete(ctx, key)
	}
	return err
}

// calls are the cases of TestFaultyCalls: what is told of a call whose context ends a second later, when, and whether it happened.
var calls = []struct {
	fault    storagetest.Fault
	happened bool
	unknown  bool // what is told of a change
	is       error
	after    time.Duration
}{
	{storagetest.Fault{Mode: storagetest.Before}, false, false, storagetest.ErrInjected, 0},
	{storagetest.Fault{Mode: storagetest.After}, true, true, storagetest.ErrInjected, 0},
	{storagetest.Fault{Mode: storagetest.Deadline}, false, true, context.DeadlineExceeded, 0},
	{storagetest.Fault{Mode: storagetest.Timeout}, false, true, context.DeadlineExceeded, time.Second},
	{storagetest.Fault{Mode: storagetest.TimeoutAfter}, true, true, context.DeadlineExceeded, time.Second},
	{storagetest.Fault{Mode: storagetest.Stall, For: time.Millisecond}, true, false, nil, time.Millisecond},
	{storagetest.Fault{Mode: storagetest.Stall, For: time.Minute}, false, true, context.DeadlineExceeded, time.Second},
	{storagetest.Fault{Mode: storagetest.NoSpace}, false, false, syscall.ENOSPC, 0},
}

func TestFaultyCalls(t *testing.T) {
	for _, op := range []string{"get", "put", "create", "list", "delete"} {
		for _, c := range calls {
			if c.fault.Mode == storagetest.NoSpace && op != "put" && op != "create" {
				continue
			}
			c.fault.Op, c.fault.N = op, 1
			inner := mem.New()
			if op == "get" || op == "delete" {
				_ = inner.Create(bg, "d1/log/1", nil)
			}
			s := storagetest.NewFaulty(inner, c.fault)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(bg, time.Second)
				defer cancel()
				began := time.Now()
				err := call(ctx, s, op, "d1/log/1")
				changes := op != "get" && op != "list"
				if !errors.Is(err, c.is) || (err != nil) != errors.Is(err, storagetest.ErrInjected) || errors.Is(err, storage.ErrUnknown) != (c.unknown && changes) {
					t.Errorf("%v: %v", c.fault, err)
				}
				if took := time.Since(began); took != c.after {
					t.Errorf("%v: told after %v", c.fault, took)
				}
				_, got := inner.Get(bg, "d1/log/1")
				if there := got == nil; changes && there != (c.happened == (op != "delete")) {
					t.Errorf("%v: the key is there: %v", c.fault, there)
				}
			})
			if err := call(bg, s, op, "d1/log/2"); err != nil && op != "get" {
				t.Errorf("the call after %v: %v", c.fault, err)
			}
		}
	}
}

func TestFaultyValues(t *testing.T) {
	inner := mem.New()
	_ = inner.Create(bg, "d1/log/1", []byte("12345678"))
	_ = inner.Create(bg, "d1/log/2", []byte("other"))
	for mode, want := range map[storagetest.Mode]string{storagetest.Corrupt: "1234%678", storagetest.Swapped: "other", storagetest.Short: "1234"} {
		s := storagetest.NewFaulty(inner, storagetest.Fault{Mode: mode, N: 4})
		if _, err := s.List(bg, "d1/log/", "", 10); err != nil {
			t.Errorf("List, %v: %v", mode, err)
		}
		for n, want := range []string{"12345678", "other", "12345678", want, "12345678"} {
			key := "d1/log/1"
			if n == 1 {
				key = "d1/log/2"
			}
			if got, err := s.Get(bg, key); string(got) != want || err != nil {
				t.Errorf("Get %d, %v: %q, %v; want %q", n+1, mode, got, err, want)
			}
		}
	}
	s := storagetest.NewFaulty(inner, storagetest.Fault{Mode: storagetest.Swapped, N: 1})
	if got, err := s.Get(bg, "d1/log/1"); len(got) != 0 || err != nil {
		t.Errorf("the first value is swapped with %q, %v", got, err)
	}
}

// TestFaultySwapsWithWhatWasWritten reads one of two keys that went through in another way.
func TestFaultySwapsWithWhatWasWritten(t *testing.T) {
	s := storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: storagetest.Swapped, N: 1, Forever: true})
	_ = s.Put(bg, storage.Item{Key: "d1/seg/1", Value: []byte("put")})
	_ = s.Create(bg, "d1/log/1", []byte("created"))
	for key, want := range map[string]string{"d1/seg/1": "created", "d1/log/1": "put"} {
		if got, err := s.Get(bg, key); string(got) != want || err != nil {
			t.Errorf("%s is swapped with %q, %v", key, got, err)
		}
	}
}

func TestFaultyForEverAndHealed(t *testing.T) {
	inner := mem.New()
	_ = inner.Create(bg, "d1/log/1", nil)
	s := storagetest.NewFaulty(inner, storagetest.Fault{Mode: storagetest.After, N: 2, Forever: true})
	for i := range 4 {
		_, err := s.Get(bg, "d1/log/1")
		if errors.Is(err, storagetest.ErrInjected) != (i > 0) || errors.Is(err, storage.ErrUnknown) {
			t.Errorf("Get %d: %v", i+1, err)
		}
	}
	s.Set()
	if _, err := s.Get(bg, "d1/log/1"); err != nil {
		t.Errorf("a store that is sound again: %v", err)
	}
	s.Set(storagetest.Fault{Op: "get", N: 1})
	if _, err := s.Get(bg, "d1/log/1"); !errors.Is(err, storagetest.ErrInjected) {
		t.Errorf("a store with a new fault: %v", err)
	}
	if s.Hits() != 4 || s.Calls("get") != 6 {
		t.Errorf("%d hits of %d calls", s.Hits(), s.Calls("get"))
	}
}

// TestRandomFaults asks for so many that each mode is among them, for each operation it applies to.
func TestRandomFaults(t *testing.T) {
	met, forever := map[string]int{}, 0
	for _, f := range storagetest.RandomFaults(1, 4000, 7, time.Second) {
		met[f.Mode.String()+" "+f.Op]++
		if f.N < 1 || f.N > 7 || f.For > time.Second || (f.For != 0) != (f.Mode == storagetest.Stall) {
			t.Errorf("%v", f)
		}
		if f.Forever {
			forever++
		}
	}
	if len(met) != 6*6+1*3+3*2 || forever < 400 || forever > 600 {
		t.Errorf("%d kinds, %d of 4000 for ever", len(met), forever)
	}
	if a, b := storagetest.RandomFaults(2, 9, 9, 1), storagetest.RandomFaults(2, 9, 9, 1); !slices.Equal(a, b) {
		t.Errorf("one seed is %v and %v", a, b)
	}
}

// TestFaultyMeetsEveryCall raises N until a workload of known length passes.
func TestFaultyMeetsEveryCall(t *testing.T) {
	const calls = 7
	for _, mode := range []storagetest.Mode{storagetest.Before, storagetest.After} {
		for n := 1; ; n++ {
			s := storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: mode, N: n})
			var all sync.WaitGroup
			for i := range calls {
				all.Go(func() { _ = s.Create(bg, fmt.Sprint("d1/log/", i), nil) })
			}
			all.Wait()
			if s.Calls("create") != calls || s.Calls("") != calls || s.Calls("get") != 0 {
				t.Errorf("calls are not counted: %d", s.Calls("create"))
			}
			if s.Hits() == 0 {
				if n != calls+1 {
					t.Errorf("%v: met %d calls of %d", mode, n-1, calls)
				}
				break
			}
		}
	}
}

func TestFaultText(t *testing.T) {
	f := storagetest.Fault{Mode: storagetest.After, Op: "create", N: 3, Forever: true}
	if got, want := f.String(), "error after, create 3 and later"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s := storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: storagetest.NoSpace, N: 1})
	err := s.Create(bg, "d1/log/1", nil)
	if want := "create d1/log/1: injected fault: no space left on device"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, want := (storagetest.Fault{Mode: storagetest.Stall, N: 1, For: time.Second}).String(), "stall for 1s, call 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(storagetest.Modes()) != 10 {
		t.Errorf("Modes() = %v", storagetest.Modes())
	}
}
