package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/datolite/datolite/storage"
)

// ErrInjected is what the errors wrap that a Faulty makes.
var ErrInjected = errors.New("injected fault")

// A Faulty is a Store some calls of which fail. A test raises N from 1 until its workload passes with Hits still 0: then it
// has met every call. Calls are counted in the order in which they begin. A Faulty is no Watcher, whatever it wraps.
type Faulty struct {
	store storage.Store

	mu     sync.Mutex
	faults []Fault
	seen   []int // per fault, how many calls it applied to
	hits   int
	all    map[string]int
	last   [2]storage.Item // the last values that went through, of two different keys, the newest first
}

// NewFaulty returns s with faults. Of several that meet one call the first counts.
func NewFaulty(s storage.Store, faults ...Fault) *Faulty {
	f := &Faulty{store: s, all: map[string]int{}}
	f.Set(faults...)
	return f
}

// Set replaces the faults, for calls that begin later; they count calls from here on. Without any the store is sound again. Calls
// and Hits go on counting.
func (f *Faulty) Set(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.seen = faults, make([]int, len(faults))
}

// Calls returns how many calls of op were made, failed ones included; of an empty op, how many in all.
func (f *Faulty) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all[op]
}

// Hits returns how many calls met a fault.
func (f *Faulty) Hits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits
}

// meet counts a call of op, and returns the fault that it meets, or nil.
func (f *Faulty) meet(op string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all[op]++
	f.all[""]++
	var met *Fault
	for i := range f.faults {
		if f.counts(i, op) && met == nil {
			met = &f.faults[i]
			f.hits++
		}
	}
	return met
}

// counts counts a call of op for fault i if it applies, and reports whether this call is one to fail.
func (f *Faulty) counts(i int, op string) bool {
	fault := f.faults[i]
	if fault.Op != "" && fault.Op != op || !fault.Mode.applies(op) {
		return false
	}
	f.seen[i]++
	return f.seen[i] == fault.N || fault.Forever && f.seen[i] > fault.N
}

// note remembers a value that goes through.
func (f *Faulty) note(key string, value []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last[0].Key != key {
		f.last[1] = f.last[0]
	}
	f.last[0] = storage.Item{Key: key, Value: append([]byte{}, value...)}
}

// other returns the last value that went through of another key.
func (f *Faulty) other(key string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	item := f.last[0]
	if item.Key == key {
		item = f.last[1]
	}
	return append([]byte{}, item.Value...)
}

// do makes the call of op unless the fault it meets prevents it, and returns what the caller is told.
func (f *Faulty) do(ctx context.Context, op, key string, fault *Fault, call func() error) error {
	if fault == nil || fault.Mode.spoils() || fault.Mode == Stall && waits(ctx, fault.For) {
		return call()
	}
	var told error
	switch fault.Mode {
	case Before:
		return &storage.Error{Op: op, Key: key, Err: ErrInjected}
	case NoSpace:
		return &storage.Error{Op: op, Key: key, Err: fmt.Errorf("%w: %w", ErrInjected, syscall.ENOSPC)}
	case After:
		_ = call()
		told = ErrInjected
	case Deadline:
		told = fmt.Errorf("%w: %w", ErrInjected, context.DeadlineExceeded)
	case TimeoutAfter:
		_ = call()
		told = ended(ctx)
	case Timeout, Stall:
		told = ended(ctx)
	}
	if op != "get" && op != "list" {
		told = fmt.Errorf("%w: %w", storage.ErrUnknown, told)
	}
	return &storage.Error{Op: op, Key: key, Err: told}
}

// waits waits, and reports false if ctx ends first.
func waits(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// ended waits until ctx ends, and returns why.
func ended(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("%w: %w", ErrInjected, ctx.Err())
}

// Get is the store's Get, or its fault.
func (f *Faulty) Get(ctx context.Context, key string) (value []byte, err error) {
	fault := f.meet("get")
	err = f.do(ctx, "get", key, fault, func() error {
		value, err = f.store.Get(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	f.note(key, value)
	return f.spoil(fault, key, value), nil
}

// spoil returns the value of key as a Get that met fault returns it. It is the Get's own copy.
func (f *Faulty) spoil(fault *Fault, key string, value []byte) []byte {
	switch {
	case fault == nil || len(value) == 0:
		return value
	case fault.Mode == Corrupt:
		value[len(value)/2] ^= 1 << (fault.N % 8)
	case fault.Mode == Swapped:
		value = f.other(key)
	case fault.Mode == Short:
		value = value[:len(value)/2]
	}
	return value
}

// Put is the store's Put, or its fault.
func (f *Faulty) Put(ctx context.Context, items ...storage.Item) error {
	for _, item := range items {
		f.note(item.Key, item.Value)
	}
	return f.do(ctx, "put", "", f.meet("put"), func() error { return f.store.Put(ctx, items...) })
}

// Create is the store's Create, or its fault.
func (f *Faulty) Create(ctx context.Context, key string, value []byte) error {
	f.note(key, value)
	return f.do(ctx, "create", key, f.meet("create"), func() error { return f.store.Create(ctx, key, value) })
}

// List is the store's List, or its fault.
func (f *Faulty) List(ctx context.Context, prefix, after string, limit int) (keys []string, err error) {
	err = f.do(ctx, "list", prefix, f.meet("list"), func() error {
		keys, err = f.store.List(ctx, prefix, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// Delete is the store's Delete, or its fault.
func (f *Faulty) Delete(ctx context.Context, keys ...string) error {
	return f.do(ctx, "delete", "", f.meet("delete"), func() error { return f.store.Delete(ctx, keys...) })
}

// Limits returns the store's limits.
func (f *Faulty) Limits() storage.Limits { return f.store.Limits() }

// Close closes the store. It is not counted and never fails for a fault.
func (f *Faulty) Close() error { return f.store.Close() }
