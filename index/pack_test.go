package index

import (
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: what is packed comes back, whatever lies behind it, and what is cut off is noticed.
func TestPackedIntegersComeBack(t *testing.T) {
	soak.Run(t, 200, 2000, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		xs := randomInts(rng)
		b := appendInts(nil, xs)
		in, got := &input{rest: append(slices.Clone(b), 7)}, make([]int64, len(xs))
		unpack(in, got)
		if in.bad || !slices.Equal(got, xs) || len(in.rest) != 1 {
			t.Fatalf("%v came back as %v (bad: %v, %d bytes left)", xs, got, in.bad, len(in.rest))
		}
		if len(b) == 0 {
			return
		}
		short := &input{rest: b[:rng.Intn(len(b))]}
		if unpack(short, got); !short.bad {
			t.Fatalf("%v cut to %d of %d bytes is not bad", xs, len(short.rest), len(b))
		}
	})
}

func randomInts(rng *rand.Rand) []int64 {
	xs := make([]int64, rng.Intn(70))
	base, width := rng.Int63()-rng.Int63(), rng.Intn(65)
	for i := range xs {
		xs[i] = base + int64(rng.Uint64()&(math.MaxUint64>>(64-width)))
		if width == 0 {
			xs[i] = base
		}
	}
	switch rng.Intn(4) {
	case 0:
		slices.Sort(xs)
	case 1:
		for i := range xs {
			xs[i] = []int64{math.MinInt64, math.MaxInt64, 0, -1}[rng.Intn(4)]
		}
	}
	return xs
}
