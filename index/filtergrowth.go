package index

import "slices"

// filter makes the filter of a leaf, if the tree has filters and the leaf holds something that they tell of.
func (g *treeGrowth) filter(c *child, facts *columns) error {
	attrs, any := g.filtered(facts)
	if !any {
		return nil
	}
	if g.page == nil {
		g.page = &filterPage{}
	}
	c.filter = filterPlace{g.page, len(g.filters)}
	g.filters = append(g.filters, newFilter(attrs, g.hashes(facts, attrs)))
	size := 0
	for i := range g.filters {
		size += len(g.filters[i].bits)
	}
	if size < filterPageSize {
		return nil
	}
	return g.writeFilters()
}

// filtered returns the attributes of facts which their filter tells of: in AVET those that are unique, of what holds; and in EAVT all,
// where there are levels below, that are asked next. It reports whether there are any; of all is none.
func (g *treeGrowth) filtered(facts *columns) (attrs []ID, any bool) {
	switch {
	case g.order == EAVT && g.masks && g.class != past:
		return nil, true
	case g.order != AVET || g.class != current || g.Unique == nil:
		return nil, false
	}
	for i, a := range facts.A {
		if (i == 0 || a != facts.A[i-1]) && g.Unique(a) {
			attrs = append(attrs, a)
		}
	}
	return attrs, len(attrs) > 0
}

// hashes returns the hashes of the keys of facts, those of some attributes.
func (g *treeGrowth) hashes(facts *columns, attrs []ID) []uint64 {
	var hashes []uint64
	for i, a := range facts.A {
		if len(attrs) > 0 && !slices.Contains(attrs, a) {
			continue
		}
		if k := facts.fact(i).keyIn(g.order); len(hashes) == 0 || hashes[len(hashes)-1] != k.hash {
			hashes = append(hashes, k.hash)
		}
	}
	return hashes
}

// writeFilters writes the page of the last filters.
func (g *treeGrowth) writeFilters() error {
	if g.page == nil {
		return nil
	}
	segment, sum := encodeFilters(g.shape, g.filters)
	name, err := g.To.Put(g.ctx, segment, sum)
	if err != nil {
		return err
	}
	g.page.name = name
	filters := g.filters
	g.page.filters.Store(&filters)
	g.page, g.filters = nil, nil
	return nil
}
