package db

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// TestAnEvalThatEndsItsGoroutine has it fail alone, while a record is on its way on which it and others are evaluated.
func TestAnEvalThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		store, arrived, goOn := gated(inner)
		conn := openConn(t, store, Options{})
		first := submitted(t.Context(), conn, mark("first"))
		<-arrived
		ends := func(context.Context, *Snapshot) (*Report, error) { runtime.Goexit(); return nil, nil }
		bad, good := submitted(t.Context(), conn, ends), submitted(t.Context(), conn, mark("good"))
		synctest.Wait()
		wantError(t, (<-bad).err, ErrPanic, "a function of the host panicked: it called runtime.Goexit")
		goOn <- nil
		<-arrived
		goOn <- nil
		if a, b := <-first, <-good; a.err != nil || b.err != nil {
			t.Error(a.err, b.err)
		}
		if is := marks(t, openConn(t, inner, Options{}).Snapshot()); len(is) != 2 {
			t.Error(is)
		}
	})
}

// A stalling store does not answer who reads what has a key, once a test says so.
type stalling struct {
	storage.Store
	part  atomic.Value // of the keys
	asked chan struct{}
}

func (s *stalling) Get(ctx context.Context, key string) ([]byte, error) {
	if part, _ := s.part.Load().(string); part != "" && strings.Contains(key, part) {
		select {
		case s.asked <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Store.Get(ctx, key)
}

// TestCloseWhileAnEvalReads closes a Conn while a transaction waits for a store that does not answer, and its caller has patience.
func TestCloseWhileAnEvalReads(t *testing.T) {
	ranges := func(ctx context.Context, before *Snapshot) (*Report, error) {
		for _, err := range before.TxRange(ctx, nil, nil) {
			return nil, err
		}
		return nil, nil
	}
	inner := mem.New()
	conn := openConn(t, inner, Options{})
	commit(t, conn, keyed("k"))
	for range len(recent{}) {
		commit(t, conn, raise)
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part string
		eval Eval
	}{{"/log/", keyed("k")}, {"/log/", ranges}, {"/seg/", raise}} {
		store := &stalling{Store: inner, asked: make(chan struct{}, 1)}
		conn := openConn(t, store, Options{Cache: 1})
		conn.grace = 10 * time.Millisecond
		store.part.Store(c.part)
		done := submitted(context.Background(), conn, c.eval)
		<-store.asked
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if a := <-done; !errors.Is(a.err, ErrClosed) || errors.Is(a.err, context.Canceled) {
			t.Error(c.part, a.err)
		}
	}
}

// TestWaitingWithinAnEval waits for news that only the writer can bring, which waits for the Eval.
func TestWaitingWithinAnEval(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	for _, eval := range []Eval{
		func(ctx context.Context, before *Snapshot) (*Report, error) {
			_, err := conn.SyncTo(ctx, before.NextT())
			return nil, err
		},
		func(ctx context.Context, before *Snapshot) (*Report, error) {
			for _, err := range conn.Reports(ctx, before.T()) {
				return nil, err
			}
			return nil, nil
		},
		func(ctx context.Context, before *Snapshot) (*Report, error) { return nil, conn.Index(ctx) },
	} {
		_, err := conn.Commit(t.Context(), eval)
		wantError(t, err, ErrNested, "db: a transaction waits for itself")
	}
}

// TestRecordForNewerReadersInTheWay writes to a database in which a newer version has written: what is in the slot is whole, so it is
// certain that the transaction is not.
func TestRecordForNewerReadersInTheWay(t *testing.T) {
	store := mem.New()
	conn := openConn(t, &unwatched{store}, Options{})
	commit(t, conn, raise)
	h := conn.head.Load()
	newer := &record{reader: 9, writer: 9, seq: h.seq + 1, prev: h.hash}
	if err := store.Create(t.Context(), conn.log.slot(newer.seq), newer.encode()); err != nil {
		t.Fatal(err)
	}
	text := conn.log.slot(2) + ": format not known to this version: the record takes a reader of version 9, and this is 4"
	for _, eval := range []Eval{raise, refuse} {
		_, err := conn.Commit(t.Context(), eval)
		wantError(t, err, ErrFormat, text)
	}
	_, err := conn.SyncTo(t.Context(), conn.Snapshot().NextT())
	wantError(t, err, ErrFormat, "db: "+text)
	if conn.Snapshot().T() != 1000 || conn.Stats().Seq != 1 {
		t.Error(conn.Snapshot(), conn.Stats())
	}
}

// TestRecordThatDoesNotFollow has a record come that was written behind another one than the newest.
func TestRecordThatDoesNotFollow(t *testing.T) {
	store := mem.New()
	conn := openConn(t, &unwatched{store}, Options{})
	commit(t, conn, raise)
	stranger := &record{reader: 1, writer: 1, seq: 2, prev: digest{1}}
	if err := store.Create(t.Context(), conn.log.slot(2), stranger.encode()); err != nil {
		t.Fatal(err)
	}
	text := conn.log.slot(2) + ": store is damaged: the record does not follow the one before it"
	_, err := conn.Commit(t.Context(), raise)
	wantError(t, err, ErrCorrupt, text)
	_, err = conn.Sync(t.Context())
	wantError(t, err, ErrCorrupt, "db: "+text)
	if conn.Stats().Seq != 1 {
		t.Error(conn.Stats())
	}
}

// TestAGroupIsBounded has more wait for a record on its way than go into the next one.
func TestAGroupIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, arrived, goOn := gated(mem.New())
		conn := openConn(t, store, Options{})
		all := []chan told{submitted(t.Context(), conn, raise)}
		<-arrived
		for range maxGroup + 1 {
			all = append(all, submitted(t.Context(), conn, raise))
		}
		synctest.Wait()
		for range 2 {
			goOn <- nil
			<-arrived
		}
		goOn <- nil
		for _, c := range all {
			if a := <-c; a.err != nil {
				t.Fatal(a.err)
			}
		}
		if e, err := conn.log.read(t.Context(), 2); err != nil || len(e.commits) != maxGroup {
			t.Error(len(e.commits), err)
		}
	})
}

// A polled store is asked, and counts how often it is.
type polled struct{ scripted }

func (p *polled) Limits() storage.Limits {
	return storage.Limits{Value: 1 << 20, Batch: 100, Poll: 10 * time.Millisecond}
}

// TestAnIdleFollowerPollsSeldom counts the looks at a log in which nothing happens, and then sees one record come.
func TestAnIdleFollowerPollsSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &polled{scripted{Store: mem.New()}}
		writer, reader := openConn(t, store.Store, Options{}), openConn(t, store, Options{ReadOnly: true})
		time.Sleep(time.Minute)
		before := store.gets.Load()
		time.Sleep(time.Minute)
		if n := store.gets.Load() - before; n < 60 || n > 120 {
			t.Error(n, "looks in a minute")
		}
		commit(t, writer, raise)
		for range 1000 {
			if time.Sleep(time.Millisecond); reader.Snapshot().T() == 1000 {
				break
			}
		}
		if reader.Snapshot().T() != 1000 {
			t.Error(reader.Snapshot())
		}
		before = store.gets.Load()
		time.Sleep(100 * time.Millisecond)
		if n := store.gets.Load() - before; n < 3 {
			t.Error(n, "looks after news")
		}
	})
}

// TestYieldThatEndsJustNow has the time be over in the moment between a look whether a group may take off and the wait for it.
func TestYieldThatEndsJustNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := openConn(t, &unwatched{mem.New()}, Options{})
		w := &writer{Conn: &Conn{o: conn.o, log: conn.log, env: conn.env}, pace: minPace}
		w.head.Store(conn.head.Load())
		w.regrow()
		w.yieldUntil = time.Now().Add(time.Second)
		w.grows.take(newRequest(t.Context(), w.Conn, raise))
		if w.takeOff(); w.flies != nil {
			t.Fatal("it does not yield")
		}
		time.Sleep(time.Second)
		if w.wait(); !w.yieldUntil.IsZero() { // a deadlock, if it were to wait for more to do
			t.Error(w.yieldUntil)
		}
	})
}

// TestReportsOfARepeatAreApart has a caller change the report that it got: who repeats the transaction is told what came of it.
func TestReportsOfARepeatAreApart(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	one := commit(t, conn, func(ctx context.Context, before *Snapshot) (*Report, error) {
		rep, err := keyed("k")(ctx, before)
		if err != nil {
			return nil, err
		}
		c := rep.commit
		c.TempIDs, c.Created = map[string]ID{"a": counter}, []ID{counter}
		return before.Apply(c)
	})
	for range 2 {
		one.TempIDs["a"], one.Created[0], one.Datoms[0] = 0, 0, Datom{}
		if one = commit(t, conn, keyed("k")); one.TempIDs["a"] != counter || one.Created[0] != counter || one.Datoms[0].A != attrInstant {
			t.Error(one.TempIDs, one.Created, one.Datoms)
		}
	}
}
