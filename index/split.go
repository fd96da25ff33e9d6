package index

import (
	"cmp"
	"context"
	"slices"
)

// Split divides a range into up to n ranges with about as many facts each, in the order's sequence, for who reads them beside each other: each
// fact of the range that the view may show lies in one of them. Facts whose first so many components are equal stay together. It looks at a few
// facts of each run and level for each range.
func (l Levels) Split(ctx context.Context, o Order, within Range, v View, n, together int) ([]Range, error) {
	lens := v.lens()
	all, facts, err := l.holding(ctx, o, &within, &lens)
	if err != nil {
		return nil, err
	}
	cuts, err := all.pick(splitLooks*n, facts)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(cuts, func(a, b pickedFact) int { return cmp.Or(o.Compare(a.Fact, b.Fact), cmp.Compare(a.facts, b.facts)) })
	out, rest := make([]Range, 0, n), within
	before := 0
	for _, c := range cuts {
		cut := Cut{Parts: together, Key: c.Fact}
		if n*before >= (len(out)+1)*facts && cut.compare(o, &rest.Lo) > 0 {
			out = append(out, Range{rest.Lo, cut})
			rest.Lo = cut
		}
		before += c.facts
	}
	return append(out, rest), ctx.Err()
}

// splitLooks is how many facts are looked at for each range.
const splitLooks = 8
