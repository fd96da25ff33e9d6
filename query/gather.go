package query

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

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
	joined, err := g.joined(r)
	return joined, true, err
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
		if err := g.agree(r); err != nil {
			return err
		}
	}
	return r.fits(len(g.right), g.group.width()+8)
}

// lookUp pairs each row of the group with the first that it finds.
func (g *gatherer) lookUp(r *run, x *wordIndex) error {
	found := make([]int32, len(g.keys))
	var missing atomic.Bool
	err := r.inParts(len(found), func(from, upto int) {
		none := false
		for i, w := range g.keys[from:upto] { // no turn waits for the one before, since most of the time goes into waiting for memory
			at := x.first(w)
			found[from+i] = at - 1
			none = none || at == 0
		}
		if none {
			missing.Store(true)
		}
	})
	if g.right = found; !missing.Load() {
		g.whole = true
		return err
	}
	for i, at := range found {
		if at >= 0 {
			g.left = append(g.left, int32(i))
		}
	}
	g.right = slices.DeleteFunc(found, func(at int32) bool { return at < 0 })
	return err
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
func (g *gatherer) agree(r *run) error {
	own, found := g.group.cols[g.scan.column(g.group, g.other)], g.extent.column(g.other)
	agrees := make([]bool, len(g.right))
	words := wordsOf(&own)
	err := r.inParts(len(agrees), func(from, upto int) {
		for k, at := range g.right[from:upto] {
			if k += from; words != nil && own.Kind == found.Kind {
				agrees[k] = words[g.row(k)] == found.Words[at]
			} else {
				agrees[k] = equalAt(&own, g.row(k), &found, at)
			}
		}
	})
	var kept []int32
	for k, yes := range agrees {
		if i := g.row(k); yes && (len(kept) == 0 || kept[len(kept)-1] != i) {
			kept = append(kept, i)
		}
	}
	g.left, g.whole = kept, false
	return err
}

// joined returns the rows of the group that were kept, each beside what the extent adds.
func (g *gatherer) joined(r *run) (*relation, error) {
	switch {
	case g.whole && !g.news:
		return g.group, nil
	case !g.news:
		return g.group.pick(g.left), nil
	}
	out := *g.group
	if !g.whole {
		out = *g.group.repeat(g.left)
	}
	out.asked = false
	news := g.extent.column(2 - g.place)
	words := make([]uint64, len(g.right))
	err := r.inParts(len(words), func(from, upto int) {
		for k, at := range g.right[from:upto] {
			words[from+k] = news.Words[at]
		}
	})
	news.Words = words
	out.vars, out.cols = append(slices.Clip(out.vars), g.scan.at[2-g.place]), append(slices.Clip(out.cols), news)
	out.n, out.unique = len(g.right), g.group.unique
	return &out, err
}

// worthParts is how many rows each of several goroutines has at least.
var worthParts = 1 << 14

// inParts calls what works on some of n rows for all of them, in as many goroutines as there are cores where that is worth it, and looks at the
// context now and then.
func (r *run) inParts(n int, work func(from, upto int)) error {
	parts := max(1, min(n/worthParts, runtime.GOMAXPROCS(0)))
	var group sync.WaitGroup
	some := func(from, upto int) {
		for ; from < upto && r.ctx.Err() == nil; from += worthParts {
			work(from, min(from+worthParts, upto))
		}
	}
	for i := 1; i < parts; i++ {
		group.Go(func() { some(i*n/parts, (i+1)*n/parts) })
	}
	some(0, n/parts)
	group.Wait()
	return r.ctx.Err()
}
