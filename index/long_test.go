package index

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
)

// longValues begin alike, for fewer bytes than a stub has of them, for more, and for more than makes a value long.
var longValues = func() []Value {
	var values []Value
	add := func(x any) { values = append(values, mustOf(x)) }
	for _, size := range []int{511, 512, 513, 700} {
		for _, alike := range []int{0, 63, 64, 65, 510} {
			for _, c := range "ab" {
				text := strings.Repeat("x", alike) + strings.Repeat(string(c), size-alike)
				add(text)
				if add([]byte(text)); alike > 64 {
					add(edn.URI(text))
					add(edn.Keyword(text))
					add(edn.Symbol("n/" + text))
					add(edn.Tuple{1, text})
					add(edn.Tuple{text, nil, "z"})
				}
			}
		}
	}
	for _, n := range []int{4095, 4096, 4097} {
		b := new(big.Int).Lsh(big.NewInt(1), uint(n))
		for _, d := range []int64{0, 1} {
			x := new(big.Int).Add(b, big.NewInt(d))
			add(x)
			add(new(big.Int).Neg(x))
			add(edn.Decimal{Unscaled: x, Scale: 0})
			add(edn.Decimal{Unscaled: new(big.Int).Mul(x, big.NewInt(10)), Scale: 1})
		}
	}
	slices.SortFunc(values, Compare)
	values = slices.Compact(values)
	for i := range 20 {
		values = append(values, mustOf(strings.Repeat("y", 600)+fmt.Sprint(i)))
	}
	return values
}()

// law: stubs that are told apart are told apart as the values are, and those of one value are one.
func TestStubsStandForValues(t *testing.T) {
	decided := 0
	for _, v := range mixedValues {
		s := v.stub()
		if long := len(v.text) > longText; s.isStub() != long || !long && s != v || long && len(s.text) != stubText || s.stub() != s {
			t.Fatalf("the stub of %v is %v", v, s)
		}
		for _, w := range mixedValues {
			r := w.stub()
			if (s == r) != (v == w) {
				t.Fatalf("%v and %v have stubs %v and %v", v, w, s, r)
			}
			for _, pair := range [][2]Value{{s, r}, {s, w}, {v, r}} {
				order, ok := compareStubs(pair[0], pair[1])
				if ok && order != Compare(v, w) {
					t.Fatalf("%v and %v compare as %d", pair[0], pair[1], order)
				}
				if ok && (s.isStub() || r.isStub()) {
					decided++
				}
			}
		}
	}
	if t.Logf("%d were decided without the values", decided); decided == 0 {
		t.Error("none")
	}
}

// largeValues are up to a megabyte long, and begin alike up to their last byte.
var largeValues = func() []Value {
	var values []Value
	for _, size := range []int{511, 512, 513, 1 << 16, 1 << 20} {
		for _, end := range []string{"a", "b"} {
			text := strings.Repeat("z", size-1) + end
			values = append(values, mustOf(text), mustOf([]byte(text)), mustOf(edn.Tuple{"t", text}))
		}
	}
	return values
}()

// law: levels with values up to the largest show what the model shows.
func TestLargeValuesAreShown(t *testing.T) {
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := &history{pool: largeValues}
		for range 15 {
			h.commit(rng, 4, 12)
		}
		checkStored(t, rng, h)
		checkKeys(t, rng, h.stored(t, rng), h)
	})
}

// texts returns facts with as many texts, of which so many bytes are alike and the others are not, in no order.
func texts(n, alike, other int) (facts []Fact, bytes int) {
	rng := rand.New(rand.NewSource(1))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(' ' + rng.Intn(95))
		}
		return string(b)
	}
	head := noise(alike)
	for i := range n {
		v := mustOf(head + noise(other))
		facts = append(facts, Fact{E: ID(1000 + i), A: 3, V: v, Tx: TxID(1)})
		bytes += len(v.text)
	}
	return facts, bytes
}

// storedTexts returns a level of facts, as it is read from the store that it lies in.
func storedTexts(t *testing.T, facts []Fact, sizes Sizes) (*Level, *shelf) {
	t.Helper()
	s := newShelf()
	levels, err := Levels{}.Push(NewRun(facts, testAttrs{})).Grown(t.Context(),
		Growth{Newest: TxID(1), To: s, From: s, Cache: NewCache(1 << 30), Sizes: sizes, Unique: testUnique})
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, [][]byte{levels[0].Encode(nil)}, s).stored[0], s
}

// TestLongValuesAreStoredOnce compares the bytes in a store with those of the values. In three orders they would be there three times.
func TestLongValuesAreStoredOnce(t *testing.T) {
	for _, x := range []struct{ n, alike, other int }{{1, 0, 100_000}, {40, 0, 100_000}, {40, 99_000, 1000}, {2000, 0, 600}, {2000, 540, 60}, {5, 0, 1 << 20}} {
		facts, bytes := texts(x.n, x.alike, x.other)
		_, s := storedTexts(t, facts, Sizes{})
		stored := 0
		for _, b := range s.segments {
			stored += len(b)
		}
		once := float64(stored) / float64(bytes)
		t.Logf("%d values of %d bytes, %d of which are alike: %.2f bytes for each", x.n, x.alike+x.other, x.alike, once)
		if once > 1.3 {
			t.Errorf("%d bytes take %d", bytes, stored)
		}
	}
}

// TestLongValuesAreReadOnATieAlone looks for values of which many are there. Those that begin differently are found by their stubs: one leaf in
// AVET, and then the one in EAVT that has the value.
func TestLongValuesAreReadOnATieAlone(t *testing.T) {
	const many = 2000
	for _, alike := range []int{0, 100} {
		facts, _ := texts(many, alike, 600)
		level, _ := storedTexts(t, facts, Sizes{Leaf: 100, Block: 50})
		cache := NewCache(1 << 30)
		level.cache = cache
		l := Levels{stored: []*Level{level}}
		looked := func(f func()) int {
			before := cache.Stats()
			f()
			after := cache.Stats()
			return after.Hits + after.Misses - before.Hits - before.Misses
		}
		count := looked(func() {
			for _, f := range facts[:100] {
				if n, err := l.Count(t.Context(), AVET, Prefix(2, f), now); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
		})
		found := looked(func() {
			for _, f := range facts[:100] {
				if d, ok, err := l.First(t.Context(), AVET, Prefix(2, f), now); !ok || d.E != f.E || d.V != f.V || err != nil {
					t.Fatal(d, ok, err)
				}
			}
		})
		t.Logf("%d bytes alike: %.1f leaves for a count of one, %.1f to find it", alike, float64(count)/100, float64(found)/100)
		if most := map[int]int{0: 200, 100: 2000}[alike]; count > most || found > most {
			t.Errorf("more than %d", most)
		}
	}
}

// TestALongValueThatIsNotThereIsTold reads levels whose EAVT has a value less, or another one than the other orders have: who comes to it is
// told which leaf has it, and nobody is shown anything else.
func TestALongValueThatIsNotThereIsTold(t *testing.T) {
	soak.Run(t, 10, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		facts, _ := texts(30, []int{0, 100}[rng.Intn(2)], 600)
		level, s := storedTexts(t, facts, Sizes{Leaf: 10, Block: 4})
		lost := rng.Intn(len(facts))
		others := slices.Clone(facts)
		if others[lost].V = mustOf(facts[lost].V.text[:699*len(facts[lost].V.text)/700] + "!"); rng.Intn(2) == 0 {
			others = slices.Delete(others, lost, lost+1)
		}
		other, s2 := storedTexts(t, others, Sizes{Leaf: 10, Block: 4})
		for _, trees := range level.trees {
			for k, t := range trees {
				t.whole = other.trees[EAVT][k]
			}
		}
		for name, b := range s2.segments {
			s.segments[name] = b
		}
		l := Levels{stored: []*Level{level}}
		for _, o := range []Order{AEVT, AVET} {
			missed := readAll(t, l, o, facts)
			if place := (*shelfError)(nil); !errors.As(missed, &place) || !errors.Is(missed, ErrSegment) || s.segments[place.name] == nil {
				t.Fatalf("%v: %v", o, missed)
			}
			if d, ok, err := l.First(t.Context(), o, Prefix(2, facts[lost]), now); err == nil && ok && d.V != facts[lost].V {
				t.Fatalf("%v shows %v", o, d)
			} else if err == nil && o == AEVT {
				t.Fatal("the value that is not there was found")
			}
		}
	})
}

// readAll reads an order until an error comes; what is shown must be facts.
func readAll(t *testing.T, l Levels, o Order, facts []Fact) error {
	t.Helper()
	c := l.Scan(t.Context(), o, All, now)
	for {
		b, err := c.Next()
		if b == nil || err != nil {
			return err
		}
		for i := range b.Len() {
			d := b.Datom(i)
			if !slices.Contains(facts, Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx}) {
				t.Fatalf("%v shows %v", o, d)
			}
		}
	}
}

// law: where attributes have no history any more, that which is forgotten in one order is missed by none: each can be read, and shows what
// was, or less.
func TestForgottenLongValuesAreNotMissed(t *testing.T) {
	forgotten := 0
	soak.Run(t, 40, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 10+rng.Intn(40), 1+rng.Intn(30), 1+rng.Intn(20))
		s := newStack(rng)
		var l Levels
		for i, facts := range h.commits {
			l = l.Push(NewRun(facts, testAttrs{}))
			if rng.Intn(4) > 0 || l.Tail() == 0 {
				continue
			}
			var forget func(ID) bool
			if i > len(h.commits)/2 {
				forget = func(a ID) bool { return a >= 6 }
			}
			l = l.Over(s.grown(t, l, fmt.Sprint(i), h.newestAfter(i), forget)...)
		}
		for o := EAVT; o <= VAET; o++ {
			want := h.datoms(o, All, View{Basis: h.newest, History: true})
			got := collect(t, l.Scan(context.Background(), o, All, View{Basis: h.newest, History: true}))
			for _, d := range got {
				if !slices.Contains(want, d) {
					t.Fatalf("%v shows %v", o, d)
				}
			}
			forgotten += len(want) - len(got)
			checkScan(t, l, h, o, All, View{Basis: h.newest})
		}
	})
	if t.Logf("%d datoms were forgotten", forgotten); forgotten == 0 {
		t.Error("none")
	}
}

// TestAForgottenValueGoesFromEveryOrder forgets a fact that ended in a leaf of EAVT into which something goes, while nothing goes into those of
// other orders that have it: these have a stub of its value, and cannot keep it.
func TestAForgottenValueGoesFromEveryOrder(t *testing.T) {
	long, s := mustOf(strings.Repeat("x", 600)), newStack(rand.New(rand.NewSource(1)))
	s.sizes = Sizes{Leaf: 1, Block: 1}
	l := Levels{}.Push(NewRun([]Fact{{E: 1, A: 6, V: long, Tx: 1, End: 2}, {E: 2, A: 5, V: Long(1), Tx: 1, End: 2}}, testAttrs{}))
	l = l.Over(s.grown(t, l, "first", 2, nil)...)
	l = l.Push(NewRun([]Fact{{E: 1, A: 3, V: Long(1), Tx: 3}}, testAttrs{})).Push(NewRun([]Fact{{E: 1, A: 3, V: Long(1), Tx: 3, End: 4}}, testAttrs{}))
	l = l.Over(s.grown(t, l, "last", 4, func(a ID) bool { return a == 6 })...)
	for o, want := range []int{2, 2, 2, 0} {
		got := collect(t, l.Scan(t.Context(), Order(o), All, View{Basis: 4, History: true}))
		if len(got) != 2*want {
			t.Errorf("%v shows %v", Order(o), got)
		}
	}
}

// A busyShelf takes its time, and tells how many segments were read at once.
type busyShelf struct {
	*shelf
	now, most atomic.Int64
}

func (s *busyShelf) Load(ctx context.Context, name SegmentName) ([]byte, error) {
	if n := s.now.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.now.Add(-1)
	time.Sleep(2 * time.Millisecond)
	return s.shelf.Load(ctx, name)
}

// TestLongValuesAreReadTogether scans values that lie in many leaves, out of a cold cache.
func TestLongValuesAreReadTogether(t *testing.T) {
	facts, _ := texts(200, 0, 600)
	level, s := storedTexts(t, facts, Sizes{Leaf: 10})
	busy := &busyShelf{shelf: s}
	level.from, level.cache = busy, NewCache(aheadAtLeast)
	if n := drain(t, Levels{stored: []*Level{level}}.Scan(t.Context(), AVET, All, now)); n != len(facts) {
		t.Fatalf("%d facts", n)
	}
	if most := busy.most.Load(); most < 3 || most > aheadAtOnce+1 { // one may be read ahead of the walk
		t.Errorf("%d segments were read at once", most)
	}
	if loads := level.cache.Stats().Misses; loads != 40 {
		t.Errorf("%d leaves were read", loads)
	}
}
