package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/history"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
	"github.com/datolite/datolite/tx"
)

// faults returns one fault of each mode, of stalls one that callers wait for and one that they do not.
func faults() (all []storagetest.Fault) {
	for _, mode := range storagetest.Modes() {
		if mode == storagetest.Stall {
			all = append(all, storagetest.Fault{Mode: mode, For: patience / 5})
		}
		all = append(all, storagetest.Fault{Mode: mode, For: patience + time.Second})
	}
	return all
}

// patience is how long callers wait for a store with a fault. The time is that of a bubble.
const patience = 5 * time.Second

// law: whatever call of the store fails, and however, callers are told what is so, and a fresh Open finds it.
func TestFaults(t *testing.T) {
	for i, fault := range faults() {
		for _, forever := range []bool{false, true} {
			if testing.Short() && (forever || i%4 > 0) {
				continue
			}
			fault.Forever = forever
			t.Run(fmt.Sprintf("%v, for ever %v", fault.Mode, forever), func(t *testing.T) {
				t.Parallel()
				fault.N = 1
				for met := true; met; fault.N++ {
					synctest.Test(t, func(t *testing.T) { met = withFault(t, fault) })
				}
				if t.Logf("%d calls were met", fault.N-2); fault.N < 20 {
					t.Error("those are too few")
				}
			})
		}
	}
}

// withFault runs the workload on a store with a fault, twice, since what fails is tried again. It reports whether the fault was met.
func withFault(t *testing.T, fault storagetest.Fault) bool {
	t.Helper()
	inner := small{mem.New()}
	store := storagetest.NewFaulty(inner, fault)
	s := newScribe(4)
	s.damaged = fault.Mode >= storagetest.Corrupt
	w := &work{t: t, scribe: s, fault: fault, next: 1}
	w.run(store)
	w.run(store)
	fresh := open(t, inner, db.Options{})
	s.resolve(t, fresh)
	s.check(t, fresh)
	if t.Failed() {
		t.Fatal("with", fault)
	}
	return store.Hits() > 0
}

// A small store takes little in one value, so that transactions lie elsewhere. It is looked at again once an hour, so that one who
// counts its calls counts those of the workload.
type small struct{ storage.Store }

func (s small) Limits() storage.Limits {
	return storage.Limits{Value: 1000, Batch: 100, Poll: time.Hour}
}

// A work opens a database twice, as two processes do, makes its schema, and then reads and writes, one act at a time.
type work struct {
	*scribe
	t        *testing.T
	fault    storagetest.Fault
	next     int // the id of the next transaction
	sessions int // how many there were
}

// run has the two write in turns, so that each finds the other's record where it would put its own: small transactions, one that is
// refused, and one that takes several values of the store. Then they read: after Sync and without, the log, and the past.
func (w *work) run(store storage.Store) {
	one, err := w.open(store)
	if err != nil {
		return
	}
	defer one.conn.Close()
	if w.patiently(func(ctx context.Context) error { return w.setUp(ctx, one.conn) }) != nil {
		return
	}
	two, err := w.open(store)
	if err != nil {
		return
	}
	defer two.conn.Close()
	w.write(one, w.item(1))
	w.write(two, w.swap(two.conn), w.item(2))
	w.write(one, w.item(1))
	two.doc = strings.Repeat("large ", 400)
	w.write(two, w.item(2))
	w.write(one, history.Write{Old: 12345, New: 10*w.next + 1})
	w.write(one, w.swap(one.conn))
	w.insist(two, w.item(3))
	w.insist(one, w.swap(one.conn), w.item(3))
	for _, c := range []*client{one, two} {
		_ = w.patiently(func(ctx context.Context) error { return c.read(ctx, false) })
		_ = w.patiently(func(ctx context.Context) error { return c.read(ctx, true) })
		w.reports(c.conn)
		w.past(c.conn)
	}
}

// item appends to a list in the next transaction.
func (w *work) item(list int) history.Write {
	return history.Write{List: true, Key: list, New: 10 * w.next}
}

// swap swaps what the first register holds in the next transaction.
func (w *work) swap(conn *db.Conn) history.Write {
	value, err := w.register(w.t.Context(), conn.Snapshot(), 0)
	if err != nil {
		w.t.Error(err)
	}
	return history.Write{Old: value, New: 10*w.next + 1}
}

// patiently does something with patience.
func (w *work) patiently(do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	began := time.Now()
	err := do(ctx)
	if w.told(err); time.Since(began) > patience {
		w.t.Errorf("it took %v: %v", time.Since(began), err)
	}
	return err
}

// open opens the database for one who writes and reads.
func (w *work) open(store storage.Store) (*client, error) {
	w.sessions++
	c := &client{scribe: w.scribe, session: w.sessions}
	err := w.patiently(func(ctx context.Context) (err error) {
		c.conn, err = db.Open(ctx, store, db.Options{})
		return err
	})
	return c, err
}

// write submits the next transaction.
func (w *work) write(c *client, writes ...history.Write) {
	_ = w.patiently(func(ctx context.Context) error { return c.write(ctx, history.Tx{ID: w.next, Writes: writes}) })
	w.next++
}

// insist submits the next transaction until there is an answer.
func (w *work) insist(c *client, writes ...history.Write) {
	w.told(c.insist(patience, history.Tx{ID: w.next, Writes: writes}))
	w.next++
}

// reports reads the log through the faults. What it has come to is the beginning of what a sound store has.
func (w *work) reports(conn *db.Conn) {
	_ = w.patiently(func(ctx context.Context) error {
		l, err := w.log(ctx, conn)
		w.Logs = append(w.Logs, l)
		return err
	})
}

// past reads every snapshot of the past.
func (w *work) past(conn *db.Conn) {
	const first = 1000 // of all transactions
	for t := db.T(first - 2); t <= conn.Snapshot().T(); t++ {
		_ = w.patiently(func(ctx context.Context) error {
			snap, err := conn.At(ctx, t)
			if err == nil && snap.T() > t {
				w.t.Errorf("%v at %v", snap, t)
			}
			return err
		})
	}
}

// told checks an error: it comes of the fault, and where that damaged what was read, it names the key.
func (w *work) told(err error) {
	place := (*db.StoreError)(nil)
	switch damaged := w.fault.Mode >= storagetest.Corrupt; {
	case err == nil, errors.Is(err, tx.ErrCASFailed):
	case damaged && (!errors.As(err, &place) || place.Key == ""):
		w.t.Errorf("of what is damaged one is told %v", err)
	case !damaged && !isAny(err, storagetest.ErrInjected, context.DeadlineExceeded):
		w.t.Errorf("of what fails one is told %v", err)
	}
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// law: so it is with several faults at once, on several peers, also where a store tells each of them that it is alone.
func TestRandomFaults(t *testing.T) {
	soak.Run(t, 10, 150, func(t *testing.T, seed int64) {
		synctest.Test(t, func(t *testing.T) {
			s := newScribe(4)
			s.damaged = true
			inner := exclusive{mem.New(), &storage.Entrances{}}
			first := open(t, inner, db.Options{})
			if err := s.setUp(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			_ = first.Close()
			var all sync.WaitGroup
			for i := range 4 {
				all.Go(func() { s.suffer(t, inner, seed, i) })
				if seed%2 == 0 {
					all.Wait() // it is alone
				}
			}
			all.Wait()
			sound := open(t, inner.Store, db.Options{})
			s.resolve(t, sound)
			s.check(t, sound, open(t, inner.Store, db.Options{}))
		})
	})
}

// An exclusive store knows who is in.
type exclusive struct {
	storage.Store
	*storage.Entrances
}

func (e exclusive) Create(ctx context.Context, key string, value []byte) error {
	defer e.Creating(ctx, key)()
	return e.Store.Create(ctx, key, value)
}

// suffer opens a database through random faults, and has two clients write and read.
func (s *scribe) suffer(t *testing.T, inner exclusive, seed int64, peer int) {
	faulty := storagetest.NewFaulty(inner.Store, storagetest.RandomFaults(uint64(10*seed)+uint64(peer), 6, 80, 2*patience)...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := db.Open(ctx, exclusive{faulty, inner.Entrances}, db.Options{})
	if err != nil {
		return
	}
	defer conn.Close()
	var all sync.WaitGroup
	for i := range 2 {
		c := &client{scribe: s, conn: conn, session: peer, rng: rand.New(rand.NewPCG(uint64(seed), uint64(2*peer+i)))}
		all.Go(func() {
			for range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				c.act(ctx)
				cancel()
			}
		})
	}
	all.Wait()
}

// TestUnsureWhereAlone has one who is alone lose the answer of the store, and then read it damaged. From then on there may be a record
// of its own that it does not know.
func TestUnsureWhereAlone(t *testing.T) {
	faulty := storagetest.NewFaulty(mem.New())
	conn := open(t, exclusive{faulty, &storage.Entrances{}}, db.Options{})
	faulty.Set(storagetest.Fault{Mode: storagetest.After, Op: "create", N: 1}, storagetest.Fault{Mode: storagetest.Corrupt, N: 1})
	_, err := tx.Transact(t.Context(), conn, tx.All())
	outcome := (*db.OutcomeError)(nil)
	if !errors.As(err, &outcome) {
		t.Fatal(err)
	}
	status, at, err := conn.TxStatus(t.Context(), outcome.ID)
	if status != db.Committed || err != nil {
		t.Fatal(status, err)
	}
	if snap, err := conn.Sync(t.Context()); err != nil || snap.T() != at {
		t.Errorf("Sync knows %v, %v; %v is committed", snap, err, at)
	}
}

// TestOutage has the store of three peers down for a second, and then for a minute, while they write.
func TestOutage(t *testing.T) {
	for _, outage := range []time.Duration{time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			store, s := storagetest.NewFaulty(mem.New()), newScribe(40)
			conns := []*db.Conn{open(t, store, db.Options{}), open(t, store, db.Options{}), open(t, store, db.Options{})}
			if err := s.setUp(t.Context(), conns[0]); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for i := range 12 {
				c := &client{scribe: s, conn: conns[i%3], session: i % 3, rng: rand.New(rand.NewPCG(1, uint64(i)))}
				all.Go(func() {
					for range 50 {
						time.Sleep(time.Duration(c.rng.IntN(200)) * time.Millisecond)
						ctx, cancel := context.WithTimeout(t.Context(), patience)
						c.act(ctx)
						cancel()
					}
				})
			}
			time.Sleep(2 * time.Second)
			store.Set(storagetest.Fault{Mode: storagetest.After, Op: "create", N: 1, Forever: true}, storagetest.Fault{N: 1, Forever: true})
			time.Sleep(outage)
			store.Set()
			all.Wait()
			n := s.counts()
			if t.Log("an outage of", outage, "leaves", n); n[history.Committed] < 200 || outage > patience && n[history.Unknown] == 0 {
				t.Error(n)
			}
			s.resolve(t, conns[1])
			s.check(t, append(conns, open(t, store, db.Options{}))...)
		})
	}
}

// TestNameWithoutDatabase opens what a flipped bit made of the id of a database.
func TestNameWithoutDatabase(t *testing.T) {
	const key = "name/main/0000000000000001"
	for _, id := range []string{"9b3caf14d6c9b778Daa50b9f701a970b", "9b3caf14d6c9b778", "", "!"} {
		store := mem.New()
		if err := store.Create(t.Context(), key, []byte(id)); err != nil {
			t.Fatal(err)
		}
		_, err := db.Open(t.Context(), store, db.Options{})
		if place := (*db.StoreError)(nil); !errors.Is(err, db.ErrCorrupt) || !errors.As(err, &place) || place.Key != key {
			t.Errorf("%q: %v", id, err)
		}
	}
}
