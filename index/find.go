package index

import "context"

// Found is what Find found. It shares memory with the database, and must not be changed.
type Found struct{ in span }

// Len returns how many datoms were found.
func (f *Found) Len() int { return f.in.len() }

// E returns the entity of the i-th datom.
func (f *Found) E(i int) ID { return f.in.E[f.in.place(f.in.at+i)] }

// A returns the attribute of the i-th datom.
func (f *Found) A(i int) ID { return f.in.A[f.in.place(f.in.at+i)] }

// V returns the value of the i-th datom.
func (f *Found) V(i int) Value { return f.in.V.At(f.in.place(f.in.at + i)) }

// Tx returns the transaction of the i-th datom.
func (f *Found) Tx(i int) ID { return f.in.Tx[f.in.place(f.in.at+i)] }

// Find returns the datoms that the view shows of a range, in the order's sequence, all at once: it is for ranges of few. Mostly these
// lie beside each other in one place, and are found there by a search and neither merged nor copied. A view of history is taken for one of
// what holds.
func (l Levels) Find(ctx context.Context, o Order, r *Range, v *View) (Found, error) {
	if err := ctx.Err(); err != nil {
		return Found{}, err
	}
	f := finder{order: o, lens: v.lens()}
	f.lens.history = false
	for _, run := range l.runs {
		if !f.run(run, r) {
			return l.gathered(ctx, o, r, v)
		}
	}
	for _, level := range l.stored {
		switch alone, err := f.level(ctx, level, r); {
		case err != nil:
			return Found{}, err
		case !alone:
			return l.gathered(ctx, o, r, v)
		}
	}
	return Found{f.lens.shown(f.there, f.role)}, nil
}

// A finder looks for the one place in which all lies that a view shows of a range.
type finder struct {
	order Order
	lens  lens
	there span // what was found, as it lies there
	role  role
}

// found takes what a run or tree has of the range; it reports whether that is all there is, as far as is known.
func (f *finder) found(x span, as role) bool {
	if x.len() == 0 {
		return true
	}
	if f.there.len() > 0 || as == mask {
		return false
	}
	f.there, f.role = x, as
	return true
}

func (f *finder) run(r *Run, within *Range) bool {
	if r.misses(f.order, within) {
		return true
	}
	for k := range dropped {
		role := f.lens.role(r.oldest, r.newest, k)
		if role == unread {
			continue
		}
		if s := r.part(k); s.len() > 0 && !f.found(s.span(f.order, within), role) {
			return false
		}
	}
	return true
}

func (f *finder) level(ctx context.Context, l *Level, within *Range) (bool, error) {
	for k, t := range l.trees[f.order] {
		if t.top.facts == 0 {
			continue
		}
		role := f.lens.role(l.oldest, l.newest, class(k))
		if role == unread {
			continue
		}
		x, whole, err := t.find(ctx, &l.reader, within)
		if err != nil || !whole || !f.found(x, role) {
			return false, err
		}
	}
	return true, nil
}

// shown returns those facts of a span that show.
func (l lens) shown(x span, as role) span {
	if x.len() == 0 || as == whole && l.plain() {
		return x
	}
	c := Cursor{lens: l}
	places := make([]uint32, 0, x.len())
	for i := x.at; i < x.to; i++ {
		places = append(places, uint32(x.place(i)))
	}
	places = c.sift(&stretch{source: &source{span: x, role: as}}, places)
	return span{columns: x.columns, places: places, to: len(places)}
}

// find returns what the tree has of a range, and whether that is all of it: else it goes on in another block, or lies in one with values that
// are stored elsewhere.
func (t *tree) find(ctx context.Context, r *reader, within *Range) (x span, all bool, err error) {
	c := &t.top
	var until *Cut
	for height := t.height; height > 0; height-- {
		d, err := r.directory(ctx, t, c, height)
		if err != nil {
			return span{}, false, err
		}
		i := d.at(t.order, &within.Lo)
		if i+1 < len(d.children) {
			until = &d.children[i+1].from
		}
		c = d.children[i]
	}
	l, err := r.leaf(ctx, t, c)
	if err != nil {
		return span{}, false, err
	}
	i := l.at(&within.Lo)
	if i+1 < len(l.blocks) {
		until = &l.blocks[i+1].from
	}
	cols, err := r.columns(c, l, i)
	if err != nil || cols.V.packed.stubs {
		return span{}, false, err
	}
	x = span{columns: cols, to: cols.len()}.within(t.order, within)
	return x, x.to < cols.len() || until == nil || until.compare(t.order, &within.Hi) >= 0, nil
}

// gathered is Find where several places have something of the range.
func (l Levels) gathered(ctx context.Context, o Order, r *Range, v *View) (Found, error) {
	now := *v
	now.History = false
	out := &columns{}
	for c := l.Scan(ctx, o, *r, now); ; {
		b, err := c.Next()
		if b == nil || err != nil {
			return Found{span{columns: out, to: out.len()}}, err
		}
		for i := range b.Len() {
			out.append(&Fact{E: b.E[i], A: b.A[i], V: b.V.At(i), Tx: b.Tx[i]}, 0)
		}
	}
}
