package index

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func sumOf(i int) (sum [32]byte) {
	sum[0], sum[1] = byte(i), byte(i>>8)
	return sum
}

// get asks a cache for a leaf of 100 bytes, and reports whether it was there.
func get(t *testing.T, c *Cache, i int) (there bool) {
	t.Helper()
	there = true
	l, err := c.leaf(t.Context(), nil, sumOf(i), new(atomic.Pointer[cached]), func() (*leaf, int, error) {
		there = false
		return &leaf{}, 100, nil
	})
	if l == nil || err != nil {
		t.Fatalf("leaf %d: %v, %v", i, l, err)
	}
	return there
}

// TestAScanDrivesOutWhatOtherScansLeft reads some leaves again and again beside a scan of many others.
func TestAScanDrivesOutWhatOtherScansLeft(t *testing.T) {
	c := NewCache(10 * 100)
	const hot = 5
	for range 2 {
		for i := range hot {
			get(t, c, i)
		}
	}
	for i := range 1000 {
		get(t, c, 100+i)
		if i%50 == 0 && !get(t, c, i/50%hot) {
			t.Fatalf("after %d leaves of a scan a hot leaf is gone", i+1)
		}
	}
	s := c.Stats()
	if s.Bytes > 1000 || s.Leaves != s.Bytes/100 || s.Misses != 1000+hot || s.Hits != hot+20 || s.Evictions != s.Misses-s.Leaves {
		t.Errorf("%+v", s)
	}
}

// TestACacheCountsWhatLeavesCameToTake lets leaves grow, and shrinks to one leaf where that alone is too large.
func TestACacheCountsWhatLeavesCameToTake(t *testing.T) {
	c := NewCache(1000)
	get(t, c, 1)
	get(t, c, 2)
	c.grow(sumOf(2), nil, 500)
	if s := c.Stats(); s.Bytes != 700 || s.Leaves != 2 {
		t.Errorf("%+v", s)
	}
	c.grow(sumOf(2), nil, 500)
	if s := c.Stats(); s.Bytes != 1100 || s.Leaves != 1 {
		t.Errorf("%+v", s)
	}
	c.grow(sumOf(1), nil, 500) // which is gone
	if get(t, c, 1); c.Stats().Leaves != 1 || c.Stats().Bytes != 100 {
		t.Errorf("%+v", c.Stats())
	}
}

// TestALeafIsReadOnce lets many ask for a leaf at the same time, of whom the first gives up.
func TestALeafIsReadOnce(t *testing.T) {
	c := NewCache(1000)
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{})
	var first, reads atomic.Int32
	var all sync.WaitGroup
	all.Go(func() {
		_, err := c.leaf(ctx, nil, sumOf(1), new(atomic.Pointer[cached]), func() (*leaf, int, error) {
			close(begun)
			<-ctx.Done()
			return nil, 0, ctx.Err()
		})
		if errors.Is(err, context.Canceled) {
			first.Add(1)
		}
	})
	<-begun
	for range 20 {
		all.Go(func() {
			if l, err := c.leaf(t.Context(), nil, sumOf(1), new(atomic.Pointer[cached]), func() (*leaf, int, error) {
				reads.Add(1)
				return &leaf{}, 100, nil
			}); l == nil || err != nil {
				t.Errorf("%v, %v", l, err)
			}
		})
	}
	cancel()
	all.Wait()
	if first.Load() != 1 || reads.Load() != 1 {
		t.Errorf("%d gave up, %d read", first.Load(), reads.Load())
	}
	broken := errors.New("broken")
	if _, err := c.leaf(t.Context(), nil, sumOf(2), new(atomic.Pointer[cached]), func() (*leaf, int, error) { return nil, 0, broken }); err != broken {
		t.Errorf("%v", err)
	}
	if get(t, c, 2) {
		t.Error("an error is kept")
	}
}

// TestWhatIsWrongWithAStoreIsItsOwn lets two ask for equal leaves, of which one lies in a store that fails.
func TestWhatIsWrongWithAStoreIsItsOwn(t *testing.T) {
	c, broken := NewCache(1000), errors.New("broken")
	ours, theirs := new(reader), new(reader)
	begun, fail := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := c.leaf(t.Context(), theirs, sumOf(1), new(atomic.Pointer[cached]), func() (*leaf, int, error) {
			close(begun)
			<-fail
			return nil, 0, broken
		})
		if err != broken {
			t.Errorf("%v", err)
		}
	})
	<-begun
	all.Go(func() {
		l, err := c.leaf(t.Context(), ours, sumOf(1), new(atomic.Pointer[cached]), func() (*leaf, int, error) { return &leaf{}, 100, nil })
		if l == nil || err != nil {
			t.Errorf("%v, %v", l, err)
		}
	})
	time.Sleep(10 * time.Millisecond) // mostly enough for the second to wait for the first
	close(fail)
	all.Wait()
}

// TestALeafThatWasFoundIsFoundAgain asks for leaves as one does who has found them before: without the lock, until they are driven out. One
// that was asked for so stays when others go that came later.
func TestALeafThatWasFoundIsFoundAgain(t *testing.T) {
	c := NewCache(10 * 100)
	var found [10]atomic.Pointer[cached]
	for range 2 {
		for i := range found {
			if _, err := c.leaf(t.Context(), nil, sumOf(i), &found[i], func() (*leaf, int, error) { return &leaf{}, 100, nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s := c.Stats(); s.Hits != 10 || c.again(found[0].Load()) == nil || c.Stats().Hits != 11 {
		t.Fatalf("%+v", c.Stats())
	}
	for i := range 9 {
		get(t, c, 100+i)
		get(t, c, 100+i)
	}
	if c.again(found[0].Load()) == nil {
		t.Error("a leaf that was asked for again is gone")
	}
	for i := 1; i < 10; i++ {
		if c.again(found[i].Load()) != nil {
			t.Errorf("leaf %d is there, and others came in its place", i)
		}
	}
}
