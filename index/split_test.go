package index

import (
	"math/rand"
	"slices"
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
				parts, err := l.Split(t.Context(), o, r, v, 1+rng.Intn(9), together)
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
		parts, err := l.Split(t.Context(), AEVT, Prefix(1, Fact{A: 103}), now, 4, 2)
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
