package index

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: of few values all is known exactly, in runs and in trees.
func TestWhatIsKnownOfFewValuesIsExact(t *testing.T) {
	soak.Run(t, 20, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		v := View{Basis: h.newest}
		for _, l := range []Levels{h.levels(rng, func(Levels) {}), h.stored(t, rng)} {
			for a := ID(1); a <= 7; a++ {
				want := Values{}
				seen := map[Value]bool{}
				for _, d := range h.datoms(AVET, Prefix(1, Fact{A: a}), v) {
					if want.Facts++; want.Facts == 1 {
						want.Min = d.V
					}
					want.Max, seen[d.V] = d.V, true
				}
				want.Distinct, want.Exact = len(seen), want.Facts > 0
				if got, err := l.Values(t.Context(), a, v); got != want || err != nil {
					t.Fatalf("of %d it is known that %+v, %v; it is so that %+v", a, got, err, want)
				}
			}
		}
	})
}

// Of many values the number is estimated: within a half, be they equally frequent or not.
func TestManyValuesAreEstimated(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for name, draw := range map[string]func(i int) int{
		"unique":  func(i int) int { return i },
		"uniform": func(int) int { return rng.Intn(3000) },
		"skewed":  func(int) int { n := rng.Intn(2000); return n * n / 2000 },
	} {
		var commits [][]Fact
		seen := map[int]bool{}
		for i := range 20_000 {
			n := draw(i)
			seen[n] = true
			f := Fact{E: ID(i + 1), A: 3, V: Long(int64(n)), Tx: TxID(T(1000 + i/500))}
			if i%500 == 0 {
				commits = append(commits, nil)
			}
			commits[len(commits)-1] = append(commits[len(commits)-1], f)
		}
		for i, l := range []Levels{pushAll(commits), storedHalf(t, commits)} {
			got, err := l.Values(t.Context(), 3, now)
			if err != nil || got.Exact || got.Facts != 20_000 || 2*got.Distinct < len(seen) || got.Distinct > 2*len(seen) {
				t.Errorf("%s, %d: %+v, %v; there are %d", name, i, got, err, len(seen))
			}
		}
	}
}

// storedHalf returns levels of commits of which the first half lies in a store.
func storedHalf(t testing.TB, commits [][]Fact) Levels {
	s := newShelf()
	half := commits[:len(commits)/2]
	levels, err := pushAll(half).Grown(t.Context(), Growth{Newest: half[len(half)-1][0].Tx, To: s, From: s, Cache: NewCache(1 << 30)})
	if err != nil {
		t.Fatal(err)
	}
	l := Levels{stored: levels}
	for _, c := range commits[len(half):] {
		l = l.Push(NewRun(c, peopleAttrs{}))
	}
	return l
}

// BenchmarkValues finds out what is known of an attribute with few values, and of one with many.
func BenchmarkValues(b *testing.B) {
	for _, stored := range []bool{false, true} {
		l, _ := twentyThousand(b, stored)
		for _, a := range []ID{102, 103, 104} {
			b.Run(fmt.Sprintf("%d/stored=%v", a, stored), func(b *testing.B) {
				for b.Loop() {
					if _, err := l.Values(b.Context(), a, now); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
