package index

import "context"

// An ahead is the leaf to which a walk comes next, which is read while the walk goes through the one before, and decoded from its end on: so
// who scans what is not in memory does not wait for a store, and decodes only until it meets what is decoded. A walk begins with it when it
// comes to its second leaf, and reads no more than one ahead.
type ahead struct {
	child *child
	leaf  *leaf
	err   error
	done  chan struct{} // closed when leaf or err is there
}

// readAhead begins to read the next leaf of the directory, unless nothing of it is wanted or it is in the cache.
func (w *walk) readAhead(ctx context.Context) {
	if w.ahead = nil; len(w.path) == 0 {
		return
	}
	last := &w.path[len(w.path)-1]
	if last.next == len(last.dir.children) {
		return
	}
	c := last.dir.children[last.next]
	if c.facts == 0 || w.past(&c.summary) || w.skip != nil && w.skip(&c.summary) || w.cache.has(c.name.Sum) {
		return
	}
	a := &ahead{child: c, done: make(chan struct{})}
	w.ahead = a
	go a.read(ctx, w.reader, w.tree, w.skip)
}

// read reads the leaf, and decodes those of its blocks that are not left out, the last one first. A block that does not decode says so to who
// comes to it.
func (a *ahead) read(ctx context.Context, r *reader, t *tree, skip func(*summary) bool) {
	a.leaf, a.err = r.leaf(ctx, t, a.child)
	l := a.leaf
	if close(a.done); a.err != nil {
		return
	}
	for i := len(l.blocks) - 1; i >= 0 && ctx.Err() == nil && l.blocks[i].decoded.Load() == nil; i-- {
		if skip == nil || !skip(&l.blocks[i].summary) {
			_, _ = r.columns(a.child, l, i)
		}
	}
}

// leafOf returns the leaf of a child, which may have been read ahead.
func (w *walk) leafOf(ctx context.Context, c *child) (*leaf, error) {
	a := w.ahead
	if w.ahead = nil; a == nil || a.child != c {
		return w.reader.leaf(ctx, w.tree, c)
	}
	select {
	case <-a.done:
		return a.leaf, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
