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

// A citizen is what the databases of the benchmarks know of a person.
type citizen struct {
	name, last, sex string
	age, salary     int
}

// citizens returns people at random from a fixed seed.
func citizens(n int) []citizen {
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"Ivan", "Petr", "Sergei", "Oleg", "Yuri", "Dmitry", "Fedor", "Denis"}
	lasts := []string{"Ivanov", "Petrov", "Sidorov", "Kovalev", "Kuznetsov", "Voronoi"}
	all := make([]citizen, n)
	for i := range all {
		all[i] = citizen{names[rng.IntN(8)], lasts[rng.IntN(6)], []string{"male", "female"}[rng.IntN(2)], rng.IntN(100), rng.IntN(100_000)}
	}
	return all
}

// crowd returns a database of people with five attributes each; where it is indexed, its tail is empty.
func crowd(n int, indexed bool) (*db.Snapshot, error) {
	ctx := context.Background()
	conn, err := db.Open(ctx, mem.New(), db.Options{})
	if err != nil {
		return nil, err
	}
	rep, err := tx.Transact(ctx, conn, tx.EDN(`[
		{:db/ident :name :db/valueType :db.type/string}
		{:db/ident :last-name :db/valueType :db.type/string}
		{:db/ident :sex :db/valueType :db.type/keyword}
		{:db/ident :age :db/valueType :db.type/long}
		{:db/ident :salary :db/valueType :db.type/long}
		{:db/ident :passport :db/valueType :db.type/string :db/unique :db.unique/identity}]`))
	if err != nil {
		return nil, err
	}
	all := citizens(n)
	for i := 0; i < n; i += 1000 {
		var data []tx.Data
		for j, c := range all[i:min(i+1000, n)] {
			m := tx.Map{"db/id": fmt.Sprint("p", j), "name": c.name, "last-name": c.last, "sex": db.Keyword(c.sex), "age": c.age, "salary": c.salary}
			if (i+j)%100 == 0 {
				m["passport"] = fmt.Sprint("P", i+j)
			}
			data = append(data, m)
		}
		if rep, err = tx.Transact(ctx, conn, tx.All(data...)); err != nil {
			return nil, err
		}
	}
	if !indexed {
		return rep.After, nil
	}
	err = conn.Index(ctx)
	return conn.Snapshot(), err
}

var crowds = map[string]func() (*db.Snapshot, error){
	"20k/tail":     sync.OnceValues(func() (*db.Snapshot, error) { return crowd(20_000, false) }),
	"20k/indexed":  sync.OnceValues(func() (*db.Snapshot, error) { return crowd(20_000, true) }),
	"200k/indexed": sync.OnceValues(func() (*db.Snapshot, error) { return crowd(200_000, true) }),
}

// The queries of performance.md §1, with how many rows they have.
var asked = []struct {
	name, text string
	in         []any
	rows       func(all []citizen) int
}{
	{"q1", `[:find ?e :where [?e :name "Ivan"]]`, nil, ivans},
	{"q2", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a]]`, nil, ivans},
	{"q2-switch", `[:find ?e ?a :where [?e :age ?a] [?e :name "Ivan"]]`, nil, ivans},
	{"q3", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a] [?e :sex :male]]`, nil, ivansOf("male")},
	{"q4", `[:find ?e ?l ?a :where [?e :name "Ivan"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]`, nil, ivansOf("male")},
	{"q5", `[:find ?e1 ?l ?a :where [?e :name "Ivan"] [?e :age ?a] [?e1 :age ?a] [?e1 :last-name ?l]]`, nil, agedAsIvan},
	{"qpred", `[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]`, nil, rich},
	{"qpred-in", `[:find ?e ?s :in $ ?least :where [?e :salary ?s] [(> ?s ?least)]]`, []any{50000}, rich},
	{"agg", `[:find ?l (avg ?s) :with ?e :where [?e :salary ?s] [?e :last-name ?l]]`, nil, func([]citizen) int { return 6 }},
	{"not", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a] (not [?e :sex :male])]`, nil, ivansOf("female")},
	{"or-join", `[:find ?e :where (or-join [?e] [?e :name "Ivan"] [?e :last-name "Ivanov"])]`, nil, func(all []citizen) int {
		return howMany(all, func(c citizen) bool { return c.name == "Ivan" || c.last == "Ivanov" })
	}},
	{"point", `[:find ?s . :in $ ?p :where [?e :passport ?p] [?e :salary ?s]]`, []any{"P700"}, func([]citizen) int { return 1 }},
}

func howMany(all []citizen, is func(citizen) bool) int {
	n := 0
	for _, c := range all {
		if is(c) {
			n++
		}
	}
	return n
}

func ivans(all []citizen) int { return howMany(all, func(c citizen) bool { return c.name == "Ivan" }) }

func rich(all []citizen) int { return howMany(all, func(c citizen) bool { return c.salary > 50000 }) }

func ivansOf(sex string) func([]citizen) int {
	return func(all []citizen) int {
		return howMany(all, func(c citizen) bool { return c.name == "Ivan" && c.sex == sex })
	}
}

func agedAsIvan(all []citizen) int {
	ages := map[int]bool{}
	for _, c := range all {
		if c.name == "Ivan" {
			ages[c.age] = true
		}
	}
	return howMany(all, func(c citizen) bool { return ages[c.age] })
}

func BenchmarkQuery(b *testing.B) {
	for _, name := range []string{"20k/indexed", "20k/tail", "200k/indexed"} {
		b.Run(name, func(b *testing.B) {
			snap, err := crowds[name]()
			if err != nil {
				b.Fatal(err)
			}
			n := 20_000
			if name == "200k/indexed" {
				n = 200_000
			}
			all := citizens(n)
			for _, q := range asked {
				want := q.rows(all)
				b.Run(q.name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						r, err := query.Run(b.Context(), snap, q.text, q.in...)
						if err != nil {
							b.Fatal(err)
						}
						if r.Len() != want {
							b.Fatalf("%d rows, want %d", r.Len(), want)
						}
					}
					b.ReportMetric(float64(want), "rows")
				})
			}
		})
	}
}

// Typed rows, prepared: what a program that knows its columns pays.
func BenchmarkTyped(b *testing.B) {
	for _, name := range []string{"20k/indexed", "20k/tail"} {
		snap, err := crowds[name]()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/q1", func(b *testing.B) { benchEach[db.ID](b, snap, asked[0].text) })
		b.Run(name+"/q2", func(b *testing.B) {
			benchEach[struct {
				E db.ID
				A int
			}](b, snap, asked[1].text)
		})
		b.Run(name+"/point", func(b *testing.B) {
			b.ReportAllocs()
			q := query.MustPrepare[int64](`[:find ?s . :in $ ?p :where [?e :passport ?p] [?e :salary ?s]]`)
			for b.Loop() {
				if _, err := q.One(b.Context(), snap, "P700"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchEach[T any](b *testing.B, snap *db.Snapshot, text string) {
	b.ReportAllocs()
	q, rows := query.MustPrepare[T](text), 0
	for b.Loop() {
		rows = 0
		for _, err := range q.Each(b.Context(), snap) {
			if err != nil {
				b.Fatal(err)
			}
			rows++
		}
	}
	b.ReportMetric(float64(rows), "rows")
}
