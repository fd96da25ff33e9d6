package index

import (
	"context"
	"math"
)

// Values is what is known of the values of an attribute, without reading them all.
type Values struct {
	Facts    int   // how many hold, exactly
	Distinct int   // how many values there are among them
	Exact    bool  // Distinct is no estimate
	Min, Max Value // the first and the last one, exactly; nil where there is none
}

// How many values are counted one by one, and how many are picked where there are more.
const (
	countedValues = 64
	pickedValues  = 64
)

// Values returns what is known of the values of an attribute in AVET, of those that hold at the view's basis. A few values are counted. Of more,
// some are picked at equal distances, and each is asked how many facts have it: the mean of the reciprocals tells how many values
// come to a fact, whatever their distribution. It reads a few leaves, and the same values always come to the same.
func (l Levels) Values(ctx context.Context, a ID, v View) (out Values, err error) {
	within := Prefix(1, Fact{A: a})
	if out.Facts, err = l.Count(ctx, AVET, within, v); out.Facts == 0 || err != nil {
		return Values{}, err
	}
	if out.Min, out.Exact, err = l.firstValue(ctx, within, v); err != nil || !out.Exact {
		return Values{}, err
	}
	if out.Max, err = l.lastValue(ctx, within, v); err != nil {
		return Values{}, err
	}
	if out.Distinct, out.Exact, err = l.countValues(ctx, a, out.Min, v); err != nil || out.Exact {
		return out, err
	}
	out.Distinct, err = l.estimateValues(ctx, a, out, v)
	return out, err
}

// firstValue returns the first value of a range of AVET, if it has one.
func (l Levels) firstValue(ctx context.Context, within Range, v View) (Value, bool, error) {
	d, found, err := l.First(ctx, AVET, within, v)
	return d.V, found, err
}

// lastValue returns the last value of a range of AVET; nil where there is none.
func (l Levels) lastValue(ctx context.Context, within Range, v View) (last Value, err error) {
	for more, found := true, false; more && !found; {
		c := l.Scan(ctx, AVET, within, v)
		if within, more, err = c.Last(1); err != nil {
			return last, err
		}
		for {
			b, err := c.Next()
			if err != nil {
				return last, err
			}
			if b == nil {
				break
			}
			last, found = b.V.At(b.Len()-1), true
		}
	}
	return last, nil
}

// countValues counts values from the first one on, each of which it leaps over, and reports whether those are all.
func (l Levels) countValues(ctx context.Context, a ID, first Value, v View) (n int, all bool, err error) {
	rest := Prefix(1, Fact{A: a})
	for value, more := first, true; more; n++ {
		if n == countedValues {
			return n, false, nil
		}
		rest.Lo = Cut{Parts: 2, Key: Fact{A: a, V: value}, After: true}
		if value, more, err = l.firstValue(ctx, rest, v); err != nil {
			return 0, false, err
		}
	}
	return n, true, nil
}

// estimateValues estimates how many values there are.
func (l Levels) estimateValues(ctx context.Context, a ID, of Values, v View) (int, error) {
	within, all := Prefix(1, Fact{A: a}), lens{bound: math.MaxInt64}
	there, facts, err := l.holding(ctx, AVET, &within, &all)
	if err != nil {
		return 0, err
	}
	picked, err := there.pick(pickedValues, facts)
	if err != nil {
		return 0, err
	}
	sum, weight := 0.0, 0.0
	for _, p := range picked {
		count, err := l.Count(ctx, AVET, Prefix(2, Fact{A: a, V: p.V}), v)
		if err != nil {
			return 0, err
		}
		if count > 0 { // else what was picked is over
			sum, weight = sum+float64(p.facts)/float64(count), weight+float64(p.facts)
		}
	}
	if weight == 0 {
		return countedValues, nil
	}
	return min(max(countedValues, int(float64(of.Facts)*sum/weight)), of.Facts), nil
}
