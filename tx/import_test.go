package tx_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
	"github.com/datolite/datolite/tx"
)

// each yields what f returns for 0, 1, 2 … n − 1.
func each(n int, f func(i int) tx.Data) iter.Seq2[tx.Data, error] {
	return func(yield func(tx.Data, error) bool) {
		for i := range n {
			if !yield(f(i), nil) {
				return
			}
		}
	}
}

func everything(t testing.TB, r interface{ History() *db.View }) (out []db.Datom) {
	t.Helper()
	for _, o := range []db.Order{db.EAVT, db.AEVT, db.AVET, db.VAET} {
		for d, err := range r.History().Datoms(context.Background(), o) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, d)
		}
	}
	return out
}

func logged(t testing.TB, r db.Reader) (out []db.Tx) {
	t.Helper()
	for one, err := range r.TxRange(context.Background(), nil, nil) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}

// law: an import leaves what transacting its parts one after the other leaves: to who made it, to who follows, and to who opens it later.
func TestAnImportIsItsTransactions(t *testing.T) {
	ctx := t.Context()
	at := time.Now()
	clock := func() time.Time { return at }
	open := func(store *mem.Store, o db.Options) *db.Conn {
		o.Clock = clock
		conn, err := db.Open(ctx, store, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	data := func(i int) tx.Data {
		return tx.Map{"k1": fmt.Sprint(i % 700), "n": i, "s": fmt.Sprint("text", i%5), "tags": []string{"a", fmt.Sprint(i % 3)}}
	}
	for _, memory := range []int{1, 1 << 20, 0} {
		store := mem.New()
		conn, peer := open(store, db.Options{Memory: 1 << 30}), (*db.Conn)(nil)
		transact(t, conn, tx.EDN(vectors))
		transact(t, conn, data(3))
		conn.Close()
		conn, peer = open(store, db.Options{Memory: memory}), open(store, db.Options{})
		want := conn.Snapshot()
		for i := 0; i < 2000; i += 100 {
			var some []tx.Data
			for k := range 100 {
				some = append(some, data(i+k))
			}
			want = given(t, want, some...).After
		}
		steps := 0
		done, err := tx.Import(ctx, conn, each(2000, data), tx.ImportOptions{Items: 100, Progress: func(db.Import) { steps++ }})
		if err != nil {
			t.Fatal(err)
		}
		if steps != 20 || done.Transactions != 20 || done.Last != want.T() || conn.Snapshot().T() != want.T() {
			t.Errorf("%d steps, %+v, and the database is at %s", steps, done, conn.Snapshot())
		}
		if _, err := peer.SyncTo(ctx, done.Last); err != nil {
			t.Fatal(err)
		}
		for who, conn := range map[string]*db.Conn{"the importer": conn, "a peer": peer, "a later one": open(store, db.Options{})} {
			got := conn.Snapshot()
			if !slices.Equal(everything(t, got), everything(t, want)) {
				t.Errorf("%s has other datoms", who)
			}
			if !slices.EqualFunc(logged(t, got), logged(t, want), func(a, b db.Tx) bool { return a.T == b.T && slices.Equal(a.Datoms, b.Datoms) }) {
				t.Errorf("%s has another log", who)
			}
			checkPast(t, who, conn, want, done)
		}
		if rep, err := tx.Transact(ctx, peer, data(1)); err != nil || rep.T <= done.Last {
			t.Errorf("after it: %v", err)
		}
	}
}

// checkPast compares what an open database says of the past with what it should say.
func checkPast(t *testing.T, who string, conn *db.Conn, want *db.Snapshot, done db.Import) {
	ctx := t.Context()
	past, err := conn.At(ctx, done.First+500)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(everything(t, past), everything(t, want.AsOf(past.T()))) {
		t.Errorf("%s has another past", who)
	}
	n := 0
	for rep, err := range conn.Reports(ctx, done.First) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; rep.T == done.Last {
			break
		}
	}
	if n != 19 {
		t.Errorf("%s reads %d reports", who, n)
	}
	for chain, err := range conn.Verify(ctx) {
		if err != nil || chain.Transactions > 22 {
			t.Errorf("%s verifies %+v: %v", who, chain, err)
		}
	}
}

// TestAnImportIsTheFirstTransaction imports into a database that has no record.
func TestAnImportIsTheFirstTransaction(t *testing.T) {
	store := mem.New()
	conn := openOn(t, store)
	done, err := tx.Import(t.Context(), conn, each(1, func(int) tx.Data { return tx.EDN(vectors) }), tx.ImportOptions{})
	if err != nil || done.First != 1000 || done.Last != 1000 {
		t.Fatal(done, err)
	}
	for _, c := range []*db.Conn{conn, openOn(t, store)} {
		if v, err := verified(t.Context(), c); err != nil || v.T != 1000 || c.Snapshot().T() != 1000 {
			t.Error(v, err)
		}
	}
	transact(t, conn, tx.Map{"k1": "a"})
}

func TestAnImportThatIsRefusedLeavesNothing(t *testing.T) {
	ctx := t.Context()
	conn := openOn(t, mem.New())
	defer conn.Close()
	if _, err := tx.Transact(ctx, conn, tx.EDN(vectors)); err != nil {
		t.Fatal(err)
	}
	before := conn.Snapshot()
	refused := func(want error, item int, data iter.Seq2[tx.Data, error]) {
		t.Helper()
		_, err := tx.Import(ctx, conn, data, tx.ImportOptions{Items: 10})
		place := (*tx.Error)(nil)
		if !errors.Is(err, want) || item > 0 && (!errors.As(err, &place) || place.Item != item) {
			t.Errorf("the error is %v", err)
		}
		if conn.Snapshot() != before {
			t.Errorf("something has happened: %s", conn.Snapshot())
		}
	}
	refused(db.ErrUnknownAttribute, 36, each(100, func(i int) tx.Data {
		if i == 35 {
			return tx.Map{"nn": i}
		}
		return tx.Map{"n": i}
	}))
	refused(tx.ErrNotData, 1, each(1, func(int) tx.Data { return nil }))
	refused(tx.ErrNotData, 12, each(20, func(i int) tx.Data {
		if i == 11 {
			return tx.Once("key")
		}
		return tx.Map{"n": i}
	}))
	broken := errors.New("broken")
	refused(broken, 0, func(yield func(tx.Data, error) bool) { _ = yield(tx.Map{"n": 1}, nil) && yield(nil, broken) })
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := tx.Import(ended, conn, each(1, func(int) tx.Data { return tx.Map{"n": 1} }), tx.ImportOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	_, err := tx.Import(ctx, conn, each(100, func(i int) tx.Data {
		if i == 35 {
			if _, err := tx.Transact(ctx, conn, tx.Map{"n": 1}); err != nil {
				t.Error(err)
			}
		}
		return tx.Map{"n": i}
	}), tx.ImportOptions{Items: 10})
	if !errors.Is(err, db.ErrOvertaken) || len(logged(t, conn.Snapshot())) != 2 {
		t.Errorf("the error is %v, and the database is at %s", err, conn.Snapshot())
	}
}

// An import goes on from the newest state, though the Conn has not heard of it yet.
func TestAnImportLooksForWhatIsNew(t *testing.T) {
	store := struct{ storage.Store }{mem.New()} // which tells nobody
	conn, late := openOn(t, store), openOn(t, store)
	transact(t, conn, tx.EDN(vectors))
	if _, err := tx.Import(t.Context(), late, each(3, func(i int) tx.Data { return tx.Map{"n": i} }), tx.ImportOptions{}); err != nil {
		t.Error(err)
	}
	_, err := tx.Import(t.Context(), late, each(3, func(i int) tx.Data {
		if i == 1 {
			transact(t, conn, tx.Map{"n": 7})
		}
		return tx.Map{"unknown": i}
	}), tx.ImportOptions{Items: 2})
	if !errors.Is(err, db.ErrOvertaken) {
		t.Errorf("the error is %v", err)
	}
}

// law: whichever call of the store fails during an import, the database then has all of it or nothing, and the importer is told which.
func TestAnImportInAFailingStoreIsWholeOrAbsent(t *testing.T) {
	for _, mode := range []storagetest.Mode{storagetest.Before, storagetest.After, storagetest.Corrupt} {
		whole, absent := 0, 0
		for n, met := 1, true; met; n++ {
			if testing.Short() && n%3 > 0 {
				continue
			}
			store := mem.New()
			conn := openOn(t, store)
			transact(t, conn, tx.EDN(vectors))
			conn.Close()
			faulty := storagetest.NewFaulty(store)
			conn, err := db.Open(t.Context(), faulty, db.Options{Memory: 60 << 10})
			if err != nil {
				t.Fatal(err)
			}
			faulty.Set(storagetest.Fault{Mode: mode, N: n})
			done, err := tx.Import(t.Context(), conn, each(300, func(i int) tx.Data {
				return tx.Map{"k1": fmt.Sprint(i % 200), "n": i}
			}), tx.ImportOptions{Items: 50})
			conn.Close()
			met = faulty.Hits() > 0
			after := openOn(t, store)
			switch got := len(logged(t, after.Snapshot())); {
			case got == 1 && err != nil:
				absent++
			case got == 7 && err == nil && after.Snapshot().T() == done.Last:
				whole++
			default:
				t.Errorf("%v in call %d: %d transactions, and the importer is told %v", mode, n, got, err)
			}
			for _, err := range after.Verify(t.Context()) {
				if err != nil {
					t.Error(err)
				}
			}
			after.Close()
		}
		if t.Logf("%v: %d times it is there, %d times it is not", mode, whole, absent); whole == 0 || absent == 0 && mode != storagetest.Corrupt {
			t.Errorf("%v: %d times it is there, %d times it is not", mode, whole, absent)
		}
	}
}

// law: what an import brought outlives the collection of what nobody needs, and what an import in vain has left does not.
func TestImportsAndCollections(t *testing.T) {
	ctx, store := t.Context(), mem.New()
	open := func() *db.Conn {
		conn, err := db.Open(ctx, store, db.Options{Memory: 200 << 10})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	conn := open()
	transact(t, conn, tx.EDN(vectors))
	round := 0
	data := func(i int) tx.Data { return tx.Map{"k1": fmt.Sprint(i), "n": i + round} }
	keys := func(kind string) int {
		var id string
		for chain, err := range conn.Verify(ctx) {
			if id = chain.ID; err != nil {
				t.Fatal(err)
			}
		}
		all, err := store.List(ctx, id+kind, "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	_, err := tx.Import(ctx, conn, each(3000, func(i int) tx.Data {
		if i == 2900 {
			transact(t, conn, tx.Map{"n": 1})
		}
		return data(i)
	}), tx.ImportOptions{Items: 100})
	if !errors.Is(err, db.ErrOvertaken) {
		t.Fatalf("the error is %v", err)
	}
	for round = range 2 {
		if _, err := tx.Import(ctx, conn, each(3000, data), tx.ImportOptions{Items: 100}); err != nil {
			t.Fatal(err)
		}
		want, log, segments := everything(t, conn.Snapshot()), logged(t, conn.Snapshot()), keys("/seg/")
		done, err := conn.Collect(ctx, db.CollectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if done.Segments == 0 || keys("/seg/") != segments-done.Segments {
			t.Errorf("%+v, and of %d segments %d are left", done, segments, keys("/seg/"))
		}
		conn.Close()
		conn = open()
		if !slices.Equal(everything(t, conn.Snapshot()), want) || len(logged(t, conn.Snapshot())) != len(log) {
			t.Error("what was imported is not all there any more")
		}
		if n := keys("/body/"); n != round+1 {
			t.Errorf("there are %d pages of %d imports", n, round+1)
		}
	}
}
