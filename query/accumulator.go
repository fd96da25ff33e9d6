package query

import (
	"math"
	"math/bits"
	"slices"

	"github.com/datolite/datolite/index"
)

// An accumulator computes an aggregate of longs for each of some groups, while rows come: a sum, an average, the least or the greatest.
type accumulator struct {
	name   string
	totals []total  // by group, of a sum or an average
	best   []uint64 // by group, of the others
}

// A total is a sum of 128 bits, and of how many.
type total struct{ sum, carry, n uint64 }

// accumulates reports whether an aggregate is one that an accumulator computes.
func accumulates(name string) bool {
	return slices.Contains([]string{"sum", "avg", "min", "max"}, name)
}

// adds reports whether it adds, and so counts the rows of each group too.
func (a *accumulator) adds() bool { return a.name == "sum" || a.name == "avg" }

// add takes words in, each into a group of so many.
func (a *accumulator) add(words []uint64, of []int32, groups int) {
	switch a.grow(groups); a.name {
	case "min":
		takeLeast(a.best, words, of)
	case "max":
		takeGreatest(a.best, words, of)
	default:
		addUp(a.totals, words, of)
	}
}

// grow makes room for groups that have come.
func (a *accumulator) grow(groups int) {
	if a.adds() {
		a.totals = padded(a.totals, groups)
		return
	}
	start := int64(math.MaxInt64)
	if a.name == "max" {
		start = math.MinInt64
	}
	for len(a.best) < groups {
		a.best = append(a.best, uint64(start))
	}
}

func addUp(totals []total, words []uint64, of []int32) {
	of = of[:len(words)]
	for i, w := range words {
		t := &totals[of[i]]
		var carry uint64
		t.sum, carry = bits.Add64(t.sum, w, 0)
		t.carry += uint64(int64(w)>>63) + carry
		t.n++
	}
}

func takeLeast(best, words []uint64, of []int32) {
	for i, w := range words {
		if int64(w) < int64(best[of[i]]) {
			best[of[i]] = w
		}
	}
}

func takeGreatest(best, words []uint64, of []int32) {
	for i, w := range words {
		if int64(w) > int64(best[of[i]]) {
			best[of[i]] = w
		}
	}
}

// join takes in what another has computed; of tells into which of so many groups here each group there goes.
func (a *accumulator) join(b *accumulator, of []int32, groups int) {
	if !a.adds() {
		a.add(b.best, of, groups)
		return
	}
	a.grow(groups)
	for i, more := range b.totals {
		t := &a.totals[of[i]]
		var carry uint64
		t.sum, carry = bits.Add64(t.sum, more.sum, 0)
		t.carry, t.n = t.carry+more.carry+carry, t.n+more.n
	}
}

// sizes returns how many words each group has taken in; nil of an accumulator that does not add.
func (a *accumulator) sizes() []uint64 {
	var out []uint64
	for _, t := range a.totals {
		out = append(out, t.n)
	}
	return out
}

// column returns the aggregate of each group. It reports false where a sum is no long.
func (a *accumulator) column() (index.Vector, bool, error) {
	if !a.adds() {
		return index.Vector{Kind: index.KindLong, Words: a.best}, true, nil
	}
	sums := make([]uint64, len(a.totals))
	for i, t := range a.totals {
		if t.carry != uint64(int64(t.sum)>>63) {
			return index.Vector{}, false, nil
		}
		sums[i] = t.sum
	}
	if a.name == "sum" {
		return index.Vector{Kind: index.KindLong, Words: sums}, true, nil
	}
	means, err := means(sums, a.sizes())
	return means, err == nil, err
}

// means divides sums as doubles.
func means(sums, sizes []uint64) (index.Vector, error) {
	var out index.Vector
	for i, sum := range sums {
		v, err := index.Double(float64(int64(sum)) / float64(sizes[i]))
		if err != nil {
			return out, err
		}
		out.Append(v)
	}
	return out, nil
}
