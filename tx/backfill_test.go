package tx_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/tx"
)

const lateComposites = `[{:db/ident :s+n :db/valueType :db.type/tuple :db/tupleAttrs [:s :n :s]}
	{:db/ident :n+s :db/valueType :db.type/tuple :db/tupleAttrs [:n :s]}
	{:db/ident :s+k1 :db/valueType :db.type/tuple :db/tupleAttrs [:s :k1] :db/unique :db.unique/identity}]`

// filled returns a database of n entities with some of :s and :n, and the composites of these.
func filled(t *testing.T, n int) *db.Conn {
	t.Helper()
	conn := open(t)
	transact := func(data ...tx.Data) {
		t.Helper()
		if _, err := tx.Transact(t.Context(), conn, data...); err != nil {
			t.Fatal(err)
		}
	}
	transact(tx.EDN(vectors))
	for i := range n {
		switch i % 3 {
		case 0:
			transact(tx.Map{"s": "x", "n": i})
		case 1:
			transact(tx.Map{"n": i})
		case 2:
			transact(tx.Map{"s": "y"})
		}
	}
	transact(tx.EDN(lateComposites))
	return conn
}

func TestBackfill(t *testing.T) {
	ctx, conn := t.Context(), filled(t, 2500)
	if _, err := tx.Transact(ctx, conn, tx.Map{"s": "z", "n": 1}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2500, 0} {
		if n, err := tx.Backfill(ctx, conn, ":s+n"); n != want || err != nil {
			t.Fatalf("%d, %v, want %d", n, err, want)
		}
	}
	snap := conn.Snapshot()
	if n, err := snap.Count(ctx, db.AEVT, "s+n"); n != 2501 || err != nil {
		t.Errorf("%d values, %v", n, err)
	}
	for d, err := range snap.Datoms(ctx, db.AEVT, "s+n") {
		e, _ := snap.Entity(ctx, d.E)
		if err != nil || d.V.String() != fmt.Sprint(shownSlots(e, "s", "n", "s")) {
			t.Fatalf("%v, %v of %v", d, err, e)
		}
	}
}

// shownSlots returns a tuple of what an entity has, as EDN.
func shownSlots(e db.Entity, attrs ...string) string {
	slots := make(db.Tuple, len(attrs))
	for i, a := range attrs {
		slots[i] = e.Get(a)
	}
	a := db.Attribute{Type: db.TypeTuple, TupleTypes: []db.ValueType{db.TypeString, db.TypeLong, db.TypeString}}
	v, _ := a.Value(slots)
	return v.String()
}

// What is not unique stops it, and what is no composite is refused.
func TestBackfillRefuses(t *testing.T) {
	ctx, conn := t.Context(), filled(t, 9)
	if n, err := tx.Backfill(ctx, conn, "s+k1"); n != 0 || !errors.Is(err, tx.ErrConflict) {
		t.Errorf("%d, %v", n, err)
	}
	for _, attr := range []string{"s", "nothing", "db/tupleAttrs"} {
		if _, err := tx.Backfill(ctx, conn, attr); !errors.Is(err, tx.ErrNotAnAttribute) {
			t.Errorf("%s: %v", attr, err)
		}
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := tx.Backfill(stopped, conn, "n+s"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
