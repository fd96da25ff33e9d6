package query

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBestOrder compares the order that is found with all orders there are.
func TestBestOrder(t *testing.T) {
	differing := 0
	for seed := range uint64(300) {
		o := randomOrdering(rand.New(rand.NewPCG(seed, 1)))
		first := o.best()
		all, from := math.Inf(1), make([]float64, len(o.operands)) // of those that begin with an operand
		for i := range from {
			from[i] = cheapest(o, 1<<i, o.cost(&o.states[0], &o.states[1<<i], &o.operands[i]))
			all = min(all, from[i])
		}
		if full := o.states[len(o.states)-1].cost; math.Abs(full-all) > 1e-9*all || math.Abs(from[first]-all) > 1e-9*all {
			t.Fatalf("seed %d: an order that begins with %d and costs %g, want %g of %v", seed, first, full, all, from)
		}
		if leastOf(from) != o.greedy() {
			differing++
		}
	}
	if differing < 50 {
		t.Errorf("only %d orders begin with another operand than the one that costs the least by itself", differing)
	}
}

// cheapest returns the cost of the cheapest order that begins with a set of operands which costs so much.
func cheapest(o *ordering, set int, cost float64) float64 {
	if set == len(o.states)-1 {
		return cost
	}
	least := math.Inf(1)
	for i := range o.operands {
		if set>>i&1 == 0 {
			next := set | 1<<i
			least = min(least, cheapest(o, next, cost+o.cost(&o.states[set], &o.states[next], &o.operands[i])))
		}
	}
	return least
}

func leastOf(xs []float64) (at int) {
	for i, x := range xs {
		if x < xs[at] {
			at = i
		}
	}
	return at
}

// greedy returns the operand that costs the least by itself.
func (o *ordering) greedy() int {
	alone := make([]float64, len(o.operands))
	for i := range alone {
		alone[i] = o.cost(&o.states[0], &o.states[1<<i], &o.operands[i])
	}
	return leastOf(alone)
}

// randomOrdering returns a chain or star of operands of every size, with some conditions and functions.
func randomOrdering(rng *rand.Rand) *ordering {
	size := func() float64 { return math.Exp(rng.Float64() * 12) }
	o := &ordering{asked: rng.Uint64() & 0xff}
	of := func(vars ...int) operand {
		u := operand{rows: size(), lookups: 1}
		u.reads = u.rows * (1 + rng.Float64())
		for _, v := range vars {
			if u.vars>>v&1 == 0 {
				u.vars |= 1 << v
				u.domains = append(u.domains, domain{v, max(1, u.rows*rng.Float64())})
			}
		}
		return u
	}
	if rng.IntN(2) == 0 {
		o.groups = append(o.groups, of(rng.IntN(4)))
	}
	for i := range 3 + rng.IntN(4) {
		o.operands = append(o.operands, of(rng.IntN(i+1), i+1))
	}
	if rng.IntN(2) == 0 {
		one, other := rng.IntN(4), rng.IntN(4)
		o.conditions = append(o.conditions, condition{1<<one | 1<<other, 0.5})
		o.functions = append(o.functions, function{1 << rng.IntN(4), 1 << (4 + rng.IntN(6))})
	}
	return o
}
