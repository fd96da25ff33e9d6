package index

import "sync"

// Long values that are to be shown lie in many leaves of EAVT, in no order: those that are not in memory are read several at a time.
const (
	aheadOf      = 128      // values, for which is looked ahead
	aheadAtOnce  = 8        // leaves, that are read at once
	aheadAtLeast = 64 << 20 // bytes of a cache in which they stay until they are needed
)

// ahead reads the leaves in which the long values at some places lie, unless most are there. What goes wrong is told to who reads the value.
func (l *longs) ahead(c *columns, places []uint32) {
	if l.cache.limit < aheadAtLeast {
		return
	}
	missing, before := map[*child]bool{}, l.made.stub
	for _, p := range places {
		v := c.V.At(int(p))
		if !v.isStub() || v == before {
			continue
		}
		before = v
		leaf, err := l.leafOf(&Cut{Parts: 2, Key: Fact{E: c.E[p], A: c.A[p]}})
		if err != nil {
			return
		}
		if leaf.leaf.Load() == nil && !missing[leaf] && !l.cache.has(leaf.name.Sum) {
			missing[leaf] = true
		}
	}
	if len(missing) < 2 {
		return
	}
	var all sync.WaitGroup
	room := make(chan struct{}, aheadAtOnce)
	for leaf := range missing {
		room <- struct{}{}
		all.Go(func() {
			_, _ = l.leaf(l.ctx, l.tree, leaf)
			<-room
		})
	}
	all.Wait()
}

// leafOf returns the leaf of EAVT in which a cut lies.
func (l *longReader) leafOf(cut *Cut) (*child, error) {
	c := &l.tree.top
	for height := l.tree.height; height > 0; height-- {
		d, err := l.directory(l.ctx, l.tree, c, height)
		if err != nil {
			return nil, err
		}
		c = d.children[d.at(EAVT, cut)]
	}
	return c, nil
}
