package db

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// verification returns what Verify finds.
func verification(t *testing.T, store storage.Store, kept ...Chain) (v Verification, err error) {
	t.Helper()
	for v, err = range Verify(t.Context(), store, "", kept...) {
	}
	return v, err
}

// indexedWorld returns a store with a random history that was indexed now and then.
func indexedWorld(t *testing.T, seed int64, transactions int) (store storage.Store, conn *Conn) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(uint64(seed), 9))
	w := newWorld(t, seed, transactions)
	for _, rep := range w.reports {
		rep.Before.publish()
		rep.After.publish()
	}
	store = mem.New()
	conn = openConn(t, store, Options{sizes: index.Sizes{Leaf: 1 + rnd.IntN(60), Block: 1 + rnd.IntN(20)}, Cache: 1 << rnd.IntN(20)})
	for _, c := range w.log {
		commit(t, conn, replayOf(c))
		if rnd.IntN(6) == 0 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return store, conn
}

// law: of a database that is as it was written Verify finds nothing, wherever it is interrupted and resumed.
func TestVerifyOfRandomHistories(t *testing.T) {
	indexed, resumed := 0, 0
	soak.Run(t, 1, 7, func(t *testing.T, seed int64) {
		store, conn := indexedWorld(t, seed, 10+int(seed%7)*5)
		whole, err := verification(t, store)
		if err != nil || !whole.Completed || whole.Facts != whole.AllFacts || whole.Chain.T != conn.Snapshot().T() {
			t.Fatalf("%+v: %v", whole, err)
		}
		if whole.Segments > 0 {
			indexed++
		}
		m, err := readMeta(t.Context(), store, whole.ID)
		if err != nil {
			t.Fatal(err)
		}
		v, finer := Verification{}, newVerifier(store, m, logSizes{})
		next := func(yield func(Verification, error) bool) { finer.run(t.Context(), nil, yield, nil) }
		for !v.Completed {
			for v, err = range next {
				break // at the first
			}
			if err != nil {
				t.Fatal(err)
			}
			b, _ := json.Marshal(v)
			v = Verification{}
			if err := json.Unmarshal(b, &v); err != nil {
				t.Fatal(err)
			}
			finer = newVerifier(store, m, logSizes{})
			if err := finer.resume(v); err != nil {
				t.Fatal(err)
			}
			finer.finer = verifyRecords
			resumed++
		}
		if diff := cmp.Diff(whole, v, cmpopts.IgnoreFields(Verification{}, "State")); diff != "" {
			t.Error(diff)
		}
	})
	t.Logf("%d were indexed, %d times resumed", indexed, resumed)
}

// TestVerifyNamesEveryDamagedSegment takes each segment of an index away, changes it, and puts others in its place.
func TestVerifyNamesEveryDamagedSegment(t *testing.T) {
	s, id := indexedDatabase(t, "x")
	other, otherID := indexedDatabase(t, "y")
	segments, strange := s.keys(t, id+"/seg/"), other.keys(t, otherID+"/seg/")
	log := newLog(s, id, logSizes{})
	root, err := log.newestRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lies := map[string]bool{}
	for x, err := range log.reach(t.Context(), root, nil) {
		if err != nil {
			t.Fatal(err)
		}
		lies[log.segment(x.name)] = true
	}
	tried := 0
	check := func(key string, b []byte) {
		t.Helper()
		if slices.Equal(b, s.value(t, key)) {
			return
		}
		s.with[key] = b
		defer delete(s.with, key)
		v, err := verification(t, s)
		if !lies[key] {
			if err != nil {
				t.Errorf("%s, of which nobody reads: %v", key, err)
			}
			return
		}
		tried++
		place := (*StoreError)(nil)
		if !errors.Is(err, ErrCorrupt) || !errors.As(err, &place) || place.Key != key || len(v.Damages) != 1 || v.Damages[0].Key != key ||
			!strings.Contains(v.Damages[0].Lost, "facts") && !strings.Contains(v.Damages[0].Lost, "transactions") || !v.Completed {
			t.Errorf("%s: %v\n%s", key, err, v)
		}
	}
	step := 50
	if testing.Short() {
		step = 150
	}
	for i, key := range segments {
		was := s.value(t, key)
		check(key, nil)
		check(key, was[:len(was)/2])
		check(key, append(slices.Clone(was), 0))
		check(key, other.value(t, strange[i%len(strange)]))
		check(key, s.value(t, segments[(i+1)%len(segments)]))
		for at := i % step; at < len(was); at += step {
			flipped := slices.Clone(was)
			flipped[at] ^= 1 << (at % 8)
			check(key, flipped)
		}
	}
	t.Logf("%d damages were named", tried)
}

// TestVerifyOfDamagedRoots changes the copies of roots, and removes the record that published one.
func TestVerifyOfDamagedRoots(t *testing.T) {
	s, id := indexedDatabase(t, "x")
	step := 3
	if testing.Short() {
		step = 15
	}
	for i, key := range s.keys(t, id+"/root/") {
		was := s.value(t, key)
		for at := 0; at < len(was); at += step {
			flipped := slices.Clone(was)
			flipped[at] ^= 1 << (at % 8)
			s.with[key] = flipped
			v, err := verification(t, s)
			if place := (*StoreError)(nil); !errors.Is(err, ErrCorrupt) || !errors.As(err, &place) || place.Key != key || v.Segments == 0 {
				t.Fatalf("copy %d, byte %d: %v\n%s", i, at, err, v)
			}
		}
		delete(s.with, key)
	}
	records := s.keys(t, id+"/log/")
	if err := s.Delete(t.Context(), records[len(records)-1]); err != nil {
		t.Fatal(err)
	}
	_, err := verification(t, s)
	wantError(t, err, ErrCorrupt, "db: "+s.keys(t, id+"/root/")[0]+": store is damaged: the record that publishes the root is not in the log")
}

// TestVerifyOfAnIndexThatLies has a job index what was never written, and leave out or count wrongly what was: every segment and every
// record is as it was written then.
func TestVerifyOfAnIndexThatLies(t *testing.T) {
	bogus := index.Fact{E: 1 << 43, A: 62, V: index.Long(7), Tx: index.TxID(1000)}
	for name, lie := range map[string]func(*head, *Snapshot){
		"a fact more": func(_ *head, s *Snapshot) {
			s.levels = s.levels.Push(index.NewRun([]index.Fact{bogus}, s.Schema()))
		},
		"a fact that ended": func(_ *head, s *Snapshot) {
			f := bogus
			f.End = index.TxID(1002)
			s.levels = s.levels.Push(index.NewRun([]index.Fact{f}, s.Schema()))
		},
		"a fact less":    func(_ *head, s *Snapshot) { s.levels = bootstrap().levels },
		"a datom more":   func(h *head, _ *Snapshot) { h.datoms++ },
		"a byte less":    func(h *head, _ *Snapshot) { h.bytes-- },
		"a next t":       func(_ *head, s *Snapshot) { s.nextT++ },
		"a next id":      func(_ *head, s *Snapshot) { s.nextElement++ },
		"another writer": func(h *head, _ *Snapshot) { h.writer.seq++ },
	} {
		store := mem.New()
		conn := openConn(t, store, Options{})
		for range 3 {
			commit(t, conn, mark("x"))
		}
		h := *conn.head.Load()
		s := &Snapshot{env: h.snap.env, levels: h.snap.levels, basis: h.snap.basis, instant: h.snap.instant, nextT: h.snap.nextT,
			nextElement: h.snap.nextElement}
		s.reader.snap = s
		s.schema.Store(h.snap.Schema())
		h.snap = s
		lie(&h, s)
		conn.head.Store(&h)
		if err := conn.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
		v, err := verification(t, store)
		place := (*StoreError)(nil)
		if !errors.Is(err, ErrCorrupt) || !errors.As(err, &place) || !strings.Contains(place.Key, "/root/") || len(v.Damages) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An interrupted store does something else before one of its segments is read.
type interrupted struct {
	storage.Store
	reads int // of segments, until then
	do    func()
}

func (s *interrupted) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.Contains(key, "/seg/") {
		if s.reads--; s.reads == -1 {
			s.do()
		}
	}
	return s.Store.Get(ctx, key)
}

// Whenever another process collects the index that is looked at, and the log in chunks, nothing is called damaged, and all is proved.
func TestVerifyBeginsAnewBehindACollection(t *testing.T) {
	for reads, more := 0, true; more; reads += 1 + reads/2 {
		more = false
		store := &interrupted{Store: mem.New()}
		o := smallParts
		o.apart = true
		conn := openConn(t, store.Store, o)
		grow(t, conn, 3)
		store.reads = reads
		store.do = func() {
			more = true
			grow(t, conn, 2)
			if _, err := conn.Collect(t.Context(), CollectOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		o.ReadOnly = true
		peer := openConn(t, store, o)
		var v Verification
		var err error
		for v, err = range peer.Verify(t.Context()) {
		}
		if err != nil || !v.Completed || v.Facts != v.AllFacts {
			t.Fatalf("collected before segment %d is read: %+v: %v", reads, v, err)
		}
		if err := errors.Join(peer.Close(), conn.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
