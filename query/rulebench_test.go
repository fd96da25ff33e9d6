package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A graph is one of performance.md §2: entities that follow others, by their numbers, and how many pairs are connected.
type graph struct {
	name  string
	size  int
	edges [][2]int
	pairs int
}

// graphs returns the graphs by which recursive rules are measured.
func graphs() []graph {
	return []graph{
		{"wide 7x3", 3280, parted(3280, 3), 21_324},
		{"long 30x5", 155, strided(155, 5), 2_325},
		{"chain of 300", 300, strided(300, 1), 44_850},
		{"DAG of 2000", 2000, forward(2000, 2320, 400), 26_994},
		{"cyclic 2000", 2000, scattered(2000, 4170), 2_660_518},
		{"chain of 1000", 1000, strided(1000, 1), 499_500},
	}
}

// parted returns a tree in which every entity follows so many others.
func parted(size, width int) (edges [][2]int) {
	for i := 1; i < size; i++ {
		edges = append(edges, [2]int{(i - 1) / width, i})
	}
	return edges
}

// strided returns chains side by side, as many as the stride is long.
func strided(size, stride int) (edges [][2]int) {
	for i := range size - stride {
		edges = append(edges, [2]int{i, i + stride})
	}
	return edges
}

// forward returns random edges to entities of greater numbers, at most so far away.
func forward(size, n, reach int) (edges [][2]int) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range n {
		from := rng.IntN(size - 1)
		edges = append(edges, [2]int{from, from + 1 + rng.IntN(min(reach, size-1-from))})
	}
	return edges
}

// scattered returns random edges, many of them in circles.
func scattered(size, n int) (edges [][2]int) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range n {
		edges = append(edges, [2]int{rng.IntN(size), rng.IntN(size)})
	}
	return edges
}

// network returns a database of entities that follow others.
func (s graph) network(b *testing.B, indexed bool) *db.Snapshot {
	b.Helper()
	var data []tx.Data
	for i := range s.size {
		data = append(data, tx.Map{"db/id": fmt.Sprint("n", i), "number": i})
	}
	for _, e := range s.edges {
		data = append(data, tx.Add(fmt.Sprint("n", e[0]), "follows", fmt.Sprint("n", e[1])))
	}
	return filled(b, indexed, `[{:db/ident :follows :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
		{:db/ident :number :db/valueType :db.type/long :db/unique :db.unique/identity}]`, data)
}

// filled returns a database with a schema and data, in its index or in its tail.
func filled(b *testing.B, indexed bool, schema string, data ...[]tx.Data) *db.Snapshot {
	b.Helper()
	conn, err := db.Open(context.Background(), mem.New(), db.Options{Memory: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tx.Transact(b.Context(), conn, tx.EDN(schema)); err != nil {
		b.Fatal(err)
	}
	for _, d := range data {
		if _, err := tx.Transact(b.Context(), conn, tx.All(d...)); err != nil {
			b.Fatal(err)
		}
	}
	if indexed {
		if err := conn.Index(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return conn.Snapshot()
}

// A pair is a row of two entities.
type pair struct{ A, B db.ID }

// measure asks a query again and again; it must have so many rows, or any number where it is −1.
func measure[T any](b *testing.B, snap *db.Snapshot, want int, text string, in ...any) {
	b.Helper()
	b.ReportAllocs()
	q := query.MustPrepare[T](text)
	rows := 0
	for b.Loop() {
		r, err := q.All(b.Context(), snap, in...)
		if err != nil {
			b.Fatal(err)
		}
		rows = len(r)
	}
	b.ReportMetric(float64(rows), "rows")
	if want >= 0 && rows != want {
		b.Fatalf("%d rows, not %d", rows, want)
	}
}

const reachRules = `[[(reach ?a ?b) [?a :follows ?b]] [(reach ?a ?b) [?a :follows ?c] (reach ?c ?b)]]`

func BenchmarkRules(b *testing.B) {
	rules := query.Rules(reachRules)
	for _, s := range graphs() {
		for _, place := range []string{"tail", "index"} {
			b.Run(s.name+"/"+place, func(b *testing.B) {
				snap := s.network(b, place == "index")
				b.Run("all", func(b *testing.B) {
					measure[pair](b, snap, s.pairs, `[:find ?a ?b :in $ % :where (reach ?a ?b)]`, rules)
				})
				b.Run("from", func(b *testing.B) {
					measure[db.ID](b, snap, -1, `[:find [?b ...] :in $ % :where [?a :number 0] (reach ?a ?b)]`, rules)
				})
				b.Run("to", func(b *testing.B) {
					measure[db.ID](b, snap, -1, `[:find [?a ...] :in $ % :where [?b :number 149] (reach ?a ?b)]`, rules)
				})
			})
		}
	}
}

// genealogySize is how many people there are with a thesis and one or two who advised it.
const genealogySize = 257_000

const genealogySchema = `[
	{:db/ident :person/name :db/valueType :db.type/string :db/unique :db.unique/identity}
	{:db/ident :person/advised :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
	{:db/ident :thesis/by :db/valueType :db.type/ref}
	{:db/ident :thesis/university :db/valueType :db.type/long}
	{:db/ident :thesis/area :db/valueType :db.type/long}]`

// genealogy returns a database of people, whose advisors came before them.
var genealogy = sync.OnceValue(func() [][]tx.Data {
	rng := rand.New(rand.NewPCG(9, 10))
	var parts [][]tx.Data
	for i := 0; i < genealogySize; {
		var data []tx.Data
		for ; len(data) < 18_000 && i < genealogySize; i++ {
			name := fmt.Sprint("p", i)
			data = append(data, tx.Map{"db/id": name, "person/name": name},
				tx.Map{"db/id": "t" + name, "thesis/by": name, "thesis/university": rng.IntN(257), "thesis/area": rng.IntN(7)})
			if i > 100 {
				advisor := fmt.Sprint("p", i/4+rng.IntN(i/4))
				data = append(data, tx.Map{"db/id": "a" + name, "person/name": advisor, "person/advised": "t" + name})
			}
		}
		parts = append(parts, data)
	}
	return parts
})

const genealogyRules = `[
	[(adv ?x ?y) [?x :person/advised ?t] [?t :thesis/by ?y]]
	[(univ ?p ?u) [?t :thesis/by ?p] [?t :thesis/university ?u]]
	[(area ?p ?a) [?t :thesis/by ?p] [?t :thesis/area ?a]]
	[(anc ?x ?y) (adv ?x ?y)]
	[(anc ?x ?y) (adv ?x ?z) (anc ?z ?y)]]`

func BenchmarkGenealogy(b *testing.B) {
	rules := query.Rules(genealogyRules)
	for _, place := range []string{"tail", "index"} {
		b.Run(place, func(b *testing.B) {
			snap := filled(b, place == "index", genealogySchema, genealogy()...)
			b.Run("ancestors", func(b *testing.B) {
				measure[db.ID](b, snap, 8, `[:find [?x ...] :in $ % ?name :where [?p :person/name ?name] (anc ?x ?p)]`, rules, "p100000")
			})
			b.Run("same university", func(b *testing.B) {
				measure[pair](b, snap, 987, `[:find ?a ?b :in $ % :where (adv ?a ?b) (univ ?a ?u) (univ ?b ?u)]`, rules)
			})
			b.Run("other area", func(b *testing.B) {
				measure[pair](b, snap, 220_230, `[:find ?a ?b :in $ % :where (adv ?a ?b) (area ?a ?x) (area ?b ?y) [(!= ?x ?y)]]`, rules)
			})
		})
	}
}
