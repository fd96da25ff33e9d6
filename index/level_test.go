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

// A shelfError tells which segment of a shelf is damaged.
type shelfError struct {
	name SegmentName
	error
}

func (e *shelfError) Unwrap() error { return e.error }

func (s *shelf) Damaged(name SegmentName, why error) error { return &shelfError{name, why} }

// law: levels with a part in a store show what the same levels in memory show, on every view, however often a part of them went there.
func TestLevelsInAStoreShowTheSame(t *testing.T) {
	scans := 0
	soak.Run(t, 30, 150, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		scans += checkStored(t, rng, h)
	})
	t.Logf("%d scans", scans)
}

func TestLargeLevelsInAStoreShowTheSame(t *testing.T) {
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		checkStored(t, rng, randomHistory(rng, 40, 1+rng.Intn(600), 200))
	})
}

func checkStored(t *testing.T, rng *rand.Rand, h *history) (scans int) {
	t.Helper()
	s, cache := newShelf(), NewCache(1<<rng.Intn(20))
	sizes := Sizes{Leaf: 1 + rng.Intn(60), Block: 1 + rng.Intn(20)}
	var l Levels
	var stored, past []Levels
	for i, facts := range h.commits {
		l = l.Push(NewRun(facts, testAttrs{}))
		newest := append(h.at, h.newest)[i+1]
		if rng.Intn(6) > 0 {
			continue
		}
		s.job = fmt.Sprint(i)
		base, err := l.Grown(t.Context(), Growth{Newest: newest, To: s, From: s, Cache: cache, Sizes: sizes})
		if err != nil {
			t.Fatal(err)
		}
		if base, err = DecodeLevel(base.Encode(nil), s, cache); err != nil {
			t.Fatal(err)
		}
		stored = append(stored, Levels{base: base})
		past = append(past, l)
		if rng.Intn(3) > 0 {
			l = stored[rng.Intn(len(stored))].above(l, h, i)
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
		check(l, h.until(l.base.newest))
		check(past[i], h.until(l.base.newest))
	}
	return scans
}

// above returns the level with the commits on it that it does not hold, up to the i-th.
func (base Levels) above(l Levels, h *history, i int) Levels {
	if l.base == nil || l.base.newest <= base.base.newest {
		return l.Over(base.base)
	}
	out := base
	for k, facts := range h.commits[:i+1] {
		if append(h.at, h.newest)[k+1] > base.base.newest {
			out = out.Push(NewRun(facts, testAttrs{}))
		}
	}
	return out
}

// law: a tree grown step by step holds the same facts as one that was made at once.
func TestGrownTreesHoldWhatTreesMadeAtOnceHold(t *testing.T) {
	soak.Run(t, 10, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 10+rng.Intn(40), 1+rng.Intn(30), 1+rng.Intn(20))
		s, cache := newShelf(), NewCache(1<<20)
		sizes := Sizes{Leaf: 4 + rng.Intn(60), Block: 1 + rng.Intn(20)}
		grown, all := Levels{}, Levels{}
		for i, facts := range h.commits {
			run := NewRun(facts, testAttrs{})
			grown, all = grown.Push(run), all.Push(run)
			if rng.Intn(4) == 0 {
				s.job = fmt.Sprint(i)
				base, err := grown.Grown(t.Context(), Growth{Newest: append(h.at, h.newest)[i+1], To: s, From: s, Cache: cache, Sizes: sizes})
				if err != nil {
					t.Fatal(err)
				}
				grown = grown.Over(base)
			}
		}
		s.job = "grown"
		a, err := grown.Grown(t.Context(), Growth{Newest: h.newest, To: s, From: s, Cache: cache, Sizes: sizes})
		if err != nil {
			t.Fatal(err)
		}
		s.job = "at once"
		b, err := all.Grown(t.Context(), Growth{Newest: h.newest, To: s, From: s, Cache: cache, Sizes: sizes})
		if err != nil {
			t.Fatal(err)
		}
		for o := EAVT; o <= VAET; o++ {
			for _, k := range [...]class{current, past} {
				x, y := a.facts(t, o, k), b.facts(t, o, k)
				if !slices.Equal(x, y) {
					t.Fatalf("%v %d: grown %v, at once %v", o, k, x, y)
				}
			}
		}
	})
}

// facts returns the facts of a tree.
func (l *Level) facts(t *testing.T, o Order, k class) (out []Fact) {
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
	if base, err = DecodeLevel(base.Encode(nil), s, NewCache(0)); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		f := &facts[i]
		n, err := Levels{base: base}.Count(t.Context(), AVET, Prefix(2, Fact{A: 1, V: f.V}), View{Basis: TxID(1)})
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
	l := Levels{base: base}
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
