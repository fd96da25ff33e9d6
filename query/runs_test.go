package query

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datolite/datolite/index"
)

// TestFirstsOfRuns: in rows whose first column ascends those that stand there twice are found as they are by hashes.
func TestFirstsOfRuns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	r := &run{ctx: context.Background(), objects: newObjects()}
	twice, found := 0, 0
	for range 200 {
		n, values := 1+rng.IntN(200), 1+rng.IntN(100)
		g := newRelation([]variable{0, 1, 2})
		for i := range g.cols {
			words := make([]uint64, n)
			for k := range words {
				words[k] = uint64(rng.IntN(values) - values/2)
			}
			if i == 0 {
				slices.SortFunc(words, func(a, b uint64) int { return int(int64(a) - int64(b)) })
			}
			g.cols[i] = index.Vector{Kind: index.KindLong, Words: words}
		}
		g.cols[2].Words = g.cols[1].Words
		g.n = n
		rows := g.firstsOfRuns()
		if rows == nil {
			continue // some run is long
		}
		var want []int32
		table := newTable(g.cols, n)
		for i := range int32(n) {
			if table.insert(i) {
				want = append(want, i)
			}
		}
		got, err := r.firsts(g)
		if !slices.Equal(rows, want) || !slices.Equal(got, want) || err != nil {
			t.Fatalf("%v, %v of %d rows, not %v: %v", rows, got, n, want, err)
		}
		found, twice = found+1, twice+n-len(want)
	}
	if found < 50 || twice < 100 {
		t.Errorf("%d relations, with %d rows that equal another", found, twice)
	}
}
