package index

import (
	"context"
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// A shelf keeps segments in memory.
type shelf struct {
	mu       sync.Mutex
	job      string
	segments map[SegmentName][]byte
	loads    int
}

func newShelf() *shelf { return &shelf{segments: map[SegmentName][]byte{}} }

func (s *shelf) Put(_ context.Context, segment []byte, sum [32]byte) (SegmentName, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := SegmentName{Job: s.job, N: len(s.segments), Sum: sum}
	s.segments[name] = segment
	return name, nil
}

func (s *shelf) Load(_ context.Context, name SegmentName) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	b, ok := s.segments[name]
	if !ok {
		return nil, fmt.Errorf("there is no segment %s", name)
	}
	return b, nil
}

// exchange puts other bytes in the place of a segment, perhaps beside somebody who still reads ahead.
func (s *shelf) exchange(name SegmentName, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments[name] = b
}

// A shelfError tells which segment of a shelf is damaged.
type shelfError struct {
	name SegmentName
	error
}

func (e *shelfError) Unwrap() error { return e.error }

func (s *shelf) Damaged(name SegmentName, why error) error { return &shelfError{name, why} }

// law: levels with a part in a store show what the same levels in memory show, on every view, however often a part of them went there.
func TestLevelsInAStoreShowTheSame(t *testing.T) {
	scans, most, before := 0, 0, materialNames.Load()
	soak.Run(t, 12, 120, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		n, levels := checkStored(t, rng, h)
		scans, most = scans+n, max(most, levels)
	})
	materials := materialNames.Load() - before
	if t.Logf("%d scans, up to %d levels, %d materials", scans, most, materials); most < 3 || materials < 10 {
		t.Errorf("no more than %d levels and %d materials", most, materials)
	}
}

func TestLargeLevelsInAStoreShowTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two seconds")
	}
	soak.Run(t, 1, 1, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		checkStored(t, rng, randomHistory(rng, 40, 1+rng.Intn(600), largeCommits()))
	})
}

// A stack grows levels of a history in a store, as chance will have it.
type stack struct {
	*shelf
	cache *Cache
	sizes Sizes
	most  int // levels that there were in the store
}

func newStack(rng *rand.Rand) *stack {
	sizes := Sizes{Leaf: 1 + rng.Intn(60), Block: 1 + rng.Intn(20), Level: []int{1, 4, 30, 1 << 20}[rng.Intn(4)],
		Ratio: 2 + rng.Intn(7)}
	return &stack{shelf: newShelf(), cache: randomCache(rng), sizes: sizes}
}

// randomCache returns a cache of some size, or one with room for materials, which are made wherever they can be.
func randomCache(rng *rand.Rand) *Cache {
	if rng.Intn(2) == 0 {
		return NewCache(1 << rng.Intn(20))
	}
	c := NewCache(1 << 24)
	c.worth, c.patience = 0, 0
	return c
}

// grown returns the levels that hold what l holds, as they are read from the store.
func (s *stack) grown(t *testing.T, l Levels, job string, newest ID, forget func(ID) bool) []*Level {
	t.Helper()
	s.job = job
	levels, err := l.Grown(t.Context(), Growth{Newest: newest, To: s, From: s, Cache: s.cache, Sizes: s.sizes, Forget: forget, Unique: testUnique})
	if err != nil {
		t.Fatal(err)
	}
	for i := range levels {
		if levels[i], err = DecodeLevel(levels[i].Encode(nil), s, s.cache); err != nil {
			t.Fatal(err)
		}
	}
	s.most = max(s.most, len(levels))
	return levels
}

func checkStored(t *testing.T, rng *rand.Rand, h *history) (scans, most int) {
	t.Helper()
	s := newStack(rng)
	var l Levels
	var stored, past []Levels
	for i, facts := range h.commits {
		l = l.Push(NewRun(facts, testAttrs{}))
		if rng.Intn(3) > 0 || l.Tail() == 0 {
			continue
		}
		levels := s.grown(t, l, fmt.Sprint(i), h.newestAfter(i), nil)
		stored = append(stored, Levels{stored: levels})
		past = append(past, l)
		if rng.Intn(3) > 0 {
			l = stored[len(stored)-1-rng.Intn(min(2, len(stored)))].above(l, h, i)
		}
	}
	check := func(l Levels, of *history) {
		for o := EAVT; o <= VAET; o++ {
			scans++
			checkScan(t, l, of, o, of.randomRange(rng), of.randomView(rng))
			r, v := of.randomRange(rng), of.randomView(rng)
			if got, _ := backwards(t, l, o, r, v, 1+rng.Intn(9)); !slices.Equal(got, of.datoms(o, r, v)) {
				t.Fatalf("%v %+v %+v: backwards it is %v", o, r, v, got)
			}
		}
	}
	for range 4 {
		check(l, h)
	}
	for i, l := range stored {
		check(l, h.until(l.stored[0].newest))
		check(past[i], h.until(l.stored[0].newest))
	}
	return scans, s.most
}

// above returns the levels with the commits on them that they do not hold, up to the i-th.
func (base Levels) above(l Levels, h *history, i int) Levels {
	if len(l.stored) == 0 || l.stored[0].newest <= base.stored[0].newest {
		return l.Over(base.stored...)
	}
	out := base
	for k, facts := range h.commits[:i+1] {
		if h.newestAfter(k) > base.stored[0].newest {
			out = out.Push(NewRun(facts, testAttrs{}))
		}
	}
	return out
}

// law: levels grown step by step, and then merged, hold the same facts as a level that was made at once.
func TestGrownTreesHoldWhatTreesMadeAtOnceHold(t *testing.T) {
	most := 0
	soak.Run(t, 40, 320, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 10+rng.Intn(40), 1+rng.Intn(30), 1+rng.Intn(20))
		s := newStack(rng)
		if seed%4 == 0 { // many levels
			s.sizes.Level, s.sizes.Ratio = 4, 2
		}
		forget := []func(ID) bool{nil, func(a ID) bool { return a%2 == 0 }}[rng.Intn(2)]
		grown, all := Levels{}, Levels{}
		for i, facts := range h.commits {
			run := NewRun(facts, testAttrs{})
			grown, all = grown.Push(run), all.Push(run)
			if rng.Intn(4) == 0 && grown.Tail() > 0 {
				grown = grown.Over(s.grown(t, grown, fmt.Sprint(i), h.newestAfter(i), forget)...)
			}
		}
		open, _ := Levels{stored: s.grown(t, grown, "last", h.newest, forget)}.Facts()
		s.sizes.Level = 1 << 20
		a := s.grown(t, grown, "grown", h.newest, forget)
		b := s.grown(t, all, "at once", h.newest, forget)
		if len(a) != 1 || len(b) != 1 {
			t.Fatalf("%d levels, and %d", len(a), len(b))
		}
		if a[0].held(current) != open {
			t.Fatalf("%d facts hold, and before they were merged %d", a[0].held(current), open)
		}
		for o := EAVT; o <= VAET; o++ {
			for k := range dropped {
				x, y := a[0].factsOf(t, o, k), b[0].factsOf(t, o, k)
				if !slices.Equal(x, y) {
					t.Fatalf("%v %d: grown %v, at once %v", o, k, x, y)
				}
			}
		}
		most = max(most, s.most)
	})
	if t.Logf("up to %d levels", most); most < maxLevels-1 {
		t.Errorf("no more than %d levels", most)
	}
}

// facts returns the facts of a tree.
func (l *Level) factsOf(t *testing.T, o Order, k class) (out []Fact) {
	t.Helper()
	w := &walk{reader: &l.reader, tree: l.trees[o][k], within: &All}
	for {
		x, err := w.feed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if x.len() == 0 {
			break
		}
		for i := x.at; i < x.to; i++ {
			out = append(out, *x.fact(i))
		}
	}
	if len(out) != l.trees[o][k].top.facts {
		t.Fatalf("%v: %d facts, and the tree says %d", o, len(out), l.trees[o][k].top.facts)
	}
	return out
}

// TestLongTextsThatBeginAlike stores values of which only the ends differ: the cuts between them are as long as they are, and yet no
// segment is much larger than two of them.
func TestLongTextsThatBeginAlike(t *testing.T) {
	const size, many = 200_000, 60
	var facts []Fact
	for i := range many {
		v, err := String(strings.Repeat("x", size) + fmt.Sprintf("%06d", i))
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, Fact{E: ID(1000 - i), A: 1, V: v, Tx: TxID(1)})
	}
	l, s := Levels{}.Push(NewRun(facts, testAttrs{})), newShelf()
	if n := l.TailBytes(); n < many*size || n > 2*many*size {
		t.Errorf("the tail takes %d bytes", n)
	}
	base, err := l.Grown(t.Context(), Growth{Newest: TxID(1), To: s, From: s, Cache: NewCache(0)})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range s.segments {
		if len(b) > 2<<20 {
			t.Errorf("%s has %d bytes", name, len(b))
		}
	}
	if base[0], err = DecodeLevel(base[0].Encode(nil), s, NewCache(0)); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		f := &facts[i]
		n, err := Levels{stored: base}.Count(t.Context(), AVET, Prefix(2, Fact{A: 1, V: f.V}), View{Basis: TxID(1)})
		if n != 1 || err != nil {
			t.Fatalf("value %d is there %d times, %v", i, n, err)
		}
	}
}

// TestTheEndsOfFactsKeepNoBlocksAlive ends a fact of each of many blocks, as it was read there.
func TestTheEndsOfFactsKeepNoBlocksAlive(t *testing.T) {
	const blocks, size = 100, 60_000
	var facts []Fact
	for i := range 2 * blocks {
		text := strings.Repeat("x", size-size*(i%2)) + fmt.Sprint(i) // a long one and a short one in each block
		facts = append(facts, Fact{E: ID(i), A: 1, V: mustOf(text), Tx: TxID(1)})
	}
	s := newShelf()
	base, err := Levels{}.Push(NewRun(facts, testAttrs{})).Grown(t.Context(),
		Growth{Newest: TxID(1), To: s, From: s, Cache: NewCache(0), Sizes: Sizes{Leaf: 2, Block: 2}})
	if err != nil {
		t.Fatal(err)
	}
	l := Levels{stored: base}
	var runs []*Run
	for i := 1; i < 2*blocks; i += 2 {
		batch, err := l.Scan(t.Context(), EAVT, Prefix(1, Fact{E: ID(i)}), View{Basis: TxID(1)}).Next()
		if err != nil || batch.Len() != 1 {
			t.Fatal(batch, err)
		}
		d := batch.Datom(0)
		runs = append(runs, NewRun([]Fact{{E: d.E, A: d.A, V: d.V, Tx: d.Tx, End: TxID(2)}}, testAttrs{}))
	}
	with := heap()
	runtime.KeepAlive(runs)
	if held := with - heap(); held > blocks*size/4 {
		t.Errorf("%d runs of one fact hold %d KB", len(runs), held>>10)
	}
}

// heap returns how many bytes are alive.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
