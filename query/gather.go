package query

import "slices"

// A gatherer joins a group to an extent: each row of the group is looked up there, so that rows stay in their order, and columns of which all rows
// are kept are not copied.
type gatherer struct {
	scan   *scan
	group  *relation
	extent *extent
	place  int      // the component by which rows are looked up
	keys   []uint64 // those of the group
	other  int      // the component that the group has too; −1 where it has none
	news   bool     // the extent adds a column; else each row of the group is kept once
	pairing
	whole bool // each row of the group is in one pair, and they are in order: left is empty
}

// gather joins a group to an extent. It reports whether it can: the group must have the entity, or the value, as words.
func (s *scan) gather(r *run, group *relation, x *extent) (*relation, bool, error) {
	if x == nil {
		return nil, false, nil
	}
	place, at := s.joint(group)
	if place < 0 {
		return nil, false, nil
	}
	g := &gatherer{scan: s, group: group, extent: x, place: place, keys: group.cols[at].Words, other: -1}
	if other := 2 - place; s.column(group, other) >= 0 {
		g.other = other
	} else {
		g.news = s.at[other] != noVariable
	}
	if x.column(place).Kind == group.cols[at].Kind {
		if err := g.run(r); err != nil {
			return nil, true, err
		}
	}
	return g.joined(), true, r.ctx.Err()
}

// run finds the pairs.
func (g *gatherer) run(r *run) error {
	x := g.extent.index(g.place)
	if x.next != nil && (g.news || g.other >= 0) {
		if err := g.lookUpAll(r, x); err != nil {
			return err
		}
	} else {
		if err := g.lookUp(r, x); err != nil {
			return err
		}
	}
	if g.other >= 0 {
		g.agree()
	}
	return r.fits(len(g.right), g.group.width()+8)
}

// lookUp pairs each row of the group with the first that it finds.
func (g *gatherer) lookUp(r *run, x *wordIndex) error {
	found := make([]int32, len(g.keys))
	missing := false
	for i, w := range g.keys { // no turn waits for the one before, since most of the time goes into waiting for memory
		if err := r.tick(i); err != nil {
			return err
		}
		at := x.first(w)
		found[i] = at - 1
		missing = missing || at == 0
	}
	if g.right = found; !missing {
		g.whole = true
		return nil
	}
	for i, at := range found {
		if at >= 0 {
			g.left = append(g.left, int32(i))
		}
	}
	g.right = slices.DeleteFunc(found, func(at int32) bool { return at < 0 })
	return nil
}

// lookUpAll pairs each row of the group with all that it finds.
func (g *gatherer) lookUpAll(r *run, x *wordIndex) (err error) {
	g.pairing, err = r.joinIndexed(g.keys, x, g.group.width()+8)
	return err
}

// row returns the row of the group in a pair.
func (g *gatherer) row(pair int) int32 {
	if g.whole {
		return int32(pair)
	}
	return g.left[pair]
}

// agree keeps the pairs that agree in the other component too, each row of the group once.
func (g *gatherer) agree() {
	own, found := g.group.cols[g.scan.column(g.group, g.other)], g.extent.column(g.other)
	agrees := make([]bool, len(g.right))
	if words := wordsOf(&own); words != nil && own.Kind == found.Kind {
		for k, at := range g.right {
			agrees[k] = words[g.row(k)] == found.Words[at]
		}
	} else {
		for k, at := range g.right {
			agrees[k] = equalAt(&own, g.row(k), &found, at)
		}
	}
	var kept []int32
	for k, yes := range agrees {
		if i := g.row(k); yes && (len(kept) == 0 || kept[len(kept)-1] != i) {
			kept = append(kept, i)
		}
	}
	g.left, g.whole = kept, false
}

// joined returns the rows of the group that were kept, each beside what the extent adds.
func (g *gatherer) joined() *relation {
	switch {
	case g.whole && !g.news:
		return g.group
	case !g.news:
		return g.group.pick(g.left)
	}
	out := *g.group
	if !g.whole {
		out = *g.group.repeat(g.left)
	}
	out.asked = false
	other := g.extent.column(2 - g.place)
	out.vars = append(slices.Clip(out.vars), g.scan.at[2-g.place])
	out.cols = append(slices.Clip(out.cols), other.Pick(g.right))
	out.n, out.unique = len(g.right), g.group.unique
	return &out
}
