package tx_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/datolite/datolite/db"
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
