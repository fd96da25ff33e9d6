package index

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// An ascent is facts of one piece whose entities ascend, and all of which hold: so many come where new entities are asserted. Facts in
// ascents into which nothing else reaches need not be sorted, but for those of one entity.
type ascent struct {
	piece
	at int // where the first one comes to lie
}

func (x *ascent) first() ID { return x.facts[0].E }
func (x *ascent) last() ID  { return x.facts[len(x.facts)-1].E }

// mostAscents is how many ascents a piece has at most; one of more is sorted as a whole.
const mostAscents = 8

// ascents divides pieces into the ascents of those that are large, by their entities, and the small pieces; there are none if a large piece
// has something else.
func ascents(pieces []piece) (list []ascent, small []piece) {
	var large []piece
	for _, p := range pieces {
		if len(p.facts) >= bulky {
			large = append(large, p)
		} else {
			small = append(small, p)
		}
	}
	parts := make([][]ascent, len(large))
	together(len(large), func(i int) { parts[i] = large[i].ascents() })
	for _, part := range parts {
		if part == nil {
			return nil, nil
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, func(x, y ascent) int { return cmp.Compare(x.first(), y.first()) })
	return list, small
}

// ascents returns the ascents of a piece; none where it has something else.
func (p *piece) ascents() (list []ascent) {
	from := 0
	for i := range p.facts {
		switch f := &p.facts[i]; {
		case !f.Open() || len(list) == mostAscents:
			return nil
		case i > 0 && f.E < p.facts[i-1].E:
			list = append(list, ascent{piece: piece{p.facts[from:i], p.in[from:i]}})
			from = i
		}
	}
	return append(list, ascent{piece: piece{p.facts[from:], p.in[from:]}})
}

// layAscents turns facts into columns if most of them lie in ascents, and reports whether they do.
func (r *Run) layAscents(pieces []piece) bool {
	list, small := ascents(pieces)
	if len(list) == 0 {
		return false
	}
	n := 0
	for i := range list {
		n += len(list[i].facts)
	}
	rest := sorted(small, r.size-n)
	classes, counts := classify(small, rest, r.bottom)
	for c := range r.parts {
		r.parts[c] = newSequence(counts[c], class(c) != current)
	}
	r.parts[current] = &sequence{columns: filledColumns(n+counts[current], r.text > 0)}
	return r.layRest(small, rest, classes, list) && r.parts[current].layAscents(list)
}

// filledColumns returns columns of n facts that are to be set.
func filledColumns(n int, texts bool) columns {
	c := newColumns(n, false)
	c.E, c.A, c.Tx, c.in = c.E[:n], c.A[:n], c.Tx[:n], c.in[:n]
	c.V.Kinds, c.V.Words = c.V.Kinds[:n], c.V.Words[:n]
	if texts {
		c.V.Texts = make([]string, n)
	}
	return c
}

// layRest puts what does not lie in ascents into columns, and tells the ascents where they come to lie; false where one reaches into another,
// or something into it.
func (r *Run) layRest(pieces []piece, rest []keyed, classes []class, list []ascent) bool {
	at := 0
	lay := func(before ID) {
		for ; len(rest) > 0 && rest[0].e < before; rest, classes = rest[1:], classes[1:] {
			k, in := &rest[0], pieces[rest[0].piece].in[rest[0].place]
			switch c := classes[0]; c {
			case dropped:
			case current:
				r.parts[current].set(at, k.in(pieces), in)
				at++
			default:
				r.parts[c].append(k.in(pieces), in)
			}
		}
	}
	for i := range list {
		x := &list[i]
		lay(x.first())
		if len(rest) > 0 && rest[0].e <= x.last() || i+1 < len(list) && list[i+1].first() <= x.last() {
			return false
		}
		x.at, at = at, at+len(x.facts)
	}
	lay(math.MaxInt64)
	return true
}

// layAscents sets the facts of ascents, and reports whether those of each entity are nearly in order.
func (c *columns) layAscents(list []ascent) bool {
	var disorder atomic.Bool
	together(len(list), func(i int) {
		if !c.layAscent(&list[i]) {
			disorder.Store(true)
		}
	})
	return !disorder.Load()
}

func (c *columns) layAscent(x *ascent) bool {
	from := x.at // of the entity
	for i := range x.facts {
		f, at := &x.facts[i], x.at+i
		c.set(at, f, x.in[i])
		if i == 0 || c.E[at-1] < f.E {
			from = at
		} else if c.A[at-1] >= f.A && !c.settle(from, at) {
			return false
		}
	}
	return true
}

// set sets the i-th fact, which is open.
func (c *columns) set(i int, f *Fact, in membership) {
	c.E[i], c.A[i], c.Tx[i], c.in[i] = f.E, f.A, f.Tx, in
	c.V.Kinds[i], c.V.Words[i] = f.V.kind, f.V.word
	if c.V.Texts != nil {
		c.V.Texts[i] = f.V.text
	}
}

// settle moves a fact to its place among those of its entity, which begin at from, and reports whether it is near and nothing else has it.
func (c *columns) settle(from, at int) bool {
	for last := at; at > from; at-- {
		order := EAVT.compareAt(c, at-1, c, at)
		if order < 0 {
			return true
		}
		if order == 0 || last-at >= nearby {
			return false
		}
		c.swap(at-1, at)
	}
	return true
}

func (c *columns) swap(i, j int) {
	f, in := *c.fact(i), c.in[i]
	c.set(i, c.fact(j), c.in[j])
	c.set(j, &f, in)
}

// together calls work for each number below n, and returns when all that is done.
func together(n int, work func(i int)) {
	var jobs sync.WaitGroup
	for i := range n {
		jobs.Go(func() { work(i) })
	}
	jobs.Wait()
}
