package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
)

// T is what the suite needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	TempDir() string
}

// Open returns a new, empty store. The suite closes it.
type Open func(t T) storage.Store

// Reopen closes s and opens again what it kept, as another process would.
type Reopen func(t T, s storage.Store) storage.Store

// Run checks the promises of storage.Store, and of storage.Watcher, storage.Exclusive and storage.Guarded if the store is one, each in a
// subtest on a store of its own. A nil reopen leaves out what concerns durability.
func Run(t *testing.T, open Open, reopen Reopen) {
	for _, p := range promises {
		if p.reopens && reopen == nil {
			continue
		}
		t.Run(p.name, func(t *testing.T) { p.check(t, open, reopen) })
	}
}

// A promise is a sentence of the interface's comment, and how to find out whether a store keeps it.
type promise struct {
	name    string
	keeps   func(s *subject)
	reopens bool // it is about what is left after Close
}

var promises = []promise{
	{name: "GetReturnsWhatWasStored", keeps: getReturnsWhatWasStored},
	{name: "GetOfMissingKeyIsErrNotFound", keeps: getOfMissingKeyIsErrNotFound},
	{name: "EmptyValueIsAValue", keeps: emptyValueIsAValue},
	{name: "ValuesBelongToTheCaller", keeps: valuesBelongToTheCaller},
	{name: "CreateNeverOverwrites", keeps: createNeverOverwrites},
	{name: "CreateHasOneWinner", keeps: createHasOneWinner},
	{name: "PutStoresEveryItem", keeps: putStoresEveryItem},
	{name: "PutMayBeRepeated", keeps: putMayBeRepeated},
	{name: "PutReplaces", keeps: putReplaces},
	{name: "DeleteRemoves", keeps: deleteRemoves},
	{name: "DeleteOfMissingKeyIsNoError", keeps: deleteOfMissingKeyIsNoError},
	{name: "ListIsInByteOrder", keeps: listIsInByteOrder},
	{name: "ListHonoursPrefix", keeps: listHonoursPrefix},
	{name: "ListIsAfterAndUpToLimit", keeps: listIsAfterAndUpToLimit},
	{name: "ListPagesMeetEveryKeyOnce", keeps: listPagesMeetEveryKeyOnce},
	{name: "ListShowsAllNames", keeps: listShowsAllNames},
	{name: "SuccessIsSeenByLaterCalls", keeps: successIsSeenByLaterCalls},
	{name: "ManyGoroutinesMayCall", keeps: manyGoroutinesMayCall},
	{name: "WhatIsNoKeyIsErrKey", keeps: whatIsNoKeyIsErrKey},
	{name: "LongestKeyIsAKey", keeps: longestKeyIsAKey},
	{name: "LargestValueIsStored", keeps: largestValueIsStored},
	{name: "LimitsAreKept", keeps: limitsAreKept},
	{name: "EndedContextEndsCalls", keeps: endedContextEndsCalls},
	{name: "ClosedStoreIsErrClosed", keeps: closedStoreIsErrClosed},
	{name: "AgreesWithAMap", keeps: agreesWithAMap},
	{name: "WhatWasStoredIsDurable", keeps: whatWasStoredIsDurable, reopens: true},
	{name: "WhatWasDeletedStaysDeleted", keeps: whatWasDeletedStaysDeleted, reopens: true},
	{name: "WatchTellsOfNewKeys", keeps: watchTellsOfNewKeys},
	{name: "WatchLosesNothing", keeps: watchLosesNothing},
	{name: "WatchEndsWithTheStore", keeps: watchEndsWithTheStore},
	{name: "EnterTellsWhoIsAlone", keeps: enterTellsWhoIsAlone},
	{name: "GuardForbidsCreation", keeps: guardForbidsCreation},
	{name: "GuardIsLookedAtInOneStep", keeps: guardIsLookedAtInOneStep},
}

// patience is how long one promise may take; a store that hangs has broken it.
const patience = time.Minute

func (p promise) check(t T, open Open, reopen Reopen) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	s := &subject{T: t, Store: open(t), ctx: ctx, again: reopen}
	t.Cleanup(func() { _ = s.Store.Close() })
	p.keeps(s)
}

// A subject is a store under examination: its methods in lower case fail the test when the store does.
type subject struct {
	T
	storage.Store
	ctx   context.Context
	again Reopen
}

func (s *subject) reopen() {
	s.Helper()
	s.Store = s.again(s.T, s.Store)
}

func (s *subject) create(key, value string) {
	s.Helper()
	if err := s.Create(s.ctx, key, []byte(value)); err != nil {
		s.Fatalf("Create(%s) = %v", key, err)
	}
}

func (s *subject) put(items ...storage.Item) {
	s.Helper()
	if err := s.Put(s.ctx, items...); err != nil {
		s.Fatalf("Put of %d items = %v", len(items), err)
	}
}

func (s *subject) delete(keys ...string) {
	s.Helper()
	if err := s.Delete(s.ctx, keys...); err != nil {
		s.Fatalf("Delete(%v) = %v", keys, err)
	}
}

func (s *subject) list(prefix, after string, limit int) []string {
	s.Helper()
	keys, err := s.List(s.ctx, prefix, after, limit)
	if err != nil {
		s.Fatalf("List(%q, %q, %d) = %v", prefix, after, limit, err)
	}
	return keys
}

// holds checks that key has value.
func (s *subject) holds(key, value string) {
	s.Helper()
	got, err := s.Get(s.ctx, key)
	if err != nil || !bytes.Equal(got, []byte(value)) {
		s.Errorf("Get(%s) = %s, %v; want %s", key, short(got), err, short([]byte(value)))
	}
}

// lacks checks that key is not there, neither for Get nor for List.
func (s *subject) lacks(key string) {
	s.Helper()
	if got, err := s.Get(s.ctx, key); !errors.Is(err, storage.ErrNotFound) {
		s.Errorf("Get(%s) = %s, %v; want ErrNotFound", key, short(got), err)
	}
	if keys := s.list(key, "", 1); len(keys) > 0 && keys[0] == key {
		s.Errorf("List shows %s, which is not there", key)
	}
}

// lists checks what List returns.
func (s *subject) lists(prefix, after string, limit int, want ...string) {
	s.Helper()
	if got := s.list(prefix, after, limit); !slices.Equal(got, want) {
		s.Errorf("List(%q, %q, %d) = %v; want %v", prefix, after, limit, got, want)
	}
}

// fails checks that err is of the wanted kind.
func (s *subject) fails(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s = %v; want an error that is %q", what, err, want)
	}
}

// item returns an Item with text for a value.
func item(key, value string) storage.Item { return storage.Item{Key: key, Value: []byte(value)} }

// short returns value as it fits into a line.
func short(value []byte) string {
	if len(value) > 32 {
		return fmt.Sprintf("%q… (%d bytes)", value[:32], len(value))
	}
	return fmt.Sprintf("%q", value)
}
