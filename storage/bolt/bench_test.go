package bolt

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// record is as large as a small transaction's.
var record = make([]byte, 200)

// latencies times each call of work, and reports the median and the 99th percentile.
func latencies(b *testing.B, work func(i int)) {
	b.Helper()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		work(i)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkCreate(b *testing.B) {
	s, err := Open(bg, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	latencies(b, func(i int) {
		if err := s.Create(bg, fmt.Sprintf("d1/log/%016x", i), record); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkSingleKeyCommit is what bbolt itself needs for what Create does.
func BenchmarkSingleKeyCommit(b *testing.B) {
	kv, err := bbolt.Open(filepath.Join(b.TempDir(), "x.db"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	defer kv.Close()
	latencies(b, func(i int) {
		err := kv.Update(func(t *bbolt.Tx) error {
			keys, err := t.CreateBucketIfNotExists(bucketKeys)
			if err != nil {
				return err
			}
			return keys.Put(fmt.Appendf(nil, "d1/log/%016x", i), record)
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkCreateBesidePut is BenchmarkCreate while an indexing job puts 64 MB after 64 MB.
func BenchmarkCreateBesidePut(b *testing.B) {
	s, err := Open(bg, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan int)
	go func() { stopped <- putUntil(s, stop) }()
	defer func() {
		close(stop)
		b.ReportMetric(float64(<-stopped), "MB-put")
		_ = s.Close()
	}()
	latencies(b, func(i int) {
		if err := s.Create(bg, fmt.Sprintf("d1/log/%016x", i), record); err != nil {
			b.Fatal(err)
		}
	})
}

// putUntil puts segments of 32 kB, 64 MB at a time, until stop is closed, and returns how many MB.
func putUntil(s *Store, stop chan struct{}) (n int) {
	value := make([]byte, 32<<10)
	for job := 0; ; job++ {
		var items []storage.Item
		for i := range 2048 {
			items = append(items, storage.Item{Key: fmt.Sprintf("d1/seg/%04d/%08d", job, i), Value: value})
		}
		if s.Put(bg, items...) != nil {
			return n
		}
		n += 64
		select {
		case <-stop:
			return n
		default:
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s, err := Open(bg, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Put(bg, storage.Item{Key: "d1/seg/1", Value: make([]byte, 32<<10)}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Get(bg, "d1/seg/1"); err != nil {
			b.Fatal(err)
		}
	}
}
