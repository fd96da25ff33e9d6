package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// randomKeys returns keys of an order, of which some are there and some are not.
func (h *history) randomKeys(rng *rand.Rand, o Order) Keys {
	k := Keys{A: h.randomFact(rng).A}
	if (o == EAVT || o == VAET) && rng.Intn(2) == 0 {
		k.A = 0
	}
	n := rng.Intn(12)
	if rng.Intn(3) == 0 {
		n = len(h.facts)
	}
	var values []Value
	for range n {
		f := h.randomFact(rng)
		k.E, values = append(k.E, f.E+ID(rng.Intn(8)/7)), append(values, f.V)
	}
	slices.Sort(k.E)
	k.E = slices.Compact(k.E)
	slices.SortFunc(values, Compare)
	for _, v := range slices.Compact(values) {
		k.V.Append(v)
	}
	return k
}

// at returns the range of the k-th key.
func (k Keys) at(o Order, i int) Range {
	key, parts := Fact{A: k.A}, 2
	if (o == EAVT || o == VAET) && k.A == 0 {
		parts = 1
	}
	if o == EAVT || o == AEVT {
		key.E = k.E[i]
	} else {
		key.V = k.V.At(i)
	}
	return Prefix(parts, key)
}

func (k Keys) count(o Order) int { return (&keyList{k, o}).len() }

// checkKeys compares reading keys together with reading one after the other.
func checkKeys(t *testing.T, rng *rand.Rand, l Levels, h *history) {
	t.Helper()
	for o := EAVT; o <= VAET; o++ {
		k, v := h.randomKeys(rng, o), h.randomView(rng)
		var want, got []Datom
		var wantOf, gotOf []uint32
		for i := range k.count(o) {
			of := collect(t, l.Scan(context.Background(), o, k.at(o, i), v))
			want, wantOf = append(want, of...), append(wantOf, slices.Repeat([]uint32{uint32(i)}, len(of))...)
		}
		for c := l.ScanKeys(context.Background(), o, k, v); ; {
			b, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if b == nil {
				break
			}
			checkBatch(t, b)
			for i := range b.Len() {
				got = append(got, b.Datom(i))
			}
			gotOf = append(gotOf, b.Of...)
		}
		if !slices.Equal(want, got) || !slices.Equal(wantOf, gotOf) {
			t.Errorf("ScanKeys(%v, %+v, %+v) shows\n%v of %v, one by one that is\n%v of %v", o, k, v, got, gotOf, want, wantOf)
		}
	}
}

// law: what is read of keys together is what is read of one after the other, on every view, in runs and in trees.
func TestKeysTogetherShowWhatTheyShowOneByOne(t *testing.T) {
	soak.Run(t, 30, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		checkKeys(t, rng, h.levels(rng, func(Levels) {}), h)
		checkKeys(t, rng, h.stored(t, rng), h)
	})
	soak.Run(t, 1, 4, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 40, 1+rng.Intn(600), 200)
		checkKeys(t, rng, h.levels(rng, func(Levels) {}), h)
		checkKeys(t, rng, h.stored(t, rng), h)
	})
}

// stored returns the levels of the commits, of which some lie in a store.
func (h *history) stored(t *testing.T, rng *rand.Rand) Levels {
	s, cache := newShelf(), randomCache(rng)
	sizes := Sizes{Leaf: 1 + rng.Intn(60), Block: 1 + rng.Intn(20), Level: 1 + rng.Intn(100)}
	var l Levels
	for i, facts := range h.commits {
		l = l.Push(NewRun(facts, testAttrs{}))
		if rng.Intn(len(h.commits)) > 2 {
			continue
		}
		s.job = fmt.Sprint("job", i)
		levels, err := l.Grown(context.Background(), Growth{Newest: h.newestAfter(i), To: s, From: s, Cache: cache, Sizes: sizes,
			Unique: testUnique})
		if err != nil {
			t.Fatal(err)
		}
		l = l.Over(levels...)
	}
	return l
}

func TestReadingKeysEndsWithItsContext(t *testing.T) {
	l, ids := twentyThousand(t, false)
	ctx, cancel := context.WithCancel(context.Background())
	c := l.ScanKeys(ctx, AEVT, Keys{A: 103, E: ids}, now)
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// twentyThousand returns levels of 20k people in a store or in runs, and their ids.
func twentyThousand(t testing.TB, stored bool) (Levels, []ID) {
	commits := people(20_000, 200)
	var ids []ID
	for _, f := range slices.Concat(commits...) {
		if f.A == 100 {
			ids = append(ids, f.E)
		}
	}
	l := pushAll(commits)
	if stored {
		s := newShelf()
		levels, err := l.Grown(t.Context(), Growth{Newest: l.runs[0].newest, To: s, From: s, Cache: NewCache(1 << 30)})
		if err != nil {
			t.Fatal(err)
		}
		l = Levels{stored: levels}
	}
	return l, ids
}

// BenchmarkScanKeys reads an attribute of 2,500 of 20k people: picked by chance, and those that have one name.
func BenchmarkScanKeys(b *testing.B) {
	for _, stored := range []bool{false, true} {
		l, ids := twentyThousand(b, stored)
		some := slices.Clone(ids)
		rand.New(rand.NewSource(3)).Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		some = some[:2500]
		slices.Sort(some)
		for name, k := range map[string]Keys{"some": {A: 103, E: some}, "all": {A: 103, E: ids}, "few": {A: 103, E: some[1000:1010]}} {
			b.Run(fmt.Sprintf("%s/stored=%v", name, stored), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n := drain(b, l.ScanKeys(b.Context(), AEVT, k, now)); n != len(k.E) {
						b.Fatalf("%d facts", n)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(k.E)), "ns/key")
			})
		}
	}
}

// BenchmarkScanAttribute reads an attribute of 20k people.
func BenchmarkScanAttribute(b *testing.B) {
	for _, stored := range []bool{false, true} {
		l, ids := twentyThousand(b, stored)
		for _, o := range []Order{AEVT, AVET} {
			b.Run(fmt.Sprintf("%v/stored=%v", o, stored), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n := drain(b, l.Scan(b.Context(), o, Prefix(1, Fact{A: 103}), now)); n != len(ids) {
						b.Fatalf("%d facts", n)
					}
				}
				perFact(b, len(ids))
			})
		}
	}
}
