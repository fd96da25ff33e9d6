package db

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// newGrouped returns a database with records of one transaction and of several, imports, and indexes between them.
func newGrouped(t *testing.T) *Conn {
	spy := &spy{Store: small{mem.New()}}
	conn := openConn(t, spy, smallParts)
	load := func(yield func(Eval, error) bool) {
		for range 12 {
			if !yield(mark("loaded"), nil) || !yield(raise, nil) {
				return
			}
		}
	}
	for n := range 3 {
		commit(t, conn, raise)
		together(t, conn, spy, 5)
		if n == 1 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Import(t.Context(), load, func(Import) {}); err != nil {
				t.Fatal(err)
			}
			together(t, conn, spy, 4)
		}
	}
	return conn
}

// together commits some transactions in one record: they wait while another one is on its way.
func together(t *testing.T, conn *Conn, spy *spy, n int) {
	gate, first := make(chan struct{}), make(chan struct{})
	var once sync.Once
	spy.before = func(string) error {
		once.Do(func() { close(first) })
		<-gate
		return nil
	}
	before := conn.head.Load().seq
	var all sync.WaitGroup
	all.Go(func() { commit(t, conn, mark("first")) })
	<-first
	for range n {
		all.Go(func() { commit(t, conn, raise) })
	}
	sleep(t.Context(), 10*time.Millisecond)
	close(gate)
	all.Wait()
	spy.before = nil
	if now := conn.head.Load().seq; now >= before+1+n {
		together(t, conn, spy, n) // they came too late
	}
}

// law: a backup is restored up to any t, from several backups and from one: what comes of it is what the database was, and the records are those that it had, up to
// the one in which t lies. Three cases have every t.
func TestARestorationEndsAtAnyT(t *testing.T) {
	soak.Run(t, 1, 1, restoresToAnyT)
}

func restoresToAnyT(t *testing.T, seed int64) {
	conn, target, newest := newGrouped(t), mem.New(), mem.New()
	early := backUp(t, conn, target)
	grow(t, conn, 1)
	sweepAll(t, conn)
	commit(t, conn, raise)
	backUp(t, conn, target)
	b := backUp(t, conn, newest)
	if early.T >= b.T {
		t.Fatal(early, b)
	}
	step := T(3)
	if testing.Short() {
		step = 12
	}
	for at := firstT - 1 + T(seed-1)%step; at < b.T; at += step {
		want, err := conn.At(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		from := []storage.Store{target, newest}[at%2]
		all, err := Backups(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		to := small{mem.New()}
		_, err = Restore(t.Context(), from, all[0], to, RestoreOptions{Name: "then", T: at, log: smallLog, sizes: smallParts.sizes})
		if err != nil {
			t.Fatal(at, err)
		}
		o := smallParts
		o.Name = "then"
		again := openConn(t, to, o)
		same(t, want, again.Snapshot())
		h := conn.head.Load()
		seq, err := conn.seqOf(t.Context(), h, at)
		if err != nil {
			t.Fatal(err)
		}
		sameRecords(t, conn, again, seq-1)
		provesNow(t, again)
		if at%4 == 0 {
			grow(t, again, 1)
			sweepAll(t, again)
			provesNow(t, again)
		}
		_ = again.Close()
		if t.Failed() {
			t.Fatal("at", at)
		}
	}
	_, err := Restore(t.Context(), newest, b, mem.New(), RestoreOptions{T: b.T + 1})
	wantError(t, err, ErrFuture, fmt.Sprintf("db: moment lies in the future: %s, and the backup ends with %s", b.T+1, b.T))
}

func provesNow(t *testing.T, conn *Conn) {
	t.Helper()
	for v, err := range conn.Verify(t.Context()) {
		if err != nil {
			t.Error(v, err)
		}
	}
}

// law: a restoration to some t that is interrupted at any call makes no database, and the next goes on.
func TestFaultsOfARestorationToT(t *testing.T) {
	conn, backups := newGrouped(t), mem.New()
	b := backUp(t, conn, backups)
	at := (firstT + b.T) / 2
	want, err := conn.At(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	soak.Run(t, 1, 1, backupFaults(4, false, func(t *testing.T, fault storagetest.Fault, step int) {
		for ; ; fault.N += step {
			inner := small{mem.New()}
			faulty := storagetest.NewFaulty(inner, fault)
			o := RestoreOptions{Name: "then", T: at, log: smallLog, sizes: smallParts.sizes}
			_, err := Restore(t.Context(), backups, b, faulty, o)
			if all, listing := Databases(t.Context(), inner); listing != nil || err == nil && len(all) != 1 {
				t.Fatal(fault, err, all, listing)
			}
			if _, err := Restore(t.Context(), backups, b, inner, o); err != nil && !errors.Is(err, ErrTaken) {
				t.Fatal(fault, err)
			}
			open := smallParts
			open.Name = "then"
			again := openConn(t, inner, open)
			same(t, want, again.Snapshot())
			provesNow(t, again)
			if _ = again.Close(); faulty.Hits() == 0 {
				break
			}
		}
		if t.Logf("%v, %d calls", fault.Mode, fault.N-1); fault.N < 8 {
			t.Error("those are too few")
		}
	}))
}
