package remote_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
	"github.com/datolite/datolite/storage/storagetest"
)

var bg = context.Background()

const (
	full = "a token that may write"
	read = "a token that may read"
)

// served serves a store on this machine until the test ends, and returns its URL.
func served(t storagetest.T, store storage.Store) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("%v", err)
	}
	ctx, stop := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() { ended <- remote.Serve(ctx, l, store, remote.ServeOptions{Token: full, ReadToken: read}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

// opened opens a served store until the test ends.
func opened(t storagetest.T, url, token string) storage.Store {
	t.Helper()
	s, err := remote.Open(bg, url, remote.Options{Token: token})
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// small is a store of small values that cannot be watched.
type small struct{ storage.Store }

// smallLimits make every body but the smallest one that is split.
var smallLimits = storage.Limits{Value: 1 << 16, Batch: 3000}

func (s small) Limits() storage.Limits { return smallLimits }

func (s small) Put(ctx context.Context, items ...storage.Item) error {
	if err := smallLimits.CheckItems("put", items...); err != nil {
		return err
	}
	return s.Store.Put(ctx, items...)
}

func TestConformance(t *testing.T) {
	t.Run("small", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t storagetest.T) storage.Store {
			s := opened(t, served(t, small{mem.New()}), full)
			if _, watches := s.(storage.Watcher); watches {
				t.Errorf("a Watcher of a store that is none")
			}
			return s
		}, nil)
	})
	if testing.Short() {
		return
	}
	t.Run("mem", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t storagetest.T) storage.Store { return opened(t, served(t, mem.New()), full) }, nil)
	})
	t.Run("bolt", func(t *testing.T) {
		t.Parallel()
		urls := map[storage.Store]string{}
		at := func(t storagetest.T, url string) storage.Store {
			s := opened(t, url, full)
			urls[s] = url
			return s
		}
		storagetest.Run(t, func(t storagetest.T) storage.Store {
			below, err := bolt.Open(bg, t.TempDir())
			if err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(func() { _ = below.Close() })
			return at(t, served(t, below))
		}, func(t storagetest.T, s storage.Store) storage.Store {
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			return at(t, urls[s])
		})
	})
}

// A recording store keeps how large the Puts and Lists are that come.
type recording struct {
	storage.Store
	puts, lists []int
}

func (r *recording) Put(ctx context.Context, items ...storage.Item) error {
	size := 0
	for _, item := range items {
		size += len(item.Value)
	}
	r.puts = append(r.puts, size)
	return r.Store.Put(ctx, items...)
}

func (r *recording) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	r.lists = append(r.lists, limit)
	return r.Store.List(ctx, prefix, after, limit)
}

// TestLargeCallsAreSplit puts 24 MB at once, and lists 9,000 keys.
func TestLargeCallsAreSplit(t *testing.T) {
	below := &recording{Store: mem.New()}
	s := opened(t, served(t, below), full)
	var items []storage.Item
	for i := range 24 {
		items = append(items, storage.Item{Key: fmt.Sprintf("d1/seg/%05d", i), Value: make([]byte, 1<<20)})
	}
	for i := range 8976 {
		items = append(items, storage.Item{Key: fmt.Sprintf("d1/seg/%05d", 24+i)})
	}
	if err := s.Put(bg, items...); err != nil {
		t.Fatal(err)
	}
	if len(below.puts) < 6 || slices.Max(below.puts) > 5<<20 {
		t.Errorf("put in %v bytes", below.puts)
	}
	keys, err := s.List(bg, "d1/seg/", "", 1<<30)
	if err != nil || len(keys) != 9000 || keys[8999] != items[8999].Key || !slices.IsSorted(keys) {
		t.Errorf("List = %d keys, %v", len(keys), err)
	}
	if keys, err = s.List(bg, "d1/seg/", keys[1], 5000); err != nil || len(keys) != 5000 || keys[0] != items[2].Key {
		t.Errorf("List = %d keys, %v", len(keys), err)
	}
	if want := []int{4096, 4096, 4096, 4096, 904}; !slices.Equal(below.lists, want) {
		t.Errorf("listed in %v; want %v", below.lists, want)
	}
}
