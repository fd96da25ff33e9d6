package tx_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// openOn opens the database of a store, with the attributes of the tests.
func openOn(t testing.TB, store storage.Store) *db.Conn {
	t.Helper()
	conn, err := db.Open(context.Background(), store, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func transact(t testing.TB, conn *db.Conn, data ...tx.Data) *db.Report {
	t.Helper()
	rep, err := tx.Transact(context.Background(), conn, data...)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// sameReport compares all that two reports tell.
func sameReport(t testing.TB, want, got *db.Report) {
	t.Helper()
	type told struct {
		T       db.T
		Tx      db.ID
		Before  string
		After   string
		Instant string
		Datoms  []db.Datom
		TempIDs map[string]db.ID
		Created []db.ID
		All     []db.Datom
	}
	of := func(r *db.Report) told {
		var all []db.Datom
		for d, err := range r.After.Datoms(context.Background(), db.EAVT) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, d)
		}
		return told{r.T, r.Tx, r.Before.String(), r.After.String(), r.Instant.String(), r.Datoms, r.TempIDs, r.Created, all}
	}
	if diff := cmp.Diff(of(want), of(got), cmp.AllowUnexported(db.Value{})); diff != "" {
		t.Error(diff)
	}
}

// TestOnceAnswersAsTheFirstTime submits the same data again: on the same connection, on another that does not know of it yet, and
// after both were closed.
func TestOnceAnswersAsTheFirstTime(t *testing.T) {
	store := mem.New()
	conn, late := openOn(t, store), openOn(t, store)
	transact(t, conn, tx.EDN(vectors))
	data := func() tx.Data {
		return tx.All(tx.Once("k"), tx.Map{"db/id": "a", "k1": "ada", "n": 1, "r": "b"}, tx.EDN(`[{:s "anonymous"} [:db/add "b" :s "b"]]`))
	}
	first := transact(t, conn, data())
	if len(first.TempIDs) != 2 || len(first.Created) != 1 {
		t.Fatal(first.TempIDs, first.Created)
	}
	transact(t, conn, tx.Map{"k1": "ada", "n": 2})
	seq := conn.Stats().Seq
	for _, again := range []*db.Conn{conn, late, openOn(t, store)} {
		rep := transact(t, again, data())
		sameReport(t, first, rep)
		if again.Stats().Seq != seq || rep.After.Speculative() {
			t.Error("the repeat wrote something")
		}
		with := given(t, again.Snapshot(), data())
		sameReport(t, first, with)
	}
}

func TestOnceInWith(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	first := given(t, snap, tx.Once("k"), tx.Map{"db/id": "a", "n": 1})
	later := given(t, first.After, tx.Add("x", "n", 2)).After
	sameReport(t, first, given(t, later, tx.Map{"db/id": "a", "n": 1}, tx.Once("k")))
	if given(t, snap, tx.Once("k"), tx.Map{"n": 3}).T != first.T {
		t.Error("a key that was used after the snapshot counts on it")
	}
}

// TestOnceAtOnce submits one transaction from many goroutines on two connections: one of them makes it, all get its report.
func TestOnceAtOnce(t *testing.T) {
	store := mem.New()
	conns := []*db.Conn{openOn(t, store), openOn(t, store)}
	transact(t, conns[0], tx.EDN(vectors))
	reports := make([]*db.Report, 60)
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() {
			reports[i], _ = tx.Transact(context.Background(), conns[i%2], tx.Once("k"), tx.Map{"db/id": "a", "n": 1})
		})
	}
	wg.Wait()
	for _, rep := range reports {
		if rep == nil {
			t.Fatal("one was refused")
		}
		sameReport(t, reports[0], rep)
	}
	if n := conns[0].Stats().Datoms + conns[1].Stats().Datoms; n == 0 || conns[0].Snapshot().T() != reports[0].T {
		t.Error("the transaction happened again")
	}
}

func TestOnceWithOtherData(t *testing.T) {
	conn := openOn(t, mem.New())
	transact(t, conn, tx.EDN(vectors))
	first := transact(t, conn, tx.Once("k"), tx.Map{"k1": "ada", "tags": []string{"x", "y"}}, tx.Add("b", "n", 1))
	same := tx.All(tx.Add("b", ":n", int8(1)), tx.Map{":k1": "ada", "tags": []any{"x", "y"}}, tx.Once("k"), tx.Once("k"))
	sameReport(t, first, transact(t, conn, same))
	for _, other := range []tx.Data{
		tx.All(),
		tx.All(tx.Map{"k1": "ada", "tags": []string{"x", "y"}}, tx.Add("b", "n", 2)),
		tx.All(tx.Map{"k1": "ada", "tags": []string{"x", "y"}}, tx.Add("b", "n", "1")),
		tx.All(tx.Map{"k1": "ada", "tags": []string{"x y"}}, tx.Add("b", "n", 1)),
		tx.All(tx.Map{"k1": "ada", "tags": []string{"x", "y"}}, tx.Retract("b", "n", 1)),
		tx.All(tx.EDN(`[{:k1 "ada" :tags ["x" "y"]}]`), tx.Add("b", "n", 1)),
		tx.All(tx.Map{"k1": "ada", "tags": []string{"x", "y"}}, tx.Add("b", "n", 1), tx.Add("b", "n", 1)),
	} {
		_, err := tx.Transact(context.Background(), conn, tx.Once("k"), other)
		want := fmt.Sprintf(`tx: item 1 [once "k"]: the idempotency key "k" was used by the transaction of %s, with other data`, first.T)
		if !errors.Is(err, tx.ErrKeyReused) || err.Error() != want {
			t.Error(err)
		}
		var place *tx.Error
		if !errors.As(err, &place) || place.Entity != first.Tx || place.Attr != "db.tx/key" {
			t.Error(place)
		}
	}
}

// TestOnceLooksAtNoFunc: what a function does may differ from time to time.
func TestOnceLooksAtNoFunc(t *testing.T) {
	conn := openOn(t, mem.New())
	transact(t, conn, tx.EDN(vectors))
	calls := 0
	f := func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		calls++
		return tx.Map{"n": calls}, nil
	}
	first := transact(t, conn, tx.Once("k"), tx.Func(f))
	sameReport(t, first, transact(t, conn, tx.Once("k"), tx.Func(f)))
	if calls != 1 {
		t.Error("the function ran", calls, "times")
	}
}

func TestOnceForgetsRefusals(t *testing.T) {
	conn := openOn(t, mem.New())
	transact(t, conn, tx.EDN(vectors))
	if _, err := tx.Transact(context.Background(), conn, tx.Once("k"), tx.Add(e1, "n", 1)); !errors.Is(err, db.ErrNotAnEntity) {
		t.Fatal(err)
	}
	transact(t, conn, tx.Once("k"), tx.Add("x", "n", 1))
}

func TestOnceRefuses(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	first := given(t, snap, tx.Once("used"))
	snap = first.After
	used := db.Lookup("db.tx/key", "used")
	for _, c := range []struct {
		data tx.Data
		kind error
		want string
	}{
		{tx.Once(""), tx.ErrNotData, `tx: item 1 [once ""]: an idempotency key is a text that is not empty`},
		{tx.All(tx.Once("a"), tx.Once("b")), tx.ErrConflict, `tx: item 2 [once "b"]: a transaction has one idempotency key, and [once "a"] is another`},
		{tx.Once("\xff"), db.ErrWrongType, "tx: item 1 [once \"\uFFFD\"]: :db.tx/key takes a string of valid UTF-8, not \"\uFFFD\""},
		{tx.Func(func(context.Context, *db.Snapshot) (tx.Data, error) { return tx.Once("a"), nil }), tx.ErrNotData,
			`tx: item 1 [once "a"]: a Func cannot return an idempotency key, which must be known before it runs: give tx.Once beside it`},
		{tx.EDN(`[{:db/id "datomic.tx" :db.tx/key "a"}]`), tx.ErrReserved,
			`tx: item 1 {:db.tx/key "a", :db/id "datomic.tx"}: :db.tx/key is for tx.Once to assert, and holds for ever`},
		{tx.Retract(used, "db.tx/key"), tx.ErrReserved, "tx: item 1 [:db/retract [:db.tx/key \"used\"] :db.tx/key]: :db.tx/key is for tx.Once to assert, and holds for ever"},
		{tx.All(tx.Once("a"), tx.Map{"db/id": "x", "db.tx/key": "b"}), tx.ErrReserved,
			`tx: item 2 {:db.tx/key "b", :db/id "x"}: :db.tx/key is for tx.Once to assert, and holds for ever`},
	} {
		_, err := tx.With(context.Background(), snap, c.data)
		if !errors.Is(err, c.kind) || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	rep := given(t, snap, tx.Map{"db/id": used, "s": "a note on the transaction"})
	if !slices.ContainsFunc(rep.Datoms, func(d db.Datom) bool { return d.E == first.Tx }) {
		t.Error(rep.Datoms)
	}
}
