package bolt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/storagetest"
)

var bg = context.Background()

// open opens the store at path until the test ends.
func open(t storagetest.T, path string) *Store {
	t.Helper()
	s, err := Open(bg, path)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	folders := map[storage.Store]string{}
	at := func(t storagetest.T, path string) storage.Store {
		s := open(t, path)
		folders[s] = path
		return s
	}
	storagetest.Run(t,
		func(t storagetest.T) storage.Store { return at(t, t.TempDir()) },
		func(t storagetest.T, s storage.Store) storage.Store {
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			return at(t, folders[s])
		})
}

func TestAgreesWithAMap(t *testing.T) {
	s := open(t, t.TempDir())
	soak.Run(t, 2, 5, func(t *testing.T, seed int64) { storagetest.Random(t, s, fmt.Sprint("r", seed, "-"), seed, 100) })
}

// TestListLooksInBothFiles lists by prefixes shorter than the interface demands.
func TestListLooksInBothFiles(t *testing.T) {
	s := open(t, t.TempDir())
	all := []string{"d1/body/1", "d1/log/1", "d1/meta", "d1/seg/1", "d1/trim/1", "d2/seg/1"}
	for _, key := range all {
		if err := s.Create(bg, key, nil); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string][]string{"": all, "d1/": all[:5], "d1/s": all[3:4], "d2": all[5:]} {
		for limit := range 7 {
			got, err := s.List(bg, prefix, "", limit)
			if want := want[:min(limit, len(want))]; fmt.Sprint(got) != fmt.Sprint(want) || err != nil {
				t.Errorf("List(%q, %d) = %v, %v; want %v", prefix, limit, got, err, want)
			}
		}
	}
}

func TestFilesHoldTheirKeys(t *testing.T) {
	s := &Store{log: &file{}, seg: &file{}}
	for key, want := range map[string]*file{
		"name/people/0": s.log, "d1/meta": s.log, "d1/log/1": s.log, "d1/root/1": s.log, "d1/segments/1": s.log, "seg/log/1": s.log,
		"d1/seg/j/1-ab": s.seg, "d1/body/1-ab": s.seg, "d1/seg": s.seg,
	} {
		if s.home(key) != want {
			t.Errorf("%s is in the wrong file", key)
		}
	}
}

func TestPutIsSliced(t *testing.T) {
	var items []storage.Item
	for i := range 25_000 {
		items = append(items, storage.Item{Key: fmt.Sprint(i)})
	}
	for range 5 {
		items = append(items, storage.Item{Value: make([]byte, 3<<20)}, storage.Item{Value: make([]byte, 1<<10)})
	}
	total, slices := 0, 0
	for part := range sliced(items) {
		bytes := 0
		for _, item := range part {
			bytes += len(item.Key) + len(item.Value)
		}
		if len(part) > sliceItems || bytes > sliceBytes && len(part) > 1 {
			t.Errorf("a slice has %d items and %d bytes", len(part), bytes)
		}
		total, slices = total+len(part), slices+1
	}
	if total != len(items) || slices != 7 {
		t.Errorf("%d items in %d slices; want %d in 7", total, slices, len(items))
	}
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.log.take(bg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	if err := s.Create(ctx, "d1/log/1", nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Create = %v", err)
	}
	if _, err := s.Get(ctx, "d1/log/1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get = %v", err)
	}
	s.log.give()
	if err := s.Create(bg, "d1/log/1", nil); err != nil {
		t.Errorf("Create = %v", err)
	}
}

func TestCloseWaits(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.log.take(bg); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.Create(bg, "d1/log/1", nil); err != nil {
			t.Errorf("Create = %v", err)
		}
	})
	time.Sleep(20 * time.Millisecond) // Create runs and waits for its turn
	all.Go(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	time.Sleep(20 * time.Millisecond)
	s.log.give()
	all.Wait()
	if _, err := s.Get(bg, "d1/log/1"); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Get = %v", err)
	}
}

// TestReadersWaitForTheSync shows a reader a transaction that was committed but is not known to be synced.
func TestReadersWaitForTheSync(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.log.take(bg); err != nil {
		t.Fatal(err)
	}
	if err := s.log.kv.Update(func(t *bbolt.Tx) error { return t.Bucket(bucketKeys).Put([]byte("d1/log/1"), nil) }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "d1/log/1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get = %v; it must wait", err)
	}
	s.log.give()
	if _, err := s.Get(bg, "d1/log/1"); err != nil {
		t.Errorf("Get = %v", err)
	}
}

// TestFailedCommitIsUnknown lets bbolt run out of the space it may use, which it finds out in the commit.
func TestFailedCommitIsUnknown(t *testing.T) {
	s := open(t, t.TempDir())
	s.log.kv.MaxSize = 64 << 10
	err := s.Create(bg, "d1/log/1", make([]byte, 1<<20))
	if !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Create = %v; want ErrUnknown", err)
	}
	s.log.kv.MaxSize = 0
	if _, err := s.Get(bg, "d1/log/1"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Get = %v; want ErrNotFound", err)
	}
	if err := s.Create(bg, "d1/log/1", nil); err != nil {
		t.Errorf("Create = %v", err)
	}
}

// TestFailedSyncEndsTheUse pretends that the last sync of a commit failed: what it wrote can be seen, and may not last.
func TestFailedSyncEndsTheUse(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Create(bg, "d1/log/1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("input/output error")
	if err := s.log.unsure(int(s.log.durable.Load()), cause); !errors.Is(err, storage.ErrUnknown) || !errors.Is(err, cause) {
		t.Errorf("unsure = %v", err)
	}
	for name, err := range map[string]error{
		"Get":    func() error { _, err := s.Get(bg, "d1/log/1"); return err }(),
		"Create": s.Create(bg, "d1/log/2", nil),
	} {
		if !errors.Is(err, storage.ErrClosed) || !errors.Is(err, cause) {
			t.Errorf("%s = %v; want ErrClosed for %v", name, err, cause)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := open(t, dir).Get(bg, "d1/log/1"); err != nil {
		t.Errorf("Get after opening again = %v", err)
	}
}
