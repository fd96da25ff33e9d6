package db

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// TestThreeLossesAskOthersToYield has a rival win three slots in a row.
func TestThreeLossesAskOthersToYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		rival := openConn(t, &scripted{Store: inner}, Options{})
		store, tries := &scripted{Store: inner}, 0
		store.create = func(ctx context.Context, key string, value []byte) error {
			time.Sleep(50 * time.Millisecond)
			if tries++; tries <= 3 {
				commit(t, rival, mark(fmt.Sprint(tries)))
			}
			return inner.Create(ctx, key, value)
		}
		conn := openConn(t, store, Options{})
		rep := commit(t, conn, raise)
		if rep.Before.T() != rival.Snapshot().T() || tries != 5 {
			t.Error(rep.Before, tries)
		}
		var kinds []string
		for seq := 1; seq <= conn.Stats().Seq; seq++ {
			e, err := openConn(t, inner, Options{}).log.read(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, fmt.Sprint(len(e.commits), " ", e.yield))
		}
		if got := fmt.Sprint(kinds); got != "[1 0s 1 0s 1 0s 0 200ms 1 0s]" {
			t.Error(got)
		}
		checkAll(t, inner, []*Conn{conn, rival}, 3, 1)
		commit(t, conn, raise)
		if tries != 6 {
			t.Error("it asks to yield after it won:", tries)
		}
	})
}

// yieldBehind puts a request to yield into the slot behind the head of a Conn.
func yieldBehind(t *testing.T, store storage.Store, conn *Conn, d time.Duration) {
	t.Helper()
	h := conn.head.Load()
	r := &record{reader: yieldVersion, writer: 1, seq: h.seq + 1, prev: h.hash, sections: []section{yieldSection(d)}}
	if err := store.Create(t.Context(), conn.log.slot(r.seq), r.encode()); err != nil {
		t.Fatal(err)
	}
}

// TestYieldIsHonoured measures how long a writer leaves another one alone: as long as that asks for, or until it has written.
func TestYieldIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New()
		conn := openConn(t, store, Options{Clock: func() time.Time { return epoch }})
		commit(t, conn, raise)
		yieldBehind(t, store, conn, 3*time.Second)
		synctest.Wait()
		began := time.Now()
		if commit(t, conn, raise); time.Since(began) != 3*time.Second {
			t.Error("it left the other one alone for", time.Since(began))
		}
		yieldBehind(t, store, conn, 3*time.Second)
		began = time.Now()
		done := submitted(t.Context(), conn, raise)
		time.Sleep(time.Second)
		silent(t, "who yields", done)
		rival := openConn(t, store, Options{}) // as if it had asked itself
		commit(t, rival, raise)
		if a := <-done; a.err != nil || time.Since(began) > time.Second+10*time.Millisecond {
			t.Error(a.err, "after", time.Since(began))
		}
		checkAll(t, store, []*Conn{conn, rival}, 0, 4)
	})
}

// TestOldYieldIsOver opens a database whose log ends with a request to yield.
func TestOldYieldIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New()
		yieldBehind(t, store, openConn(t, store, Options{}), maxYield)
		began := time.Now()
		if commit(t, openConn(t, store, Options{}), raise); time.Since(began) > time.Second {
			t.Error("it waited", time.Since(began))
		}
	})
}

// TestCallersLeaveWhoYields has a caller lose patience while the writer leaves another one alone.
func TestCallersLeaveWhoYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New()
		conn := openConn(t, store, Options{})
		yieldBehind(t, store, conn, maxYield)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := conn.Commit(ctx, raise); err != context.DeadlineExceeded {
			t.Error(err)
		}
	})
}

func TestYieldIsBounded(t *testing.T) {
	for _, d := range []time.Duration{0, maxYield + time.Millisecond} {
		r := &record{reader: yieldVersion, writer: 1, seq: 1, sections: []section{yieldSection(d)}}
		if _, err := r.bodies(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v: %v", d, err)
		}
	}
	if d := yieldFor(time.Hour); d != maxYield {
		t.Error(d)
	}
	if d := yieldFor(0); d != minYield {
		t.Error(d)
	}
}
