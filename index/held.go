package index

import "context"

// A held is the facts of one run or tree that a view may show, in a range.
type held struct {
	facts int
	nth   func(n int) (Fact, error)
}

type heldFacts []held

// holding returns what the runs and trees have in a range that a lens may show, and how many facts that is.
func (l Levels) holding(ctx context.Context, o Order, within *Range, lens *lens) (all heldFacts, facts int, err error) {
	for _, r := range l.runs {
		for k := range dropped {
			if role := lens.role(r.oldest, r.newest, k); role == unread || role == mask {
				continue
			}
			x := r.part(k).span(o, within)
			all = append(all, held{x.len(), func(n int) (Fact, error) { return x.factAt(x.place(x.at + n)), nil }})
			facts += x.len()
		}
	}
	for _, s := range l.stored {
		for k, t := range s.trees[o] {
			if role := lens.role(s.oldest, s.newest, class(k)); role == unread || role == mask {
				continue
			}
			lo, err := t.rank(ctx, &s.reader, &within.Lo)
			if err != nil {
				return nil, 0, err
			}
			hi, err := t.rank(ctx, &s.reader, &within.Hi)
			if err != nil {
				return nil, 0, err
			}
			all = append(all, held{max(0, hi-lo), func(n int) (Fact, error) { return t.nth(ctx, &s.reader, lo+n) }})
			facts += max(0, hi-lo)
		}
	}
	return all, facts, nil
}

// A pickedFact stands for some facts.
type pickedFact struct {
	Fact
	facts int
}

// pick picks about n of the facts, of each run or tree at equal distances, and at least one of each that has some.
func (all heldFacts) pick(n, facts int) ([]pickedFact, error) {
	picked := make([]pickedFact, 0, n+len(all))
	for _, h := range all {
		some := min(h.facts, (n*h.facts+facts-1)/max(1, facts))
		for i := range some {
			f, err := h.nth((2*i + 1) * h.facts / (2 * some))
			if err != nil {
				return nil, err
			}
			picked = append(picked, pickedFact{f, (i+1)*h.facts/some - i*h.facts/some})
		}
	}
	return picked, nil
}
