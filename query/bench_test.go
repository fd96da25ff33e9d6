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

const crowdSize = 20_000

// crowd returns a database of people with five attributes each, at random from a fixed seed.
var crowd = sync.OnceValues(func() (*db.Snapshot, error) {
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
		{:db/ident :salary :db/valueType :db.type/long}]`))
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"Ivan", "Petr", "Sergei", "Oleg", "Yuri", "Dmitry", "Fedor", "Denis"}
	lasts := []string{"Ivanov", "Petrov", "Sidorov", "Kovalev", "Kuznetsov", "Voronoi"}
	for i := 0; i < crowdSize; i += 1000 {
		var data []tx.Data
		for j := range 1000 {
			data = append(data, tx.Map{"db/id": fmt.Sprint("p", j), "name": names[rng.IntN(8)], "last-name": lasts[rng.IntN(6)],
				"sex": db.Keyword([]string{"male", "female"}[rng.IntN(2)]), "age": rng.IntN(100), "salary": rng.IntN(100_000)})
		}
		if rep, err = tx.Transact(ctx, conn, tx.All(data...)); err != nil {
			return nil, err
		}
	}
	return rep.After, nil
})

// The queries of performance.md §1.
var asked = []struct{ name, text string }{
	{"q1", `[:find ?e :where [?e :name "Ivan"]]`},
	{"q2", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a]]`},
	{"q2-switch", `[:find ?e ?a :where [?e :age ?a] [?e :name "Ivan"]]`},
	{"q3", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a] [?e :sex :male]]`},
	{"q4", `[:find ?e ?l ?a :where [?e :name "Ivan"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]`},
	{"q5", `[:find ?e1 ?l ?a :where [?e :name "Ivan"] [?e :age ?a] [?e1 :age ?a] [?e1 :last-name ?l]]`},
	{"qpred", `[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]`},
	{"agg", `[:find ?l (avg ?s) :with ?e :where [?e :salary ?s] [?e :last-name ?l]]`},
	{"not", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a] (not [?e :sex :male])]`},
	{"or-join", `[:find ?e :where (or-join [?e] [?e :name "Ivan"] [?e :last-name "Ivanov"])]`},
}

func BenchmarkQuery(b *testing.B) {
	snap, err := crowd()
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range asked {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				r, err := query.Run(b.Context(), snap, q.text)
				if err != nil {
					b.Fatal(err)
				}
				rows = r.Len()
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}
