package storagetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/datolite/datolite/storage"
)

func whatIsNoKeyIsErrKey(s *subject) {
	for _, key := range []string{"", "A", "d1/Log/1", "d1/log/ 1", "d1/log/é", "d1/log/1\x00", "d1/log/1\n", `d1\log`, "d1/log/%41", strings.Repeat("k", 513)} {
		_, err := s.Get(s.ctx, key)
		s.fails(fmt.Sprintf("Get(%.20q)", key), err, storage.ErrKey)
		s.fails(fmt.Sprintf("Create(%.20q)", key), s.Create(s.ctx, key, nil), storage.ErrKey)
		s.fails(fmt.Sprintf("Put(%.20q)", key), s.Put(s.ctx, item("d1/seg/1", "x"), item(key, "x")), storage.ErrKey)
		s.fails(fmt.Sprintf("Delete(%.20q)", key), s.Delete(s.ctx, "d1/seg/1", key), storage.ErrKey)
	}
}

func longestKeyIsAKey(s *subject) {
	long := "d1/log/" + strings.Repeat("k", 505)
	one, two := long[:511], long
	s.create(one, "one")
	s.create(two, "two")
	s.holds(one, "one")
	s.holds(two, "two")
	s.lists("d1/log/", "", 10, one, two)
	s.lists("d1/log/", one, 10, two)
	s.delete(one)
	s.lacks(one)
	s.holds(two, "two")
}

func limitsAreKept(s *subject) {
	limits := s.Limits()
	if limits.Value < 1<<10 || limits.Batch < 1 || limits.Poll < 0 {
		s.Fatalf("Limits() = %+v; no database can live with that", limits)
	}
	over := make([]byte, limits.Value+1)
	s.fails("Create over the limit", s.Create(s.ctx, "d1/log/1", over), storage.ErrTooLarge)
	s.fails("Put over the limit", s.Put(s.ctx, storage.Item{Key: "d1/seg/1", Value: over}), storage.ErrTooLarge)
	s.lacks("d1/log/1")
	s.lacks("d1/seg/1")
	items, keys := make([]storage.Item, limits.Batch+1), make([]string, limits.Batch+1)
	for i := range items {
		keys[i] = fmt.Sprintf("d1/seg/%09d", i)
		items[i].Key = keys[i]
	}
	s.fails("Put of more than a batch", s.Put(s.ctx, items...), storage.ErrTooLarge)
	s.fails("Delete of more than a batch", s.Delete(s.ctx, keys...), storage.ErrTooLarge)
	s.put(items[1:]...)
	s.holds(keys[limits.Batch], "")
	s.delete(keys[1:]...)
	s.lists("d1/seg/", "", 1)
}

func endedContextEndsCalls(s *subject) {
	s.create("d1/log/1", "x")
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for name, err := range everyCall(ctx, s.Store) {
		s.fails(name+" with an ended context", err, context.Canceled)
		if name == "Create" && !errors.Is(err, storage.ErrUnknown) {
			s.lacks("d1/log/2")
		}
	}
	s.holds("d1/log/1", "x")
}

func closedStoreIsErrClosed(s *subject) {
	s.create("d1/log/1", "x")
	if err := s.Close(); err != nil {
		s.Errorf("Close = %v", err)
	}
	for name, err := range everyCall(s.ctx, s.Store) {
		s.fails(name+" of a closed store", err, storage.ErrClosed)
	}
	s.fails("Close of a closed store", s.Close(), storage.ErrClosed)
}

// everyCall calls each operation once, and returns their errors.
func everyCall(ctx context.Context, s storage.Store) map[string]error {
	errs := map[string]error{
		"Create": s.Create(ctx, "d1/log/2", []byte("y")),
		"Put":    s.Put(ctx, item("d1/seg/1", "y")),
		"Delete": s.Delete(ctx, "d1/log/9"),
	}
	_, errs["Get"] = s.Get(ctx, "d1/log/1")
	_, errs["List"] = s.List(ctx, "d1/log/", "", 10)
	return errs
}
