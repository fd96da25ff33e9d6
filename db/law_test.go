package db

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	gocmp "github.com/google/go-cmp/cmp"
)

// A world is a random database: what every transaction returned, and all events since the beginning.
type world struct {
	*maker
	reports []*Report
	events  []Datom
}

// newWorld returns a world of some transactions over few entities and values, so that facts come, go and come again.
func newWorld(t testing.TB, seed int64, size int) *world {
	rnd := rand.New(rand.NewPCG(uint64(seed), 1))
	w := &world{maker: newMaker(t)}
	w.events = collect(t, w.snap, EAVT)
	w.define("one", TypeString, add(0, "db/unique", ID(37)))
	w.define("many", TypeLong, add(0, "db/cardinality", ID(36)))
	w.define("ref", TypeRef)
	w.define("plain", TypeLong, add(0, "db/index", false))
	for _, c := range w.log {
		w.events = append(w.events, c.datoms()...)
	}
	for range size {
		w.maker.at = w.maker.at.Add(time.Duration(rnd.IntN(3)) * time.Millisecond)
		rep := w.commit(w.random(rnd)...)
		w.reports, w.events = append(w.reports, rep), append(w.events, rep.Datoms...)
	}
	return w
}

// random returns ops that touch no entity twice.
func (w *world) random(rnd *rand.Rand) []op {
	var ops []op
	for _, i := range rnd.Perm(6)[:1+rnd.IntN(3)] {
		e := index.NewID(index.PartUser, T(500+i))
		attr := []string{"one", "many", "ref", "plain"}[rnd.IntN(4)]
		v := any(rnd.IntN(5))
		if attr == "one" {
			v = nameOf(i, rnd.IntN(3))
		}
		ops = append(ops, op{e, attr, v, rnd.IntN(3) == 0})
	}
	return ops
}

// nameOf returns a value of :one that only the i-th entity has. Those of every second one are long, and begin alike.
func nameOf(i, k int) string {
	return strings.Repeat("long", 150*(i%2)) + string(rune('a'+i)) + string(rune('a'+k))
}

// commit is as maker.commit, with several values for :many, and without what is redundant.
func (w *world) commit(ops ...op) *Report {
	w.t.Helper()
	c := w.facts(ops)
	many, _ := w.snap.Schema().Named("many")
	c.Facts = slices.DeleteFunc(c.Facts, func(f index.Fact) bool {
		return f.A == many.ID && !f.Open() && !slices.ContainsFunc(ops, func(o op) bool {
			return o.minus && o.e == f.E && index.Long(int64(o.v.(int))) == f.V
		})
	})
	c.Facts = slices.DeleteFunc(c.Facts, func(f index.Fact) bool {
		return f.Open() && len(collect(w.t, w.snap, EAVT, f.E, f.A, f.V)) > 0
	})
	rep, err := w.snap.Apply(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.snap, w.log = rep.After, append(w.log, c)
	return rep
}

// want returns what the slow model says that a view shows in an order: it folds all events.
func (w *world) want(o Order, asOf, since T, history bool) []Datom {
	type key struct {
		e, a ID
		v    Value
	}
	last := map[key]Datom{}
	var out []Datom
	schema := w.snap.Schema()
	for _, d := range w.events {
		if (o == AVET && !schema.Indexed(d.A)) || (o == VAET && !schema.IsRef(d.A)) || d.Tx > index.TxID(asOf) {
			continue
		}
		if history && d.Tx > index.TxID(since) {
			out = append(out, d)
		}
		last[key{d.E, d.A, d.V}] = d
	}
	for _, d := range last {
		if !history && d.Added && d.Tx > index.TxID(since) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Datom) int {
		return cmp.Or(o.Compare(index.Fact{E: a.E, A: a.A, V: a.V}, index.Fact{E: b.E, A: b.A, V: b.V}), cmp.Compare(b.Tx, a.Tx))
	})
	return out
}

// same fails if a reader shows something else in an order than want.
func (w *world) same(r Reader, o Order, want []Datom) {
	w.t.Helper()
	if diff := gocmp.Diff(want, collect(w.t, r, o), gocmp.Comparer(func(a, b Datom) bool { return a == b })); diff != "" {
		w.t.Fatalf("%s in %s: %s", r, o, diff)
	}
}

// laws: the past is the database that was; a window is the fold of its events; a replayed snapshot is the one that was returned.
func TestViewsAgreeWithTheModel(t *testing.T) {
	soak.Run(t, 3, 5, func(t *testing.T, seed int64) {
		w := newWorld(t, seed, 40)
		rnd := rand.New(rand.NewPCG(uint64(seed), 2))
		for i, rep := range w.reports {
			o := Order(rnd.IntN(4))
			since := w.reports[rnd.IntN(len(w.reports))].T
			w.same(rep.After, o, w.want(o, rep.T, -1, false))
			w.same(w.snap.AsOf(rep.T), o, w.want(o, rep.T, -1, false))
			w.same(w.snap.at(w.log[i+4]), o, w.want(o, rep.T, -1, false))
			w.same(w.snap.AsOf(rep.T).Since(since), o, w.want(o, rep.T, since, false))
			w.same(w.snap.Since(since).History().AsOf(rep.T), o, w.want(o, rep.T, since, true))
		}
	})
}

// law: a time on the clock is the last transaction at or before it.
func TestTimesAgreeWithTransactions(t *testing.T) {
	soak.Run(t, 3, 12, func(t *testing.T, seed int64) {
		w := newWorld(t, seed, 40)
		for i, rep := range w.reports {
			if i+1 < len(w.reports) && w.reports[i+1].Instant.Equal(rep.Instant) {
				continue
			}
			w.same(w.snap.AsOf(When(rep.Instant)), EAVT, collect(t, w.snap.AsOf(rep.T), EAVT))
			w.same(w.snap.Since(When(rep.Instant)), AEVT, collect(t, w.snap.Since(rep.T), AEVT))
		}
	})
}

// law: Count is how many datoms there are on a snapshot, and never less on one that is replayed or on a view.
func TestCountAgrees(t *testing.T) {
	soak.Run(t, 3, 12, func(t *testing.T, seed int64) {
		w := newWorld(t, seed, 30)
		for i, rep := range w.reports {
			for _, by := range [][]any{nil, {index.NewID(index.PartUser, 502)}, {index.NewID(index.PartUser, 503), "many"}} {
				for _, r := range []Reader{rep.After, w.snap.at(w.log[i+4]), w.snap.AsOf(rep.T), w.snap.Since(rep.T), rep.After.History()} {
					n, err := r.Count(t.Context(), EAVT, by...)
					if least := len(collect(t, r, EAVT, by...)); err != nil || n < least || (r == Reader(rep.After) && n > least) {
						t.Fatalf("%s %v: count %d, %v, want %d", r, by, n, err, least)
					}
				}
			}
		}
	})
}

// law: a transaction on a replayed snapshot gives what it gives on the one that was returned, whatever came later.
func TestBuildingOnTheReplayed(t *testing.T) {
	w := newWorld(t, 7, 20)
	for i, rep := range w.reports {
		again := w.snap.at(w.log[i+4])
		c := (&maker{t: t, snap: rep.After, at: w.maker.at}).facts([]op{add(index.NewID(index.PartUser, 500), "many", 99)})
		one, err := rep.After.Apply(c)
		if err != nil {
			t.Fatal(err)
		}
		two, err := again.Apply(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Order{EAVT, AEVT, AVET, VAET} {
			w.same(two.After, o, collect(t, one.After, o))
			w.same(two.After.History(), o, collect(t, one.After.History(), o))
		}
	}
}
