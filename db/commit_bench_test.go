package db

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
)

// five asserts four facts of a new entity: with the instant, five datoms.
func five(ctx context.Context, before *Snapshot) (*Report, error) {
	c := nextCommit(before, 1)
	c.Facts = make([]index.Fact, 4)
	text, _ := index.String("text")
	for i := range c.Facts {
		c.Facts[i] = index.Fact{E: index.NewID(index.PartUser, c.T+1), A: attrDoc + ID(i), V: text, Tx: index.TxID(c.T)}
	}
	return before.Apply(c)
}

func benchmarkCommit(b *testing.B, store storage.Store, inFlight int) {
	conn := openConn(b, store, Options{})
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range inFlight {
		wg.Go(func() {
			for range (b.N + i) / inFlight {
				if _, err := conn.Commit(context.Background(), five); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	stats := conn.Stats()
	b.ReportMetric(float64(stats.Datoms/5)/float64(stats.Seq), "tx/record")
	b.ReportMetric(float64(stats.Bytes)/float64(stats.Datoms), "B/datom")
}

func BenchmarkCommit(b *testing.B) {
	for _, inFlight := range []int{1, 100} {
		b.Run(fmt.Sprintf("mem/%d", inFlight), func(b *testing.B) { benchmarkCommit(b, mem.New(), inFlight) })
		b.Run(fmt.Sprintf("bolt/%d", inFlight), func(b *testing.B) {
			store, err := bolt.Open(context.Background(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			benchmarkCommit(b, store, inFlight)
		})
	}
	b.Run("bolt create/1", benchmarkCreate)
}

// benchmarkCreate is what the store alone needs for one value of the same size: see storage/bolt for how bbolt itself compares.
func benchmarkCreate(b *testing.B) {
	store, err := bolt.Open(context.Background(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	value := make([]byte, 170)
	b.ResetTimer()
	for i := range b.N {
		if err := store.Create(context.Background(), "d/log/"+hex16(uint64(i)), value); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplay opens a database of 100,000 transactions of 5 datoms, each in a record of its own.
func BenchmarkReplay(b *testing.B) {
	store := mem.New()
	conn := openConn(b, store, Options{})
	const n = 100_000
	for range n {
		commit(b, conn, five)
	}
	b.ReportAllocs()
	for b.Loop() {
		again, err := Open(context.Background(), store, Options{ReadOnly: true})
		if err != nil || again.Stats().Seq != n {
			b.Fatal(err)
		}
		_ = again.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(5*n), "ns/datom")
}
