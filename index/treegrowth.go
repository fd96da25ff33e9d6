package index

import (
	"context"
	"errors"
	"sync"
)

// A SegmentWriter keeps what a job writes. It may be used by many goroutines.
type SegmentWriter interface {
	// Put keeps a segment, whose head has the hash sum, and returns the name that it gave it.
	Put(ctx context.Context, segment []byte, sum [32]byte) (SegmentName, error)
}

// A Growth says how a level is made.
type Growth struct {
	Newest ID            // the newest transaction of what it holds
	To     SegmentWriter // where its segments go
	From   Segments      // where they are read from later
	Cache  *Cache        // and kept in memory
	Sizes  Sizes
	Forget func(a ID) bool // the attributes of which it keeps only what holds; nil for none
}

// Sizes say how large the parts of a tree are. The zero Sizes are right for most.
type Sizes struct {
	Leaf  int // facts in a leaf; 8,192 when zero
	Block int // facts in a block, which is read as a whole; 512 when zero
}

func (s Sizes) filled() Sizes {
	if s.Leaf <= 0 {
		s.Leaf = 8192
	}
	if s.Block <= 0 {
		s.Block = 512
	}
	s.Block = min(s.Block, s.Leaf, maxBlock)
	return s
}

// Grown returns the level that holds all that the levels hold: what lies in runs goes into trees, which have the leaves in common with
// those of the level below into which nothing goes. The runs stay as they are.
func (l Levels) Grown(ctx context.Context, how Growth) (*Level, error) {
	out := &Level{reader: reader{how.From, how.Cache}, newest: how.Newest}
	how.Sizes = how.Sizes.filled()
	errs := make([]error, len(out.trees))
	var jobs sync.WaitGroup
	for o := range out.trees {
		jobs.Go(func() {
			for _, k := range [...]class{current, past} {
				g := &treeGrowth{shape: shape{Order(o), k == past}, Growth: &how, levels: l, class: k, ctx: ctx}
				out.trees[o][k], errs[o] = g.grow()
				if errs[o] != nil {
					return
				}
			}
		})
	}
	jobs.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	out.oldest = out.trees[EAVT][current].top.minTx
	if t := out.trees[EAVT][past]; t.top.facts > 0 && (out.oldest == 0 || t.top.minTx < out.oldest) {
		out.oldest = t.top.minTx
	}
	return out, nil
}

// Over returns the levels in which a level takes the place of all that it holds: of the runs there is what is newer.
func (l Levels) Over(base *Level) Levels {
	out := Levels{base: base}
	for i := len(l.runs) - 1; i >= 0; i-- {
		if r := l.runs[i].after(base.newest); r.size > 0 {
			out.runs = append([]*Run{r}, out.runs...)
		}
	}
	return out
}

// A treeGrowth makes one tree of the next level: what lies in the runs goes into the tree of the level below, leaf by leaf.
type treeGrowth struct {
	shape
	*Growth
	levels Levels
	class  class
	ctx    context.Context

	pending  columns  // facts that are in no leaf yet
	text     int      // bytes of text in them
	from     Cut      // before the first of them
	children []*child // the leaves
}

func (g *treeGrowth) grow() (*tree, error) {
	leaves, err := g.leaves()
	if err != nil {
		return nil, err
	}
	g.reset()
	for i := range max(1, len(leaves)) {
		within := Range{Hi: All.Hi}
		if i > 0 {
			within.Lo = leaves[i].from
		}
		if i+1 < len(leaves) {
			within.Hi = leaves[i+1].from
		}
		if len(leaves) > 0 && !g.touches(&within) && g.settled() {
			if err := g.flush(); err != nil {
				return nil, err
			}
			g.children = append(g.children, leaves[i])
			continue
		}
		if err := g.merge(within); err != nil {
			return nil, err
		}
	}
	if err := g.flush(); err != nil {
		return nil, err
	}
	return g.tree()
}

// leaves returns the leaves of the tree in the level below.
func (g *treeGrowth) leaves() ([]*child, error) {
	if g.levels.base == nil || g.levels.base.trees[g.order][g.class].top.facts == 0 {
		return nil, nil
	}
	base := g.levels.base
	t := base.trees[g.order][g.class]
	row := []*child{&t.top}
	for height := t.height; height > 0; height-- {
		var below []*child
		for _, c := range row {
			d, err := base.directory(g.ctx, t, c, height)
			if err != nil {
				return nil, err
			}
			below = append(below, d.children...)
		}
		row = below
	}
	return row, nil
}

// parts returns the parts of a run that change the tree.
func (g *treeGrowth) parts() [2]class { return [2]class{g.class, closing} }

// touches reports whether something of the runs goes into a range.
func (g *treeGrowth) touches(within *Range) bool {
	for _, r := range g.levels.runs {
		for _, k := range g.parts() {
			if x := r.part(k).span(g.order, within); x.len() > 0 {
				return true
			}
		}
	}
	return false
}

// settled reports whether what is pending makes a leaf of its own, or there is nothing.
func (g *treeGrowth) settled() bool { return g.pending.len() == 0 || 4*g.pending.len() >= g.Sizes.Leaf }

// merge appends the facts of a range.
func (g *treeGrowth) merge(within Range) error {
	var sources []source
	if base := g.levels.base; base != nil {
		w := &walk{reader: &base.reader, tree: base.trees[g.order][g.class], within: &within}
		sources = append(sources, source{walk: w, class: g.class})
	}
	for _, r := range g.levels.runs {
		for _, k := range g.parts() {
			sources = append(sources, source{span: r.part(k).span(g.order, &within), class: k})
		}
	}
	m := merger{order: g.order, ctx: g.ctx}
	for i := range sources {
		m.begin(&sources[i])
	}
	for n := 0; ; n++ {
		x := m.next(g.Sizes.Block)
		if x.source == nil {
			return m.err
		}
		if n&63 == 0 && g.ctx.Err() != nil {
			return g.ctx.Err()
		}
		if x.class == closing && g.class == current {
			continue
		}
		if g.class == past && g.Forget != nil {
			g.remember(&x)
		}
		if err := g.append(&x, within.Lo); err != nil {
			return err
		}
	}
}

// remember leaves of a stretch what is not to be forgotten.
func (g *treeGrowth) remember(x *stretch) {
	var places []uint32
	for i := x.from; i < x.upto; i++ {
		if p := uint32(x.place(i)); !g.Forget(x.A[p]) {
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
	if g.pending.len() == 0 {
		g.from = from
	}
	n := g.pending.len()
	g.pending.appendStretch(x)
	if g.pending.V.Texts != nil {
		for _, t := range g.pending.V.Texts[n:] {
			g.text += len(t)
		}
	}
	for g.pending.len() >= 2*g.Sizes.Leaf || g.text >= 2*leafText && g.pending.len() > 1 {
		if err := g.write(g.leafEnd()); err != nil {
			return err
		}
	}
	return nil
}

// leafText is how many bytes of text a leaf has at most, unless one fact alone has more.
const leafText = 256 << 10

// leafEnd returns how many of the pending facts make a leaf.
func (g *treeGrowth) leafEnd() int {
	n := min(g.Sizes.Leaf, g.pending.len())
	if g.pending.V.Texts == nil {
		return n
	}
	text := 0
	for i, t := range g.pending.V.Texts[:n] {
		if text += len(t); text > leafText && i > 0 {
			return i
		}
	}
	return n
}

// flush writes what is pending, in leaves of about the same size.
func (g *treeGrowth) flush() error {
	for n := g.pending.len(); n > 0; n = g.pending.len() {
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
	var first, rest columns
	first.share(&g.pending, 0, n)
	segment, sum := encodeLeaf(g.shape, &first, g.from, g.Sizes.Block)
	name, err := g.To.Put(g.ctx, segment, sum)
	if err != nil {
		return err
	}
	g.children = append(g.children, &child{summary: summarise(&first, 0, n, g.from), name: name})
	if rest.share(&g.pending, n, g.pending.len()); rest.len() > 0 {
		g.from = separator(g.order, first.fact(n-1), rest.fact(0))
	}
	g.reset()
	g.pending.appendSpan(&rest, 0, rest.len())
	for _, t := range g.pending.V.Texts {
		g.text += len(t)
	}
	return nil
}

func (g *treeGrowth) reset() {
	g.pending, g.text = newColumns(2*g.Sizes.Leaf+g.Sizes.Block, g.ends), 0
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
	}
}

// tree writes the directories above the leaves.
func (g *treeGrowth) tree() (*tree, error) {
	t := &tree{shape: g.shape}
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
		t.top.summary, t.top.name = row[0].summary, row[0].name
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
	c.node.Store(&directory{children})
	return c, nil
}
