package storagetest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

var bg = context.Background()

func TestFaultyWithoutFaultsKeepsEveryPromise(t *testing.T) {
	storagetest.Run(t, func(storagetest.T) storage.Store { return storagetest.NewFaulty(mem.New()) }, nil)
}

// change calls op of s, which is not a reading one, on key.
func change(ctx context.Context, s storage.Store, op, key string) error {
	switch op {
	case "put":
		return s.Put(ctx, storage.Item{Key: key, Value: []byte("new")})
	case "create":
		return s.Create(ctx, key, []byte("new"))
	}
	return s.Delete(ctx, key)
}

func TestFaultyChanges(t *testing.T) {
	soon, cancel := context.WithCancel(bg)
	cancel()
	for _, op := range []string{"put", "create", "delete"} {
		for _, c := range []struct {
			mode     storagetest.Mode
			ctx      context.Context
			happened bool
			unknown  bool
			is       error
		}{
			{storagetest.Before, bg, false, false, nil},
			{storagetest.After, bg, true, true, nil},
			{storagetest.Deadline, bg, false, true, context.DeadlineExceeded},
			{storagetest.Stall, soon, false, true, context.Canceled},
			{storagetest.NoSpace, bg, false, false, syscall.ENOSPC},
		} {
			if op == "delete" && c.mode == storagetest.NoSpace {
				continue
			}
			inner := mem.New()
			if op == "delete" {
				_ = inner.Create(bg, "d1/log/1", nil)
			}
			s := storagetest.NewFaulty(inner, storagetest.Fault{Mode: c.mode, Op: op, N: 1})
			err := change(c.ctx, s, op, "d1/log/1")
			if !errors.Is(err, storagetest.ErrInjected) || errors.Is(err, storage.ErrUnknown) != c.unknown || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s, %v: %v", op, c.mode, err)
			}
			_, got := inner.Get(bg, "d1/log/1")
			if there := got == nil; there != (c.happened == (op != "delete")) {
				t.Errorf("%s, %v: the key is there: %v", op, c.mode, there)
			}
			if err := change(bg, s, op, "d1/log/2"); err != nil {
				t.Errorf("%s after %v: %v", op, c.mode, err)
			}
		}
	}
}

func TestFaultyGets(t *testing.T) {
	inner := mem.New()
	_ = inner.Create(bg, "d1/log/1", []byte("12345678"))
	for mode, want := range map[storagetest.Mode]string{storagetest.Corrupt: "12347678", storagetest.Short: "1234"} {
		s := storagetest.NewFaulty(inner, storagetest.Fault{Mode: mode, N: 1})
		if _, err := s.List(bg, "d1/log/", "", 10); err != nil {
			t.Errorf("List, %v: %v", mode, err)
		}
		if got, err := s.Get(bg, "d1/log/1"); string(got) != want || err != nil {
			t.Errorf("Get, %v: %q, %v; want %q", mode, got, err, want)
		}
		if got, err := s.Get(bg, "d1/log/1"); string(got) != "12345678" || err != nil {
			t.Errorf("Get after %v: %q, %v", mode, got, err)
		}
	}
	s := storagetest.NewFaulty(inner, storagetest.Fault{Mode: storagetest.After, N: 2, Forever: true})
	for i := range 4 {
		_, err := s.Get(bg, "d1/log/1")
		if errors.Is(err, storagetest.ErrInjected) != (i > 0) || errors.Is(err, storage.ErrUnknown) {
			t.Errorf("Get %d: %v", i+1, err)
		}
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
	if len(storagetest.Modes()) != 7 {
		t.Errorf("Modes() = %v", storagetest.Modes())
	}
}
