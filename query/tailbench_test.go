package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// changing returns a database of 20,000 people in the index. The ages of the first of every so many changed three times since; for 0, nobody's did.
func changing(every int) (*db.Snapshot, error) {
	ctx := context.Background()
	conn, err := db.Open(ctx, mem.New(), db.Options{})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Transact(ctx, conn, tx.EDN(`[{:db/ident :name :db/valueType :db.type/string}
		{:db/ident :last-name :db/valueType :db.type/string} {:db/ident :age :db/valueType :db.type/long}]`)); err != nil {
		return nil, err
	}
	var ids []db.ID
	for some := range slices.Chunk(citizens(20_000), 1000) {
		var data []tx.Data
		for _, c := range some {
			data = append(data, tx.Map{"name": c.name, "last-name": c.last, "age": 1000 + c.age})
		}
		rep, err := tx.Transact(ctx, conn, tx.All(data...))
		if err != nil {
			return nil, err
		}
		ids = append(ids, rep.Created...)
	}
	if err := conn.Index(ctx); err != nil || every == 0 {
		return conn.Snapshot(), err
	}
	rng := rand.New(rand.NewPCG(8, 9))
	for round := range 3 {
		for some := range slices.Chunk(ids, 1000) {
			var data []tx.Data
			for i := 0; i < len(some); i += every {
				data = append(data, tx.Map{"db/id": some[i], "age": 100*round + rng.IntN(100)})
			}
			if _, err := tx.Transact(ctx, conn, tx.All(data...)); err != nil {
				return nil, err
			}
		}
	}
	return conn.Snapshot(), nil
}

var changed = map[int]func() (*db.Snapshot, error){
	0:  sync.OnceValues(func() (*db.Snapshot, error) { return changing(0) }),
	20: sync.OnceValues(func() (*db.Snapshot, error) { return changing(20) }),
	1:  sync.OnceValues(func() (*db.Snapshot, error) { return changing(1) }),
}

// BenchmarkChanged reads an attribute of which none, a twentieth and all changed three times since it was indexed.
func BenchmarkChanged(b *testing.B) {
	there := ivans(citizens(20_000))
	for _, q := range []struct {
		name, text string
		rows       int
	}{
		{"q2", `[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a]]`, there},
		{"agg", `[:find ?l (avg ?a) :with ?e :where [?e :age ?a] [?e :last-name ?l]]`, 6},
		{"ages", `[:find ?e ?a :where [?e :age ?a]]`, 20_000},
	} {
		for _, every := range []int{0, 20, 1} {
			b.Run(fmt.Sprint(q.name, "/", map[int]string{0: "none", 20: "a twentieth", 1: "all"}[every]), func(b *testing.B) {
				snap, err := changed[every]()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					r, err := query.Run(b.Context(), snap, q.text)
					if err != nil {
						b.Fatal(err)
					}
					if r.Len() != q.rows {
						b.Fatalf("%d rows, want %d", r.Len(), q.rows)
					}
				}
				b.ReportMetric(float64(q.rows), "rows")
			})
		}
	}
}
