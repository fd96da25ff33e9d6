package index

import (
	"context"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: a cursor that is aimed at one range after the other shows of each what a new one does, also where it was not read to its end.
func TestAimedShowsWhatANewCursorShows(t *testing.T) {
	soak.Run(t, 30, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		checkAim(t, rng, h.levels(rng, func(Levels) {}), h)
		checkAim(t, rng, h.stored(t, rng), h)
	})
}

func checkAim(t *testing.T, rng *rand.Rand, l Levels, h *history) {
	t.Helper()
	for o := EAVT; o <= VAET; o++ {
		k, v := h.randomKeys(rng, o), h.randomView(rng)
		if k.count(o) == 0 {
			continue
		}
		c := l.Scan(context.Background(), o, k.at(o, 0), v)
		for i := range k.count(o) {
			c.Aim(k.at(o, i))
			if rng.Intn(4) == 0 {
				if _, err := c.Next(); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want := collect(t, l.Scan(context.Background(), o, k.at(o, i), v))
			if got := collect(t, c); !slices.Equal(got, want) {
				t.Errorf("aimed at %v of %v with %+v it shows\n%v\nand anew\n%v", k.at(o, i), o, v, got, want)
			}
		}
	}
}
