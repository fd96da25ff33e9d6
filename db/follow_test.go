package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage/mem"
)

// law: opening a database replays it. Every snapshot of the new Conn is as the commit returned it.
func TestOpenReplays(t *testing.T) {
	soak.Run(t, 2, 5, func(t *testing.T, seed int64) {
		store := mem.New()
		conn := openConn(t, store, Options{Clock: testEnv().clock})
		w := newWorld(t, seed, 20)
		var reports []*Report
		for _, c := range w.log {
			reports = append(reports, commit(t, conn, func(_ context.Context, before *Snapshot) (*Report, error) { return before.Apply(c) }))
		}
		again := openConn(t, store, Options{ReadOnly: true, Clock: testEnv().clock})
		last := reports[len(reports)-1]
		same(t, last.After, again.Snapshot())
		checkReports(t, again, reports)
	})
}

// checkReports compares what a Conn reports, and At returns, with what commits returned.
func checkReports(t *testing.T, conn *Conn, want []*Report) {
	t.Helper()
	ctx := context.Background()
	for rep, err := range conn.Reports(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rep.T != want[0].T || !rep.Instant.Equal(want[0].Instant) || rep.Tx != want[0].Tx {
			t.Fatal("report of", rep.T, "is not that of", want[0].T)
		}
		if diff := cmp.Diff(fmt.Sprint(want[0].Datoms), fmt.Sprint(rep.Datoms)); diff != "" {
			t.Error(diff)
		}
		at, err := conn.At(ctx, rep.T)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Snapshot{rep.After, at} {
			same(t, want[0].After, s)
		}
		same(t, want[0].Before, rep.Before)
		if want = want[1:]; len(want) == 0 {
			return
		}
	}
}

// law: everyone who follows sees every transaction once, in order, from wherever they begin, and also if they stop and begin again.
func TestReportsWithoutGap(t *testing.T) {
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		store := mem.New()
		conns := []*Conn{openConn(t, store, Options{}), openConn(t, &unlucky{Store: store}, Options{})}
		const n = 400
		var wg sync.WaitGroup
		seen := make([][]T, 6)
		for i := range seen {
			rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
			wg.Go(func() { seen[i] = readReports(t, conns[i%2], n, rng) })
		}
		for i, conn := range conns {
			for range 4 {
				wg.Go(func() {
					for range n / 8 {
						commit(t, conn, mark(fmt.Sprint(i)))
					}
				})
			}
		}
		wg.Wait()
		for _, ts := range seen {
			if diff := cmp.Diff(seen[0], ts); diff != "" || len(ts) != n {
				t.Fatal(len(ts), diff)
			}
		}
	})
}

// readReports reads n reports, and begins anew now and then where it stopped.
func readReports(t *testing.T, conn *Conn, n int, rng *rand.Rand) []T {
	var seen []T
	last := T(0)
	for len(seen) < n {
		stop := rng.IntN(100)
		for rep, err := range conn.Reports(context.Background(), last) {
			if err != nil {
				t.Error(err)
				return seen
			}
			if rep.Before.T() != last || rep.After.T() != rep.T || rep.T <= last {
				t.Errorf("report %s from %s to %s, behind %s", rep.T, rep.Before, rep.After, last)
			}
			seen, last = append(seen, rep.T), rep.T
			if stop--; stop < 0 || len(seen) == n {
				break
			}
		}
	}
	return seen
}

// An unlucky store is no Watcher, so it is polled.
type unlucky struct{ *mem.Store }

func (u *unlucky) Watch() {}

func TestReportsEnd(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	commit(t, conn, raise)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []string
	for rep, err := range conn.Reports(ctx, 0) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, rep.T.String())
		cancel()
	}
	if diff := cmp.Diff([]string{"t 1000", "context canceled"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestReportsFromTheFuture begins behind what there is.
func TestReportsFromTheFuture(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	first := commit(t, conn, raise)
	after := first.After.NextT()
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() {
		for range 3 {
			commit(t, conn, raise)
		}
	})
	for rep, err := range conn.Reports(context.Background(), after) {
		if err != nil || rep.T != after+1 || rep.Before.T() != after {
			t.Error(rep, err)
		}
		return
	}
}

func TestSync(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	one, two := openConn(t, store, Options{}), openConn(t, unwatched{store}, Options{})
	for range 100 {
		commit(t, one, raise)
	}
	snap, err := two.Sync(ctx)
	if err != nil || countOf(t, snap) != 100 || two.Snapshot() != snap {
		t.Error(snap, err)
	}
	rep := commit(t, one, raise)
	if snap, err := two.SyncTo(ctx, rep.T); err != nil || snap.T() != rep.T {
		t.Error(snap, err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := two.SyncTo(short, rep.T+100); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := two.Sync(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAt(t *testing.T) {
	ctx, conn := context.Background(), openConn(t, mem.New(), Options{})
	one := commit(t, conn, mark("one"))
	two := commit(t, conn, mark("two"))
	for _, c := range []struct {
		t, want T
	}{{0, 0}, {999, 0}, {1000, 1000}, {1001, 1000}, {two.T, two.T}} {
		if snap, err := conn.At(ctx, c.t); err != nil || snap.T() != c.want {
			t.Error(c.t, snap, err)
		}
	}
	past, _ := conn.At(ctx, one.T)
	same(t, one.After, past)
	_, err := conn.At(ctx, two.T+1)
	wantError(t, err, ErrFuture, "db: moment lies in the future: t 1003 is after the newest, t 1002")
}

// TestAFollowerIsTold waits for the records of others, from a store that tells and from one that is polled.
func TestAFollowerIsTold(t *testing.T) {
	store := mem.New()
	writer, told, polling := openConn(t, store, Options{}), openConn(t, store, Options{}), openConn(t, &unlucky{store}, Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for range 20 {
		rep := commit(t, writer, raise)
		for _, conn := range []*Conn{told, polling} {
			snap, err := conn.SyncTo(ctx, rep.T)
			if err != nil || countOf(t, snap) != countOf(t, rep.After) {
				t.Fatal(snap, err)
			}
		}
	}
}

// TestFollowersLearnOfDamage has those who wait told that there will be no news.
func TestFollowersLearnOfDamage(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	commit(t, conn, raise)
	if err := store.Create(ctx, conn.log.slot(2), []byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	want := "db: " + conn.log.slot(2) + ": store is damaged: the record is malformed: not a record"
	_, err := conn.SyncTo(ctx, 5000)
	wantError(t, err, ErrCorrupt, want)
	_, err = conn.Sync(ctx)
	wantError(t, err, ErrCorrupt, want)
	for _, err := range conn.Reports(ctx, 1000) {
		wantError(t, err, ErrCorrupt, want)
	}
	if _, err = conn.Commit(ctx, raise); !errors.Is(err, ErrUnknownOutcome) {
		t.Error(err)
	}
	if countOf(t, conn.Snapshot()) != 1 {
		t.Error("what was there is gone")
	}
}
