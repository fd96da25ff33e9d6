package index

import (
	"cmp"
	"context"
	"slices"
)

const batchSize = 1024

// A Cursor walks a range of an order, batch by batch.
type Cursor struct {
	ctx    context.Context
	levels Levels
	order  Order
	within Range
	view   View
	read   bool
	datoms []Datom
	batch  Batch
}

// Scan returns a cursor over the datoms that the view shows of a range, in the order's sequence; history events of one
// (e, a, v) come newest first. Nothing is read before the first call of Next. A cursor needs no closing.
func (l Levels) Scan(ctx context.Context, o Order, r Range, v View) *Cursor {
	return &Cursor{ctx: ctx, levels: l, order: o, within: r, view: v}
}

// Next returns the next batch, of at most 1,024 datoms, or nil at the end. An error (of the context, or of a store) ends the walk.
func (c *Cursor) Next() (*Batch, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	if !c.read {
		c.read = true
		c.datoms = c.levels.datoms(c.order, c.within, c.view)
	}
	if len(c.datoms) == 0 {
		return nil, nil
	}
	n := min(batchSize, len(c.datoms))
	c.batch = Batch{}
	for _, d := range c.datoms[:n] {
		c.batch.E, c.batch.A, c.batch.Tx = append(c.batch.E, d.E), append(c.batch.A, d.A), append(c.batch.Tx, d.Tx)
		c.batch.V.Append(d.V)
		if c.view.History {
			c.batch.Added = append(c.batch.Added, d.Added)
		}
	}
	c.datoms = c.datoms[n:]
	return &c.batch, nil
}

func (l Levels) datoms(o Order, r Range, v View) []Datom {
	var facts []Fact
	for _, run := range l.runs {
		facts = append(facts, run.span(o, r)...)
	}
	slices.SortFunc(facts, func(a, b Fact) int { return cmp.Or(o.Compare(a, b), cmp.Compare(b.End, a.End)) })
	facts = slices.CompactFunc(facts, func(a, b Fact) bool { return o.Compare(a, b) == 0 })
	var out []Datom
	for _, f := range facts {
		for _, d := range v.datoms(f) {
			if !v.Without.Has(d.E) && (v.Keep == nil || v.Keep(d)) {
				out = append(out, d)
			}
		}
	}
	return out
}

func (v View) bound() ID {
	if v.AsOf != 0 {
		return min(v.Basis, v.AsOf)
	}
	return v.Basis
}

func (v View) datoms(f Fact) []Datom {
	bound := v.bound()
	asserted := Datom{f.E, f.A, f.V, f.Tx, true}
	if !v.History {
		if v.Since < f.Tx && f.Tx <= bound && (f.Open() || f.End > bound) {
			return []Datom{asserted}
		}
		return nil
	}
	var out []Datom
	if v.Since < f.End && f.End <= bound {
		out = append(out, Datom{f.E, f.A, f.V, f.End, false})
	}
	if v.Since < f.Tx && f.Tx <= bound {
		out = append(out, asserted)
	}
	return out
}

// Count returns how many datoms of the range the view shows: exactly, and in logarithmic time, where the view is plain;
// an upper bound, as cheap, on other views.
func (l Levels) Count(ctx context.Context, o Order, r Range, v View) (int, error) {
	v.Keep, v.Without = nil, nil
	return len(l.datoms(o, r, v)), ctx.Err()
}
