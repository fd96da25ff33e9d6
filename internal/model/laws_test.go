package model_test

import (
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/model"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/tx"
)

// TestTransactions compares random sequences of transactions with the model: what each comes to, and what every view of the result shows.
func TestTransactions(t *testing.T) {
	soak.Run(t, 100, 600, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		for i := range 12 {
			if i == 5 {
				w.late()
			}
			w.transact(w.ops())
		}
		for range 6 {
			w.compareView()
		}
	})
}

// compareView compares a random view, in every order.
func (w *world) compareView() {
	w.t.Helper()
	r, v, name := w.view()
	for _, o := range []db.Order{db.EAVT, db.AEVT, db.AVET, db.VAET} {
		want := model.See(w.model.Events, v)
		if o == db.VAET {
			want = slices.DeleteFunc(want, func(d db.Datom) bool {
				return !w.model.Attrs[slices.IndexFunc(w.model.Attrs, func(a model.Attr) bool { return a.ID == d.A })].Ref
			})
		}
		model.Sort(o, want)
		var got []db.Datom
		for d, err := range r.Datoms(w.ctx, o) {
			if err != nil {
				w.t.Fatal(err)
			}
			if d.A >= 1000 {
				got = append(got, d)
			}
		}
		if !slices.Equal(got, want) {
			w.t.Fatalf("%s in %v: got %v, the model %v", name, o, got, want)
		}
	}
}

// TestShuffle: the order of a transaction's items means nothing: any order gives the same datoms, up to the ids of new entities, or
// the same refusal.
func TestShuffle(t *testing.T) {
	soak.Run(t, 100, 400, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		for range 4 {
			w.transact(w.ops())
		}
		for range 8 {
			w.shuffle(w.ops())
		}
	})
}

func (w *world) shuffle(ops []model.Op) {
	w.t.Helper()
	one, err1 := tx.With(w.ctx, w.snap, data(ops))
	other := slices.Clone(ops)
	w.rng.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
	two, err2 := tx.With(w.ctx, w.snap, data(other))
	if db.CodeOf(err1) != db.CodeOf(err2) || (err1 == nil) != (err2 == nil) {
		w.t.Fatalf("%v: %v; in another order: %v", ops, err1, err2)
	}
	if err1 != nil {
		return
	}
	names := map[db.ID]db.ID{}
	for name, id := range two.TempIDs {
		names[id] = one.TempIDs[name]
	}
	renamed := slices.Clone(two.Datoms)
	for i := range renamed {
		d := &renamed[i]
		if id, ok := names[d.E]; ok {
			d.E = id
		}
		a, _ := w.snap.Schema().Attribute(d.A)
		d.V = rename(a, d.V, names)
	}
	if !equalSets(one.Datoms[1:], renamed[1:]) {
		w.t.Fatalf("%v: %v; in another order: %v", ops, one.Datoms, two.Datoms)
	}
}

// rename returns a value with the names of entities in it replaced.
func rename(a *db.Attribute, v db.Value, names map[db.ID]db.ID) db.Value {
	renamed := func(t db.ValueType, v db.Value) db.Value {
		if id, ok := names[v.Ref()]; ok && t == db.TypeRef && !v.IsNil() {
			return index.Ref(id)
		}
		return v
	}
	if a.TupleTypes == nil {
		return renamed(a.Type, v)
	}
	slots := v.Tuple()
	for i := range slots {
		slots[i] = renamed(a.TupleTypes[i], slots[i])
	}
	return index.NewTuple(slots...)
}

// TestAsOf: asking the past is asking the database that was.
func TestAsOf(t *testing.T) {
	soak.Run(t, 100, 300, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		for range 10 {
			w.transact(w.ops())
		}
		for _, rep := range w.txs {
			var was, is []db.Datom
			for d, err := range rep.After.Datoms(w.ctx, db.EAVT) {
				if err != nil {
					t.Fatal(err)
				}
				was = append(was, d)
			}
			for d, err := range w.snap.AsOf(rep.T).Datoms(w.ctx, db.EAVT) {
				if err != nil {
					t.Fatal(err)
				}
				is = append(is, d)
			}
			if !slices.Equal(was, is) {
				t.Fatalf("as of %v: %v, it was %v", rep.T, is, was)
			}
		}
	})
}

// TestRedundancy: saying all that is so again changes nothing.
func TestRedundancy(t *testing.T) {
	soak.Run(t, 100, 300, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		for range 8 {
			w.transact(w.ops())
		}
		var again []tx.Data
		for _, d := range w.model.Now() {
			a, _ := w.snap.Schema().Attribute(d.A)
			again = append(again, tx.Add(d.E, string(a.Ident), a.Go(d.V)))
		}
		rep, err := tx.With(w.ctx, w.snap, again...)
		if err != nil || len(rep.Datoms) != 1 {
			t.Fatalf("%v, %v", rep, err)
		}
	})
}
