package query_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// aging returns a database of 20,000 people each of whose ages changed ten times: 420,000 datoms of history.
var aging = sync.OnceValues(func() (*db.Snapshot, error) {
	ctx := context.Background()
	conn, err := db.Open(ctx, mem.New(), db.Options{})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Transact(ctx, conn, tx.EDN(`[{:db/ident :name :db/valueType :db.type/string} {:db/ident :age :db/valueType :db.type/long}]`)); err != nil {
		return nil, err
	}
	var ids []db.ID
	for i := 0; i < 20_000; i += 1000 {
		var data []tx.Data
		for _, c := range citizens(20_000)[i : i+1000] {
			data = append(data, tx.Map{"name": c.name, "age": 1000})
		}
		rep, err := tx.Transact(ctx, conn, tx.All(data...))
		if err != nil {
			return nil, err
		}
		ids = append(ids, rep.Created...)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	for round := range 10 {
		for i := 0; i < len(ids); i += 2000 {
			var data []tx.Data
			for _, e := range ids[i : i+2000] {
				data = append(data, tx.Map{"db/id": e, "age": 100*round + rng.IntN(100)})
			}
			if _, err := tx.Transact(ctx, conn, tx.All(data...)); err != nil {
				return nil, err
			}
		}
	}
	err = conn.Index(ctx)
	return conn.Snapshot(), err
})

// BenchmarkTime reads the past.
func BenchmarkTime(b *testing.B) {
	snap, err := aging()
	if err != nil {
		b.Fatal(err)
	}
	past := snap.AsOf(snap.T() - db.T(50)) // the changes of five of the ten rounds
	ivan, ages := `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a]]`, `[:find ?e ?a :where [?e :age ?a]]`
	ivansThere := ivans(citizens(20_000))
	for _, c := range []struct {
		name, text string
		from       db.Reader
		rows       int
	}{
		{"join", ivan, snap, ivansThere},
		{"join as of", ivan, past, ivansThere},
		{"ages", ages, snap, 20_000},
		{"ages as of", ages, past, 20_000},
		{"history", `[:find ?e ?a ?tx ?op :where [?e :age ?a ?tx ?op]]`, snap.History(), 420_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := query.Run(b.Context(), c.from, c.text)
				if err != nil {
					b.Fatal(err)
				}
				if r.Len() != c.rows {
					b.Fatalf("%d rows, want %d", r.Len(), c.rows)
				}
			}
			b.ReportMetric(float64(c.rows), "rows")
		})
	}
}
