package model_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// TestWithIsTransact: what With says would come of a transaction is what comes of it.
func TestWithIsTransact(t *testing.T) {
	soak.Run(t, 40, 300, func(t *testing.T, seed int64) {
		w, conn := committed(t, seed)
		for range 8 {
			ops := w.ops()
			would, err1 := tx.With(w.ctx, conn.Snapshot(), data(ops))
			did, err2 := tx.Transact(w.ctx, conn, data(ops))
			if (err1 == nil) != (err2 == nil) || db.CodeOf(err1) != db.CodeOf(err2) {
				t.Fatalf("%v: with %v, transact %v", ops, err1, err2)
			}
			if err1 != nil {
				continue
			}
			if would.T != did.T || !would.Instant.Equal(did.Instant) || !slices.Equal(would.Datoms, did.Datoms) || !slices.Equal(would.Created, did.Created) {
				t.Fatalf("%v: with %v, transact %v", ops, would.Datoms, did.Datoms)
			}
			w.follow(did)
		}
	})
}

// TestReplay: a database that is opened again is the one that was closed, and its log is its history.
func TestReplay(t *testing.T) {
	soak.Run(t, 40, 300, func(t *testing.T, seed int64) {
		w, conn := committed(t, seed)
		for range 8 {
			if rep, err := tx.Transact(w.ctx, conn, data(w.ops())); err == nil {
				w.follow(rep)
			}
		}
		was := conn.Snapshot()
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := db.Open(w.ctx, w.store, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		is := again.Snapshot()
		for _, o := range []db.Order{db.EAVT, db.AEVT, db.AVET, db.VAET} {
			if a, b := w.all(was.History(), o), w.all(is.History(), o); !slices.Equal(a, b) {
				t.Fatalf("%v: %v, it was %v", o, b, a)
			}
		}
		if was.T() != is.T() || was.NextT() != is.NextT() || was.NextElement() != is.NextElement() || !was.Instant().Equal(is.Instant()) {
			t.Fatalf("%v, it was %v", is, was)
		}
		w.compareLog(is)
	})
}

// compareLog checks that the events of the log are those of the history.
func (w *world) compareLog(snap *db.Snapshot) {
	w.t.Helper()
	var logged []db.Datom
	for entry, err := range snap.TxRange(w.ctx, nil, nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		logged = append(logged, entry.Datoms...)
	}
	history := slices.DeleteFunc(w.all(snap.History(), db.EAVT), func(d db.Datom) bool { return d.Tx.T() == 0 })
	if !equalSets(logged, history) {
		w.t.Fatalf("log %v, history %v", logged, history)
	}
}

func (w *world) all(r db.Reader, o db.Order) []db.Datom {
	w.t.Helper()
	var out []db.Datom
	for d, err := range r.Datoms(w.ctx, o) {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// committed returns a world whose transactions are committed through a connection with a clock that stands still.
func committed(t *testing.T, seed int64) (*world, *db.Conn) {
	t.Helper()
	w := newWorld(t, seed)
	w.rng = rand.New(rand.NewPCG(uint64(seed), 9))
	w.store = mem.New()
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	conn, err := db.Open(t.Context(), w.store, db.Options{Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); w.store.Close() })
	if _, err := tx.Transact(t.Context(), conn, tx.EDN(schema)); err != nil {
		t.Fatal(err)
	}
	return w, conn
}

// follow notes the entities of a committed transaction, so that later ones speak of them.
func (w *world) follow(rep *db.Report) {
	for _, d := range rep.Datoms[1:] {
		if !slices.Contains(w.ids, d.E) {
			w.ids = append(w.ids, d.E)
		}
		w.model.Events = append(w.model.Events, d)
	}
}
