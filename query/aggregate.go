package query

import (
	"errors"
	"fmt"
	"maps"
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

// keepsKind are the aggregates whose results are among the values of the bag; returnsMany those that can return several.
var (
	keepsKind   = []string{"min", "max", "rand", "sample", "distinct"}
	returnsMany = keepsKind
)

// aggregate returns the columns of :find, one row for each group of rows that agree in what is not aggregated.
func (r *run) aggregate(basis *relation) ([]index.Vector, int, error) {
	var keys []variable
	for _, f := range r.q.find {
		if f.agg == "" {
			keys = append(keys, f.v)
		}
	}
	groups, err := r.grouped(basis, keys)
	if err != nil {
		return nil, 0, err
	}
	firsts := make([]int32, len(groups))
	for i, g := range groups {
		firsts[i] = g[0]
	}
	cols := make([]index.Vector, len(r.q.find))
	for i := range r.q.find {
		f := &r.q.find[i]
		values := &basis.cols[basis.column(f.v)]
		if f.agg == "" {
			cols[i] = gather(values, firsts)
			continue
		}
		if err := r.aggregateColumn(f, values, groups, &cols[i]); err != nil {
			return nil, 0, err
		}
	}
	return cols, len(groups), nil
}

// grouped returns the rows of each group, in the order of their first rows.
func (r *run) grouped(basis *relation, keys []variable) ([][]int32, error) {
	if basis.n == 0 {
		return nil, nil
	}
	cols := basis.columnsOf(keys)
	if len(keys) == 0 {
		all := make([]int32, basis.n)
		for i := range all {
			all[i] = int32(i)
		}
		return [][]int32{all}, nil
	}
	var out [][]int32
	t := newTable(cols, basis.n)
	of := make([]int32, basis.n)
	for i := range int32(basis.n) {
		if err := r.tick(int(i)); err != nil {
			return nil, err
		}
		first := t.first(i)
		if t.insert(i) {
			of[i] = int32(len(out))
			out = append(out, nil)
		} else {
			of[i] = of[first]
		}
		out[of[i]] = append(out[of[i]], i)
	}
	return out, nil
}

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

// aggregateColumn computes an aggregate of every group.
func (r *run) aggregateColumn(f *findElem, values *index.Vector, groups [][]int32, out *index.Vector) error {
	eval, err := r.aggregator(f)
	if err != nil {
		return err
	}
	for i, g := range groups {
		if err := r.tick(i); err != nil {
			return err
		}
		bag := make([]index.Value, len(g))
		for k, row := range g {
			bag[k] = values.At(int(row))
		}
		v, err := eval(bag)
		if err != nil {
			return errorAt(f.pos, fmt.Errorf("%w: %w", ErrCall, err), "%s: %v", f.written, err)
		}
		out.Append(v)
	}
	return nil
}

// aggregator returns what computes the aggregate of a column: one of the host, or a builtin.
func (r *run) aggregator(f *findElem) (func(bag []index.Value) (index.Value, error), error) {
	args, err := r.aggregateArgs(f)
	if err != nil {
		return nil, err
	}
	if h, ok := r.hostFunc(f.agg); ok {
		if err := h.checkArgs(len(args) + 1); err != nil {
			return nil, errorAt(f.pos, err, "%s: %v", f.written, err)
		}
		return func(bag []index.Value) (index.Value, error) { return r.hostAggregate(h, args, bag) }, nil
	}
	a, ok := aggregates[f.agg]
	if !ok {
		known := slices.Collect(maps.Keys(aggregates))
		return nil, errorAt(f.pos, ErrAggregate, "unknown aggregate %s%s", f.agg, didYouMean(f.agg, known, ""))
	}
	if len(args) < a.min || len(args) > a.max {
		return nil, errorAt(f.pos, ErrAggregate, "%s: wrong number of arguments", f.written)
	}
	return func(bag []index.Value) (index.Value, error) { return a.eval(r.objects, args, bag) }, nil
}

// aggregateArgs returns the arguments before the variable: constants, and inputs of one value.
func (r *run) aggregateArgs(f *findElem) ([]index.Value, error) {
	var out []index.Value
	for _, t := range f.args {
		switch t.kind {
		case constantTerm:
			v, err := r.objects.value(t.c)
			if err != nil {
				return nil, errorAt(t.pos, ErrAggregate, "%v", err)
			}
			out = append(out, v)
		case variableTerm:
			col, n, ok := r.hidden.column(t.v)
			if !ok || n != 1 {
				return nil, errorAt(t.pos, ErrAggregate, "%s must be one value of :in", r.q.names[t.v])
			}
			out = append(out, col.At(0))
		default:
			return nil, errorAt(t.pos, ErrAggregate, "%s: an aggregate takes no source", f.written)
		}
	}
	return out, nil
}

func (r *run) hostAggregate(h *hostFunc, args, bag []index.Value) (index.Value, error) {
	plain := make([]any, 0, len(args)+1)
	for _, a := range args {
		plain = append(plain, r.objects.plain(a))
	}
	all := make([]any, len(bag))
	for i, v := range bag {
		all[i] = r.objects.plain(v)
	}
	out, err := h.call(r.ctx, append(plain, all))
	if err != nil {
		return index.Value{}, err
	}
	return r.result(out)
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
