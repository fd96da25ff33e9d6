package tx_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

const hundredThousand = 100_000

// of5 returns a map that comes to five datoms.
func of5(i int) tx.Data {
	return tx.Map{"k1": strconv.Itoa(i), "n": i, "s": "some text", "tags": []string{"a", "b"}}
}

func benchmark(b *testing.B, write func(snap *db.Snapshot) error) {
	snap := given(b, empty(b), tx.EDN(vectors)).After
	b.ReportAllocs()
	for b.Loop() {
		if err := write(snap); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBy1 speculates on 100,000 transactions of one datom.
func BenchmarkBy1(b *testing.B) {
	benchmark(b, func(snap *db.Snapshot) error {
		for i := range hundredThousand {
			rep, err := tx.With(context.Background(), snap, tx.Add("x", "n", i))
			if err != nil {
				return err
			}
			snap = rep.After
		}
		return nil
	})
}

// BenchmarkBy5 speculates on 20,000 transactions of five datoms, with a new identity in each.
func BenchmarkBy5(b *testing.B) {
	benchmark(b, func(snap *db.Snapshot) error {
		for i := range hundredThousand / 5 {
			rep, err := tx.With(context.Background(), snap, of5(i))
			if err != nil {
				return err
			}
			snap = rep.After
		}
		return nil
	})
}

// BenchmarkAtOnce speculates on one transaction of 100,000 datoms.
func BenchmarkAtOnce(b *testing.B) {
	data := make([]tx.Data, hundredThousand/5)
	for i := range data {
		data[i] = of5(i)
	}
	benchmark(b, func(snap *db.Snapshot) error {
		_, err := tx.With(context.Background(), snap, data...)
		return err
	})
}

// BenchmarkUpsert speculates on a transaction that changes one of 20,000 entities, found by its identity.
func BenchmarkUpsert(b *testing.B) {
	data := make([]tx.Data, hundredThousand/5)
	for i := range data {
		data[i] = of5(i)
	}
	snap := given(b, given(b, empty(b), tx.EDN(vectors)).After, data...).After
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := tx.With(context.Background(), snap, tx.Map{"k1": strconv.Itoa(i % len(data)), "n": -i}); err != nil {
			b.Fatal(err)
		}
	}
}

// opened returns a database with the attributes of the vectors.
func opened(b *testing.B, store storage.Store) *db.Conn {
	conn, err := db.Open(context.Background(), store, db.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tx.Transact(context.Background(), conn, tx.EDN(vectors)); err != nil {
		b.Fatal(err)
	}
	return conn
}

// BenchmarkTransact100k commits 100,000 datoms to a store in memory, by one and by five a transaction: what BenchmarkBy1 and
// BenchmarkBy5 speculate on.
func BenchmarkTransact100k(b *testing.B) {
	write := func(b *testing.B, n int, data func(i int) tx.Data) {
		b.ReportAllocs()
		for b.Loop() {
			conn := opened(b, mem.New())
			for i := range n {
				if _, err := tx.Transact(context.Background(), conn, data(i)); err != nil {
					b.Fatal(err)
				}
			}
			_ = conn.Close()
		}
	}
	b.Run("by 1", func(b *testing.B) {
		write(b, hundredThousand, func(i int) tx.Data { return tx.Add("x", "n", i) })
	})
	b.Run("by 5", func(b *testing.B) { write(b, hundredThousand/5, of5) })
}

// BenchmarkTransact commits a transaction of five datoms to a folder, with 1, 100 and 256 of them in flight.
func BenchmarkTransact(b *testing.B) {
	for _, inFlight := range []int{1, 100, 256} {
		b.Run(fmt.Sprint("bolt, in flight ", inFlight), func(b *testing.B) {
			store, err := bolt.Open(context.Background(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			conn := opened(b, store)
			defer conn.Close()
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			var writing sync.WaitGroup
			for range inFlight {
				writing.Go(func() {
					for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
						if _, err := tx.Transact(context.Background(), conn, of5(i)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			writing.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
		})
	}
}

// BenchmarkComposite speculates on 20,000 transactions of three datoms, one of them a unique composite of the others.
func BenchmarkComposite(b *testing.B) {
	snap := given(b, given(b, empty(b), tx.EDN(vectors)).After, tx.EDN(`[{:db/ident :s+n :db/valueType :db.type/tuple
		:db/tupleAttrs [:s :n] :db/unique :db.unique/identity}]`)).After
	b.ReportAllocs()
	for b.Loop() {
		after := snap
		for i := range hundredThousand / 5 {
			rep, err := tx.With(context.Background(), after, tx.Map{"s": strconv.Itoa(i), "n": i})
			if err != nil {
				b.Fatal(err)
			}
			after = rep.After
		}
	}
}
