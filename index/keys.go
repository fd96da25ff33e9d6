package index

import (
	"context"
	"slices"
	"sort"
)

// Keys say of what a cursor of ScanKeys reads the facts: of entities, in EAVT and AEVT, or of values, in AVET and VAET. They are
// ascending as the order has them, each there once, and must not be changed while the cursor is read.
type Keys struct {
	A ID     // the attribute; zero for any one, in EAVT and VAET
	E []ID   // the entities
	V Vector // the values
}

// ScanKeys returns a cursor over the datoms that the view shows of some keys, in the order's sequence. The keys are looked for
// together: what lies between them is leapt over, and a block of a tree in which there are many is read once. Of each batch, Of tells to which
// keys its datoms belong.
func (l Levels) ScanKeys(ctx context.Context, o Order, k Keys, v View) *Cursor {
	c := &Cursor{ctx: ctx, levels: l, order: o, lens: v.lens(), keys: &keyList{Keys: k, order: o}}
	if c.keys.len() == 0 {
		c.levels = Levels{}
		return c
	}
	c.within = Range{c.keys.cut(0), c.keys.cutBehind(c.keys.len() - 1)}
	return c
}

// A keyList is keys in an order.
type keyList struct {
	Keys
	order Order
}

func (l *keyList) ofEntities() bool { return l.order == EAVT || l.order == AEVT }

// led reports whether the attribute stands before the keys in the order, and trailed whether it stands behind them.
func (l *keyList) led() bool     { return l.order == AEVT || l.order == AVET }
func (l *keyList) trailed() bool { return l.A != 0 && !l.led() }

func (l *keyList) len() int {
	if l.ofEntities() {
		return len(l.E)
	}
	return l.V.Len()
}

// cut returns the cut before the facts of the k-th key.
func (l *keyList) cut(k int) Cut {
	c := Cut{Parts: 1, Key: Fact{A: l.A}}
	if l.led() || l.trailed() {
		c.Parts = 2
	}
	if l.ofEntities() {
		c.Key.E = l.E[k]
	} else {
		c.Key.V = l.V.At(k)
	}
	return c
}

func (l *keyList) cutBehind(k int) Cut {
	c := l.cut(k)
	c.After = true
	return c
}

// label returns for each datom of a batch which key it belongs to, of those from first on.
func (l *keyList) label(of []uint32, first int, b *Batch) []uint32 {
	k := first
	of = slices.Grow(of, b.Len())
	if l.ofEntities() {
		for _, e := range b.E {
			for l.E[k] != e {
				k++
			}
			of = append(of, uint32(k))
		}
		return of
	}
	if kinds := l.V.Kinds == nil && b.V.Kinds == nil && l.V.Kind == b.V.Kind; kinds && b.V.Kind.oneWord() {
		for _, word := range b.V.Words {
			for l.V.Words[k] != word {
				k++
			}
			of = append(of, uint32(k))
		}
		return of
	}
	for i := range b.Len() {
		for v := b.V.At(i); l.V.At(k) != v; {
			k++
		}
		of = append(of, uint32(k))
	}
	return of
}

// A picker goes through keys and, at the same pace, through spans of their order.
type picker struct {
	*keyList
	lens   *lens    // facts that it does not show are left out; nil for none
	next   int      // the first key of which more may come
	places []uint32 // what was picked of a span
}

// pick moves through a span to its end, or to a key, and returns what it holds of the keys before that. Where the span is all that its
// columns hold of the order in between, places may be left out.
func (p *picker) pick(x *span, upto int) span {
	if p.places == nil {
		p.places = make([]uint32, 0, min(x.len(), perKey*(upto-p.next)))
	}
	p.places = p.places[:0]
	if p.ofEntities() {
		p.pickEntities(x, upto)
	} else {
		p.pickValues(x, upto)
	}
	n := len(p.places)
	if n == 0 {
		return span{}
	}
	if first := int(p.places[0]); x.places == nil && int(p.places[n-1])-first == n-1 {
		return span{columns: x.columns, at: first, to: first + n}
	}
	return span{columns: x.columns, places: p.places, to: n}
}

// pickEntities is pick for entities, pickValues for values. Where the span ends with the facts of a key, more of them may come in
// another one. pickEntities works on its own copies of what it counts, since it is what a lookup of many entities spends its time on.
func (p *picker) pickEntities(x *span, upto int) {
	at, next, places, trailed := x.at, p.next, p.places, p.trailed()
	sifted := p.lens != nil && x.places == nil && x.End != nil
	for at < x.to && next < upto {
		if at = x.seekEntity(at, p.E[next]); at == x.to {
			break
		}
		e := x.E[x.place(at)]
		if e > p.E[next] {
			next = gallop(next+1, upto, func(k int) bool { return p.E[k] >= e })
			continue
		}
		if sifted && !trailed {
			if at, places = p.lens.showingOf(places, x, at); at < x.to {
				next++
			}
			continue
		}
		from := at
		for at++; at < x.to && x.E[x.place(at)] == e; at++ {
		}
		to := at
		if trailed {
			from, to = x.ofAttribute(from, to, p.A)
		}
		places = p.append(places, x, from, to)
		if at < x.to {
			next++
		}
	}
	x.at, p.next, p.places = at, next, places
}

// append appends the places of some facts of a span.
func (p *picker) append(places []uint32, x *span, from, to int) []uint32 {
	if p.lens != nil {
		part := span{columns: x.columns, places: x.places, at: from, to: to}
		return p.lens.showing(places, &part, to)
	}
	for ; from < to; from++ {
		places = append(places, uint32(x.place(from)))
	}
	return places
}

// seekEntity returns where in the span, which is sorted by entity, from a place on the facts of an entity or of those behind it begin.
// Entities have numbers that follow each other more often than not: the place is then known without a search.
func (x *span) seekEntity(at int, e ID) int {
	ahead := e - x.E[x.place(at)]
	if ahead <= 0 {
		return at
	}
	if i := at + int(ahead); ahead < ID(x.to-at) && x.E[x.place(i)] == e && x.E[x.place(i-1)] != e {
		return i
	}
	if x.places == nil {
		return seekID(x.E[:x.to], at, e)
	}
	return gallop(at+1, x.to, func(i int) bool { return x.E[x.place(i)] >= e })
}

// seekID returns the first place behind one on whose id is not less than e, in ids that ascend. It looks first where e would stand if they were
// spread evenly, and from there on with steps that double.
func seekID(ids []ID, at int, e ID) int {
	last := len(ids) - 1
	if ids[last] < e {
		return len(ids)
	}
	share := float64(e-ids[at]) / float64(ids[last]-ids[at])
	lo, hi := at, at+int(share*float64(last-at)) // ids[lo] < e
	for step := 1; ids[hi] < e; step *= 2 {
		lo, hi = hi, min(hi+step, last)
	}
	step := 1
	for ; hi-step > lo && ids[hi-step] >= e; step *= 2 {
		hi -= step
	}
	for lo = max(lo, hi-step); lo+1 < hi; {
		if mid := int(uint(lo+hi) >> 1); ids[mid] < e {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// ofAttribute returns which of the places from at to to, which are of one entity or value, are of an attribute.
func (x *span) ofAttribute(at, to int, a ID) (int, int) {
	of := span{columns: x.columns, places: x.places, at: at, to: to}
	of.narrowTo(of.A, a)
	return of.at, of.to
}

func (p *picker) pickValues(x *span, upto int) {
	for x.at < x.to && p.next < upto {
		v := p.V.At(p.next)
		if x.compareValue(x.at, v) < 0 {
			x.at = gallop(x.at+1, x.to, func(i int) bool { return x.compareValue(i, v) >= 0 })
		}
		if x.at == x.to {
			return
		}
		if x.compareValue(x.at, v) > 0 {
			p.next = gallop(p.next+1, upto, func(k int) bool { return x.compareValue(x.at, p.V.At(k)) <= 0 })
			continue
		}
		end := gallop(x.at+1, x.to, func(i int) bool { return x.compareValue(i, v) > 0 })
		from, to := x.at, end
		if p.trailed() {
			from, to = x.ofAttribute(from, to, p.A)
		}
		p.places = p.append(p.places, x, from, to)
		if x.at = end; end < x.to {
			p.next++
		}
	}
}

// A keyRun goes through a span of a run.
type keyRun struct {
	picker
	span span
}

// next returns what the run holds of the keys that come, some at a time.
func (w *keyRun) feed(ctx context.Context) (span, error) {
	for w.span.len() > 0 && w.next < w.len() {
		if err := ctx.Err(); err != nil {
			return span{}, err
		}
		if x := w.pick(&w.span, min(w.next+batchSize, w.len())); x.len() > 0 {
			return x, nil
		}
	}
	return span{}, nil
}

func (w *keyRun) left(first int) int { return first + min(w.span.len(), perKey*(w.len()-w.next)) }

// perKey is how many facts of a key are made room for.
const perKey = 4

// A keyWalk goes through the blocks of a tree that hold something of keys.
type keyWalk struct {
	picker
	*reader
	tree *tree
	skip func(*summary) bool // whether a part can be left out; nil for never

	from  *Cut // what lies before it is done; nil for nothing
	child *child
	leaf  *leaf // nil between leaves
	block int
	until *Cut // where the leaf ends; nil where the tree does
	long  longOpener
}

// feed returns what the next block that holds something of the keys holds of them.
func (w *keyWalk) feed(ctx context.Context) (span, error) {
	for w.next < w.len() {
		if w.leaf == nil {
			if err := w.descend(ctx); err != nil {
				return span{}, err
			}
			continue
		}
		if x, err := w.look(ctx); x.len() > 0 || err != nil {
			return x, err
		}
	}
	return span{}, nil
}

func (w *keyWalk) left(first int) int {
	return first + min(w.tree.top.facts, perKey*(w.len()-w.next))
}

// descend goes to the block in which the next key lies, or passes what can be left out there.
func (w *keyWalk) descend(ctx context.Context) error {
	cut := w.cut(w.next)
	if w.from != nil && w.from.compare(w.order, &cut) > 0 {
		cut = *w.from
	}
	c := &w.tree.top
	var until *Cut
	for height := w.tree.height; ; height-- {
		if c.facts == 0 || w.skip != nil && w.skip(&c.summary) {
			w.pass(until)
			return nil
		}
		if height == 0 {
			break
		}
		d, err := w.directory(ctx, w.tree, c, height)
		if err != nil {
			return err
		}
		i := d.at(w.order, &cut)
		if i+1 < len(d.children) {
			until = &d.children[i+1].from
		}
		c = d.children[i]
	}
	w.until = until
	if lacks, err := w.leapLacking(ctx, c); lacks || err != nil {
		return err
	}
	l, err := w.reader.leaf(ctx, w.tree, c)
	if err == nil {
		w.child, w.leaf, w.block = c, l, l.at(&cut)
	}
	return err
}

// leapLacking leaves behind the keys that are not in a leaf, as its filter tells, up to one that may be there. It reports whether there is
// none.
func (w *keyWalk) leapLacking(ctx context.Context, c *child) (bool, error) {
	if c.filter.page == nil || w.A == 0 || w.order != EAVT && w.order != AVET {
		return false, nil
	}
	for first := true; w.next < w.len() && (first || !w.ends()); first = false {
		cut := w.cut(w.next)
		key := cut.Key.keyIn(w.order)
		if lacks, err := w.lacks(ctx, w.tree, c, &key); !lacks || err != nil {
			return false, err
		}
		if behind := w.cutBehind(w.next); w.until != nil && behind.compare(w.order, w.until) > 0 {
			break // more of it may come in the next leaf
		}
		w.next++
	}
	w.pass(w.until)
	return true, nil
}

// pass leaves behind what lies before a cut, and the keys of which there is nothing behind it; nil is the end of the tree.
func (w *keyWalk) pass(until *Cut) {
	w.from = until
	if until == nil {
		w.next = w.len()
		return
	}
	w.next = gallop(w.next, w.len(), func(k int) bool {
		behind := w.cutBehind(k)
		return behind.compare(w.order, until) > 0
	})
}

// look returns what the block holds, and goes on to the next one in which a key can be.
func (w *keyWalk) look(ctx context.Context) (span, error) {
	b, end := &w.leaf.blocks[w.block], w.until
	last := w.block+1 == len(w.leaf.blocks)
	if !last {
		end = &w.leaf.blocks[w.block+1].from
	}
	var x span
	if w.skip == nil || !w.skip(&b.summary) {
		c, err := w.long.columns(ctx, w.reader, w.tree, w.child, w.leaf, w.block)
		if err != nil {
			return span{}, err
		}
		within := span{columns: c, to: c.len()}
		if w.led() {
			within.narrowTo(c.A, w.A)
		}
		if x = w.pick(&within, w.len()); w.long.error() != nil {
			return span{}, w.long.error()
		}
	}
	w.pass(end)
	switch {
	case w.next == w.len():
	case last || w.ends():
		w.leaf = nil
	default:
		w.block++
		w.leap()
	}
	return x, nil
}

// ends reports whether the next key lies behind the leaf.
func (w *keyWalk) ends() bool {
	cut := w.cut(w.next)
	return w.until != nil && cut.compare(w.order, w.until) >= 0
}

// leap goes to the block in which the next key lies, if that comes later.
func (w *keyWalk) leap() {
	cut, rest := w.cut(w.next), w.leaf.blocks[w.block:]
	w.block += max(0, sort.Search(len(rest), func(i int) bool { return rest[i].from.compare(w.order, &cut) > 0 })-1)
}
