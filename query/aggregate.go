package query

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/datolite/datolite/index"
)

// An aggregate computes a value from the bag of a group, which has at least one value. It takes up to max arguments before.
type aggregate struct {
	min, max int
	eval     func(o *objects, args, bag []index.Value) (index.Value, error)
}

var aggregates = map[string]aggregate{
	"count": {0, 0, func(_ *objects, _, bag []index.Value) (index.Value, error) { return index.Long(int64(len(bag))), nil }},
	"count-distinct": {0, 0, func(_ *objects, _, bag []index.Value) (index.Value, error) {
		return index.Long(int64(len(distinct(bag)))), nil
	}},
	"distinct": {0, 0, func(_ *objects, _, bag []index.Value) (index.Value, error) {
		return index.NewTuple(distinct(bag)...), nil
	}},
	"sum":      {0, 0, sum},
	"avg":      {0, 0, average},
	"median":   {0, 0, median},
	"variance": {0, 0, variance},
	"stddev":   {0, 0, deviation},
	"min":      {0, 1, least(1)},
	"max":      {0, 1, least(-1)},
	"rand":     {0, 1, random},
	"sample":   {1, 1, sampled},
}

// picks are the aggregates whose results are among the values of the bag.
var picks = []string{"min", "max", "rand", "sample", "distinct"}

// first returns the row in the table that equals another row of its columns, and −1 where there is none.
func (t *table) first(row int32) int32 {
	h := t.hashes[row]
	for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
		if t.hashes[at-1] == h && equalRows(t.cols, at-1, t.cols, row) {
			return at - 1
		}
	}
	return -1
}

// distinct returns the values of a bag once each, in the order in which they come.
func distinct(bag []index.Value) []index.Value {
	seen := make(map[index.Value]bool, len(bag))
	var out []index.Value
	for _, v := range bag {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// sum adds numbers; longs that overflow become a bigint, floats a double.
func sum(o *objects, _, bag []index.Value) (index.Value, error) {
	acc := index.Long(0)
	for _, v := range bag {
		next, err := addition.apply(o, acc, v)
		if errors.Is(err, errOverflow) && acc.Kind() == index.KindLong && v.Kind() == index.KindLong {
			next, err = index.BigInt(acc.BigInt().Add(acc.BigInt(), v.BigInt())), nil
		}
		if err != nil {
			return acc, err
		}
		acc = next
	}
	return acc, nil
}

// average returns the mean as a double.
func average(o *objects, _, bag []index.Value) (index.Value, error) {
	total, err := sum(o, nil, bag)
	if err != nil {
		return total, err
	}
	return index.Double(toDouble(total) / float64(len(bag)))
}

// median returns the middle number, and of an even count the mean of the middle two as a double.
func median(o *objects, _, bag []index.Value) (index.Value, error) {
	sorted := slices.Clone(bag)
	for _, v := range sorted {
		if !v.Kind().Number() {
			return v, fmt.Errorf("%s is no number", o.text(v))
		}
	}
	slices.SortFunc(sorted, index.CompareNumbers)
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half], nil
	}
	return average(o, nil, sorted[half-1:half+1])
}

// variance is that of the whole population.
func variance(o *objects, _, bag []index.Value) (index.Value, error) {
	mean, err := average(o, nil, bag)
	if err != nil {
		return mean, err
	}
	total := 0.0
	for _, v := range bag {
		d := toDouble(v) - mean.Double()
		total += d * d
	}
	return index.Double(total / float64(len(bag)))
}

func deviation(o *objects, _, bag []index.Value) (index.Value, error) {
	v, err := variance(o, nil, bag)
	if err != nil {
		return v, err
	}
	return index.Double(math.Sqrt(v.Double()))
}

// least returns the first value in ascending (1) or descending (−1) order, or as many as the argument says.
func least(direction int) func(*objects, []index.Value, []index.Value) (index.Value, error) {
	return func(_ *objects, args, bag []index.Value) (index.Value, error) {
		order := func(a, b index.Value) int { return direction * index.Compare(a, b) }
		if len(args) == 0 {
			return slices.MinFunc(bag, order), nil
		}
		n, err := howMany(args[0])
		sorted := slices.Clone(bag)
		slices.SortFunc(sorted, order)
		return index.NewTuple(sorted[:min(n, len(sorted))]...), err
	}
}

// maxPicked is how many values rand may be asked for.
const maxPicked = 1 << 20

func howMany(v index.Value) (int, error) {
	if v.Kind() != index.KindLong || v.Long() < 0 {
		return 0, errors.New("the number of values is an integer, 0 or greater")
	}
	return int(min(v.Long(), math.MaxInt32)), nil
}

// random returns a value by chance, or as many as the argument says, repeats among them.
func random(_ *objects, args, bag []index.Value) (index.Value, error) {
	if len(args) == 0 {
		return bag[rand.IntN(len(bag))], nil
	}
	n, err := howMany(args[0])
	if n > maxPicked {
		return args[0], fmt.Errorf("at most %d values can be asked for", maxPicked)
	}
	out := make([]index.Value, n)
	for i := range out {
		out[i] = bag[rand.IntN(len(bag))]
	}
	return index.NewTuple(out...), err
}

// sampled returns distinct values by chance, at most as many as the argument says.
func sampled(_ *objects, args, bag []index.Value) (index.Value, error) {
	n, err := howMany(args[0])
	out := distinct(bag)
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return index.NewTuple(out[:min(n, len(out))]...), err
}
