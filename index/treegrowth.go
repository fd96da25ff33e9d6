package index

import (
	"cmp"
	"context"
	"slices"
)

// A treeGrowth makes one tree of a level: what lies in the runs, and in the other levels, goes into the tree of the lowest level, leaf by
// leaf.
type treeGrowth struct {
	shape
	*levelGrowth
	class class
	ctx   context.Context

	pending  columns  // facts that are in no leaf yet, behind some that are; with stubs for long values unless the order is EAVT
	written  int      // how many of them are in leaves
	text     int      // the weight of the others
	failed   error    // of a long value that was to be read
	from     Cut      // before the first of them
	children []*child // the leaves

	packer  packer
	page    *filterPage // of the last leaves, which is not written yet; nil for none
	filters []filter    // in it
}

func (g *treeGrowth) grow() (*tree, error) {
	if g.class == closing && !g.masks {
		return newTree(g.order, g.class), nil
	}
	leaves, err := g.leaves()
	if err != nil {
		return nil, err
	}
	for i := range max(1, len(leaves)) {
		within := Range{Hi: All.Hi}
		if i > 0 {
			within.Lo = leaves[i].from
		}
		if i+1 < len(leaves) {
			within.Hi = leaves[i+1].from
		}
		touched := true
		if len(leaves) > 0 && g.settled() {
			if touched, err = g.touches(&within); err == nil && !touched {
				touched, err = g.forgets(&within)
			}
			if err != nil {
				return nil, err
			}
		}
		if touched {
			err = g.merge(within)
		} else if err = g.flush(); err == nil {
			g.children = append(g.children, leaves[i])
		}
		if err != nil {
			return nil, err
		}
	}
	if err := g.flush(); err != nil {
		return nil, err
	}
	if err := g.writeFilters(); err != nil {
		return nil, err
	}
	return g.tree()
}

// leaves returns the leaves of the tree in the lowest level.
func (g *treeGrowth) leaves() ([]*child, error) {
	if len(g.levels) == 0 {
		return nil, nil
	}
	lowest := g.levels[len(g.levels)-1]
	t := lowest.trees[g.order][g.class]
	if t.top.facts == 0 {
		return nil, nil
	}
	row := []*child{&t.top}
	for height := t.height; height > 0; height-- {
		var below []*child
		for _, c := range row {
			d, err := lowest.directory(g.ctx, t, c, height)
			if err != nil {
				return nil, err
			}
			below = append(below, d.children...)
		}
		row = below
	}
	return row, nil
}

// parts returns the parts of a run or level that change the tree.
func (g *treeGrowth) parts() []class {
	if g.class == closing {
		return []class{closing}
	}
	return []class{g.class, closing}
}

// touches reports whether something goes into a range of the lowest level's tree.
func (g *treeGrowth) touches(within *Range) (bool, error) {
	for _, r := range g.runs {
		for _, k := range g.parts() {
			if x := r.part(k).span(g.order, within); x.len() > 0 {
				return true, nil
			}
		}
	}
	for _, l := range g.levels[:max(0, len(g.levels)-1)] {
		for _, k := range g.parts() {
			if n, err := l.trees[g.order][k].count(g.ctx, &l.reader, within); n > 0 || err != nil {
				return true, err
			}
		}
	}
	return false, nil
}

// forgets reports whether something in a range of the lowest level's tree is to be forgotten. In orders other than EAVT that is done at once:
// EAVT may forget it too, and would not have the long values that stand here as stubs.
func (g *treeGrowth) forgets(within *Range) (bool, error) {
	if g.class != past || g.Forget == nil || g.order != AEVT && g.order != AVET {
		return false, nil
	}
	lowest := g.levels[len(g.levels)-1]
	t := lowest.trees[g.order][past]
	last := within.Hi.Key.A
	if within.Hi.Parts == 0 {
		f, err := t.nth(g.ctx, &lowest.reader, t.top.facts-1)
		if err != nil {
			return false, err
		}
		last = f.A
	}
	for a := within.Lo.Key.A; a <= last; a++ {
		if !g.Forget(a) {
			continue
		}
		of := Prefix(1, Fact{A: a})
		if of.Lo.compare(g.order, &within.Lo) < 0 {
			of.Lo = within.Lo
		}
		if of.Hi.compare(g.order, &within.Hi) > 0 {
			of.Hi = within.Hi
		}
		if n, err := t.count(g.ctx, &lowest.reader, &of); n > 0 || err != nil {
			return true, err
		}
	}
	return false, nil
}

// settled reports whether what is pending makes a leaf of its own, or there is nothing.
func (g *treeGrowth) settled() bool { return g.left() == 0 || 4*g.left() >= g.Sizes.Leaf }

// left returns how many of the pending facts are in no leaf.
func (g *treeGrowth) left() int { return g.pending.len() - g.written }

// merge appends the facts of a range.
func (g *treeGrowth) merge(within Range) error {
	sources := g.sources(&within)
	m := merger{order: g.order, ctx: g.ctx}
	for i := range sources {
		m.begin(&sources[i])
	}
	for n := 0; ; n++ {
		x := m.next(g.Sizes.Block)
		if x.source == nil || g.failed != nil {
			return cmp.Or(m.err, g.failed)
		}
		if n&63 == 0 && g.ctx.Err() != nil {
			return g.ctx.Err()
		}
		if x.class == closing && g.class == current {
			continue
		}
		if x.class == closing || g.class == past && g.Forget != nil {
			g.sift(&x)
		}
		if x.len() == 0 {
			continue
		}
		if err := g.append(&x, within.Lo); err != nil {
			return err
		}
	}
}

// sources returns what goes into a range.
func (g *treeGrowth) sources(within *Range) []source {
	var sources []source
	for _, k := range g.parts() {
		for _, r := range g.runs {
			sources = append(sources, source{span: r.part(k).span(g.order, within), class: k})
		}
		for i, l := range g.levels {
			if k != g.class && i == len(g.levels)-1 {
				continue // it ends nothing that it asserted itself
			}
			w := &walk{reader: &l.reader, tree: l.trees[g.order][k], within: within, long: longOpener{err: &g.failed}}
			sources = append(sources, source{walk: w, class: k})
		}
	}
	return sources
}

// sift leaves of a stretch what goes into the tree: of closings, those that end facts of levels below, or else those that do not; and of
// what ended, nothing that is to be forgotten.
func (g *treeGrowth) sift(x *stretch) {
	var places []uint32
	for i := x.from; i < x.upto; i++ {
		p := uint32(x.place(i))
		masks := x.class == closing && g.masks && x.Tx[p] <= g.floor
		forgotten := !masks && g.Forget != nil && g.Forget(x.A[p])
		if masks == (g.class == closing) && !forgotten {
			places = append(places, p)
		}
	}
	if len(places) < x.len() {
		rest := *x.source
		rest.places = places
		*x = stretch{&rest, 0, len(places)}
	}
}

// append appends facts to what is pending, and writes a leaf where there is enough for two.
func (g *treeGrowth) append(x *stretch, from Cut) error {
	if g.left() == 0 {
		g.from = from
	}
	g.reserve(x.len())
	n := g.pending.len()
	g.pending.appendStretch(x, g.sameAttribute(x))
	if g.order != EAVT {
		g.pending.shorten(n, x.longs)
	}
	for i := n; i < g.pending.len(); i++ {
		g.text += g.pending.weight(i)
	}
	for g.left() >= 2*g.Sizes.Leaf || g.text >= 2*leafText && g.left() > 1 {
		if err := g.write(g.leafEnd()); err != nil {
			return err
		}
	}
	return nil
}

// pendingLeaves is for how many leaves there is room in what is pending: the more, the less often facts move up.
const pendingLeaves = 4

// reserve makes room for n more pending facts.
func (g *treeGrowth) reserve(n int) {
	switch room := cap(g.pending.E); {
	case room == 0:
		g.pending = newColumns(pendingLeaves*g.Sizes.Leaf+g.Sizes.Block, g.ends)
		g.pending.in = nil
	case g.pending.len()+n > room:
		g.pending.drop(g.written)
		g.written = 0
	}
}

// sameAttribute reports whether all facts of a stretch have one attribute, as far as their order tells.
func (g *treeGrowth) sameAttribute(x *stretch) bool {
	return (g.order == AEVT || g.order == AVET) && x.A[x.place(x.from)] == x.A[x.place(x.upto-1)]
}

// leafText is how many bytes of text a leaf has at most, unless one fact alone has more.
const leafText = 256 << 10

// leafEnd returns how many of the pending facts make a leaf.
func (g *treeGrowth) leafEnd() int {
	n := min(g.Sizes.Leaf, g.left())
	if g.text <= leafText {
		return n
	}
	text := 0
	for i := range n {
		if text += g.pending.weight(g.written + i); text > leafText && i > 0 {
			return i
		}
	}
	return n
}

// flush writes what is pending, in leaves of about the same size.
func (g *treeGrowth) flush() error {
	for n := g.left(); n > 0; n = g.left() {
		if n > g.Sizes.Leaf {
			n /= 2
		}
		if err := g.write(min(n, g.leafEnd())); err != nil {
			return err
		}
	}
	return nil
}

// write writes a leaf of the first n pending facts.
func (g *treeGrowth) write(n int) error {
	var first columns
	to := g.written + n
	first.share(&g.pending, g.written, to)
	segment, sum := g.packer.leaf(g.shape, &first, g.from, g.Sizes.Block)
	if g.failed != nil {
		return g.failed
	}
	name, err := g.To.Put(g.ctx, segment, sum)
	if err != nil {
		return err
	}
	c := &child{summary: summarise(&first, 0, n, g.from), name: name}
	g.children = append(g.children, c)
	if err := g.filter(c, &first); err != nil {
		return err
	}
	if g.pending.len() > to {
		g.from = g.pending.separator(g.order, to)
	}
	for i := range n {
		g.text -= first.weight(i)
	}
	g.written = to
	return g.failed
}

// drop takes the first n facts out of columns, in whose memory the others move up.
func (c *columns) drop(n int) {
	c.E, c.A, c.Tx, c.End = movedUp(c.E, n), movedUp(c.A, n), movedUp(c.Tx, n), movedUp(c.End, n)
	c.V.Kinds, c.V.Words = movedUp(c.V.Kinds, n), movedUp(c.V.Words, n)
	c.V.Texts, c.V.coded.of = movedUp(c.V.Texts, n), movedUp(c.V.coded.of, n)
	if c.origins = c.origins[min(n, len(c.origins)):]; len(c.origins) == 0 {
		c.origins = nil
	}
}

// movedUp returns a column without its first n rows, if it has any.
func movedUp[T any](rows []T, n int) []T {
	return rows[:copy(rows, rows[min(n, len(rows)):])]
}

// share makes c the facts from i to j of d.
func (c *columns) share(d *columns, i, j int) {
	c.E, c.A, c.Tx = d.E[i:j], d.A[i:j], d.Tx[i:j]
	if d.End != nil {
		c.End = d.End[i:j]
	}
	c.V = Vector{Kinds: d.V.Kinds[i:j], Words: d.V.Words[i:j]}
	if d.V.Texts != nil {
		c.V.Texts = d.V.Texts[i:j]
	} else if d.V.coded.dict != nil {
		c.V.coded = codedTexts{d.V.coded.of[i:j], d.V.coded.dict}
	}
	if i < len(d.origins) {
		c.origins = slices.Clone(d.origins[i:min(j, len(d.origins))])
	}
}

// tree writes the directories above the leaves.
func (g *treeGrowth) tree() (*tree, error) {
	t := newTree(g.order, g.class)
	row := g.children
	for ; len(row) > 1; t.height++ {
		var above []*child
		n := (len(row) + fanOut - 1) / fanOut // directories, unless their cuts are long
		for i := range n {
			for part := row[i*len(row)/n : (i+1)*len(row)/n]; len(part) > 0; {
				to := directoryEnd(part)
				c, err := g.directory(t.height+1, part[:to])
				if err != nil {
					return nil, err
				}
				above, part = append(above, c), part[to:]
			}
		}
		row = above
	}
	if len(row) == 1 {
		t.top.summary, t.top.name, t.top.filter = row[0].summary, row[0].name, row[0].filter
		t.top.node.Store(row[0].node.Load())
	}
	return t, nil
}

// directoryText is how many bytes of text the cuts in a directory have at most, unless two have more.
const directoryText = 1 << 20

// directoryEnd returns how many of some children make a directory.
func directoryEnd(row []*child) int {
	text := 0
	for i, c := range row {
		if text += len(c.from.Key.V.text); text > directoryText && i > 1 {
			return i
		}
	}
	return len(row)
}

// directory writes a directory.
func (g *treeGrowth) directory(height int, children []*child) (*child, error) {
	segment, sum := encodeDirectory(g.shape, height, children)
	name, err := g.To.Put(g.ctx, segment, sum)
	if err != nil {
		return nil, err
	}
	c := &child{name: name}
	for _, below := range children {
		c.summary = c.summary.with(below.summary)
	}
	d := &directory{children: children, pages: filterPages(children)}
	d.signs = newSigns(g.order, len(children), d.from)
	c.node.Store(d)
	return c, nil
}
