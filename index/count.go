package index

import "context"

// Count returns how many datoms of the range the view shows: exactly, and in logarithmic time, where the view is plain;
// an upper bound, as cheap, on other views. It is also exact on the history without bounds.
func (l Levels) Count(ctx context.Context, o Order, r Range, v View) (int, error) {
	lens, n := v.lens(), 0
	if x, at := l.materialOf(o, &r, &lens); x != nil {
		shown := x.within(o, &r)
		n, l = shown.len(), Levels{runs: l.runs[:at]}
	}
	for _, run := range l.runs {
		if run.misses(o, &r) {
			continue
		}
		for k := range dropped {
			if weight := lens.weight(lens.role(run.oldest, run.newest, k), k); weight != 0 {
				x := run.part(k).span(o, &r)
				n += weight * x.len()
			}
		}
	}
	for _, level := range l.stored {
		below, err := level.count(ctx, o, &r, &lens)
		if err != nil {
			return 0, err
		}
		n += below
	}
	return n, ctx.Err()
}

// materialOf returns the material that is there of what a view of the past shows of a range, and how many runs lie above it; nil where none is.
func (l Levels) materialOf(o Order, r *Range, lens *lens) (x *span, above int) {
	if len(l.stored) == 0 || lens.bound >= l.stored[0].newest {
		return nil, 0
	}
	c := Cursor{levels: l, order: o, within: *r, lens: *lens}
	a, ok := c.ofOne()
	if !ok {
		return nil, 0
	}
	made, above := c.found(a, l.laterThan(lens.bound))
	if made == nil {
		return nil, 0
	}
	return &span{columns: made, to: made.len()}, above
}

// weight returns how many datoms a fact of a class can show. A closing that only masks takes one away: its open fact is in an
// older run, which counts it, unless that was before since.
func (l *lens) weight(r role, k class) int {
	switch {
	case r == unread:
		return 0
	case l.history && k == past:
		return 2
	case l.history || k == current:
		return 1
	case r == mask && l.since == 0:
		return -1
	case k == past:
		return 1
	}
	return 0
}
