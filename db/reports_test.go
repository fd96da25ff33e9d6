package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// A failing store fails to read while it is told to, and now and then by chance. It tells of keys all the same.
type failing struct {
	storage.Watcher
	down   atomic.Bool
	chance float64
}

var errDown = errors.New("the store is down")

func (f *failing) Get(ctx context.Context, key string) ([]byte, error) {
	if f.down.Load() || f.chance > 0 && rand.Float64() < f.chance {
		return nil, &storage.Error{Op: "get", Key: key, Err: errDown}
	}
	return f.Watcher.Get(ctx, key)
}

// TestAFollowerLooksAgain has the store fail when it has just told of a record, and tell of nothing more.
func TestAFollowerLooksAgain(t *testing.T) {
	inner := mem.New()
	writer := openConn(t, inner, Options{})
	store := &failing{Watcher: inner}
	conn := openConn(t, store, Options{ReadOnly: true})
	got := make(chan *Report)
	go func() {
		for rep, err := range conn.Reports(context.Background(), 0) {
			if err == nil {
				got <- rep
			}
		}
	}()
	for range 3 {
		store.down.Store(true)
		rep := commit(t, writer, raise)
		time.Sleep(5 * time.Millisecond)
		store.down.Store(false)
		select {
		case seen := <-got:
			if seen.T != rep.T {
				t.Error(seen.T, "is reported, and", rep.T, "was committed")
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the record is never seen")
		}
	}
}

// TestAStreamMeetsAFailure reads an old log while the store is down: the stream ends with the error of the store, and goes on from
// where it was once the store is back. One that has read all waits the failure out.
func TestAStreamMeetsAFailure(t *testing.T) {
	ctx, inner := context.Background(), mem.New()
	writer := openConn(t, inner, Options{})
	for range 200 {
		commit(t, writer, raise)
	}
	store := &failing{Watcher: inner}
	conn := openConn(t, store, Options{ReadOnly: true})
	var seen []T
	for i := 0; len(seen) < 200; i++ {
		last := T(0)
		if len(seen) > 0 {
			last = seen[len(seen)-1]
		}
		for rep, err := range conn.Reports(ctx, last) {
			if err != nil {
				if !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), "db: ") || CategoryOf(err) != Unavailable {
					t.Error(err)
				}
				store.down.Store(false)
				break
			}
			if seen = append(seen, rep.T); len(seen) == 200 {
				break
			}
			store.down.Store(len(seen)%40 == 1)
		}
	}
	for i, at := range seen {
		if at != T(1000+i) {
			t.Fatal(seen)
		}
	}
	live := make(chan *Report, 1)
	go func() {
		for rep := range conn.Reports(ctx, seen[199]) {
			live <- rep
			return
		}
	}()
	store.down.Store(true)
	rep := commit(t, writer, raise)
	if _, err := conn.Sync(ctx); !errors.Is(err, errDown) {
		t.Error(err)
	}
	store.down.Store(false)
	if got := <-live; got == nil || got.T != rep.T {
		t.Error("the live stream got", got)
	}
}

// TestAStreamMeetsAFork has a record of the past replaced, under a Conn that knows how the log goes on, by one that somebody might
// have written in its place.
func TestAStreamMeetsAFork(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{})
	for range 2 * len(recent{}) {
		commit(t, conn, raise)
	}
	key := conn.log.slot(2)
	b, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	forked := fork([][]byte{nil, b})[1]
	if err := errors.Join(store.Delete(t.Context(), key), store.Put(t.Context(), storage.Item{Key: key, Value: forked})); err != nil {
		t.Fatal(err)
	}
	text := conn.log.slot(3) + ": store is damaged: the record does not follow the one before it"
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n := 0
	for _, err := range conn.Reports(ctx, 0) {
		if n++; err != nil {
			wantError(t, err, ErrCorrupt, "db: "+text)
		}
	}
	for _, err := range conn.Snapshot().TxRange(t.Context(), nil, nil) {
		if n++; err != nil {
			wantError(t, err, ErrCorrupt, text)
		}
	}
	if n != 6 {
		t.Error("it is met as item", n)
	}
}

// TestAStreamOfAConnThatOwnsItsStore ends with ErrClosed, also where it was about to read what the store no longer gives.
func TestAStreamOfAConnThatOwnsItsStore(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn, err := OpenOwned(ctx, store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		commit(t, conn, raise)
	}
	var last error
	for rep, err := range conn.Reports(ctx, 0) {
		if last = err; err == nil && rep.T == 1000 {
			_ = conn.Close()
		}
	}
	if !errors.Is(last, ErrClosed) {
		t.Error(last)
	}
}

// TestBreakingOutReleasesEverything stops in the middle of a log whose later records the store never gives: nobody goes on reading.
func TestBreakingOutReleasesEverything(t *testing.T) {
	inner := mem.New()
	writer := openConn(t, inner, Options{})
	for range 500 {
		commit(t, writer, raise)
	}
	store := &hangs{Store: inner}
	conn := openConn(t, store, Options{ReadOnly: true})
	conn.grace = time.Millisecond
	before := runtime.NumGoroutine()
	store.from.Store(100)
	for rep, err := range conn.Reports(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rep.T == 1020 {
			break
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	n := 0
	for _, err := range conn.Reports(ctx, 0) {
		if n++; err != nil && err != context.DeadlineExceeded {
			t.Error(err)
		}
	}
	if n < 50 {
		t.Errorf("only %d reports were told", n)
	}
	untilGoroutines(t, before)
}

// A hangs store does not answer who gets a record from some seq on, until the context ends; 0 is none.
type hangs struct {
	storage.Store
	from atomic.Int64
}

func (h *hangs) Get(ctx context.Context, key string) ([]byte, error) {
	if from := h.from.Load(); from > 0 && strings.Contains(key, "/log/") && key[len(key)-16:] >= hex16(uint64(from)) {
		<-ctx.Done()
		return nil, &storage.Error{Op: "get", Key: key, Err: ctx.Err()}
	}
	return h.Store.Get(ctx, key)
}

// law: every subscriber is told every transaction once, in order and from wherever it begins, whatever becomes of it: it stops and
// begins again, its process ends and another one goes on, its store fails or is polled. And every report, and At, is as the commit was.
func TestSubscribersMissNothing(t *testing.T) {
	soak.Run(t, 2, 8, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		inner := mem.New()
		stores := []storage.Store{inner, &unlucky{inner}, &failing{Watcher: inner, chance: 0.02}, unwritable{inner}, small{inner}}
		w := newWorld(t, seed, 60)
		writers := []*Conn{openConn(t, inner, Options{Clock: testEnv().clock}), openConn(t, &unlucky{inner}, Options{Clock: testEnv().clock})}
		var all sync.WaitGroup
		start := make(chan struct{})
		want := make([]*Report, len(w.log))
		var subscribers []*subscriber
		for range 6 {
			s := &subscriber{t: t, want: want, store: stores[rng.IntN(len(stores))], rng: rand.New(rand.NewPCG(rng.Uint64(), 0)), start: start}
			subscribers = append(subscribers, s)
			all.Go(s.follow)
		}
		for i, c := range w.log {
			if i == len(w.log)/2 {
				close(start) // the first half lies in the log
			}
			writer := writers[rng.IntN(2)]
			if _, err := writer.Sync(context.Background()); err != nil {
				t.Fatal(err)
			}
			want[i] = commit(t, writer, func(_ context.Context, before *Snapshot) (*Report, error) { return before.Apply(c) })
		}
		all.Wait()
		for _, s := range subscribers {
			s.check()
		}
	})
}

// A subscriber follows a database to its end, in one process after the other.
type subscriber struct {
	t     *testing.T
	want  []*Report // the first half is there before the start
	store storage.Store
	rng   *rand.Rand
	start chan struct{}
	begun int // how many reports it does not ask for
	told  []*Report
}

func (s *subscriber) follow() {
	<-s.start
	s.begun = s.rng.IntN(len(s.want) / 2)
	for s.begun+len(s.told) < len(s.want) && !s.t.Failed() {
		conn, err := Open(context.Background(), s.store, Options{ReadOnly: true, Clock: testEnv().clock})
		if errors.Is(err, errDown) {
			continue
		}
		if err != nil {
			s.t.Error(err)
			return
		}
		for s.rng.IntN(4) > 0 && s.begun+len(s.told) < len(s.want) {
			s.read(conn)
		}
		_ = conn.Close()
	}
}

// read reads some reports, from the last one that was told on.
func (s *subscriber) read(conn *Conn) {
	last := T(0)
	switch n := len(s.told); {
	case n > 0:
		last = s.told[n-1].T
	case s.begun > 0:
		last = s.want[s.begun-1].T
	}
	stop := 1 + s.rng.IntN(30)
	for rep, err := range conn.Reports(context.Background(), last) {
		if errors.Is(err, errDown) {
			return
		}
		if err != nil {
			s.t.Error(err)
			return
		}
		if at, err := conn.At(context.Background(), rep.T); err == nil && counters(at) != counters(rep.After) {
			s.t.Errorf("At is %s, and the report has %s", counters(at), counters(rep.After))
		}
		s.told = append(s.told, rep)
		if stop--; stop == 0 || s.begun+len(s.told) == len(s.want) {
			return
		}
	}
}

// check compares what was told with what commits returned.
func (s *subscriber) check() {
	for i, rep := range s.told {
		want := s.want[s.begun+i]
		if rep.T != want.T || fmt.Sprint(rep.Datoms) != fmt.Sprint(want.Datoms) || counters(rep.Before) != counters(want.Before) {
			s.t.Errorf("report %d is %s, want %s", s.begun+i, rep.T, want.T)
			return
		}
		if i%8 == 0 {
			same(s.t, want.After, rep.After)
		}
	}
}

// TestSubscribersThatStopReadingCostNothing has many stop in the middle of a long log, and at its end, while transactions go on: there
// are no goroutines for them, and no memory but for the little that each has read ahead; and then each goes on where it was.
func TestSubscribersThatStopReadingCostNothing(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{})
	const before, later, size = 300, 400, 10 << 10
	text := strings.Repeat("x", size)
	for range before {
		commit(t, conn, mark(text))
	}
	const subscribers = 40
	resume, stopped := make(chan struct{}), sync.WaitGroup{}
	var done sync.WaitGroup
	idle, base := runtime.NumGoroutine(), int(liveHeap())
	for i := range subscribers {
		stopped.Add(1)
		done.Go(func() {
			n := 0
			for rep, err := range conn.Reports(context.Background(), 0) {
				if n++; err != nil || rep.T != T(1000+2*(n-1)) {
					t.Error(n, rep, err)
					return
				}
				if n == 1+i%2*(before-1) {
					stopped.Done()
					<-resume
				}
				if n == before+later {
					return
				}
			}
		})
	}
	stopped.Wait()
	untilGoroutines(t, idle+subscribers)
	const ahead = 500 << 10
	if each := (int(liveHeap()) - base) / subscribers; each > ahead {
		t.Errorf("a subscriber that stopped holds %d KB, want at most %d", each>>10, ahead>>10)
	}
	base = int(liveHeap())
	for range later {
		commit(t, conn, mark(text))
	}
	if more := int(liveHeap()) - base; more > later*size*5/2 { // the database itself grew: its facts, and the store's records
		t.Errorf("%d transactions take %d KB while some have stopped", later, more>>10)
	}
	untilGoroutines(t, idle+subscribers)
	close(resume)
	done.Wait()
	untilGoroutines(t, idle)
}

// law: Sync returns everything that was committed anywhere before, SyncTo waits for what it is asked for, and a basis never goes back.
func TestSyncOfManyPeers(t *testing.T) {
	soak.Run(t, 1, 6, func(t *testing.T, seed int64) {
		inner := mem.New()
		var peers []*Conn
		for _, store := range []storage.Store{inner, inner, &unlucky{inner}, unwatched{inner}, &unlucky{inner}} {
			peers = append(peers, openConn(t, store, Options{ReadOnly: len(peers) > 2}))
		}
		var newest atomic.Int64
		var all sync.WaitGroup
		for i, peer := range peers {
			rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
			all.Go(func() {
				for range 60 {
					if !peer.o.ReadOnly && rng.IntN(2) == 0 {
						rep := commit(t, peer, raise)
						for was := newest.Load(); was < int64(rep.T) && !newest.CompareAndSwap(was, int64(rep.T)); was = newest.Load() {
						}
						continue
					}
					checkSync(t, peer, T(newest.Load()), rng.IntN(2) == 0)
				}
			})
		}
		all.Wait()
		for _, peer := range peers {
			checkSync(t, peer, T(newest.Load()), false)
		}
	})
}

func checkSync(t *testing.T, peer *Conn, least T, to bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	was := peer.Snapshot().T()
	snap, err := peer.Sync(ctx)
	if to {
		snap, err = peer.SyncTo(ctx, least)
	}
	if err != nil || snap.T() < least || snap.T() < was || peer.Snapshot().T() < snap.T() {
		t.Errorf("the peer was at %s, and should be at %s: %v, %v", was, least, snap, err)
	}
}
