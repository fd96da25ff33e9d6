package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// replayOf returns the Eval of a commit that was made elsewhere on an equal database.
func replayOf(c Commit) Eval {
	return func(_ context.Context, before *Snapshot) (*Report, error) { return before.Apply(c) }
}

// law: an index changes nothing that anybody sees: not who made it, nor who follows, nor who opens the database behind it, nor who looks
// at its past.
func TestAnIndexChangesNothing(t *testing.T) {
	indexed, opened, trimmed := 0, 0, 0
	soak.Run(t, 2, 10, func(t *testing.T, seed int64) {
		rnd := rand.New(rand.NewPCG(uint64(seed), 3))
		w := newWorld(t, seed, 10+rnd.IntN(40))
		for _, rep := range w.reports {
			rep.Before.publish()
			rep.After.publish()
		}
		store := storage.Store(mem.New())
		if rnd.IntN(2) == 0 {
			store = struct{ storage.Store }{store} // that can do nothing more
		}
		log := logSizes{chunk: 1 << rnd.IntN(12), fan: 2 + rnd.IntN(4), epoch: 1 + rnd.IntN(12), kept: 1}
		sizes := index.Sizes{Leaf: 1 + rnd.IntN(60), Block: 1 + rnd.IntN(20), Level: 1 + rnd.IntN(100), Ratio: 1 + rnd.IntN(8)}
		o := Options{sizes: sizes, log: log, Cache: 1 << rnd.IntN(20), Clock: func() time.Time { return w.maker.at }}
		conn, peer := openConn(t, store, o), openConn(t, store, Options{ReadOnly: true, log: log})
		for i, c := range w.log {
			commit(t, conn, replayOf(c))
			switch rnd.IntN(8) {
			case 0:
				indexed++
				if err := conn.Index(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 1:
				opened++
				_ = conn.Close()
				conn = openConn(t, store, o)
			case 2:
				if i >= 4 {
					same(t, w.reports[i-4].After, conn.Snapshot())
				}
			}
		}
		w.check(conn, rnd)
		if _, err := peer.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.check(peer, rnd)
		for chain, err := range peer.Verify(t.Context()) {
			if err != nil || chain.Transactions > len(w.log) {
				t.Fatal(chain, err)
			}
		}
		slots, err := store.List(t.Context(), conn.log.dbid+"/log/", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		trimmed += conn.head.Load().seq - len(slots)
	})
	t.Logf("%d times indexed, %d times opened again, %d slots trimmed", indexed, opened, trimmed)
	if trimmed == 0 {
		t.Error("nothing was trimmed")
	}
}

// check compares what a Conn shows of the present and of the past with what every transaction returned.
func (w *world) check(conn *Conn, rnd *rand.Rand) {
	w.t.Helper()
	same(w.t, w.snap, conn.Snapshot())
	first := T(0)
	if rnd.IntN(2) == 0 {
		first = w.log[rnd.IntN(len(w.log)-1)].T
	}
	n := 0
	for rep, err := range conn.Reports(w.t.Context(), first) {
		if err != nil {
			w.t.Fatal(err)
		}
		i := slices.IndexFunc(w.log, func(c Commit) bool { return c.T == rep.T })
		if i >= 4 && rnd.IntN(4) == 0 {
			same(w.t, w.reports[i-4].After, rep.After)
			same(w.t, w.reports[i-4].Before, rep.Before)
			at, err := conn.At(w.t.Context(), rep.T)
			if err != nil {
				w.t.Fatal(err)
			}
			same(w.t, w.reports[i-4].After, at)
		}
		if n++; rep.T == w.snap.T() {
			break
		}
	}
	if want := len(slices.DeleteFunc(slices.Clone(w.log), func(c Commit) bool { return c.T <= first })); n != want {
		w.t.Errorf("%d reports after %s, want %d", n, first, want)
	}
}

// countingStore counts what is read of a log.
type countingStore struct {
	storage.Store
	mu    sync.Mutex
	reads int
}

func (s *countingStore) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.Contains(key, "/log/") {
		s.mu.Lock()
		s.reads++
		s.mu.Unlock()
	}
	return s.Store.Get(ctx, key)
}

// since returns how many reads there were since the last call.
func (s *countingStore) since() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.reads
	s.reads = 0
	return n
}

// TestOpeningReadsTheLogBehindTheIndexOnly opens a database of many records with an index.
func TestOpeningReadsTheLogBehindTheIndexOnly(t *testing.T) {
	store := &countingStore{Store: mem.New()}
	conn := openConn(t, store, Options{})
	for range 200 {
		commit(t, conn, mark("x"))
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit(t, conn, mark("y"))
	_ = conn.Close()
	store.since()
	again := openConn(t, store, Options{})
	if n := store.since(); n > 20 {
		t.Errorf("%d reads of the log", n)
	}
	if m := marks(t, again.Snapshot()); m["x"] != 200 || m["y"] != 1 {
		t.Errorf("%v", m)
	}
	if s := again.Stats(); s.Seq != 202 || s.Datoms != 402 {
		t.Errorf("%+v", s)
	}
}

// TestTheTailIsIndexedByItself writes more than the memory for the tail, with writers that are told to wait.
func TestTheTailIsIndexedByItself(t *testing.T) {
	done := make(chan Event, 100)
	o := Options{Memory: 40_000, Observer: observer(func(e Event) {
		if e.Kind == "index" {
			done <- e
		}
	})}
	conn := openConn(t, mem.New(), o)
	busy := 0
	for n := 0; n < 500; {
		_, err := conn.Commit(t.Context(), mark("x"))
		switch {
		case err == nil:
			n++
		case errors.Is(err, ErrBusy) && CategoryOf(err) == Busy:
			busy++
			<-done
		default:
			t.Fatal(err)
		}
	}
	if m := marks(t, conn.Snapshot()); m["x"] != 500 {
		t.Errorf("%v", m)
	}
	if len(conn.Snapshot().levels.Stored()) == 0 {
		t.Error("nothing is indexed")
	}
	t.Logf("%d refusals", busy)
}

// TestTwoIndexers lets two peers index at once, beside writers: one of two jobs that were made from one index counts.
func TestTwoIndexers(t *testing.T) {
	store := mem.New()
	a, b := openConn(t, store, Options{}), openConn(t, store, Options{})
	var all sync.WaitGroup
	for _, conn := range []*Conn{a, b} {
		all.Go(func() {
			for range 60 {
				if _, err := conn.Commit(t.Context(), mark("x")); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range 10 {
				if err := conn.Index(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, conn := range []*Conn{a, b} {
		if _, err := conn.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	same(t, a.Snapshot(), b.Snapshot())
	same(t, a.Snapshot(), openConn(t, store, Options{}).Snapshot())
	if m := marks(t, a.Snapshot()); m["x"] != 120 {
		t.Errorf("%v", m)
	}
	if a.head.Load().root != b.head.Load().root {
		t.Errorf("two indexes are the newest: %s and %s", a.head.Load().root, b.head.Load().root)
	}
}

// TestFaultsWhileIndexing has every call of the store fail in turn while a database is indexed, and every value that is read be another
// one, while levels are merged: what was committed is there, whoever opens it, and the next job succeeds.
func TestFaultsWhileIndexing(t *testing.T) {
	calls, step := 0, 1
	if testing.Short() {
		step = 3
	}
	modes := []storagetest.Mode{storagetest.Before, storagetest.After, storagetest.NoSpace, storagetest.Corrupt, storagetest.Swapped, storagetest.Short}
	for i, mode := range modes {
		for n := 1 + i%step; ; n += step {
			store := storagetest.NewFaulty(mem.New())
			conn := openConn(t, store, Options{Cache: 1, sizes: index.Sizes{Leaf: 20, Block: 8, Level: 40, Ratio: 2}})
			for i := range 30 {
				if commit(t, conn, mark("x")); i == 8 || i == 18 {
					if err := conn.Index(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if levels := len(conn.Snapshot().levels.Stored()); levels < 2 {
				t.Fatalf("%d levels", levels)
			}
			store.Set(storagetest.Fault{Mode: mode, N: n})
			err := conn.Index(t.Context())
			if store.Hits() == 0 {
				if err != nil {
					t.Fatal(err)
				}
				_ = conn.Close()
				break
			}
			calls++
			commit(t, conn, mark("y"))
			if err := conn.Index(t.Context()); err != nil {
				t.Fatalf("%v at call %d: %v", mode, n, err)
			}
			again := openConn(t, store, Options{ReadOnly: true})
			if m := marks(t, again.Snapshot()); m["x"] != 30 || m["y"] != 1 {
				t.Fatalf("%v at call %d: %v", mode, n, m)
			}
			_, _ = again.Close(), conn.Close()
		}
	}
	t.Logf("%d calls failed", calls)
}

// TestLongTextsAreIndexedByThemselves writes few facts that are large: they count with their texts.
func TestLongTextsAreIndexedByThemselves(t *testing.T) {
	conn := openConn(t, mem.New(), Options{Memory: 4 << 20})
	text := strings.Repeat("x", 100_000)
	for n := 0; n < 100; {
		_, err := conn.Commit(t.Context(), mark(text))
		switch {
		case err == nil:
			n++
		case errors.Is(err, ErrBusy):
			time.Sleep(time.Millisecond)
		default:
			t.Fatal(err)
		}
		if used := conn.Snapshot().levels.TailBytes(); used > 5<<20 {
			t.Fatalf("after %d transactions %d bytes are in memory", n, used)
		}
	}
}

// TestLittleMemoryIsEnoughToBegin opens databases with less memory than what every database begins with takes.
func TestLittleMemoryIsEnoughToBegin(t *testing.T) {
	for _, memory := range []int{1, 10_000} {
		conn := openConn(t, mem.New(), Options{Memory: memory})
		for n := 0; n < 3; {
			_, err := conn.Commit(t.Context(), mark("x"))
			switch {
			case err == nil:
				n++
			case errors.Is(err, ErrBusy) && conn.Stats().Seq > 0:
				time.Sleep(time.Millisecond)
			default:
				t.Fatal(err)
			}
		}
	}
}

// TestTheTailStaysSmall writes from two peers without a pause, with little memory, while others read and follow: what is indexed leaves
// the memory of everybody, and nobody sees less or more than what is committed.
func TestTheTailStaysSmall(t *testing.T) {
	const memory = 400_000
	many := 35
	if testing.Short() {
		many = 25
	}
	store := mem.New()
	o := Options{Memory: memory, Cache: 1, sizes: index.Sizes{Leaf: 50, Block: 10, Level: 200, Ratio: 4}}
	conns := []*Conn{openConn(t, store, o), openConn(t, store, o), openConn(t, store, Options{ReadOnly: true, Cache: 1})}
	ctx, stop := context.WithCancel(t.Context())
	var writers, readers sync.WaitGroup
	for i, conn := range conns {
		readers.Go(func() { readOn(ctx, t, conn, memory) })
		if conn.o.ReadOnly {
			continue
		}
		for k := range 3 {
			writers.Go(func() {
				for n := range many {
					whole := whole(fmt.Sprint(i, k, n))
					_, err := conn.Commit(ctx, whole)
					for ; errors.Is(err, ErrBusy); _, err = conn.Commit(ctx, whole) {
						time.Sleep(time.Millisecond)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	writers.Wait()
	for _, conn := range conns {
		snap, err := conn.Sync(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if texts, err := wholes(ctx, snap); len(texts) != 6*many || err != nil {
			t.Errorf("%d transactions, %v", len(texts), err)
		}
		if s := conn.Stats(); s.Indexed == 0 {
			t.Errorf("%+v", s)
		}
		same(t, conns[0].Snapshot(), snap)
	}
	stop()
	readers.Wait()
}

// readOn reads snapshot after snapshot of a Conn, and checks that each is whole and how much of it is in memory.
func readOn(ctx context.Context, t *testing.T, conn *Conn, memory int) {
	for ctx.Err() == nil {
		snap := conn.Snapshot()
		if _, err := wholes(ctx, snap); err != nil && ctx.Err() == nil {
			t.Error(err)
			return
		}
		if used := snap.levels.TailBytes(); used > 2*memory {
			t.Errorf("%d bytes are in memory, of %d", used, memory)
			return
		}
	}
}

// A copyless store fails to keep copies of roots, so often.
type copyless struct {
	storage.Store
	times int
}

func (s *copyless) Create(ctx context.Context, key string, value []byte) error {
	if strings.Contains(key, "/root/") && s.times > 0 {
		s.times--
		return &storage.Error{Op: "create", Key: key, Err: storagetest.ErrInjected}
	}
	return s.Store.Create(ctx, key, value)
}

// TestTheCopyOfAnIndexIsMadeLater indexes while the copy of the root cannot be kept: that is told, and Index makes up for it.
func TestTheCopyOfAnIndexIsMadeLater(t *testing.T) {
	store := &copyless{mem.New(), 2}
	conn := openConn(t, store, Options{})
	commit(t, conn, mark("x"))
	for range 2 {
		if err := conn.Index(t.Context()); !errors.Is(err, storagetest.ErrInjected) {
			t.Error(err)
		}
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Error(err)
	}
	if keys, err := store.List(t.Context(), conn.log.dbid+"/root/", "", 10); len(keys) != 1 || err != nil {
		t.Error(keys, err)
	}
}

// A shutting store has somebody close the Conn while the copy of its index is made.
type shutting struct {
	storage.Store
	conn *Conn
}

func (s *shutting) Create(ctx context.Context, key string, value []byte) error {
	if !strings.Contains(key, "/root/") || s.conn == nil {
		return s.Store.Create(ctx, key, value)
	}
	go s.conn.Close()
	<-ctx.Done()
	return ctx.Err()
}

// TestIndexTellsThatTheConnIsClosed closes a Conn while it indexes: that is ErrClosed, as from everything else that was running.
func TestIndexTellsThatTheConnIsClosed(t *testing.T) {
	store := &shutting{Store: mem.New()}
	conn := openConn(t, store, Options{})
	commit(t, conn, mark("x"))
	store.conn = conn
	if err := conn.Index(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
