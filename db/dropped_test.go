package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// leftOf returns the keys of a database, but for the marks of slots that are trimmed.
func leftOf(t testing.TB, store storage.Store, dbid string) (keys []string) {
	t.Helper()
	for _, kind := range []string{"meta", "log/", "body/", "seg/", "root/", "client/", "probe/"} {
		some, err := store.List(context.Background(), dbid+"/"+kind, "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, some...)
	}
	return keys
}

// filled makes a database with two indexes and a log that is trimmed, and returns a Conn of it, as another process would have it.
func filled(t testing.TB, store storage.Store, name string) *Conn {
	t.Helper()
	o := protocolOptions()
	o.Name = name
	conn := openConn(t, store, o)
	for i := range 11 {
		commit(t, conn, mark("x"))
		if i == 3 || i == 8 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return conn
}

// clearAll deletes what was dropped longer ago than a window, at a time after epoch.
func clearAll(ctx context.Context, store storage.Store, window, at time.Duration) (CollectedDropped, error) {
	c := newCatalogue(store)
	c.sizes, c.clock = smallLog, func() time.Time { return epoch.Add(at) }
	x := &clearing{catalogue: c, window: window, told: func(CollectedDropped) {}}
	err := x.run(ctx)
	return x.done, err
}

func dropAt(t testing.TB, store storage.Store, name string) {
	t.Helper()
	c := newCatalogue(store)
	c.sizes, c.clock = smallLog, func() time.Time { return epoch }
	if err := c.drop(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

func TestCollectDropped(t *testing.T) {
	ctx, store := t.Context(), mem.New()
	old, other := filled(t, store, "a"), filled(t, store, "b")
	dropAt(t, store, "a")
	again := filled(t, store, "a") // which takes the name
	held := len(leftOf(t, store, old.log.dbid))
	if done, err := clearAll(ctx, store, time.Hour, 59*time.Minute); err != nil || done != (CollectedDropped{Kept: 1}) {
		t.Errorf("within the window: %+v, %v", done, err)
	}
	if done, err := clearAll(ctx, store, time.Hour, time.Hour); err != nil || done != (CollectedDropped{Databases: 1, Keys: held}) {
		t.Errorf("after the window: %+v, %v; there were %d keys", done, err, held)
	}
	if keys := leftOf(t, store, old.log.dbid); len(keys) > 0 {
		t.Errorf("left are %q", keys)
	}
	if done, err := clearAll(ctx, store, time.Hour, time.Hour); err != nil || done != (CollectedDropped{}) {
		t.Errorf("once more: %+v, %v", done, err)
	}
	for _, conn := range []*Conn{other, again} {
		commit(t, conn, mark("x"))
		if n := marks(t, conn.Snapshot())["x"]; n != 12 {
			t.Errorf("%s has %d", conn.o.Name, n)
		}
	}
	if _, err := readHistory(ctx, old.Snapshot()); !isAny(err, ErrDropped, ErrExpired) {
		t.Error("to read what is deleted:", err)
	}
	for v, err := range old.Verify(ctx) {
		if !errors.Is(err, ErrDropped) {
			t.Error("to verify what is deleted:", v, err)
		}
	}
	dropAt(t, store, "a")
	if _, err := clearAll(ctx, store, 0, 0); err != nil {
		t.Error(err)
	}
	if err := Drop(ctx, store, "a"); !errors.Is(err, ErrNoDatabase) {
		t.Error("to drop again what is dropped:", err)
	}
}

// What a snapshot of the process reads is left, until nobody holds it any more.
func TestCollectDroppedLeavesWhatIsRead(t *testing.T) {
	ctx, store := t.Context(), mem.New()
	conn, err := Open(ctx, store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, conn, mark("x"))
	if err := conn.Index(ctx); err != nil {
		t.Fatal(err)
	}
	snap, dbid := conn.Snapshot(), conn.log.dbid
	if err := Drop(ctx, store, "main"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if done, err := CollectDropped(ctx, store, 0, nil); err != nil || done != (CollectedDropped{Kept: 1}) {
		t.Errorf("%+v, %v", done, err)
	}
	if n := marks(t, snap)["x"]; n != 1 {
		t.Error("the snapshot has", n)
	}
	conn, snap = nil, nil
	for range 20 {
		runtime.GC()
		told := 0
		if done, err := CollectDropped(ctx, store, 0, func(CollectedDropped) { told++ }); err != nil || done.Databases == 1 {
			if keys := leftOf(t, store, dbid); len(keys) > 0 || err != nil || told < 3 {
				t.Errorf("%q, %v; told %d times", keys, err, told)
			}
			return
		}
	}
	t.Log("the collector of the process has not found out that nobody holds the snapshot")
}

// law: whatever call of the store fails while a database is deleted, the next time ends it, and in between whoever had it open is told so, and
// reads nothing wrong.
func TestFaultsOfCollectDropped(t *testing.T) {
	for _, mode := range storagetest.Modes() {
		if testing.Short() && mode > storagetest.After {
			break
		}
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			t.Parallel()
			n := 1
			for clearedWithFault(t, storagetest.Fault{Mode: mode, N: n, Forever: true, For: 2 * callPatience}) {
				n++
			}
			if t.Logf("%d calls were met", n-1); n < 4 {
				t.Error("those are too few")
			}
		})
	}
}

// clearedWithFault deletes a database in a store with a fault, and then again in one without. It reports whether the fault was met.
func clearedWithFault(t *testing.T, fault storagetest.Fault) bool {
	begun.Do(func() { begin(t) })
	inner := mem.New()
	for _, key := range inTheStore.keys {
		if err := inner.Put(t.Context(), storage.Item{Key: key, Value: inTheStore.values[key]}); err != nil {
			t.Fatal(err)
		}
	}
	behind := openConn(t, unwatched{inner}, protocolOptions())
	held := behind.Snapshot()
	want, err := readHistory(t.Context(), held)
	if err != nil {
		t.Fatal(err)
	}
	dropAt(t, inner, "main")
	store := storagetest.NewFaulty(inner, fault)
	ctx, cancel := context.WithTimeout(context.Background(), callPatience)
	defer cancel()
	_, failed := clearAll(ctx, store, 0, 0)
	if n, err := readHistory(t.Context(), held); err == nil && n != want || err != nil && !isAny(err, ErrDropped, ErrExpired) {
		t.Errorf("with %v: a snapshot has %d events, %v", fault, n, err)
	}
	if _, err := Open(t.Context(), inner, Options{ReadOnly: true}); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("with %v: to open it: %v", fault, err)
	}
	if _, err := behind.Commit(t.Context(), mark("late")); !errors.Is(err, ErrDropped) {
		t.Errorf("with %v: a writer is told %v", fault, err)
	}
	if _, err := clearAll(t.Context(), inner, 0, 0); err != nil {
		t.Errorf("with %v, which was %v: again: %v", fault, failed, err)
	}
	if keys := leftOf(t, inner, behind.log.dbid); len(keys) > 0 {
		t.Errorf("with %v: left are %s", fault, strings.Join(keys, ", "))
	}
	if store.Hits() == 0 && errors.Is(failed, context.DeadlineExceeded) { // on a slow machine the time was over before
		return clearedWithFault(t, fault)
	}
	return store.Hits() > 0
}

// A deaf store does not hear that its caller has gone.
type deaf struct{ storage.Store }

func (d deaf) Get(ctx context.Context, key string) ([]byte, error) {
	return d.Store.Get(context.WithoutCancel(ctx), key)
}

func (d deaf) Delete(ctx context.Context, keys ...string) error {
	return d.Store.Delete(context.WithoutCancel(ctx), keys...)
}

func (d deaf) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	return d.Store.List(context.WithoutCancel(ctx), prefix, after, limit)
}

// TestCollectIsToldAndStops has a collection told of how far it is, and stop wherever its caller leaves.
func TestCollectIsToldAndStops(t *testing.T) {
	store := mem.New()
	conn := filled(t, deaf{store}, "main")
	var items []storage.Item
	for i := range 3 * deleted {
		items = append(items, storage.Item{Key: conn.log.segment(index.SegmentName{Job: "0000000000000003-0123456789abcdef", N: i})})
	}
	for stopAt := 1; ; stopAt++ {
		if err := store.Put(t.Context(), items...); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		told, last := 0, Collected{}
		done, err := conn.Collect(ctx, CollectOptions{Told: func(c Collected) {
			if c.Deleted < last.Deleted || c.Marked < last.Marked {
				t.Errorf("%+v, and before it %+v", c, last)
			}
			if last, told = c, told+1; told == stopAt {
				stop()
			}
		}})
		if told < stopAt {
			if err != nil || done != last || done.Deleted != done.Segments+done.Others || done.Marked == 0 || stopAt < 5 {
				t.Errorf("%+v, %v, after %+v", done, err, last)
			}
			return
		}
		if last.Deleted < last.Segments+last.Others && (!errors.Is(err, context.Canceled) || told > stopAt) {
			t.Errorf("stopped at %+v: %v, and told %d times more", last, err, told-stopAt)
		}
	}
}
