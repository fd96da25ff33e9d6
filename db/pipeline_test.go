package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// A scripted store does with the slots of the log what a test says, and counts how often somebody looked at one.
type scripted struct {
	storage.Store
	create func(ctx context.Context, key string, value []byte) error
	gets   atomic.Int32
}

func (s *scripted) Create(ctx context.Context, key string, value []byte) error {
	if s.create != nil && strings.Contains(key, "/log/") {
		return s.create(ctx, key, value)
	}
	return s.Store.Create(ctx, key, value)
}

func (s *scripted) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.Contains(key, "/log/") {
		s.gets.Add(1)
	}
	return s.Store.Get(ctx, key)
}

// Limits has nobody poll.
func (s *scripted) Limits() storage.Limits { return unwatched{s.Store}.Limits() }

// A gated store holds every record up until the test lets it go on: with the error, or for nil into the store.
func gated(inner storage.Store) (store *scripted, arrived chan string, goOn chan error) {
	arrived, goOn = make(chan string), make(chan error)
	store = &scripted{Store: inner}
	store.create = func(ctx context.Context, key string, value []byte) error {
		arrived <- key
		if err := <-goOn; err != nil {
			return err
		}
		return inner.Create(ctx, key, value)
	}
	return store, arrived, goOn
}

// A told is what Commit returned.
type told struct {
	rep *Report
	err error
}

func submitted(ctx context.Context, conn *Conn, eval Eval) chan told {
	c := make(chan told, 1)
	go func() {
		rep, err := conn.Commit(ctx, eval)
		c <- told{rep, err}
	}()
	return c
}

func silent(t testing.TB, what string, c chan told) {
	t.Helper()
	select {
	case a := <-c:
		t.Errorf("%s is answered too early: %v, %v", what, a.rep, a.err)
	default:
	}
}

var errNo = errors.New("no")

// spied wraps an Eval, and tells of each snapshot that it is asked on.
func spied(eval Eval) (Eval, *[]*Snapshot) {
	var all []*Snapshot
	return func(ctx context.Context, before *Snapshot) (*Report, error) {
		all = append(all, before)
		return eval(ctx, before)
	}, &all
}

func refuse(context.Context, *Snapshot) (*Report, error) { return nil, errNo }

// TestNoAnswerBeforeItsRecordsAreDurable evaluates a transaction, a refusal and a repeat on a record that is on its way: none is
// answered before it arrives.
func TestNoAnswerBeforeItsRecordsAreDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, arrived, goOn := gated(mem.New())
		conn := openConn(t, store, Options{})
		first := submitted(t.Context(), conn, keyed("k"))
		<-arrived
		later := map[string]chan told{}
		bases := map[string]*[]*Snapshot{}
		for name, eval := range map[string]Eval{"a success": raise, "a refusal": refuse, "a repeat": keyed("k")} {
			watched, snaps := spied(eval)
			later[name], bases[name] = submitted(t.Context(), conn, watched), snaps
		}
		synctest.Wait()
		for name, c := range later {
			silent(t, name, c)
			if len(*bases[name]) != 1 || (*bases[name])[0].T() < 1000 {
				t.Errorf("%s is not evaluated while the record is on its way: %v", name, *bases[name])
			}
		}
		silent(t, "the first", first)
		if conn.Snapshot().T() != 0 || conn.Snapshot().Speculative() {
			t.Error("the snapshot shows what is not durable:", conn.Snapshot())
		}
		goOn <- nil
		<-arrived
		one := <-first
		silent(t, "a success", later["a success"])
		goOn <- nil
		if a := <-later["a success"]; a.err != nil || a.rep.Before.T() != 1000 {
			t.Error(a)
		}
		if a := <-later["a refusal"]; a.err != errNo {
			t.Error(a)
		}
		if a := <-later["a repeat"]; a.err != nil || a.rep.T != one.rep.T || a.rep.After.T() != one.rep.T {
			t.Error(a)
		}
		if conn.Stats().Seq != 2 {
			t.Error("there are", conn.Stats().Seq, "records")
		}
	})
}

// keyed returns an Eval of which only the first with a text writes something.
func keyed(text string) Eval {
	digest := make([]byte, 32)
	return func(ctx context.Context, before *Snapshot) (*Report, error) {
		for d, err := range before.Datoms(ctx, AEVT, attrDoc) {
			if err != nil {
				return nil, err
			}
			if d.V.Text() == text && d.E != counter && d.E.Part() != 0 {
				return before.Repeat(ctx, d.Tx.T(), digest)
			}
		}
		rep, err := mark(text)(ctx, before)
		if err != nil {
			return nil, err
		}
		c := rep.commit
		c.Digest = digest
		return before.Apply(c)
	}
}

// TestLostSlotDropsAnswers has somebody else win the slot of a record on which others were evaluated: all are evaluated again, on the
// winner's, with the clock and the ids of then.
func TestLostSlotDropsAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		store, arrived, goOn := gated(inner)
		conn := openConn(t, store, Options{})
		rival := openConn(t, &scripted{Store: inner}, Options{})
		tooMany := func(ctx context.Context, before *Snapshot) (*Report, error) {
			if before.T() != 1002 { // so it is after the rival's and one of ours
				return nil, fmt.Errorf("%w: after %s", errNo, before.T())
			}
			return mark("third")(ctx, before)
		}
		first := submitted(t.Context(), conn, mark("first"))
		<-arrived
		watched, snaps := spied(tooMany)
		second := submitted(t.Context(), conn, watched)
		refusal, refusals := spied(refuse)
		third := submitted(t.Context(), conn, refusal)
		synctest.Wait()
		if len(*snaps) != 1 || len(*refusals) != 1 {
			t.Fatal(*snaps, *refusals)
		}
		time.Sleep(time.Hour)
		won := commit(t, rival, mark("rival"))
		goOn <- nil
		<-arrived
		silent(t, "a refusal", third)
		goOn <- nil
		a, b, c := <-first, <-second, <-third
		if a.err != nil || b.err != nil || c.err != errNo || len(*snaps) != 2 || len(*refusals) != 2 {
			t.Fatal(a, b, c, *snaps, *refusals)
		}
		if a.rep.Before.T() != won.T || a.rep.T != 1002 || b.rep.T != 1004 || a.rep.Instant.Before(won.Instant) {
			t.Error("evaluated again:", a.rep.Before, a.rep.T, b.rep.T, a.rep.Instant, won.Instant)
		}
		checkAll(t, inner, []*Conn{conn, rival}, 3, 0)
	})
}

// TestWithdrawnWhileARecordIsOnItsWay has a caller leave after its transaction was evaluated, before its slot was asked for.
func TestWithdrawnWhileARecordIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		store, arrived, goOn := gated(inner)
		conn := openConn(t, store, Options{})
		first := submitted(t.Context(), conn, mark("first"))
		<-arrived
		ctx, cancel := context.WithCancel(t.Context())
		second, third := submitted(ctx, conn, mark("second")), submitted(t.Context(), conn, mark("third"))
		synctest.Wait()
		cancel()
		if a := <-second; a.err != context.Canceled {
			t.Error(a.err)
		}
		goOn <- nil
		<-arrived
		goOn <- nil
		if a, b := <-first, <-third; a.err != nil || b.err != nil {
			t.Error(a.err, b.err)
		}
		if is := marks(t, openConn(t, inner, Options{}).Snapshot()); len(is) != 2 || is["second"] != 0 {
			t.Error(is)
		}
	})
}

// TestNothingRunsAfterItsCallerLeft has a caller lose patience while its transaction is evaluated.
func TestNothingRunsAfterItsCallerLeft(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	ctx, cancel := context.WithCancel(context.Background())
	running := true // no race, since it is over when Commit returns
	_, err := conn.Commit(ctx, func(ctx context.Context, before *Snapshot) (*Report, error) {
		cancel()
		<-ctx.Done()
		time.Sleep(time.Millisecond)
		running = false
		return raise(ctx, before)
	})
	if running || !errors.Is(err, context.Canceled) && err != nil {
		t.Error(running, err)
	}
}

// TestRefusalsLookOnce counts what a refusal costs on a store that others may write to, and on one that tells who does.
func TestRefusalsLookOnce(t *testing.T) {
	inner := mem.New()
	shared := &scripted{Store: inner}
	own := &exclusive{scripted: scripted{Store: mem.New()}}
	for _, c := range []struct {
		name  string
		conn  *Conn
		store *scripted
		gets  int32
	}{{"shared", openConn(t, shared, Options{}), shared, 1}, {"exclusive", openConn(t, own, Options{}), &own.scripted, 0}} {
		commit(t, c.conn, raise)
		time.Sleep(5 * time.Millisecond) // the follower has looked
		before := c.store.gets.Load()
		for range 3 {
			if _, err := c.conn.Commit(context.Background(), refuse); err != errNo {
				t.Error(err)
			}
		}
		if n := c.store.gets.Load() - before; n != 3*c.gets {
			t.Errorf("%s: %d looks for three refusals", c.name, n)
		}
	}
}

// An exclusive store knows who writes to it.
type exclusive struct {
	scripted
	storage.Entrances
}

func (e *exclusive) Create(ctx context.Context, key string, value []byte) error {
	defer e.Creating(ctx, key)()
	return e.scripted.Create(ctx, key, value)
}

// TestCompanyThroughAWrapper has another one write to a store that no other process can open, by ways that do not tell of it before.
func TestCompanyThroughAWrapper(t *testing.T) {
	ctx, store := t.Context(), &exclusive{scripted: scripted{Store: mem.New()}}
	one, two := openConn(t, store, Options{}), openConn(t, struct{ storage.Store }{store}, Options{})
	commit(t, two, raise)
	if snap, err := one.Sync(ctx); err != nil || countOf(t, snap) != 1 {
		t.Error(snap, err)
	}
}

// TestCompanyOnAnExclusiveStore has two Conns of one process write to a store that no other
// process can open: none takes itself for alone.
func TestCompanyOnAnExclusiveStore(t *testing.T) {
	ctx, store := context.Background(), &exclusive{scripted: scripted{Store: mem.New()}}
	one := openConn(t, store, Options{})
	commit(t, one, raise)
	two, err := Open(ctx, store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, two, raise)
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = one.Commit(ctx, func(ctx context.Context, before *Snapshot) (*Report, error) {
		if n := countOf(t, before); n != 2 {
			return nil, fmt.Errorf("the count is %d", n)
		}
		return raise(ctx, before)
	})
	if err != nil {
		t.Error("a refusal on an old snapshot:", err)
	}
}

// TestDropOnAnExclusiveStore has one drop the database whose Conn knows of no other writer.
func TestDropOnAnExclusiveStore(t *testing.T) {
	ctx, store := context.Background(), &exclusive{scripted: scripted{Store: mem.New()}}
	conn := openConn(t, store, Options{})
	commit(t, conn, raise)
	if err := Drop(ctx, store, "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Sync(ctx); !errors.Is(err, ErrDropped) {
		t.Error(err)
	}
	if _, err := conn.Commit(ctx, refuse); !errors.Is(err, ErrDropped) {
		t.Error(err)
	}
}

// TestSyncWaitsForARecordOnItsWay asks for everything that was committed before while a record is held up, and another one comes.
func TestSyncWaitsForARecordOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		store, arrived, goOn := gated(inner)
		conn, rival := openConn(t, store, Options{}), openConn(t, &scripted{Store: inner}, Options{})
		first := submitted(t.Context(), conn, mark("first"))
		<-arrived
		won := commit(t, rival, mark("rival"))
		synced := make(chan *Snapshot, 1)
		go func() {
			snap, err := conn.Sync(t.Context())
			if err != nil {
				t.Error(err)
			}
			synced <- snap
		}()
		synctest.Wait()
		goOn <- nil
		<-arrived
		goOn <- nil
		if snap := <-synced; snap.T() < won.T {
			t.Error(snap)
		}
		<-first
	})
}

func TestSyncWithinAnEval(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	_, err := conn.Commit(context.Background(), func(ctx context.Context, before *Snapshot) (*Report, error) {
		_, err := conn.Sync(ctx)
		return nil, err
	})
	wantError(t, err, ErrNested, "db: a transaction waits for itself")
}

// law: whatever the store does, nobody is answered before what the answer rests on is durable.
func TestAnswersRestOnWhatIsDurable(t *testing.T) {
	soak.Run(t, 5, 60, func(t *testing.T, seed int64) {
		synctest.Test(t, func(t *testing.T) {
			inner := mem.New()
			var durable atomic.Int64 // the newest t that the store has taken
			peer := func(i int) *Conn {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
				store := &scripted{Store: inner}
				store.create = func(ctx context.Context, key string, value []byte) error {
					time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
					err := inner.Create(ctx, key, value)
					if r, _ := decodeRecord(value); err == nil {
						if bodies, _ := r.bodies(); len(bodies) > 0 {
							durable.Store(max(durable.Load(), int64(bodies[len(bodies)-1].commit.T)))
						}
					}
					time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
					if rng.IntN(5) == 0 {
						return storage.ErrUnknown
					}
					return err
				}
				return openConn(t, store, Options{})
			}
			conns := []*Conn{peer(1), peer(2)}
			var all sync.WaitGroup
			for i := range 8 {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(10+i)))
				all.Go(func() { askAround(t, conns[i%2], rng, &durable) })
			}
			all.Wait()
			for _, conn := range conns {
				_ = conn.Close()
			}
		})
	})
}

// askAround submits transactions, refusals and repeats, and checks that what each rests on is durable when it is answered.
func askAround(t *testing.T, conn *Conn, rng *rand.Rand, durable *atomic.Int64) {
	for range 20 {
		var basis atomic.Int64
		eval := []Eval{raise, refuse, keyed(fmt.Sprint(rng.IntN(5)))}[rng.IntN(3)]
		_, err := conn.Commit(t.Context(), func(ctx context.Context, before *Snapshot) (*Report, error) {
			basis.Store(int64(before.T()))
			return eval(ctx, before)
		})
		if err != nil && err != errNo {
			t.Error(err)
		}
		if basis.Load() > durable.Load() || int64(conn.Snapshot().T()) > durable.Load() {
			t.Errorf("answered on %d, shown %s, and durable is %d", basis.Load(), conn.Snapshot(), durable.Load())
		}
		time.Sleep(time.Duration(rng.IntN(1000)) * time.Microsecond)
	}
}

// TestLargeTransactions refuses those that are too large, for anybody or for the store, each alone.
func TestLargeTransactions(t *testing.T) {
	conn := openConn(t, small{mem.New()}, Options{})
	texts := func(n, size int) Eval {
		return func(ctx context.Context, before *Snapshot) (*Report, error) {
			c := nextCommit(before, n)
			for i := range n {
				v := index.Bytes(make([]byte, size))
				c.Facts = append(c.Facts, index.Fact{E: index.NewID(index.PartUser, c.T+1+T(i)), A: attrDoc, V: v, Tx: index.TxID(c.T)})
			}
			return before.Apply(c)
		}
	}
	for _, c := range []struct {
		eval Eval
		text string
	}{
		{texts(65, 1<<20), "transaction is too large: 68157440 bytes of values, and a transaction has at most 67108864: divide it"},
		{texts(2, 1<<20), "transaction is too large: 2097199 bytes, and the store takes 1948000: divide it"},
	} {
		beside := submitted(context.Background(), conn, raise)
		_, err := conn.Commit(context.Background(), c.eval)
		wantError(t, err, ErrTooLarge, c.text)
		if a := <-beside; a.err != nil {
			t.Error(a.err)
		}
	}
	all := []chan told{submitted(context.Background(), conn, texts(1, 1_900_000)), submitted(context.Background(), conn, texts(1, 1_900_000))}
	for _, c := range all {
		if a := <-c; a.err != nil {
			t.Error(a.err)
		}
	}
}
