package db

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// small parts, so that every index replaces some of the one before.
var smallParts = Options{sizes: index.Sizes{Leaf: 20, Block: 10}, log: smallLog, Cache: 1}

// grow commits and indexes a few times.
func grow(t testing.TB, conn *Conn, times int) {
	t.Helper()
	for range times {
		for range 5 {
			commit(t, conn, mark("x"))
			commit(t, conn, raise)
		}
		if err := conn.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// sweepAll collects with an empty window.
func sweepAll(t testing.TB, conn *Conn) Collected { return sweepBefore(t, conn, CollectOptions{}) }

// sweepBefore collects. What nobody holds pins nothing.
func sweepBefore(t testing.TB, conn *Conn, o CollectOptions) Collected {
	t.Helper()
	done, err := conn.Collect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// keysOf returns the keys of a database that begin in some way.
func keysOf(t testing.TB, conn *Conn, kind string) []string {
	t.Helper()
	keys, err := conn.log.store.List(t.Context(), conn.log.dbid+kind, "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// reachedFrom returns the keys of the segments that the newest root leads to.
func reachedFrom(t testing.TB, conn *Conn) []string {
	t.Helper()
	r, err := conn.log.newestRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for x, err := range conn.log.reach(t.Context(), r, nil) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, conn.log.segment(x.name))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// TestCollectLeavesWhatIsReachable collects after several indexes, with a snapshot that is held: that stays readable until it is let go.
func TestCollectLeavesWhatIsReachable(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, smallParts)
	grow(t, conn, 3)
	held := conn.Snapshot()
	want := historyOf(t, held)
	grow(t, conn, 6)
	if dry := sweepBefore(t, conn, CollectOptions{DryRun: true}); dry.Segments == 0 {
		t.Fatalf("%+v", dry)
	}
	before := len(keysOf(t, conn, "/seg/"))
	done := sweepAll(t, conn)
	if done.Retired < 4 || done.Kept < 2 || done.Segments == 0 || done.Bytes == 0 || done.Pinned == 0 || len(keysOf(t, conn, "/seg/")) != before-done.Segments {
		t.Errorf("%+v of %d", done, before)
	}
	if got := historyOf(t, held); got != want {
		t.Error("the snapshot that is held reads differently")
	}
	if s := conn.Stats(); s.Pinned != done.Kept-1 || s.Older != done.Pinned || s.Garbage != done.Bytes {
		t.Errorf("%+v, and %+v", s, done)
	}
	runtime.KeepAlive(held)
	held = nil
	done = sweepAll(t, conn)
	if done.Retired != 1 || done.Kept != 1 || done.Pinned != 0 {
		t.Errorf("%+v", done)
	}
	if left := keysOf(t, conn, "/seg/"); !slices.Equal(left, reachedFrom(t, conn)) || len(keysOf(t, conn, "/root/")) != 1 {
		t.Errorf("%d segments and %d roots are left, and %d are reachable", len(left), len(keysOf(t, conn, "/root/")), len(reachedFrom(t, conn)))
	}
	again := openConn(t, store, smallParts)
	same(t, conn.Snapshot(), again.Snapshot())
	if n := len(slices.Collect(takeReports(t, again, 0, 90))); n != 90 {
		t.Errorf("%d reports", n)
	}
	grow(t, again, 2)
	for _, err := range again.Verify(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestASnapshotElsewhereExpires reads a snapshot in what counts as another process, with a window and without.
func TestASnapshotElsewhereExpires(t *testing.T) {
	store := mem.New()
	var now atomic.Int64
	o := smallParts
	o.Clock = func() time.Time { return epoch.Add(time.Duration(now.Load())) }
	conn := openConn(t, store, o)
	grow(t, conn, 3)
	elsewhere := smallParts
	elsewhere.apart, elsewhere.ReadOnly = true, true
	peer := openConn(t, unwatched{store}, elsewhere)
	held := peer.Snapshot()
	want := historyOf(t, held)
	now.Add(int64(time.Hour))
	grow(t, conn, 3)
	now.Add(int64(time.Minute))
	if done := sweepBefore(t, conn, CollectOptions{Window: 2 * time.Minute}); done.Retired == 0 {
		t.Errorf("%+v", done)
	}
	if got := historyOf(t, held); got != want {
		t.Error("within the window the snapshot reads differently")
	}
	now.Add(int64(2 * time.Minute))
	if done := sweepBefore(t, conn, CollectOptions{Window: 2 * time.Minute}); done.Segments == 0 {
		t.Errorf("%+v", done)
	}
	var err error
	for _, err = range held.History().Datoms(t.Context(), EAVT) {
		if err != nil {
			break
		}
	}
	if !errors.Is(err, ErrExpired) || CodeOf(err) != "" || CategoryOf(err) != Conflict {
		t.Errorf("behind the window: %v", err)
	}
	snap, err := peer.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, conn.Snapshot(), snap)
}

// TestASnapshotExpiresBehindATrim reads a snapshot whose root was retired by a record that has been trimmed since: only the newest root
// tells of that.
func TestASnapshotExpiresBehindATrim(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, smallParts)
	grow(t, conn, 3)
	elsewhere := smallParts
	elsewhere.apart, elsewhere.ReadOnly = true, true
	held := openConn(t, unwatched{store}, elsewhere).Snapshot()
	grow(t, conn, 1)
	sweepAll(t, conn)
	grow(t, conn, 2)
	var err error
	for _, err = range held.History().Datoms(t.Context(), EAVT) {
		if err != nil {
			break
		}
	}
	if !errors.Is(err, ErrExpired) {
		t.Error(err)
	}
}

// TestAHoldKeepsARoot holds a root beyond the window, until the hold is over.
func TestAHoldKeepsARoot(t *testing.T) {
	var now atomic.Int64
	o := smallParts
	o.Clock = func() time.Time { return epoch.Add(time.Duration(now.Load())) }
	conn := openConn(t, mem.New(), o)
	if r, _, err := conn.holdNewest(t.Context(), "early", time.Hour); r != nil || err != nil {
		t.Errorf("%v, %v: there is no root", r, err)
	}
	grow(t, conn, 2)
	r, _, err := conn.holdNewest(t.Context(), "backup", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := conn.holdNewest(t.Context(), "other", time.Hour)
	if err != nil || again.job != r.job {
		t.Fatal(again, err)
	}
	readable := func() error {
		for _, err := range conn.log.reach(t.Context(), r, nil) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	grow(t, conn, 2)
	if done := sweepAll(t, conn); done.Kept != 2 || readable() != nil {
		t.Errorf("%+v, %v", done, readable())
	}
	if err := conn.release(t.Context(), "backup"); err != nil {
		t.Fatal(err)
	}
	conn = openConn(t, conn.log.store, o)
	if done := sweepAll(t, conn); done.Kept < 2 || readable() != nil {
		t.Errorf("%+v, %v", done, readable())
	}
	now.Add(int64(2 * time.Hour))
	if done := sweepAll(t, conn); done.Kept != 1 || readable() == nil {
		t.Errorf("%+v", done)
	}
}

// TestCollectDeletesWhatKilledProcessesLeave puts segments of a job that never published, and bodies that no slot names.
func TestCollectDeletesWhatKilledProcessesLeave(t *testing.T) {
	store := small{mem.New()}
	conn := openConn(t, store, Options{log: logSizes{epoch: 1000}})
	grow(t, conn, 1)
	commit(t, conn, mark(strings.Repeat("large", 1000)))
	bodies := len(keysOf(t, conn, "/body/"))
	h := conn.head.Load()
	running := newRoot(h)
	w := &segmentWriter{log: conn.log, job: running.job}
	if _, err := w.Put(t.Context(), []byte("a segment"), [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := w.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := &record{seq: h.seq, nonce: nonce{1}}
	coming := &record{seq: h.seq + 50, nonce: nonce{1}}
	for _, r := range []*record{lost, coming} {
		if err := store.Put(t.Context(), storage.Item{Key: conn.log.part(r, 0), Value: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if done, err := conn.Collect(t.Context(), CollectOptions{Window: time.Hour}); err != nil || done.Segments != 0 || done.Others != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if n := len(keysOf(t, conn, "/body/")); n != bodies+1 {
		t.Errorf("%d bodies are left of %d", n, bodies)
	}
	if done := sweepAll(t, conn); done.Segments != 1 {
		t.Errorf("%+v", done)
	}
	if err := conn.publishRoot(t.Context(), running); !errors.Is(err, errOutrun) {
		t.Errorf("a job that is void was published: %v", err)
	}
	conn.unkept = nil
	grow(t, conn, 1)
	if left := keysOf(t, conn, "/seg/"); len(left) == 0 {
		t.Error("nothing is indexed")
	}
}

// TestFaultsWhileCollecting has every call of the store fail in turn, in every way, while a database is collected, indexed and held.
func TestFaultsWhileCollecting(t *testing.T) {
	modes, step := []storagetest.Mode{storagetest.Before, storagetest.After}, 2
	if testing.Short() {
		modes, step = modes[:1], 5
	}
	o := smallParts
	o.apart = true
	for _, mode := range modes {
		for n := 1; ; n += step {
			inner := mem.New()
			faulty := storagetest.NewFaulty(inner)
			conn := openConn(t, faulty, o)
			grow(t, conn, 2)
			faulty.Set(storagetest.Fault{Mode: mode, N: n})
			_, _, held := conn.holdNewest(t.Context(), "x", time.Hour)
			_, err := conn.Collect(t.Context(), CollectOptions{})
			indexed := conn.Index(t.Context())
			hits := faulty.Hits()
			faulty.Set()
			_ = conn.release(t.Context(), "x")
			grow(t, conn, 1)
			if _, err := conn.Collect(t.Context(), CollectOptions{}); err != nil {
				t.Fatal(err)
			}
			again := openConn(t, inner, o)
			same(t, conn.Snapshot(), again.Snapshot())
			if m := marks(t, again.Snapshot()); m["x"] != 15 {
				t.Fatalf("%s %d: %v; %v, %v, %v", mode, n, m, held, err, indexed)
			}
			_, _ = conn.Close(), again.Close()
			if hits == 0 {
				t.Logf("%s: %d calls", mode, n-1)
				break
			}
		}
	}
}

func TestCollectIsRefused(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{})
	commit(t, conn, mark("x"))
	reader := openConn(t, store, Options{ReadOnly: true})
	_, err := reader.Collect(t.Context(), CollectOptions{})
	wantError(t, err, ErrReadOnly, "db: database is open for reading only")
	if done, err := reader.Collect(t.Context(), CollectOptions{DryRun: true}); err != nil || done != (Collected{}) {
		t.Errorf("%+v, %v", done, err)
	}
	_ = conn.Close()
	_, err = conn.Collect(t.Context(), CollectOptions{})
	wantError(t, err, ErrClosed, fmt.Sprint("db: ", ErrClosed))
}

// TestCollectLeavesLoads collects after an import, and what an import that came to nothing left.
func TestCollectLeavesLoads(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, smallParts)
	grow(t, conn, 2)
	for range 2 {
		load := func(yield func(Eval, error) bool) {
			for range 30 {
				if !yield(mark("loaded"), nil) {
					return
				}
			}
		}
		if _, err := conn.Import(t.Context(), load, func(Import) {}); err != nil {
			t.Fatal(err)
		}
		stray := storage.Item{Key: conn.log.page(conn.head.Load().seq, nonce{1}, 0), Value: []byte("x")}
		if err := store.Put(t.Context(), stray); err != nil {
			t.Fatal(err)
		}
		pages := len(keysOf(t, conn, "/body/p"))
		sweepAll(t, conn)
		if n := len(keysOf(t, conn, "/body/p")); n != pages-1 {
			t.Errorf("%d pages are left of %d", n, pages)
		}
		again := openConn(t, store, smallParts)
		same(t, conn.Snapshot(), again.Snapshot())
		grow(t, conn, 2)
		sweepAll(t, conn)
	}
	again := openConn(t, store, smallParts)
	if m := marks(t, again.Snapshot()); m["loaded"] != 60 || m["x"] != 30 {
		t.Errorf("%v", m)
	}
	for chain, err := range again.Verify(t.Context()) {
		if err != nil {
			t.Fatal(chain, err)
		}
	}
	n := 0
	for _, err := range again.commits(t.Context(), 0, again.Snapshot().T()) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 120 {
		t.Errorf("%d transactions", n)
	}
}
