package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
)

// A stamps store keeps when each slot of the log was filled.
type stamps struct {
	storage.Store
	mu sync.Mutex
	at []time.Time
}

func (s *stamps) Create(ctx context.Context, key string, value []byte) error {
	err := s.Store.Create(ctx, key, value)
	if strings.Contains(key, "/log/") && err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.at = append(s.at, time.Now())
	}
	return err
}

// lag returns how long ago a slot was filled: 0 if its Create has not even returned.
func (s *stamps) lag(seq int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq > len(s.at) {
		return 0
	}
	return time.Since(s.at[seq-1])
}

// BenchmarkFollow measures the time from when a record is in the store until the report of its transaction is told to who follows
// in another Conn, with so long a pause between two transactions.
func BenchmarkFollow(b *testing.B) {
	folder, err := bolt.Open(context.Background(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer folder.Close()
	for _, pause := range []time.Duration{0, 2 * time.Millisecond, 100 * time.Millisecond} {
		b.Run(fmt.Sprintf("mem/watched/%v", pause), func(b *testing.B) { benchmarkFollow(b, mem.New(), false, pause) })
		b.Run(fmt.Sprintf("mem/polled/%v", pause), func(b *testing.B) { benchmarkFollow(b, mem.New(), true, pause) })
		b.Run(fmt.Sprintf("bolt/watched/%v", pause), func(b *testing.B) { benchmarkFollow(b, folder, false, pause) })
		b.Run(fmt.Sprintf("bolt/polled/%v", pause), func(b *testing.B) { benchmarkFollow(b, folder, true, pause) })
	}
}

func benchmarkFollow(b *testing.B, store storage.Store, polled bool, pause time.Duration) {
	name := fmt.Sprint("b", time.Now().UnixNano())
	stamped := &stamps{Store: store}
	writer := openConn(b, stamped, Options{Name: name})
	if polled {
		store = unwatchable{store}
	}
	reader := openConn(b, store, Options{Name: name, ReadOnly: true})
	lags := make([]time.Duration, 0, b.N)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, err := range reader.Reports(context.Background(), 0) {
			if err != nil {
				b.Error(err)
			}
			if lags = append(lags, stamped.lag(len(lags)+1)); len(lags) == cap(lags) {
				return
			}
		}
	}()
	b.ResetTimer()
	for range b.N {
		commit(b, writer, five)
		time.Sleep(pause)
	}
	<-done
	slices.Sort(lags)
	b.ReportMetric(float64(lags[len(lags)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds()), "p99-µs")
}

// An unwatchable store does not tell when keys appear.
type unwatchable struct{ storage.Store }
