package index

import (
	"context"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: what a range shows when it is walked backwards, stretch by stretch, is what it shows.
func TestARangeWalkedBackwardsIsTheRange(t *testing.T) {
	stretches := 0
	soak.Run(t, 20, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12))
		l := h.levels(rng, func(Levels) {})
		for range 20 {
			o, r, v := Order(rng.Intn(4)), h.randomRange(rng), h.randomView(rng)
			got, n := backwards(t, l, o, r, v, 1+rng.Intn(9))
			if want := h.datoms(o, r, v); !slices.Equal(want, got) {
				t.Fatalf("%v %+v %+v: %d datoms backwards, %d forwards", o, r, v, len(got), len(want))
			}
			stretches += n
		}
	})
	t.Logf("%d stretches", stretches)
}

// backwards returns the datoms of a range and in how many stretches they were read, the last ones first.
func backwards(t *testing.T, l Levels, o Order, r Range, v View, size int) (out []Datom, stretches int) {
	for more := true; more; stretches++ {
		c := l.Scan(context.Background(), o, r, v)
		var err error
		if r, more, err = c.Last(size); err != nil {
			t.Fatal(err)
		}
		stretch := collect(t, c)
		if most := 2 * 3 * size * (len(l.runs) + 1); more && len(stretch) > most { // of each class in each run, its begin and its end
			t.Fatalf("a stretch of %d facts has %d datoms", size, len(stretch))
		}
		out = append(stretch, out...)
	}
	return out, stretches
}
