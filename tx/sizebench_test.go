package tx_test

import (
	"fmt"
	"iter"
	"math/rand"
	"os"
	"strconv"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/tx"
)

// byThousand yields people, a thousand datoms a transaction.
func byThousand(datoms int) iter.Seq[tx.Data] {
	return func(yield func(tx.Data) bool) {
		var some []tx.Data
		for d := range crowd(datoms / 5) {
			if some = append(some, d); len(some) < 2 {
				continue
			}
			if !yield(tx.All(some...)) {
				return
			}
			some = nil
		}
	}
}

// A node is one of a graph: its key is like a hash, and it has edges to three of the thousand nodes before it.
type node struct {
	Key  string  `datom:"node/key,identity"`
	Kind string  `datom:"node/kind"`
	In   []db.ID `datom:"node/in"`
}

// commitGraph commits a graph, 200 nodes, which are a thousand datoms, a transaction.
func commitGraph(b *testing.B, conn *db.Conn, nodes int) {
	rng := rand.New(rand.NewSource(1))
	kinds := []string{"dataset", "step", "model"}
	var ids []db.ID
	if _, err := tx.Transact(b.Context(), conn, tx.Schema[node]()); err != nil {
		b.Fatal(err)
	}
	for len(ids) < nodes {
		some := make([]any, 200)
		for i := range some {
			n := node{Key: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64()), Kind: kinds[rng.Intn(3)]}
			for range min(3, len(ids)) {
				n.In = append(n.In, ids[len(ids)-1-rng.Intn(min(len(ids), 1000))])
			}
			some[i] = n
		}
		rep, err := tx.Transact(b.Context(), conn, tx.Structs(some...))
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, rep.Created...)
	}
}

// commitPeople commits people, a thousand datoms a transaction.
func commitPeople(b *testing.B, conn *db.Conn, datoms int) {
	for d := range byThousand(datoms) {
		if _, err := tx.Transact(b.Context(), conn, d); err != nil {
			b.Fatal(err)
		}
	}
}

// datomsToWrite returns how many datoms of people a benchmark writes.
func datomsToWrite() int {
	if n, err := strconv.Atoi(os.Getenv("DATOLITE_DATOMS")); err == nil {
		return n
	}
	return 1_000_000
}

// BenchmarkCollected commits people, a million datoms or as many as DATOLITE_DATOMS says, or a graph of half a million nodes, to a folder, a
// thousand datoms a transaction, and measures the folder before Collect and Compact and after them.
func BenchmarkCollected(b *testing.B) {
	b.Run("people", func(b *testing.B) {
		benchmarkCollected(b, func(conn *db.Conn) { commitPeople(b, conn, datomsToWrite()) })
	})
	b.Run("graph", func(b *testing.B) { benchmarkCollected(b, func(conn *db.Conn) { commitGraph(b, conn, 500_000) }) })
}

func benchmarkCollected(b *testing.B, commit func(*db.Conn)) {
	for b.Loop() {
		dir := b.TempDir()
		conn := folder(b, dir, db.Options{})
		commit(conn)
		if err := conn.Index(b.Context()); err != nil {
			b.Fatal(err)
		}
		n := float64(conn.Stats().Datoms)
		b.ReportMetric(float64(bytesIn(b, dir))/n, "B/datom-before")
		if _, err := conn.Collect(b.Context(), db.CollectOptions{}); err != nil {
			b.Fatal(err)
		}
		conn.Close()
		if _, err := bolt.Compact(b.Context(), dir, nil); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(bytesIn(b, dir))/n, "B/datom")
		b.ReportMetric(float64(bytesOfSlots(b, dir))/n, "B/datom-slots")
	}
}

// bytesOfSlots returns how many bytes the slots of the log have that are not trimmed.
func bytesOfSlots(b *testing.B, dir string) (n int) {
	store, err := bolt.Open(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	all, err := db.Databases(b.Context(), store)
	if err != nil {
		b.Fatal(err)
	}
	for last := ""; ; {
		keys, err := store.List(b.Context(), all[0].ID+"/log/", last, 1000)
		if err != nil {
			b.Fatal(err)
		}
		if len(keys) == 0 {
			return n
		}
		for _, key := range keys {
			value, err := store.Get(b.Context(), key)
			if err != nil {
				b.Fatal(err)
			}
			n, last = n+len(value), key
		}
	}
}
