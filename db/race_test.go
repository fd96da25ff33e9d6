package db_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/history"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// law: whatever the order in which calls of the store are made and answered, whatever is lost, late, stalled or killed, and
// whatever the clocks say, there is one order of transactions, and all are told and shown it.
func TestSimulations(t *testing.T) {
	all := map[string]int{}
	soak.Run(t, 10, 30, func(t *testing.T, seed int64) {
		synctest.Test(t, func(t *testing.T) {
			for what, n := range simulate(t, seed, false).met {
				all[what] += n
			}
		})
	})
	t.Log(all)
	for _, what := range happenings {
		if all[what] == 0 {
			t.Errorf("there was nothing %s", what)
		}
	}
}

// happenings are what must happen in simulations, or they would show nothing.
var happenings = []string{"committed", "refused", "withdrawn", "unknown", "read", "made", "late", "lost before", "lost after", "failed",
	"haunting", "stalled", "skewed", "killed"}

var outcomes = map[history.Outcome]string{history.Committed: "committed", history.Refused: "refused", history.Withdrawn: "withdrawn",
	history.Unknown: "unknown"}

// A race is clients of the processes of a simulation.
type race struct {
	*simulation
	*scribe
	t       *testing.T
	actors  []*actor // the clients
	acts    int      // how many each does
	peopled int      // how many processes have clients
}

// simulate runs the simulation of a seed, and judges it.
func simulate(t *testing.T, seed int64, traced bool) *race {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that it is no matter of chance which of two goroutines goes on first
	r := &race{simulation: newSimulation(seed), scribe: newScribe(10), t: t, acts: 20}
	r.traced = traced
	first := r.newProcess()
	first.open()
	if err := r.setUp(t.Context(), first.conn); err != nil {
		t.Fatal(err)
	}
	for range 2 + r.rng.IntN(3) {
		time.Sleep(10 * time.Millisecond) // one after the other, so that nothing depends on who is faster
		r.newProcess().open()
	}
	time.Sleep(10 * time.Millisecond)
	synctest.Wait()
	r.calm = false
	r.populate()
	synctest.Wait()
	for r.busy() {
		r.next()
		r.populate()
		if r.rng.IntN(60) == 0 {
			r.disturb()
			synctest.Wait()
		}
	}
	r.rest(t)
	for outcome, n := range r.counts() {
		r.met[outcomes[outcome]] += n
	}
	r.met["read"] += len(r.Reads)
	return r
}

// busy reports whether there are processes to come, or clients of living ones that are not done.
func (r *race) busy() bool {
	return r.peopled < len(r.processes) || slices.ContainsFunc(r.actors, func(a *actor) bool { return !a.done.Load() && !a.process.dead.Load() })
}

// populate gives each process that has opened the database two clients, or one.
func (r *race) populate() {
	for ; r.peopled < len(r.processes) && r.processes[r.peopled].conn != nil; r.peopled++ {
		p := r.processes[r.peopled]
		for range 1 + r.rng.IntN(2) {
			c := &client{scribe: r.scribe, conn: p.conn, session: p.id, dead: &p.dead, rng: rand.New(rand.NewPCG(r.rng.Uint64(), 0))}
			a := &actor{id: len(r.actors), process: p}
			r.actors = append(r.actors, a)
			go r.act(c, a)
		}
	}
}

// act has a client act, each time it is its turn. Some have little patience.
func (r *race) act(c *client, a *actor) {
	defer a.done.Store(true)
	c.turn = func() { r.await(a) }
	for range r.acts {
		if r.await(a); c.isDead() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond<<c.rng.IntN(16)+time.Duration(c.rng.IntN(1e6)))
		c.act(ctx)
		cancel()
	}
}

// disturb upsets a process. Where one was killed, another one comes.
func (r *race) disturb() {
	p := r.processes[r.rng.IntN(len(r.processes))]
	wasDead := p.dead.Load()
	r.upset(p)
	if wasDead || !p.dead.Load() || len(r.processes) > 8 {
		return
	}
	go r.newProcess().open()
}

// rest has everything come to rest, and judges what was told and shown. Ghosts that were left change nothing that is known.
func (r *race) rest(t *testing.T) {
	r.calmDown()
	time.Sleep(time.Minute) // what is tried again is done by then
	synctest.Wait()
	fresh := r.newProcess()
	fresh.open()
	conns := []*db.Conn{fresh.conn}
	for _, p := range r.processes {
		if !p.dead.Load() {
			conns = append(conns, p.conn)
		}
	}
	if r.rng.IntN(2) == 0 {
		r.resolve(t, conns[r.rng.IntN(len(conns))])
	}
	r.check(t, conns...)
	r.haunt()
	r.check(t, conns...)
	closeAll(conns)
}

// TestSimulationsRepeat runs seeds twice: the same happens.
func TestSimulationsRepeat(t *testing.T) {
	seeds := int64(8)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		var traces [2][]string
		for i := range traces {
			synctest.Test(t, func(t *testing.T) { traces[i] = simulate(t, seed, true).trace })
		}
		one, two := traces[0], traces[1]
		for i := range max(len(one), len(two)) {
			if i >= len(one) || i >= len(two) || one[i] != two[i] {
				t.Fatalf("seed %d: %d events and %d, the same up to %d: %q, %q", seed, len(one), len(two), i, one[max(0, i-1):min(i+2, len(one))],
					two[max(0, i-1):min(i+2, len(two))])
			}
		}
	}
}

// TestStatusOfASlotFilledMeanwhile has the slot filled, and known to be, while TxStatus is told that it is empty.
func TestStatusOfASlotFilledMeanwhile(t *testing.T) {
	inner := mem.New()
	other, conn := open(t, inner, db.Options{}), open(t, slow{inner}, db.Options{})
	var once sync.Once
	ctx := context.WithValue(t.Context(), slow{}, func() {
		once.Do(func() {
			if _, err := tx.Transact(t.Context(), other, tx.All()); err != nil {
				t.Error(err)
			}
			if _, err := conn.Sync(t.Context()); err != nil {
				t.Error(err)
			}
		})
	})
	status, _, err := conn.TxStatus(ctx, db.OutcomeID{Seq: 1})
	if status != db.NotCommitted || err != nil {
		t.Errorf("the slot of another record is %v, %v", status, err)
	}
}

// TestStatusOfADroppedDatabase has the log end in the slot, right after TxStatus was told that it is empty.
func TestStatusOfADroppedDatabase(t *testing.T) {
	inner := mem.New()
	conn := open(t, slow{inner}, db.Options{})
	var once sync.Once
	ctx := context.WithValue(t.Context(), slow{}, func() {
		once.Do(func() {
			if err := db.Drop(t.Context(), inner, "main"); err != nil {
				t.Error(err)
			}
		})
	})
	if status, _, err := conn.TxStatus(ctx, db.OutcomeID{Seq: 1}); status != db.NotCommitted || err != nil {
		t.Errorf("the slot of the end is %v, %v", status, err)
	}
	if _, _, err := conn.TxStatus(t.Context(), db.OutcomeID{Seq: 2}); !errors.Is(err, db.ErrDropped) {
		t.Error("the slot behind the end:", err)
	}
}

// A slow store has looked for a key, and tells of it after it did what the context says. It is no Watcher.
type slow struct{ storage.Store }

func (s slow) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.Store.Get(ctx, key)
	if do, ok := ctx.Value(slow{}).(func()); ok {
		do()
	}
	return value, err
}
