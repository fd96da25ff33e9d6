package tx_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/tx"
)

// BenchmarkCare proves, backs up and collects a million datoms in a folder.
func BenchmarkCare(b *testing.B) {
	conn := folder(b, b.TempDir(), db.Options{})
	defer conn.Close()
	commitPeople(b, conn, 1_000_000)
	if err := conn.Index(b.Context()); err != nil {
		b.Fatal(err)
	}
	for name, care := range cares(b, conn) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				care()(b.Context())
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e6/float64(conn.Stats().Datoms), "s/Mdatoms")
		})
	}
}

// cares prepare what is done beside writers, and return it: to be done once.
func cares(b *testing.B, conn *db.Conn) map[string]func() (care func(ctx context.Context)) {
	check := func(err error) {
		if err != nil {
			b.Error(err)
		}
	}
	verify := func(ctx context.Context) {
		for _, err := range conn.Verify(ctx) {
			check(err)
		}
	}
	backup := func(store *bolt.Store) func(ctx context.Context) {
		return func(ctx context.Context) {
			_, err := conn.Backup(ctx, store, nil)
			check(err)
			check(store.Close())
		}
	}
	collect := func(ctx context.Context) {
		_, err := conn.Collect(ctx, db.CollectOptions{})
		check(err)
	}
	return map[string]func() func(ctx context.Context){
		"verify": func() func(ctx context.Context) { return verify },
		"backup": func() func(ctx context.Context) {
			store, err := bolt.Open(b.Context(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			return backup(store)
		},
		"collect": func() func(ctx context.Context) { return collect },
	}
}

// BenchmarkBeside has one writer commit transactions of five datoms, 200 a second, beside somebody who verifies or backs up a million datoms once, or
// collects ten times in a second; and then as many alone. The goal is a 99th percentile of at most 1.25 of that alone.
func BenchmarkBeside(b *testing.B) {
	for _, name := range []string{"verify", "backup", "collect"} {
		b.Run(name, func(b *testing.B) {
			conn := folder(b, b.TempDir(), db.Options{})
			defer conn.Close()
			commitPeople(b, conn, 1_000_000)
			if err := conn.Index(b.Context()); err != nil {
				b.Fatal(err)
			}
			prepare := cares(b, conn)[name]
			var alone, beside []time.Duration
			var lasted time.Duration
			for b.Loop() {
				care := prepare()
				runtime.GC()
				began, done := time.Now(), make(chan struct{})
				go func() {
					defer close(done)
					care(b.Context())
					for name == "collect" && time.Since(began) < time.Second {
						time.Sleep(100 * time.Millisecond)
						care(b.Context())
					}
					lasted += time.Since(began)
				}()
				some := writes(b, conn, func(int) bool { return isClosed(done) })
				beside = append(beside, some...)
				runtime.GC()
				alone = append(alone, writes(b, conn, func(n int) bool { return n == len(some) })...)
			}
			report(b, alone, beside)
			if name != "collect" {
				b.ReportMetric(lasted.Seconds()/float64(b.N)*1e6/float64(conn.Stats().Datoms), "s/Mdatoms")
			}
		})
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// writes commits until it is enough, and returns how long each transaction took.
func writes(b *testing.B, conn *db.Conn, enough func(n int) bool) (took []time.Duration) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !enough(len(took)) {
		began := time.Now()
		n := strconv.Itoa(int(began.UnixNano()))
		if _, err := tx.Transact(b.Context(), conn, tx.Map{"name": n, "last-name": n, "sex": "male", "age": 1}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		<-tick.C
	}
	return took
}

func report(b *testing.B, alone, beside []time.Duration) {
	slices.Sort(alone)
	slices.Sort(beside)
	at := func(d []time.Duration, part float64) float64 {
		return float64(d[int(part*float64(len(d)-1))].Microseconds())
	}
	for _, p := range []struct {
		name string
		part float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		b.ReportMetric(at(alone, p.part), p.name+"-alone-µs")
		b.ReportMetric(at(beside, p.part), p.name+"-beside-µs")
		b.ReportMetric(at(beside, p.part)/at(alone, p.part), p.name+"-ratio")
	}
}

// BenchmarkText writes people as text, a million datoms or as many as DATOLITE_DATOMS says, and reads them into another folder.
func BenchmarkText(b *testing.B) {
	conn := folder(b, b.TempDir(), db.Options{})
	defer conn.Close()
	if _, err := tx.Import(b.Context(), conn, crowd(datomsToWrite()/5), tx.ImportOptions{Items: 200}); err != nil {
		b.Fatal(err)
	}
	measured := func(b *testing.B, text tx.Text) {
		b.ReportMetric(float64(text.Datoms)*float64(b.N)/b.Elapsed().Seconds(), "datoms/s")
		b.ReportMetric(float64(text.Bytes)/float64(text.Datoms), "B/datom")
		b.ReportMetric(resident(), "MB/peak")
	}
	path := filepath.Join(b.TempDir(), "text.edn")
	b.Run("export", func(b *testing.B) {
		var text tx.Text
		for b.Loop() {
			text = exportFile(b, conn, path)
		}
		measured(b, text)
	})
	b.Run("import", func(b *testing.B) {
		var text tx.Text
		for b.Loop() {
			text = importFile(b, path)
		}
		measured(b, text)
	})
}

func exportFile(b *testing.B, conn *db.Conn, path string) tx.Text {
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	text, err := tx.ExportText(b.Context(), conn.Snapshot(), file, tx.TextOptions{})
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func importFile(b *testing.B, path string) tx.Text {
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	store, err := bolt.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	conn, err := db.OpenOwned(b.Context(), store, db.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	text, err := tx.ImportText(b.Context(), conn, file, tx.TextOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return text
}
