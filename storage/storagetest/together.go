package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/datolite/datolite/storage"
)

// together runs n calls of do at the same time, and waits for them.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

func createHasOneWinner(s *subject) {
	const racers = 8
	for round := range 20 {
		key := fmt.Sprintf("d1/log/%016x", round)
		if round%4 == 3 {
			key = fmt.Sprintf("d1/body/%016x-ab", round)
		}
		var errs [racers]error
		together(racers, func(i int) { errs[i] = s.Create(s.ctx, key, fmt.Append(nil, "racer ", i)) })
		s.oneWon(key, errs[:])
	}
}

// oneWon checks that of the racers for key one won, the others were told ErrExists, and the winner's value is there.
func (s *subject) oneWon(key string, errs []error) {
	winners := 0
	for i, err := range errs {
		if err == nil {
			winners++
			s.holds(key, fmt.Sprint("racer ", i))
		} else if !errors.Is(err, storage.ErrExists) {
			s.Errorf("Create(%s) in a race = %v; want nil or ErrExists", key, err)
		}
	}
	if winners != 1 {
		s.Errorf("%d of %d racers created %s; want one", winners, len(errs), key)
	}
}

// successIsSeenByLaterCalls passes each success to other goroutines, which must see it at once.
func successIsSeenByLaterCalls(s *subject) {
	for i := range 20 {
		log, seg := fmt.Sprintf("d1/log/%016x", i), fmt.Sprintf("d1/seg/j/%d", i)
		s.create(log, "x")
		s.put(item(seg, "y"))
		together(4, func(int) {
			s.holds(log, "x")
			s.holds(seg, "y")
			if keys, err := s.List(s.ctx, log, "", 1); err != nil || !slices.Equal(keys, []string{log}) {
				s.Errorf("List(%q) = %v, %v after its Create returned", log, keys, err)
			}
		})
	}
	s.delete("d1/log/0000000000000000")
	together(4, func(int) {
		if _, err := s.Get(s.ctx, "d1/log/0000000000000000"); !errors.Is(err, storage.ErrNotFound) {
			s.Errorf("Get = %v after Delete returned; want ErrNotFound", err)
		}
	})
}

// manyGoroutinesMayCall lets goroutines work on databases of their own side by side.
func manyGoroutinesMayCall(s *subject) {
	together(6, func(i int) {
		for n := range 12 {
			if err := s.workOn(fmt.Sprintf("d%d", i), n); err != nil {
				s.Errorf("goroutine %d, round %d: %v", i, n, err)
				return
			}
		}
	})
}

// workOn does one round of what a writer, an indexer and a reader do to a database that has seen n rounds.
func (s *subject) workOn(dbid string, n int) error {
	key := fmt.Sprintf("%s/log/%04d", dbid, n)
	created := s.Create(s.ctx, key, []byte(key))
	stored := s.Put(s.ctx, item(fmt.Sprintf("%s/seg/%04d", dbid, n), key), item(fmt.Sprintf("%s/seg/%04d.b", dbid, n), key))
	deleted := s.Delete(s.ctx, fmt.Sprintf("%s/seg/%04d.b", dbid, n))
	value, got := s.Get(s.ctx, key)
	logs, listed := s.List(s.ctx, dbid+"/log/", "", 100)
	segs, listedToo := s.List(s.ctx, dbid+"/seg/", "", 100)
	if err := errors.Join(created, stored, deleted, got, listed, listedToo); err != nil {
		return err
	}
	if string(value) != key || len(logs) != n+1 || len(segs) != n+1 {
		return fmt.Errorf("value %q, %d log keys and %d segments; want %q, %d and %d", value, len(logs), len(segs), key, n+1, n+1)
	}
	return nil
}

func watchTellsOfNewKeys(s *subject) {
	w, ok := s.Store.(storage.Watcher)
	if !ok {
		s.Logf("not a Watcher")
		return
	}
	for name, appear := range map[string]func(key string){
		"Create": func(key string) { s.create(key, "x") },
		"Put":    func(key string) { s.put(item("d2/seg/"+key, "x"), item(key, "x")) },
	} {
		key := "d1/log/" + fmt.Sprint(len(name))
		told, err := w.Watch(s.ctx, "d1/log/")
		if err != nil {
			s.Fatalf("Watch = %v", err)
		}
		appear(key)
		if !closes(told) {
			s.Errorf("Watch did not tell of a key that %s made", name)
		}
	}
}

// watchLosesNothing looks and waits while keys appear: between a look and the end of the wait nothing may go unnoticed.
func watchLosesNothing(s *subject) {
	w, ok := s.Store.(storage.Watcher)
	if !ok {
		s.Logf("not a Watcher")
		return
	}
	const last = 100
	create := sync.OnceFunc(func() {
		go func() {
			for i := range last {
				_ = s.Create(s.ctx, fmt.Sprintf("d1/log/%04d", i), nil)
			}
		}()
	})
	for seen := 0; seen < last; {
		told, err := w.Watch(s.ctx, "d1/log/")
		if err != nil {
			s.Fatalf("Watch = %v", err)
		}
		if keys := s.list("d1/log/", "", last); len(keys) > seen {
			seen = len(keys)
			continue
		}
		create() // behind the first look, so that there is a wait
		if !closes(told) {
			s.Fatalf("Watch did not tell of key %d", seen)
		}
	}
}

func watchEndsWithTheStore(s *subject) {
	w, ok := s.Store.(storage.Watcher)
	if !ok {
		s.Logf("not a Watcher")
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	if _, err := w.Watch(ctx, "d1/log/"); err != nil {
		s.Errorf("Watch = %v", err)
	}
	cancel()
	_, err := w.Watch(ctx, "d1/log/")
	s.fails("Watch with an ended context", err, context.Canceled)
	s.create("d1/log/1", "x")
	_ = s.Close()
	_, err = w.Watch(s.ctx, "d1/log/")
	s.fails("Watch of a closed store", err, storage.ErrClosed)
}

// enterTellsWhoIsAlone has several come and go: who had company is never alone again, and company with another prefix is none.
func enterTellsWhoIsAlone(s *subject) {
	x, ok := s.Store.(storage.Exclusive)
	if !ok {
		s.Logf("not Exclusive")
		return
	}
	inside, first, leave := x.Enter(s.ctx, "d1/log/")
	_, second, leaveSecond := x.Enter(s.ctx, "d1/log/")
	_, other, leaveOther := x.Enter(s.ctx, "d2/log/")
	if !first() || !second() || !other() {
		s.Errorf("who is alone is told otherwise")
	}
	create := func(ctx context.Context, key string) {
		if err := s.Create(ctx, key, nil); err != nil {
			s.Errorf("Create = %v", err)
		}
	}
	create(inside, "d1/log/1")
	if !first() || second() || !other() {
		s.Errorf("who creates a key is company for others who are in, and for nobody else")
	}
	leaveSecond()
	_, late, leaveLate := x.Enter(s.ctx, "d1/log/")
	if !late() {
		s.Errorf("who was in before counts as company")
	}
	create(s.ctx, "d1/log/2")
	if first() || second() || late() || !other() {
		s.Errorf("who is not in, and creates a key, is company for all who are, and for nobody else")
	}
	leave()
	leaveOther()
	leaveLate()
}

// slow is how long news may take on a slow machine.
var slow = 5 * time.Second

// closes reports whether told is closed in time.
func closes(told <-chan struct{}) bool {
	late := time.NewTimer(slow)
	defer late.Stop()
	select {
	case <-told:
		return true
	case <-late.C:
		return false
	}
}
