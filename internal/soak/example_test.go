package soak_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: a sorted slice is sorted.
func TestSorted(t *testing.T) {
	soak.Run(t, 10, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		s := rng.Perm(20)
		slices.Sort(s)
		if !slices.IsSorted(s) {
			t.Error(s)
		}
	})
}
