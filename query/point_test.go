package query_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

const registrySchema = `[
	{:db/ident :key :db/valueType :db.type/string :db/unique :db.unique/identity}
	{:db/ident :no :db/valueType :db.type/long :db/unique :db.unique/value}
	{:db/ident :of :db/valueType :db.type/ref :db/unique :db.unique/value}
	{:db/ident :name :db/valueType :db.type/string}
	{:db/ident :size :db/valueType :db.type/double :db/index false}
	{:db/ident :kind :db/valueType :db.type/keyword}
	{:db/ident :next :db/valueType :db.type/ref}
	{:db/ident :tag :db/valueType :db.type/string :db/cardinality :db.cardinality/many}]`

// The points, and queries that come near one: they find what they find on every view, with whatever inputs.
var registryPoints = []struct {
	text  string
	point bool
}{
	{`[:find ?n . :in $ ?x :where [?e :key ?x] [?e :name ?n]]`, true},
	{`[:find ?e ?n ?r :in ?x $ :where [?e :no ?x] [?e :name ?n] [?e :next ?r]]`, true},
	{`[:find [?s ?k] :in $ ?x :where [?e :size ?s] [?e :kind ?k] [?e :key ?x] [?e :tag "a"]]`, true},
	{`[:find ?n ?s :keys a b :in $ ?x :where [?x :name ?n] [?x :key _] [?x :size ?s]]`, true},
	{`[:find [?n ...] :in $ ?x :where [?x :next ?n]]`, true},
	{`[:find ?e :where [?e :key "k3"] [?e :kind :red]]`, true},
	{`[:find ?e ?s :in $ ?x ?y :where [?e :key ?x] [?e :name ?y] [?e :size ?s]]`, true},
	{`[:find ?e ?x :in $ ?x :where [?e :key ?x]]`, false},
	{`[:find ?e :in $ ?x :where [?e :of ?x]]`, false},
	{`[:find ?t :in $ ?x :where [?e :key ?x] [?e :tag ?t]]`, false},
	{`[:find ?n :in $ ?x :where [?e :key ?x] [?e :name ?n] [?e :kind ?n]]`, false},
	{`[:find ?n ?t :in $ ?x :where [?e :key ?x] [?e :name ?n ?t]]`, false},
}

// TestPointsFindWhatPlansFind asks points on every kind of view with inputs of every kind, and once more with a budget, for which no query is
// a point.
func TestPointsFindWhatPlansFind(t *testing.T) {
	found := 0
	soak.Run(t, 1, 4, func(t *testing.T, seed int64) {
		g := &registry{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 3))}
		g.fill()
		for _, view := range g.views() {
			for _, q := range registryPoints {
				for range 12 {
					found += g.ask(query.MustPrepare[[]any](q.text), view)
				}
			}
		}
	})
	if t.Logf("%d rows", found); found < 100 {
		t.Errorf("only %d rows", found)
	}
	for _, q := range registryPoints {
		if p := query.MustPrepare[[]any](q.text); p.IsPoint() != q.point {
			t.Errorf("%s: that it is a point is %v", q.text, p.IsPoint())
		}
	}
}

// A registry is a database of entities with keys that they lose, get and take from each other.
type registry struct {
	t    *testing.T
	rng  *rand.Rand
	conn *db.Conn
	ids  []db.ID
	ts   []db.T
}

func (g *registry) fill() {
	conn, err := db.Open(g.t.Context(), mem.New(), db.Options{})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { conn.Close() })
	g.conn = conn
	g.write(tx.EDN(registrySchema))
	for range 12 {
		var data []tx.Data
		for i := range 1 + g.rng.IntN(5) {
			data = append(data, g.claims(fmt.Sprint("new", i)))
		}
		rep := g.write(tx.All(data...))
		g.ids = append(g.ids, slices.Sorted(maps.Values(rep.TempIDs))...)
		if len(g.ids) == 0 {
			continue
		}
		e := g.anyone()
		g.write(g.claims(e))
		g.write(tx.Retract(e, pickOf(g.rng, "key", "no", "name", "tag", "next")))
		if g.rng.IntN(4) == 0 {
			if err := conn.Index(g.t.Context()); err != nil {
				g.t.Fatal(err)
			}
		}
	}
}

func (g *registry) anyone() db.ID { return pickOf(g.rng, g.ids...) }

// write commits what it can: some claims are refused, since another has the key.
func (g *registry) write(data tx.Data) *db.Report {
	rep, err := tx.Transact(g.t.Context(), g.conn, data)
	if errors.Is(err, tx.ErrUniqueConflict) || errors.Is(err, tx.ErrConflict) {
		return &db.Report{}
	}
	if err != nil {
		g.t.Fatal(err)
	}
	g.ts = append(g.ts, rep.T)
	return rep
}

func (g *registry) claims(e any) tx.Map {
	m := tx.Map{"db/id": e, "name": pickOf(g.rng, "ann", "bob", "cyd"), "size": float64(g.rng.IntN(3)), "kind": pickOf(g.rng, db.Keyword("red"), "blue")}
	if len(g.ids) > 0 && g.rng.IntN(3) > 0 {
		m["next"], m["tag"] = g.anyone(), []string{"a", pickOf(g.rng, "a", "b")}
	}
	if g.rng.IntN(4) > 0 {
		m["no"] = g.rng.IntN(30)
	}
	if _, isNew := e.(string); !isNew || g.rng.IntN(2) == 0 {
		m["key"] = fmt.Sprint("k", g.rng.IntN(20))
	}
	return m
}

func (g *registry) views() []db.Reader {
	snap := g.conn.Snapshot()
	var hidden db.IDSet
	hidden.Add(g.anyone())
	at, from := pickOf(g.rng, g.ts...), pickOf(g.rng, g.ts...)
	views := []db.Reader{snap, snap.AsOf(at), snap.Since(from), snap.AsOf(at).Since(from), snap.History(), snap.Without(&hidden),
		snap.Filter(func(_ db.Reader, d db.Datom) bool { return d.E%2 == 0 || d.A%2 == 0 })}
	if with, err := tx.With(g.t.Context(), snap, tx.Map{"key": "k3", "kind": db.Keyword("red"), "name": "dan"}); err == nil {
		views = append(views, with.After)
	}
	return views
}

// input returns one that a query may find something by, or nothing.
func (g *registry) input() any {
	switch g.rng.IntN(6) {
	case 0:
		return g.anyone()
	case 1:
		return db.Lookup("key", fmt.Sprint("k", g.rng.IntN(25)))
	case 2:
		return pickOf[any](g.rng, "ann", db.Keyword("red"), db.Keyword("key"), 1.5, true, []any{"key", "k1"}, "\xff", db.Lookup("name", "ann"), int64(-1), nil)
	case 3:
		return g.rng.IntN(35)
	}
	return fmt.Sprint("k", g.rng.IntN(25))
}

// ask asks a query twice, and compares the answers with that under a budget.
func (g *registry) ask(p *query.Prepared[[]any], view db.Reader) int {
	in := []any{}
	for range p.Inputs() {
		in = append(in, g.input())
	}
	want, wantErr := p.All(query.WithBudget(g.t.Context(), query.Budget{}), view, in...)
	for range 2 {
		got, err := p.All(g.t.Context(), view, in...)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !cmp.Equal(got, want) {
			g.t.Fatalf("%v of %v with %v: %v, %v, and with a budget %v, %v", p, view, in, got, err, want, wantErr)
		}
		one, err := p.One(g.t.Context(), view, in...)
		other, otherErr := p.One(query.WithBudget(g.t.Context(), query.Budget{}), view, in...)
		if fmt.Sprint(err) != fmt.Sprint(otherErr) || !cmp.Equal(one, other) {
			g.t.Fatalf("one of %v with %v: %v, %v, and with a budget %v, %v", view, in, one, err, other, otherErr)
		}
	}
	return len(want)
}
