package index

import "context"

// A Finder finds what a view shows of keys that few datoms have, in the memory that it has: it is made once for as many keys as one likes. Mostly
// these datoms lie beside each other in one place, and are found there by a search and neither merged nor copied. What it found shares memory
// with the database, must not be changed, and stays until it looks for the next key. It is for one goroutine.
type Finder struct {
	ctx    context.Context
	levels Levels
	lens   lens
	target target
	there  span // what was found, as it lies there
	role   role
}

// Finder returns a Finder for a view; one of history is taken for one of what holds.
func (l Levels) Finder(ctx context.Context, v *View) Finder {
	f := Finder{ctx: ctx, levels: l, lens: v.lens()}
	f.lens.history = false
	return f
}

// Len returns how many datoms were found.
func (f *Finder) Len() int { return f.there.len() }

// E returns the entity of the i-th datom.
func (f *Finder) E(i int) ID { return f.there.E[f.there.place(f.there.at+i)] }

// A returns the attribute of the i-th datom.
func (f *Finder) A(i int) ID { return f.there.A[f.there.place(f.there.at+i)] }

// V returns the value of the i-th datom.
func (f *Finder) V(i int) Value { return f.there.V.At(f.there.place(f.there.at + i)) }

// Tx returns the transaction of the i-th datom.
func (f *Finder) Tx(i int) ID { return f.there.Tx[f.there.place(f.there.at+i)] }

// Find finds the datoms whose first components, so many in the order's sequence, equal those of a key. Nothing is found where there is an error
// (of the context, or of a store).
func (f *Finder) Find(o Order, parts int, key Fact) error {
	f.there = span{}
	if err := f.ctx.Err(); err != nil {
		return err
	}
	f.target.order, f.target.parts, f.target.key = o, parts, key
	f.target.sign, f.target.signed = signOf(o, parts, &f.target.key)
	for _, run := range f.levels.runs {
		if !f.run(run) {
			return f.gather()
		}
	}
	for _, level := range f.levels.stored {
		switch alone, err := f.level(level); {
		case err != nil:
			f.there = span{}
			return err
		case !alone:
			return f.gather()
		}
	}
	if f.there.len() > 0 && (f.role != whole || !f.lens.plain()) {
		f.there = f.lens.shown(f.there, f.role)
	}
	return nil
}

// A target is what Find looks for: the facts that have some components of a key.
type target struct {
	order  Order
	parts  int
	key    Fact
	sign   sign // of the cut before them
	signed bool // it has one
}

// cut returns the cut before what is looked for.
func (t *target) cut() *Cut { return &Cut{Parts: t.parts, Key: t.key} }

// endsBefore reports whether all that is looked for lies before a cut.
func (t *target) endsBefore(cut *Cut) bool {
	for _, component := range []byte(sequences[t.order][:min(cut.Parts, t.parts)]) {
		if order := compareComponent(component, &cut.Key, &t.key); order != 0 {
			return order > 0
		}
	}
	return false
}

// in returns the number of the last of some cuts that is not behind the beginning of what is looked for, and 0 where all are.
func (t *target) in(ss signs, n int, nth func(i int) *Cut) int {
	if !t.signed || ss == nil {
		return ss.at(t.order, n, t.cut(), nth)
	}
	lo := ss.first(t.sign)
	if lo == n || ss[lo] != t.sign {
		return max(0, lo-1)
	}
	return ss.amongEqual(t.order, lo, t.cut(), nth)
}

// of returns what of a span, which is in the target's order, is looked for.
func (t *target) of(x span) span {
	for _, component := range []byte(sequences[t.order][:t.parts]) {
		if x.len() == 0 {
			break
		}
		x.narrow(component, &t.key)
	}
	return x
}

// found takes what a run or tree has of the range; it reports whether that is all there is, as far as is known.
func (f *Finder) found(x span, as role) bool {
	if x.len() == 0 {
		return true
	}
	if f.there.len() > 0 || as == mask {
		return false
	}
	f.there, f.role = x, as
	return true
}

func (f *Finder) run(r *Run) bool {
	if r.size <= lookedThrough {
		if within := Prefix(f.target.parts, f.target.key); r.misses(f.target.order, &within) {
			return true
		}
	}
	for k := range dropped {
		role := f.lens.role(r.oldest, r.newest, k)
		if role == unread {
			continue
		}
		if s := r.part(k); s.len() > 0 && !f.found(s.find(&f.target), role) {
			return false
		}
	}
	return true
}

func (f *Finder) level(l *Level) (bool, error) {
	for k, t := range l.trees[f.target.order] {
		if t.top.facts == 0 {
			continue
		}
		role := f.lens.role(l.oldest, l.newest, class(k))
		if role == unread {
			continue
		}
		x, whole, err := t.find(f.ctx, &l.reader, &f.target)
		if err != nil || !whole || !f.found(x, role) {
			return false, err
		}
	}
	return true, nil
}

// shown returns those facts of a span that show.
func (l lens) shown(x span, as role) span {
	c := Cursor{lens: l}
	places := make([]uint32, 0, x.len())
	for i := x.at; i < x.to; i++ {
		places = append(places, uint32(x.place(i)))
	}
	places = c.sift(&stretch{source: &source{span: x, role: as}}, places)
	return span{columns: x.columns, places: places, to: len(places)}
}

// find returns what the tree has of a target, and whether that is all of it: else it goes on in another block, or lies in one with values that
// are stored elsewhere.
func (t *tree) find(ctx context.Context, r *reader, what *target) (x span, all bool, err error) {
	c := &t.top
	var until *Cut
	for height := t.height; height > 0; height-- {
		d, err := r.directory(ctx, t, c, height)
		if err != nil {
			return span{}, false, err
		}
		i := what.in(d.signs, len(d.children), d.from)
		if i+1 < len(d.children) {
			until = &d.children[i+1].from
		}
		c = d.children[i]
	}
	l, err := r.leaf(ctx, t, c)
	if err != nil {
		return span{}, false, err
	}
	i := what.in(l.signs, len(l.blocks), l.from)
	if i+1 < len(l.blocks) {
		until = &l.blocks[i+1].from
	}
	cols, err := r.columns(c, l, i)
	if err != nil || cols.V.packed.stubs {
		return span{}, false, err
	}
	x = what.of(span{columns: cols, to: cols.len()})
	return x, x.to < cols.len() || until == nil || what.endsBefore(until), nil
}

// find returns what the sequence holds of a target.
func (s *sequence) find(what *target) span {
	x := span{columns: &s.columns, to: s.len()}
	if what.order != EAVT {
		x.places = s.inOrder(what.order)
		x.to = len(x.places)
	}
	list := &s.orders[what.order]
	if list.fence != nil && what.signed && what.parts > 1 {
		if there, all := what.between(list.fence, x); all {
			return there
		}
	}
	if list.groups != nil && what.parts > 0 {
		x.pick(list.groups, what.key.A)
	}
	return what.of(x)
}

// between is of for a list that has a fence, between the signs where what is looked for begins; it reports whether that is certain to be all.
func (t *target) between(fence signs, x span) (there span, all bool) {
	post, to := fence.first(t.sign), x.to
	if post < len(fence) {
		to = post*fencePost + 1
	}
	x.at = max(0, post-1) * fencePost
	all, x.to = to == x.to, to
	there = t.of(x)
	return there, all || there.to < to
}

// gather is Find where several places have something of what is looked for.
func (f *Finder) gather() error {
	out := &columns{}
	f.there = span{}
	c := &Cursor{ctx: f.ctx, levels: f.levels, order: f.target.order, within: Prefix(f.target.parts, f.target.key), lens: f.lens}
	for {
		b, err := c.Next()
		if err != nil {
			return err
		}
		if b == nil {
			f.there = span{columns: out, to: out.len()}
			return nil
		}
		for i := range b.Len() {
			out.append(&Fact{E: b.E[i], A: b.A[i], V: b.V.At(i), Tx: b.Tx[i]}, 0)
		}
	}
}
