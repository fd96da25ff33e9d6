package index

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// A Part is a segment of a level, and what is known of it from the directory above. Who looks after a store as a whole (marks what is
// reachable, copies it, checks it) goes through the parts of its levels.
type Part struct {
	Name   SegmentName
	Order  Order
	Ended  bool  // it holds facts that ended, and not those that hold
	Masks  bool  // they ended, but were asserted before the level: there each is among those that hold
	Filter bool  // it holds no facts, but filters of leaves
	Height int   // above the leaves; 0 for a leaf, and for filters
	Facts  int   // in it, and below it
	Within Range // where they lie: no other part of the same height has any there
	Oldest ID    // transaction that asserted one of them
	Newest ID    // transaction that asserted, or ended, one of them

	reader *reader
	tree   *tree
	child  *child
}

// Parts yields the segments of the level, a directory behind all that lies below it. It reads directories, and no leaf; what it
// reads is not kept. enter is asked about each part before it is looked into: one that it turns down is left out with all below it,
// as is nothing where enter is nil. A directory that cannot be read comes with an error, and without what lies below it.
func (l *Level) Parts(ctx context.Context, enter func(*Part) bool) iter.Seq2[*Part, error] {
	return func(yield func(*Part, error) bool) {
		v := &visit{reader: &l.reader, ctx: ctx, enter: enter, yield: yield}
		for _, trees := range l.trees {
			for _, t := range trees {
				if v.pages = nil; t.top.facts == 0 {
					continue
				}
				if !v.filters(t, filterPages([]*child{&t.top})) || !v.part(newPart(v.reader, t, &t.top, t.height, All)) {
					return
				}
			}
		}
	}
}

func newPart(r *reader, t *tree, c *child, height int, within Range) *Part {
	return &Part{Name: c.name, Order: t.order, Ended: t.ends, Masks: t.class == closing, Height: height, Facts: c.facts, Within: within, Oldest: c.minTx,
		Newest: max(c.maxTx, c.maxEnd), reader: r, tree: t, child: c}
}

// AllFacts returns how many facts lie in the trees of the level: each in as many as there are orders that it is in.
func (l *Level) AllFacts() int {
	n := 0
	for _, trees := range l.trees {
		for _, t := range trees {
			n += t.top.facts
		}
	}
	return n
}

// A visit goes through the parts of a level.
type visit struct {
	*reader
	ctx   context.Context
	enter func(*Part) bool
	yield func(*Part, error) bool
	pages []SegmentName // of filters that directories of the tree have in common
}

// filters yields pages of filters, those that were not yielded before, and reports whether to go on.
func (v *visit) filters(t *tree, pages []*filterPage) bool {
	for _, page := range pages {
		p := &Part{Name: page.name, Order: t.order, Ended: t.ends, Masks: t.class == closing, Filter: true, tree: t}
		if slices.Contains(v.pages, p.Name) || v.enter != nil && !v.enter(p) {
			continue
		}
		v.pages = append(v.pages, p.Name)
		if !v.yield(p, nil) {
			return false
		}
	}
	return true
}

// part yields what lies below a part and then the part, and reports whether to go on.
func (v *visit) part(p *Part) bool {
	if v.enter != nil && !v.enter(p) {
		return true
	}
	if p.Height == 0 {
		return v.yield(p, nil)
	}
	d, err := v.read(p)
	if err != nil {
		return v.yield(p, err)
	}
	for i, c := range d.children {
		within := Range{Lo: c.from, Hi: p.Within.Hi}
		if i == 0 {
			within.Lo = p.Within.Lo
		}
		if i+1 < len(d.children) {
			within.Hi = d.children[i+1].from
		}
		if !v.part(newPart(p.reader, p.tree, c, p.Height-1, within)) {
			return false
		}
	}
	return v.filters(p.tree, d.pages) && v.yield(p, nil)
}

// read returns a directory, which is not kept.
func (v *visit) read(p *Part) (*directory, error) {
	if d := p.child.node.Load(); d != nil {
		return d, nil
	}
	b, err := v.from.Load(v.ctx, p.Name)
	if err != nil {
		return nil, err
	}
	d, err := decodeDirectory(p.tree.shape, p.Height, b, p.Name.Sum)
	if err != nil {
		return nil, v.from.Damaged(p.Name, err)
	}
	return d, nil
}

// Sound returns an error unless b, which was loaded as the part, is as it was written: every byte of it has the hash that stands for it.
// It is ErrFormat where a later version wrote the segment, else ErrSegment.
func (p *Part) Sound(b []byte) error {
	if p.Filter {
		_, err := decodeFilters(p.tree.shape, b, p.Name.Sum)
		return err
	}
	if p.Height > 0 {
		_, err := decodeDirectory(p.tree.shape, p.Height, b, p.Name.Sum)
		return err
	}
	l, err := decodeLeaf(p.tree.shape, b, p.Name.Sum)
	for i := 0; err == nil && i < len(l.blocks); i++ {
		err = soundBlock(l.blocks[i].stored, l.blocks[i].sum)
	}
	return err
}

// Check returns the sum of the facts in the part, of a directory and of filters none, and an error unless b, which was loaded as the part, is as it
// was written and as it should have been: whatever it says of what lies in it or below it is true, facts are in their order, and none
// lies where another part is looked into. Long values that begin alike are read in EAVT, to see which comes first. The error is of the kinds of
// Sound, or one of reading. Facts of attributes that skip picks are not in the sum; nil picks none. between, if
// not nil, is called between small pieces of work, and its error ends it.
func (p *Part) Check(ctx context.Context, b []byte, skip func(a ID) bool, between func() error) (Sum, error) {
	if p.Filter {
		return Sum{}, p.Sound(b)
	}
	if p.Height > 0 {
		d, err := decodeDirectory(p.tree.shape, p.Height, b, p.Name.Sum)
		if err != nil {
			return Sum{}, err
		}
		return Sum{}, p.checkDirectory(d)
	}
	l, err := decodeLeaf(p.tree.shape, b, p.Name.Sum)
	if err != nil {
		return Sum{}, err
	}
	return p.checkLeaf(ctx, l, skip, between)
}

// Masked returns the sum of the facts that those in the part end, as older levels have them: they still hold there. Of a part that does
// not mask any there is none.
func (p *Part) Masked(b []byte) (Sum, error) {
	var all Sum
	if !p.Masks || p.Filter || p.Height > 0 {
		return all, nil
	}
	l, err := decodeLeaf(p.tree.shape, b, p.Name.Sum)
	if err != nil {
		return all, err
	}
	for i := range l.blocks {
		c, err := openBlock(l.blocks[i].stored, l.blocks[i].sum, l.shape)
		if err != nil {
			return Sum{}, err
		}
		for i := range c.len() {
			f := c.fact(i)
			f.End = 0
			all = all.Plus(f.Sum())
		}
	}
	return all, nil
}

func (p *Part) checkDirectory(d *directory) error {
	var all summary
	for i, c := range d.children {
		if c.facts <= 0 {
			return fmt.Errorf("%w: a part of a directory has no facts", ErrSegment)
		}
		if i > 0 && d.children[i-1].from.compare(p.Order, &c.from) >= 0 {
			return fmt.Errorf("%w: the parts of a directory are out of order", ErrSegment)
		}
		all = all.with(c.summary)
	}
	return p.checkSummary(&all)
}

// checkSummary compares what lies in the part with what the directory above says of it.
func (p *Part) checkSummary(found *summary) error {
	said := &p.child.summary
	switch {
	case found.facts != said.facts:
		return fmt.Errorf("%w: %d facts lie in it, and the directory above says %d", ErrSegment, found.facts, said.facts)
	case !found.sameTimes(said):
		return fmt.Errorf("%w: the transactions of its facts are not those that the directory above says", ErrSegment)
	case found.from.compare(p.Order, &said.from) != 0:
		return fmt.Errorf("%w: it begins elsewhere than the directory above says", ErrSegment)
	}
	return nil
}

// sameTimes reports whether two summaries tell of the same transactions.
func (s *summary) sameTimes(t *summary) bool {
	return s.minTx == t.minTx && s.maxTx == t.maxTx && s.minEnd == t.minEnd && s.maxEnd == t.maxEnd
}

func (p *Part) checkLeaf(ctx context.Context, l *leaf, skip func(a ID) bool, between func() error) (Sum, error) {
	var sum Sum
	var all summary
	var long longOpener
	for i := range l.blocks {
		x := &l.blocks[i]
		c, err := openBlock(x.stored, x.sum, l.shape)
		if err != nil {
			return Sum{}, err
		}
		c = long.open(ctx, p.reader, p.tree, p.child, c)
		upto := &p.Within.Hi
		if i+1 < len(l.blocks) {
			upto = &l.blocks[i+1].from
		}
		err = p.checkBlock(x, c, upto)
		if failed := long.error(); failed != nil {
			err = failed
		}
		if err != nil {
			return Sum{}, err
		}
		all = all.with(x.summary)
		sum = sum.Plus(c.sum(skip))
		if between == nil {
			continue
		}
		if err := between(); err != nil {
			return Sum{}, err
		}
	}
	return sum, p.checkSummary(&all)
}

// checkBlock compares the facts of a block, which ends before a cut, with what its leaf says of them.
func (p *Part) checkBlock(x *block, c *columns, upto *Cut) error {
	if c.len() != x.facts {
		return fmt.Errorf("%w: a block has %d facts, and its leaf says %d", ErrSegment, c.len(), x.facts)
	}
	if found := summarise(c, 0, c.len(), x.from); !found.sameTimes(&x.summary) {
		return fmt.Errorf("%w: the transactions of the facts in a block are not those that its leaf says", ErrSegment)
	}
	for i := 1; i < c.len(); i++ {
		if p.Order.compareAt(c, i-1, c, i) >= 0 {
			return fmt.Errorf("%w: facts of a block are out of order", ErrSegment)
		}
	}
	if c.before(p.Order, 0, &x.from) || c.before(p.Order, 0, &p.Within.Lo) || !c.before(p.Order, c.len()-1, upto) {
		return fmt.Errorf("%w: facts of a block lie outside its part of the tree", ErrSegment)
	}
	return nil
}
