package index

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"sync/atomic"
)

// A tree is a sequence of facts in one order, kept in leaves below directories. It never changes: the tree of the next index root
// has leaves in common with it.
type tree struct {
	shape
	class  class
	height int   // how many directories lie above each leaf
	top    child // none where there are no facts
	whole  *tree // of EAVT with the same facts, in which long values are whole
}

func newTree(o Order, k class) *tree { return &tree{shape: shape{o, k != current}, class: k} }

// A child is what a directory knows of a leaf or directory below it.
type child struct {
	summary
	name   SegmentName
	node   atomic.Pointer[directory] // of a directory, once it was read
	leaf   atomic.Pointer[cached]    // of a leaf, once it was found in the cache
	filter filterPlace               // of a leaf
}

// A directory lists what lies below it, in the tree's order.
type directory struct {
	children []*child
	signs    signs         // of where they begin
	pages    []*filterPage // those with the filters of the children
}

// fanOut is how many children a directory has at most.
const fanOut = 1000

// encodeDirectory returns the segment of a directory over children, which lie so high above the leaves.
func encodeDirectory(s shape, height int, children []*child) (segment []byte, sum [32]byte) {
	b := append(s.appendHead(directorySegment), byte(height))
	pages := filterPages(children)
	b = binary.AppendUvarint(appendPages(b, pages), uint64(len(children)))
	for _, c := range children {
		b = c.name.append(c.summary.append(b, s.order, s.ends))
		b = c.filter.append(b, pages)
	}
	return sealed(b)
}

// filterPages returns the pages with the filters of some children.
func filterPages(children []*child) []*filterPage {
	var pages []*filterPage
	seen := map[*filterPage]bool{nil: true}
	for _, c := range children {
		if p := c.filter.page; !seen[p] {
			seen[p] = true
			pages = append(pages, p)
		}
	}
	return pages
}

// append appends the name of a segment.
func (s *SegmentName) append(b []byte) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(s.Job))), s.Job...)
	b = binary.AppendUvarint(b, uint64(s.N))
	return append(b, s.Sum[:]...)
}

func (in *input) segmentName() SegmentName {
	s := SegmentName{Job: string(in.take(in.count(64)))}
	s.N = in.count(math.MaxInt)
	copy(s.Sum[:], in.take(len(s.Sum)))
	return s
}

func decodeDirectory(s shape, height int, b []byte, sum [32]byte) (*directory, error) {
	in, rest, err := s.openHead(b, sum, directorySegment)
	if err != nil {
		return nil, err
	}
	if int(in.byte()) != height {
		return nil, fmt.Errorf("%w: a directory lies at another height", ErrSegment)
	}
	d := &directory{}
	if in.version > 1 {
		d.pages = in.pages()
	}
	d.children = make([]*child, in.count(len(in.rest)))
	jobs := map[string]string{} // the same text for all names of a job
	for i := range d.children {
		c := &child{summary: in.summary(s.order, s.ends), name: in.segmentName()}
		if job, ok := jobs[c.name.Job]; ok {
			c.name.Job = job
		} else {
			jobs[c.name.Job] = c.name.Job
		}
		if in.version > 1 {
			c.filter = in.filterPlace(d.pages)
		}
		d.children[i] = c
	}
	if in.bad || len(in.rest)+len(rest) > 0 || len(d.children) == 0 {
		return nil, fmt.Errorf("%w: a directory does not decode", ErrSegment)
	}
	d.signs = newSigns(s.order, len(d.children), d.from)
	return d, nil
}

// A reader reads segments of one database.
type reader struct {
	from  Segments
	cache *Cache
}

// directory returns the directory of a child that lies so high, which is read once.
func (r *reader) directory(ctx context.Context, t *tree, c *child, height int) (*directory, error) {
	if d := c.node.Load(); d != nil {
		return d, nil
	}
	b, err := r.from.Load(ctx, c.name)
	if err != nil {
		return nil, err
	}
	d, err := decodeDirectory(t.shape, height, b, c.name.Sum)
	if err != nil {
		return nil, r.from.Damaged(c.name, err)
	}
	c.node.Store(d)
	return d, nil
}

// leaf returns the leaf of a child.
func (r *reader) leaf(ctx context.Context, t *tree, c *child) (*leaf, error) {
	if l := r.cache.again(c.leaf.Load()); l != nil {
		return l, nil
	}
	return r.cache.leaf(ctx, r, c.name.Sum, &c.leaf, func() (*leaf, int, error) {
		b, err := r.from.Load(ctx, c.name)
		if err != nil {
			return nil, 0, err
		}
		l, err := decodeLeaf(t.shape, b, c.name.Sum)
		if err != nil {
			return nil, 0, r.from.Damaged(c.name, err)
		}
		return l, len(b), nil
	})
}

// lacks reports whether the filter of a leaf tells that a key is not in it. The page with the filter is read once.
func (r *reader) lacks(ctx context.Context, t *tree, c *child, k *filterKey) (bool, error) {
	p := c.filter.page
	if k == nil || p == nil {
		return false, nil
	}
	filters := p.filters.Load()
	if filters == nil {
		b, err := r.from.Load(ctx, p.name)
		if err != nil {
			return false, err
		}
		there, err := decodeFilters(t.shape, b, p.name.Sum)
		if err != nil {
			return false, r.from.Damaged(p.name, err)
		}
		filters = &there
		p.filters.Store(filters)
	}
	if c.filter.n >= len(*filters) {
		return false, r.from.Damaged(p.name, fmt.Errorf("%w: it has no filter %d", ErrSegment, c.filter.n))
	}
	return (*filters)[c.filter.n].lacks(k), nil
}

// columns returns the columns of a block of a leaf.
func (r *reader) columns(c *child, l *leaf, block int) (*columns, error) {
	cols, more, err := l.columns(block)
	if err != nil {
		r.cache.drop(c.name.Sum, l)
		return nil, r.from.Damaged(c.name, err)
	}
	if more > 0 {
		r.cache.grow(c.name.Sum, nil, more)
	}
	return cols, nil
}

// from returns where the i-th child begins.
func (d *directory) from(i int) *Cut { return &d.children[i].from }

// at returns the number of the child in which a cut lies.
func (d *directory) at(o Order, cut *Cut) int { return d.signs.at(o, len(d.children), cut, d.from) }

// from returns where the i-th block begins.
func (l *leaf) from(i int) *Cut { return &l.blocks[i].from }

// at returns the number of the block in which a cut lies.
func (l *leaf) at(cut *Cut) int { return l.signs.at(l.order, len(l.blocks), cut, l.from) }

// rank returns how many facts of the tree lie before a cut: it reads one leaf, and one block of that.
func (t *tree) rank(ctx context.Context, r *reader, cut *Cut) (int, error) {
	n, c := 0, &t.top
	if c.facts == 0 || cut.Parts == 0 {
		return c.facts * (1 + cut.side()) / 2, nil
	}
	for height := t.height; height > 0; height-- {
		d, err := r.directory(ctx, t, c, height)
		if err != nil {
			return 0, err
		}
		i := d.at(t.order, cut)
		for _, before := range d.children[:i] {
			n += before.facts
		}
		c = d.children[i]
	}
	l, err := r.leaf(ctx, t, c)
	if err != nil {
		return 0, err
	}
	i := l.at(cut)
	for k := range l.blocks[:i] {
		n += l.blocks[k].facts
	}
	cols, err := r.columns(c, l, i)
	if err != nil {
		return 0, err
	}
	if !cols.V.packed.stubs {
		return n + cols.rank(t.order, cut), nil
	}
	var long longOpener
	n += long.open(ctx, r, t, c, cols).rank(t.order, cut)
	return n, long.error()
}

// rank returns how many of the facts lie before a cut.
func (c *columns) rank(o Order, cut *Cut) int {
	return sort.Search(c.len(), func(i int) bool { return !c.before(o, i, cut) })
}

// nth returns the fact of the tree before which there are n.
func (t *tree) nth(ctx context.Context, r *reader, n int) (f Fact, err error) {
	c := &t.top
	for height := t.height; height > 0; height-- {
		d, err := r.directory(ctx, t, c, height)
		if err != nil {
			return f, err
		}
		i := 0
		for ; i < len(d.children)-1 && n >= d.children[i].facts; i++ {
			n -= d.children[i].facts
		}
		c = d.children[i]
	}
	l, err := r.leaf(ctx, t, c)
	if err != nil {
		return f, err
	}
	i := 0
	for ; i < len(l.blocks)-1 && n >= l.blocks[i].facts; i++ {
		n -= l.blocks[i].facts
	}
	cols, err := r.columns(c, l, i)
	if err != nil {
		return f, err
	}
	if !cols.V.packed.stubs {
		return cols.factAt(n), nil
	}
	var long longOpener
	f = *long.open(ctx, r, t, c, cols).wholeFact(n)
	return f, long.error()
}

// count returns how many facts of the tree lie in a range.
func (t *tree) count(ctx context.Context, r *reader, within *Range) (int, error) {
	hi, err := t.rank(ctx, r, &within.Hi)
	if err != nil {
		return 0, err
	}
	lo, err := t.rank(ctx, r, &within.Lo)
	return max(0, hi-lo), err
}
