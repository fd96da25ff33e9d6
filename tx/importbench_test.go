package tx_test

import (
	"cmp"
	"context"
	"io/fs"
	"iter"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/tx"
)

// A person is one of the people whom queries are measured on: five datoms, all of them indexed.
type person struct {
	Name     string `datom:"name"`
	LastName string `datom:"last-name"`
	Sex      string `datom:"sex"`
	Age      int    `datom:"age"`
	Salary   int    `datom:"salary"`
}

// crowd yields n people, some at a time.
func crowd(n int) iter.Seq2[tx.Data, error] {
	names := []string{"Ivan", "Petr", "Sergei", "Oleg", "Yuri", "Dmitry", "Fedor", "Denis"}
	lastNames := []string{"Ivanov", "Petrov", "Sidorov", "Kovalev", "Kuznetsov", "Voronoi"}
	return func(yield func(tx.Data, error) bool) {
		rng := rand.New(rand.NewSource(1))
		for at := 0; at < n; at += 100 {
			some := make([]any, min(100, n-at))
			for i := range some {
				some[i] = person{names[rng.Intn(8)], lastNames[rng.Intn(6)], []string{"male", "female"}[rng.Intn(2)], 1 + rng.Intn(99), 1 + rng.Intn(99_999)}
			}
			if !yield(tx.Structs(some...), nil) {
				return
			}
		}
	}
}

// folder returns a database in a folder with the attributes of people.
func folder(b *testing.B, dir string, o db.Options) *db.Conn {
	b.Helper()
	store, err := bolt.Open(context.Background(), dir)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := db.OpenOwned(context.Background(), store, o)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tx.Transact(context.Background(), conn, tx.Schema[person]()); err != nil {
		b.Fatal(err)
	}
	return conn
}

// bytesIn returns how many bytes the files of a folder have.
func bytesIn(b *testing.B, dir string) (n int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); err == nil && !d.IsDir() {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkImport imports a million datoms of people into a folder, with all their indexes, or as many as DATOLITE_DATOMS says, and into
// the folder that DATOLITE_FOLDER names, which then stays:
//
//	DATOLITE_DATOMS=100000000 DATOLITE_FOLDER=/tmp/people go test ./tx -run '^$' -bench 'Import$' -benchtime 1x -timeout 60m
//	DATOLITE_FOLDER=/tmp/people go test ./tx -run '^$' -bench Imported -benchtime 1x
func BenchmarkImport(b *testing.B) {
	datoms, memory := 1_000_000, 0
	if s := os.Getenv("DATOLITE_DATOMS"); s != "" {
		datoms, _ = strconv.Atoi(s)
		memory = 2047 << 20
	}
	var done db.Import
	for b.Loop() {
		dir := cmp.Or(os.Getenv("DATOLITE_FOLDER"), b.TempDir())
		conn := folder(b, dir, db.Options{Memory: memory})
		var err error
		if done, err = tx.Import(context.Background(), conn, crowd(datoms/5), tx.ImportOptions{}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		conn.Close()
		b.ReportMetric(float64(bytesIn(b, dir))/float64(done.Datoms), "B/datom")
		b.ReportMetric(resident(), "MB/peak")
		b.StartTimer()
	}
	b.ReportMetric(float64(done.Datoms)*float64(b.N)/b.Elapsed().Seconds(), "datoms/s")
}

// resident returns how many megabytes of memory the process had at most; 0 where the system does not tell.
func resident() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kilobytes) / 1024
		}
	}
	return 0
}

// BenchmarkImported opens a folder into which people were imported, by BenchmarkImport or here, and reads some of them: by chance out of all,
// and again and again out of a tenth of them, or of ten million facts if that is less.
func BenchmarkImported(b *testing.B) {
	ctx, dir := context.Background(), os.Getenv("DATOLITE_FOLDER")
	if dir == "" {
		dir = b.TempDir()
		conn := folder(b, dir, db.Options{})
		if _, err := tx.Import(ctx, conn, crowd(200_000), tx.ImportOptions{}); err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
	for b.Loop() {
		began := time.Now()
		conn := folder(b, dir, db.Options{Cache: 1 << 30})
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/open")
		snap, rng := conn.Snapshot(), rand.New(rand.NewSource(2))
		point := func(within, n int) float64 {
			began := time.Now()
			for range n {
				e := index.NewID(index.PartUser, db.T(2000+rng.Intn(within)))
				if _, err := snap.Entity(ctx, e); err != nil {
					b.Fatal(err)
				}
			}
			return float64(time.Since(began).Microseconds()) / float64(n)
		}
		all := int(snap.T()) - 20_000
		hot := min(all/10, 2_000_000)
		b.ReportMetric(point(all, 1000), "µs/cold")
		point(hot, 200_000)
		b.ReportMetric(point(hot, 100_000), "µs/hot")
		b.ReportMetric(resident(), "MB/peak")
		conn.Close()
	}
}
