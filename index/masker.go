package index

import (
	"cmp"
	"context"
	"slices"
)

// A masker goes through open facts, and leaves out those that closings of newer runs and levels end. It meets each closing in turn, so that open
// facts between which there are none are handed on as they lie, and nothing else need be merged with closings.
type masker struct {
	relay
	order  Order
	lens   *lens
	by     []source
	err    *error   // of a value that was to be compared
	hidden []int    // of the next facts of rest, in their order
	places []uint32 // of those that are left
}

// masked takes the closings out of some sources, newest first, and has each source of open facts go round those of the sources before it.
func (c *Cursor) masked(sources []source) []source {
	var by []source
	out := sources[:0]
	for _, s := range sources {
		switch {
		case s.class == closing:
			by = append(by, s)
			continue
		case s.class == current && len(by) > 0:
			m := &masker{relay: relay{s.walk, s.span}, order: c.order, lens: &c.lens, by: slices.Clone(by), err: &c.merger.err}
			for i := range m.by {
				m.by[i].walk = again(by[i].walk)
			}
			s = source{walk: m, class: s.class, role: s.role}
		}
		out = append(out, s)
	}
	return out
}

// again returns a feeder like one that has not fed anything yet.
func again(f feeder) feeder {
	switch f := f.(type) {
	case *walk:
		w := *f
		w.path = w.steps[:0]
		return &w
	case *keyWalk:
		w := *f
		return &w
	case *keyRun:
		w := *f
		return &w
	}
	return f
}

// feed returns some facts that are not masked.
func (m *masker) feed(ctx context.Context) (span, error) {
	for {
		if more, err := m.more(ctx); !more {
			return span{}, err
		}
		x := m.rest
		x.to = min(x.to, x.at+batchSize)
		if err := m.meet(ctx, &x); err != nil {
			return span{}, err
		}
		m.rest.at = x.to
		if len(m.hidden) == 0 {
			return x, nil
		}
		if x = m.without(&x); x.len() > 0 {
			return x, nil
		}
		if err := ctx.Err(); err != nil {
			return span{}, err
		}
	}
}

// meet notes which facts of a span closings end.
func (m *masker) meet(ctx context.Context, x *span) error {
	m.hidden = m.hidden[:0]
	for k := range m.by {
		y := &m.by[k]
		for i := x.at; i < x.to; {
			if y.len() == 0 {
				if y.walk == nil {
					break
				}
				var err error
				if y.span, err = y.walk.feed(ctx); err != nil {
					return err
				}
				if y.len() == 0 {
					y.walk = nil
					break
				}
			}
			i = m.match(x, i, y)
		}
	}
	if len(m.by) > 1 {
		slices.Sort(m.hidden)
	}
	return *m.err
}

// match goes through a span from one of its facts on, and through closings, until one of them ends; it returns where it is in the span.
func (m *masker) match(x *span, i int, y *source) int {
	led := m.order == AEVT && x.A[x.place(i)] == y.A[y.place(y.to-1)] && x.A[x.place(x.to-1)] == y.A[y.place(y.at)]
	at := y.at
	for i < x.to && at < y.to {
		p, q := x.place(i), y.place(at)
		if led && x.E[p] != y.E[q] {
			if e, f := x.E[p], y.E[q]; e < f {
				i = x.passEntity(i, f)
			} else {
				at = y.passEntity(at, e)
			}
			continue
		}
		switch order := m.compare(x.columns, p, y.columns, q, led); {
		case order == 0:
			if y.role == mask || y.End[q] <= m.lens.bound {
				m.hidden = append(m.hidden, i)
			}
			i, at = i+1, at+1
		case order < 0:
			i = gallop(i+1, x.to, func(k int) bool { return m.compare(x.columns, x.place(k), y.columns, q, false) >= 0 })
		default:
			at = gallop(at+1, y.to, func(k int) bool { return m.compare(y.columns, y.place(k), x.columns, p, false) >= 0 })
		}
	}
	y.at = at
	return i
}

// passEntity returns where in the span, from a place on at which a smaller one stands, the facts of an entity or of those behind it begin.
func (x *span) passEntity(at int, e ID) int {
	if at++; at == x.to || x.E[x.place(at)] >= e {
		return at
	}
	return gallop(at+1, x.to, func(k int) bool { return x.E[x.place(k)] >= e })
}

// compare orders two facts; led tells that they have one entity and attribute.
func (m *masker) compare(c *columns, i int, d *columns, j int, led bool) int {
	if !led || c.V.Kinds[i] != KindLong || d.V.Kinds[j] != KindLong {
		return m.order.compareAt(c, i, d, j)
	}
	if order := cmp.Compare(int64(c.V.Words[i]), int64(d.V.Words[j])); order != 0 {
		return order
	}
	return cmp.Compare(d.Tx[j], c.Tx[i])
}

// without returns what is left of a span.
func (m *masker) without(x *span) span {
	m.places = m.places[:0]
	at := x.at
	for _, hidden := range append(m.hidden, x.to) {
		for ; at < hidden; at++ {
			m.places = append(m.places, uint32(x.place(at)))
		}
		at++
	}
	return span{columns: x.columns, places: m.places, to: len(m.places)}
}
