package index

// worthLaying is how long a span of an attribute must be for the attribute's facts to be laid out.
const worthLaying = worthIt

// laid returns a span that lies in one attribute, if it is long, in columns that hold the attribute's facts as they come in the order: they can be
// handed out as they lie, as those of a leaf. They are laid out when they are first read so, once for all readers.
func (s *sequence) laid(o Order, x span) span {
	list := &s.orders[o]
	if x.len() < worthLaying || list.groups == nil || x.places == nil {
		return x
	}
	i, _ := groupOf(list.groups, x.A[x.place(x.at)])
	first := 0
	if i > 0 {
		first = list.groups[i-1].upto
	}
	g := &list.groups[i]
	if x.to > g.upto {
		return x
	}
	c := g.laid.Load()
	if c == nil {
		c = s.lay(g, x.places[first:g.upto])
	}
	return span{columns: c, at: x.at - first, to: x.to - first}
}

// lay lays out the facts of a group.
func (s *sequence) lay(g *group, places []uint32) *columns {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := g.laid.Load(); c != nil {
		return c
	}
	c := newColumns(len(places), s.End != nil)
	c.appendPlaces(&s.columns, places, true)
	c.in = nil
	c.compact()
	s.laidBytes.Add(int64(c.bytes()))
	g.laid.Store(&c)
	return &c
}

// compact leaves out of the values what they do not need, where all are of one kind, and numbers texts if few are distinct.
func (c *columns) compact() {
	v := &c.V
	if len(v.Kinds) > 0 && uniform(v.Kinds) {
		c.kind = v.Kinds[0]
	}
	switch {
	case c.kind == KindNil:
	case c.kind.oneWord():
		v.Texts = nil
	case v.Texts != nil:
		v.Words = nil
		if coded := (&Vector{}); coded.AppendCoded(&Vector{Kind: c.kind, Texts: v.Texts}, nil) && coded.IsCoded() {
			v.Texts, v.coded = nil, coded.coded
		}
	}
}

// laidBytes returns how much memory the facts of the run take that are laid out.
func (r *Run) laidBytes() int {
	if !r.sorted.Load() {
		return 0
	}
	n := int64(0)
	for _, s := range r.parts {
		n += s.laidBytes.Load()
	}
	return int(n)
}
