package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

const attrDoc ID = 62

// counter is the entity whose :db/doc count raises.
var counter = index.NewID(index.PartUser, 1)

// A spy is a store that counts, and does something before it creates a slot.
type spy struct {
	storage.Store
	creates atomic.Int32
	before  func(key string) error
}

func (s *spy) Create(ctx context.Context, key string, value []byte) error {
	if strings.Contains(key, "/log/") {
		s.creates.Add(1)
		if s.before != nil {
			if err := s.before(key); err != nil {
				return err
			}
		}
	}
	return s.Store.Create(ctx, key, value)
}

func openConn(t testing.TB, store storage.Store, o Options) *Conn {
	t.Helper()
	conn, err := Open(context.Background(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// nextCommit returns a commit on a snapshot that takes n ids.
func nextCommit(before *Snapshot, n int) Commit {
	return Commit{T: before.NextT(), Instant: before.Now(), NextT: before.NextT() + 1 + T(n), NextElement: before.NextElement()}
}

// mark asserts a text of a new entity.
func mark(text string) Eval {
	return func(ctx context.Context, before *Snapshot) (*Report, error) {
		c := nextCommit(before, 1)
		v, err := index.String(text)
		c.Facts = []index.Fact{{E: index.NewID(index.PartUser, c.T+1), A: attrDoc, V: v, Tx: index.TxID(c.T)}}
		if err != nil {
			return nil, err
		}
		return before.Apply(c)
	}
}

// raise adds one to the count of the counter: a read and a write.
func raise(ctx context.Context, before *Snapshot) (*Report, error) {
	c := nextCommit(before, 0)
	n := 0
	for d, err := range before.Datoms(ctx, EAVT, counter, attrDoc) {
		if err != nil {
			return nil, err
		}
		n, _ = strconv.Atoi(d.V.Text())
		c.Facts = append(c.Facts, index.Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx, End: index.TxID(c.T)})
	}
	v, _ := index.String(strconv.Itoa(n + 1))
	c.Facts = append(c.Facts, index.Fact{E: counter, A: attrDoc, V: v, Tx: index.TxID(c.T)})
	return before.Apply(c)
}

func countOf(t testing.TB, r Reader) int {
	t.Helper()
	counts := collect(t, r, EAVT, counter, attrDoc)
	if len(counts) == 0 {
		return 0
	}
	n, err := strconv.Atoi(counts[0].V.Text())
	if err != nil || len(counts) > 1 {
		t.Fatal(counts, err)
	}
	return n
}

// marks returns how often each text was marked.
func marks(t testing.TB, r Reader) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, d := range collect(t, r, AEVT, attrDoc) {
		if d.E != counter && d.E.Part() == index.PartUser {
			out[d.V.Text()]++
		}
	}
	return out
}

func commit(t testing.TB, conn *Conn, eval Eval) *Report {
	t.Helper()
	rep, err := conn.Commit(context.Background(), eval)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// same compares two snapshots by everything that they show.
func same(t testing.TB, want, got *Snapshot) {
	t.Helper()
	if w, g := counters(want), counters(got); w != g {
		t.Errorf("got %s, want %s", g, w)
	}
	for _, o := range []Order{EAVT, AEVT, AVET, VAET} {
		sameDatoms(t, o.String(), collect(t, want, o), collect(t, got, o))
		sameDatoms(t, o.String()+" history", collect(t, want.History(), o), collect(t, got.History(), o))
	}
	if diff := cmp.Diff(want.Schema().Attributes(), got.Schema().Attributes()); diff != "" {
		t.Error(diff)
	}
}

func counters(s *Snapshot) string { return fmt.Sprint(s, s.NextT(), s.NextElement(), s.Instant()) }

func sameDatoms(t testing.TB, what string, want, got []Datom) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Error(what, cmp.Diff(fmt.Sprintln(want), fmt.Sprintln(got)))
	}
}

func TestCommitIsDurableVisibleTold(t *testing.T) {
	store := mem.New()
	var events []Event
	conn := openConn(t, store, Options{Observer: observer(func(e Event) { events = append(events, e) })})
	rep := commit(t, conn, mark("one"))
	if rep.After != conn.Snapshot() || rep.After.Speculative() {
		t.Error("the snapshot of the report is not the newest, or speculative")
	}
	if len(events) != 1 || events[0].T != rep.T || events[0].Datoms != 2 || events[0].Kind != "transaction" {
		t.Error("the observer was told", events)
	}
	again := openConn(t, store, Options{ReadOnly: true})
	same(t, rep.After, again.Snapshot())
	stats := again.Stats()
	want := Stats{T: rep.T, Seq: 1, Datoms: 2, Records: 1, Bytes: stats.Bytes, Tail: stats.Tail}
	if stats != want || stats != conn.Stats() || stats.Bytes < 100 {
		t.Error(stats, conn.Stats())
	}
}

type observer func(Event)

func (o observer) Observe(e Event) { o(e) }

// TestAnsweredIsVisible has many wait for one record: whoever is answered sees its transaction, however early.
func TestAnsweredIsVisible(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	var all sync.WaitGroup
	for range maxGroup {
		all.Go(func() {
			for range 10 {
				if rep := commit(t, conn, mark("x")); conn.Snapshot().T() < rep.T || rep.After.Speculative() {
					t.Errorf("%s is told of, and shown is %s", rep.T, conn.Snapshot())
				}
			}
		})
	}
	all.Wait()
}

func TestOptionsAreChecked(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		o    Options
		kind error
		text string
	}{
		{Options{Name: "My DB"}, ErrName, `db: not a name for a database: "My DB" (a name has 1 to 64 of a-z 0-9 _ . -)`},
		{Options{Host: []Named{host("f"), host("g"), host("f")}}, ErrHost, "db: host functions cannot be used: two have the name f"},
		{Options{Host: []Named{nil}}, ErrHost, "db: host functions cannot be used: one of them is nil"},
		{Options{ReadOnly: true}, ErrNoDatabase, "db: no such database: main"},
	} {
		_, err := Open(ctx, mem.New(), c.o)
		wantError(t, err, c.kind, c.text)
	}
	if _, err := Open(ctx, mem.New(), Options{Host: []Named{host("f")}}); err != nil {
		t.Error(err)
	}
}

type host string

func (h host) Name() string { return string(h) }

func TestDatabasesOfAStoreAreApart(t *testing.T) {
	store := mem.New()
	one, two := openConn(t, store, Options{Name: "one"}), openConn(t, store, Options{Name: "two"})
	commit(t, one, mark("x"))
	if two.Snapshot().T() != 0 || two.Stats().Seq != 0 {
		t.Error("a transaction of one database is in the other")
	}
}

func TestManyMakeOneDatabase(t *testing.T) {
	store := mem.New()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			conn := openConn(t, store, Options{})
			commit(t, conn, mark(fmt.Sprint(i)))
		})
	}
	wg.Wait()
	if n := len(marks(t, openConn(t, store, Options{}).Snapshot())); n != 8 {
		t.Errorf("%d of 8 transactions are in the database", n)
	}
	keys, err := store.List(context.Background(), "", "", 100)
	keys = slices.DeleteFunc(keys, func(key string) bool { return strings.Contains(key, "/log/") })
	if err != nil || len(keys) != 1+2 {
		t.Error("strays are left:", keys, err)
	}
}

func TestAFailureFailsAlone(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	ctx := context.Background()
	refusal := errors.New("no")
	moved := func(ctx context.Context, before *Snapshot) (*Report, error) {
		return mark("y")(ctx, conn.env.genesis())
	}
	for _, c := range []struct {
		eval Eval
		kind error
		text string
	}{
		{func(context.Context, *Snapshot) (*Report, error) { return nil, refusal }, refusal, "no"},
		{func(context.Context, *Snapshot) (*Report, error) { panic("ouch") }, ErrPanic, "a function of the host panicked: ouch"},
		{func(ctx context.Context, _ *Snapshot) (*Report, error) { return conn.Commit(ctx, mark("x")) }, ErrNested, "a transaction waits for itself"},
		{func(context.Context, *Snapshot) (*Report, error) { return nil, nil }, errMoved, errMoved.Error()},
		{moved, errMoved, errMoved.Error()},
		{large, ErrTooLarge, "transaction is too large: 100001 datoms, and a transaction has at most 100000: divide it"},
	} {
		_, err := conn.Commit(ctx, c.eval)
		wantError(t, err, c.kind, c.text)
		commit(t, conn, raise)
	}
	if n := countOf(t, conn.Snapshot()); n != 6 || conn.Stats().Seq != 6 {
		t.Error("count is", n)
	}
	if CategoryOf(&PanicError{1}) != Fault || CategoryOf(&OutcomeError{Cause: context.Canceled}) != Unavailable {
		t.Error("categories")
	}
}

func (e *env) genesis() *Snapshot { return genesis(e) }

// large makes one datom too many.
func large(ctx context.Context, before *Snapshot) (*Report, error) {
	c := nextCommit(before, maxDatoms+1)
	for i := range maxDatoms + 1 {
		c.Facts = append(c.Facts, index.Fact{E: index.NewID(index.PartUser, c.T+T(i)), A: attrDoc, V: index.Long(0), Tx: index.TxID(c.T)})
	}
	return before.Apply(c)
}

func TestReadOnlyNeverWrites(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{})
	commit(t, conn, mark("one"))
	reader := openConn(t, unwritable{store}, Options{ReadOnly: true})
	commit(t, conn, mark("two"))
	if snap, err := reader.Sync(context.Background()); err != nil || len(marks(t, snap)) != 2 {
		t.Error(snap, err)
	}
	_, err := reader.Commit(context.Background(), mark("three"))
	wantError(t, err, ErrReadOnly, "db: database is open for reading only")
}

// An unwritable store refuses to write.
type unwritable struct{ storage.Store }

var errWritten = errors.New("this store is not to be written to")

func (unwritable) Put(context.Context, ...storage.Item) error   { return errWritten }
func (unwritable) Create(context.Context, string, []byte) error { return errWritten }
func (unwritable) Delete(context.Context, ...string) error      { return errWritten }
func (u unwritable) Close() error                               { return errWritten }

func TestClockThatGoesBack(t *testing.T) {
	store, now := mem.New(), epoch
	conn := openConn(t, store, Options{Clock: func() time.Time { return now }})
	one := commit(t, conn, mark("one"))
	now = now.Add(-time.Hour)
	two := commit(t, conn, mark("two"))
	if !one.Instant.Equal(epoch) || !two.Instant.Equal(epoch) {
		t.Error(one.Instant, two.Instant)
	}
	openConn(t, store, Options{})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	before := runtime.NumGoroutine()
	gate := make(chan struct{})
	store := &spy{Store: mem.New(), before: func(string) error { <-gate; return nil }}
	conn, err := Open(context.Background(), store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 40)
	for range 20 {
		go func() { _, err := conn.Commit(context.Background(), raise); answers <- err }()
		go func() {
			for _, err := range conn.Reports(context.Background(), 1_000_000) {
				answers <- err
			}
		}()
	}
	for store.creates.Load() == 0 {
		runtime.Gosched()
	}
	time.AfterFunc(10*time.Millisecond, func() { close(gate) })
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	done := 0
	for range 40 {
		switch err := <-answers; {
		case err == nil:
			done++
		case !errors.Is(err, ErrClosed):
			t.Error(err)
		}
	}
	if n := countOf(t, conn.Snapshot()); n != done || done == 0 {
		t.Errorf("%d were told that they are done, and %d are", done, n)
	}
	if _, err := conn.Commit(context.Background(), raise); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := conn.Sync(context.Background()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	for until := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-before)
		}
	}
}

func TestOpenOwnedClosesTheStore(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn, err := OpenOwned(ctx, store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, "x"); !errors.Is(err, storage.ErrClosed) {
		t.Error("the store is open:", err)
	}
	store = mem.New()
	if _, err := OpenOwned(ctx, store, Options{Name: "?"}); !errors.Is(err, ErrName) {
		t.Error(err)
	}
	if _, err := store.Get(ctx, "x"); !errors.Is(err, storage.ErrClosed) {
		t.Error("the store is open after an error:", err)
	}
}
