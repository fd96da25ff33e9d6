package index

import "context"

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
	c := l.Scan(ctx, AVET, within, v)
	c.most = 1
	b, err := c.Next()
	if b == nil || err != nil {
		return Value{}, false, err
	}
	return b.V.At(0), true, nil
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
	picked, err := l.pickValues(ctx, a)
	if err != nil {
		return 0, err
	}
	sum, n := 0.0, 0
	for _, value := range picked {
		count := 0
		if count, err = l.Count(ctx, AVET, Prefix(2, Fact{A: a, V: value}), v); err != nil {
			return 0, err
		}
		if count > 0 { // else what was picked is over
			sum, n = sum+1/float64(count), n+1
		}
	}
	if n == 0 {
		return countedValues, nil
	}
	return min(max(countedValues, int(float64(of.Facts)*sum/float64(n))), of.Facts), nil
}

// pickValues returns the values of facts of an attribute that lie at equal distances in the runs and trees of AVET.
func (l Levels) pickValues(ctx context.Context, a ID) ([]Value, error) {
	within := Prefix(1, Fact{A: a})
	var picked []Value
	total := 0
	counts := make([]int, 0, len(l.runs)+len(l.stored))
	firsts := make([]int, 0, cap(counts))
	for _, r := range l.runs {
		x := r.part(current).span(AVET, &within)
		counts, firsts, total = append(counts, x.len()), append(firsts, x.at), total+x.len()
	}
	for _, s := range l.stored {
		t := s.trees[AVET][current]
		lo, err := t.rank(ctx, &s.reader, &within.Lo)
		if err != nil {
			return nil, err
		}
		hi, err := t.rank(ctx, &s.reader, &within.Hi)
		if err != nil {
			return nil, err
		}
		n := max(0, hi-lo)
		counts, firsts, total = append(counts, n), append(firsts, lo), total+n
	}
	for i := range min(total, pickedValues) {
		at, source := (2*i+1)*total/(2*min(total, pickedValues)), 0
		for at >= counts[source] {
			at -= counts[source]
			source++
		}
		value, err := l.nthValue(ctx, source, firsts[source]+at)
		if err != nil {
			return nil, err
		}
		picked = append(picked, value)
	}
	return picked, nil
}

// nthValue returns the value of the n-th fact that holds in AVET of a run, or of a level, which are numbered behind the runs.
func (l Levels) nthValue(ctx context.Context, source, n int) (Value, error) {
	if source < len(l.runs) {
		s := l.runs[source].part(current)
		return s.V.At(int(s.inOrder(AVET)[n])), nil
	}
	s := l.stored[source-len(l.runs)]
	f, err := s.trees[AVET][current].nth(ctx, &s.reader, n)
	if err != nil {
		return Value{}, err
	}
	return f.V, nil
}
