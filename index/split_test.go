package index

import (
	"context"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: the parts of a range show what the range shows, each datom once, and what belongs together in one of them.
func TestTheRangesOfASplitAreTheRange(t *testing.T) {
	soak.Run(t, 20, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		for _, l := range []Levels{h.levels(rng, func(Levels) {}), h.stored(t, rng)} {
			for o := EAVT; o <= VAET; o++ {
				r, v, together := h.randomRange(rng), h.randomView(rng), 1+rng.Intn(4)
				parts, err := l.Split(t.Context(), o, r, 1+rng.Intn(9), together)
				if err != nil {
					t.Fatal(err)
				}
				var got []Datom
				for i, part := range parts {
					if i > 0 && part.Lo.Parts != together {
						t.Errorf("a part begins with %+v, and %d components stay together", part.Lo, together)
					}
					got = append(got, collect(t, l.Scan(t.Context(), o, part, v))...)
				}
				if !slices.Equal(got, h.datoms(o, r, v)) {
					t.Errorf("%v %+v in %d parts is %v", o, r, len(parts), got)
				}
			}
		}
	})
}

func TestASplitIsEven(t *testing.T) {
	for _, stored := range []bool{false, true} {
		l, _ := twentyThousand(t, stored)
		parts, err := l.Split(t.Context(), AEVT, Prefix(1, Fact{A: 103}), 4, 2)
		if err != nil || len(parts) != 4 {
			t.Fatalf("%d parts, %v", len(parts), err)
		}
		for _, part := range parts {
			if n := drain(t, l.Scan(t.Context(), AEVT, part, now)); n < 4000 || n > 6000 {
				t.Errorf("a part has %d facts of 20,000", n)
			}
		}
	}
}

// A walk that reads ahead asks the store for each leaf once, and the cache too, so that a scan drives out nothing that is read again and again.
func TestAScanReadsEachLeafOnce(t *testing.T) {
	s := newShelf()
	levels, err := pushAll(people(20_000, 200)).Grown(t.Context(), Growth{Newest: 1 << 60, To: s, From: s, Cache: NewCache(1 << 30), Sizes: Sizes{Leaf: 512, Block: 64}})
	if err != nil {
		t.Fatal(err)
	}
	cache := NewCache(1 << 30)
	cold, err := DecodeLevel(levels[0].Encode(nil), s, cache)
	if err != nil {
		t.Fatal(err)
	}
	s.loads = 0
	if n := drain(t, Levels{stored: []*Level{cold}}.Scan(t.Context(), EAVT, All, now)); n != 100_000 {
		t.Fatalf("%d datoms", n)
	}
	if stats := cache.Stats(); stats.Misses != stats.Leaves || stats.Hits != 0 || s.loads > stats.Misses+2 {
		t.Errorf("%+v, and %d loads", stats, s.loads)
	}
}

// BenchmarkColdScan reads all facts of a level of 1M that is not in the cache, in one stretch and in two beside each other.
func BenchmarkColdScan(b *testing.B) {
	level, s := growMillion(b, millionFacts())
	for _, n := range []int{1, 2} {
		b.Run(map[int]string{1: "one", 2: "two"}[n], func(b *testing.B) {
			for b.Loop() {
				cold, err := DecodeLevel(level.Encode(nil), s, NewCache(1<<30))
				if err != nil {
					b.Fatal(err)
				}
				l := Levels{stored: []*Level{cold}}
				parts, err := l.Split(b.Context(), EAVT, All, n, 1)
				if err != nil {
					b.Fatal(err)
				}
				var reading sync.WaitGroup
				for _, part := range parts {
					reading.Go(func() { drain(b, l.Scan(context.Background(), EAVT, part, now)) })
				}
				reading.Wait()
			}
			b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds(), "datoms/s")
		})
	}
}
