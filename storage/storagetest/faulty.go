package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/datolite/datolite/storage"
)

// ErrInjected is what the errors wrap that a Faulty makes.
var ErrInjected = errors.New("injected fault")

// A Mode is what happens to a call that a Fault meets.
type Mode int

const (
	Before   Mode = iota // the call fails, and nothing happened
	After                // the call is made and its answer is lost; of a change (put, create, delete) the outcome is unknown
	Deadline             // nothing happened, but all that is told is that the time was up; of a change the outcome is unknown
	Stall                // the call waits until its context ends; of a change the outcome is unknown
	NoSpace              // Put and Create fail for want of space, and nothing happened
	Corrupt              // Get returns the value with a bit flipped
	Short                // Get returns the first half of the value
)

// modes are named and limited here alone: what a mode does not apply to is neither counted nor disturbed by its faults.
var modes = []struct {
	name    string
	applies string // the operations
}{
	Before:   {"error before", "get put create list delete"},
	After:    {"error after", "get put create list delete"},
	Deadline: {"deadline", "get put create list delete"},
	Stall:    {"stall", "get put create list delete"},
	NoSpace:  {"no space", "put create"},
	Corrupt:  {"corrupt value", "get"},
	Short:    {"short value", "get"},
}

// String returns the mode in words: "error after".
func (m Mode) String() string { return modes[m].name }

// Modes returns every mode, for loops that try each.
func Modes() []Mode {
	all := make([]Mode, len(modes))
	for i := range all {
		all[i] = Mode(i)
	}
	return all
}

// A Fault says which calls fail, and how.
type Fault struct {
	Mode    Mode
	Op      string // get, put, create, list or delete; empty means any
	N       int    // the first call to fail, counted from 1 among those that Op and Mode apply to
	Forever bool   // every later such call fails too
}

// String returns the fault as a test names it: "error after, create 3".
func (f Fault) String() string {
	op, from := f.Op, ""
	if op == "" {
		op = "call"
	}
	if f.Forever {
		from = " and later"
	}
	return fmt.Sprintf("%v, %s %d%s", f.Mode, op, f.N, from)
}

// A Faulty is a Store some calls of which fail. A test raises N from 1 until its workload passes with Hits still 0: then it
// has met every call. Calls are counted in the order in which they begin. A Faulty is no Watcher, whatever it wraps.
type Faulty struct {
	store  storage.Store
	faults []Fault

	mu   sync.Mutex
	seen []int // per fault, how many calls it applied to
	hits int
	all  map[string]int
}

// NewFaulty returns s with faults. Of several that meet one call the first counts.
func NewFaulty(s storage.Store, faults ...Fault) *Faulty {
	return &Faulty{store: s, faults: faults, seen: make([]int, len(faults)), all: map[string]int{}}
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
	if fault.Op != "" && fault.Op != op || !slices.Contains(strings.Fields(modes[fault.Mode].applies), op) {
		return false
	}
	f.seen[i]++
	return f.seen[i] == fault.N || fault.Forever && f.seen[i] > fault.N
}

// do makes the call of op unless the fault it meets prevents it, and returns what the caller is told.
func (f *Faulty) do(ctx context.Context, op, key string, fault *Fault, call func() error) error {
	if fault == nil || fault.Mode == Corrupt || fault.Mode == Short {
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
	case Stall:
		<-ctx.Done()
		told = fmt.Errorf("%w: %w", ErrInjected, ctx.Err())
	}
	if op != "get" && op != "list" {
		told = fmt.Errorf("%w: %w", storage.ErrUnknown, told)
	}
	return &storage.Error{Op: op, Key: key, Err: told}
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
	return fault.spoil(value), nil
}

// spoil returns value as a Get that met f returns it. It is the Get's own copy.
func (f *Fault) spoil(value []byte) []byte {
	switch {
	case f == nil || len(value) == 0:
		return value
	case f.Mode == Corrupt:
		value[len(value)/2] ^= 1 << (f.N % 8)
	case f.Mode == Short:
		value = value[:len(value)/2]
	}
	return value
}

// Put is the store's Put, or its fault.
func (f *Faulty) Put(ctx context.Context, items ...storage.Item) error {
	return f.do(ctx, "put", "", f.meet("put"), func() error { return f.store.Put(ctx, items...) })
}

// Create is the store's Create, or its fault.
func (f *Faulty) Create(ctx context.Context, key string, value []byte) error {
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
