package index

import "context"

// A walk goes through the blocks of a tree that hold something of a range, one after the other.
type walk struct {
	*reader
	tree   *tree
	within *Range
	skip   func(*summary) bool // whether a part can be left out; nil for never
	key    *filterKey          // of all facts of the range; nil where filters have none

	begun bool
	met   bool // a block was met: those behind it lie behind the beginning of the range
	path  []step
	steps [2]step // of path, as long as it is no longer
	child *child  // of the leaf
	leaf  *leaf   // nil between leaves
	block int
	ahead *ahead // nil for none
	long  longOpener
}

// A step of a walk is a directory, and the number of the child to go to next.
type step struct {
	dir  *directory
	next int
}

// feed returns what the next block that holds something of the range holds of it; at the end, an empty span.
func (w *walk) feed(ctx context.Context) (span, error) {
	if !w.begun {
		w.begun = true
		if err := w.enter(ctx, &w.tree.top, w.tree.height); err != nil {
			return span{}, err
		}
	}
	for w.leaf != nil || len(w.path) > 0 {
		if w.leaf == nil || w.block == len(w.leaf.blocks) {
			if err := w.step(ctx); err != nil {
				return span{}, err
			}
			continue
		}
		b, met := &w.leaf.blocks[w.block], w.met
		w.block++
		if w.met = true; w.past(&b.summary) {
			break
		}
		if w.skip != nil && w.skip(&b.summary) {
			continue
		}
		c, err := w.long.columns(ctx, w.reader, w.tree, w.child, w.leaf, w.block-1)
		if err != nil {
			return span{}, err
		}
		x := span{columns: c, to: c.len()}
		if met && w.block < len(w.leaf.blocks) && !w.past(&w.leaf.blocks[w.block].summary) {
			return x, nil // all of it lies within the range
		}
		x = x.within(w.tree.order, w.within)
		if err := w.long.error(); err != nil {
			return span{}, err
		}
		if x.to < c.len() {
			w.leaf, w.path = nil, w.path[:0]
		}
		if x.len() > 0 {
			return x, nil
		}
	}
	w.leaf, w.path = nil, w.path[:0]
	return span{}, nil
}

// left returns how many facts are there to come at most, given how many of the first block are there.
func (w *walk) left(first int) int {
	if w.leaf == nil && len(w.path) == 0 {
		return first
	}
	return first + w.tree.top.facts
}

// past reports whether a part lies behind the range.
func (w *walk) past(s *summary) bool { return s.from.compare(w.tree.order, &w.within.Hi) >= 0 }

// step goes to the next child of the last directory that has one.
func (w *walk) step(ctx context.Context) error {
	w.leaf = nil
	if len(w.path) == 0 {
		return nil
	}
	last := &w.path[len(w.path)-1]
	if last.next == len(last.dir.children) {
		w.path = w.path[:len(w.path)-1]
		return nil
	}
	c := last.dir.children[last.next]
	last.next++
	if w.past(&c.summary) {
		w.path = w.path[:0]
		return nil
	}
	return w.enter(ctx, c, w.tree.height-len(w.path))
}

// enter goes into a child that lies so high above the leaves, to where the range begins.
func (w *walk) enter(ctx context.Context, c *child, height int) error {
	if c.facts == 0 || w.skip != nil && w.skip(&c.summary) {
		return nil
	}
	if height > 0 {
		d, err := w.directory(ctx, w.tree, c, height)
		if err == nil {
			w.path = append(w.path, step{d, d.at(w.tree.order, &w.within.Lo)})
		}
		return err
	}
	if lacks, err := w.lacks(ctx, w.tree, c, w.key); lacks || err != nil {
		return err
	}
	l, err := w.leafOf(ctx, c)
	if err == nil {
		further := w.child != nil
		if w.child, w.leaf, w.block = c, l, l.at(&w.within.Lo); further {
			w.readAhead(ctx)
		}
	}
	return err
}
