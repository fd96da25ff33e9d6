package index

import (
	"context"
	"slices"
	"sync"
)

const (
	batchSize = 1024
	worthIt   = 256 // from this length on, a stretch is handed out by itself rather than copied behind others
)

// A Cursor walks a range of an order, batch by batch.
type Cursor struct {
	ctx    context.Context
	levels Levels
	order  Order
	within Range
	lens   lens
	keys   *keyList   // of which alone something is read; nil for all of the range
	key    *filterKey // of the range; nil where filters have none

	loose   bool // datoms may come in any order
	makes   bool // a material is made of what it reads, for which no other one is made
	opened  bool
	halved  bool      // of the waiting stretch the assertions were handed out, and the ends were not
	few     [2]source // so that reading at a point allocates little
	line    [2]*source
	own     room
	merger  merger
	walks   []*walk // through trees, for this range and those before it
	walking int     // how many of them this range needs
	waiting stretch
	seen    int // facts since the context was last asked

	most    int  // datoms that are wanted in a batch; 0 for as many as there may be
	bare    bool // values are left out
	room    int  // in builder
	counted []uint32
	sifted  []uint32
	builder builder
	batch   Batch
	of      []uint32
	label   int // key of the last datom
}

// A room is what a cursor needs at least of what it may need more of.
type room struct {
	key     filterKey
	between [2]*source
	walks   [2]*walk
	walk    walk
}

// Scan returns a cursor over the datoms that the view shows of a range, in the order's sequence; history events of one
// (e, a, v) come newest first. Nothing is read before the first call of Next. A cursor needs no closing.
func (l Levels) Scan(ctx context.Context, o Order, r Range, v View) *Cursor {
	return &Cursor{ctx: ctx, levels: l, order: o, within: r, lens: v.lens()}
}

// Unordered lets the cursor, which was not read yet, hand out the datoms in any order: those of several runs and trees then need not be merged,
// nor need, in a history, the ends of facts stand beside their assertions.
func (c *Cursor) Unordered() *Cursor {
	c.loose = true
	return c
}

// First returns the first datom that the view shows of a range, if there is one.
func (l Levels) First(ctx context.Context, o Order, r Range, v View) (d Datom, found bool, err error) {
	c := firsts.Get().(*Cursor)
	c.ctx, c.levels, c.order, c.within, c.lens, c.most = ctx, l, o, r, v.lens(), 1
	b, err := c.Next()
	if err == nil && b != nil {
		d, found = b.Datom(0), true
	}
	clear(c.builder.texts.rows)
	*c = Cursor{counted: c.counted, sifted: c.sifted, builder: c.builder}
	firsts.Put(c)
	return d, found, err
}

// firsts are cursors of First that are not in use, which hold on to nothing but room for one datom.
var firsts = sync.Pool{New: func() any { return new(Cursor) }}

// SkipValues has a cursor that was not read yet leave the values out: V of its batches is empty. It need not read long values then, which lie
// apart in orders other than EAVT. A cursor over keys that are values shows them all the same.
func (c *Cursor) SkipValues() { c.bare = c.keys == nil || c.keys.ofEntities() }

// Next returns the next batch, of at most 1,024 datoms, or nil at the end. An error (of the context, or of a store) ends the walk.
func (c *Cursor) Next() (*Batch, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	if !c.opened {
		if err := c.open(); err != nil {
			return nil, err
		}
	}
	c.builder.reset()
	for c.advance() {
		if c.uncopied() {
			if c.builder.len() == 0 {
				c.handOut()
				return c.labelled(), nil
			}
			break
		}
		if !c.take() {
			break
		}
		if c.seen < batchSize {
			continue
		}
		c.seen = 0
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err := c.merger.err; err != nil {
		return nil, err
	}
	if c.builder.len() == 0 {
		return nil, nil
	}
	c.builder.batch(&c.batch)
	return c.labelled(), nil
}

// labelled returns the batch, which tells of its keys where there are some.
func (c *Cursor) labelled() *Batch {
	if c.keys != nil {
		c.of = c.keys.label(c.of[:0], c.label, &c.batch)
		c.batch.Of, c.label = c.of, int(c.of[len(c.of)-1])
	}
	return &c.batch
}

// open finds the range in each part of each run that the view needs.
func (c *Cursor) open() error {
	made, levels, err := c.materialised()
	if err != nil {
		return err
	}
	c.opened = true
	sources, rows := c.runSources(c.few[:0], levels.runs)
	if made.len() > 0 {
		sources = append(sources, c.source(made, current, whole))
		rows += made.len()
	}
	if len(levels.stored) > 0 {
		if key, ok := c.within.keyIn(c.order); ok && c.keys == nil {
			c.own.key = key
			c.key = &c.own.key
		}
	}
	for _, l := range levels.stored {
		sources = l.sources(sources, c)
	}
	for i := range sources {
		if s := &sources[i]; c.most == 0 && c.lens.sifts(s.role, s.class) {
			c.sifting(s)
		}
	}
	if c.most == 0 && !c.lens.history && closes(sources) {
		sources = c.masked(sources)
	}
	if c.keys != nil {
		rows = 0 // each has a feeder that tells
	}
	rows += c.begin(sources)
	if c.lens.history {
		rows *= 2
	}
	if c.room = min(batchSize, rows); c.most > 0 {
		c.room = min(c.room, c.most)
	}
	return nil
}

// runSources appends what is read of some runs, and returns how many facts that is.
func (c *Cursor) runSources(sources []source, runs []*Run) (all []source, rows int) {
	for _, r := range runs {
		if r.misses(c.order, &c.within) {
			continue
		}
		for k := range dropped {
			role := c.lens.role(r.oldest, r.newest, k)
			if role == unread {
				continue
			}
			part := r.part(k)
			x := part.span(c.order, &c.within)
			if role != mask {
				x = part.laid(c.order, x)
			}
			if x.len() > 0 {
				sources = append(sources, c.source(x, k, role))
				rows += x.len()
			}
		}
	}
	return sources, rows
}

// source returns the source of a span, of which only the keys are read where there are some.
func (c *Cursor) source(x span, k class, role role) source {
	if c.keys != nil {
		return source{walk: &keyRun{picker{keyList: c.keys}, x}, class: k, role: role}
	}
	return source{span: x, class: k, role: role}
}

// sifting lets a source leave out what does not show, by itself where it picks facts anyway.
func (c *Cursor) sifting(s *source) {
	switch w := s.walk.(type) {
	case *keyWalk:
		w.lens, s.role = &c.lens, whole
	case *keyRun:
		w.lens, s.role = &c.lens, whole
	default:
		*s = source{walk: &sifter{relay: relay{s.walk, s.span}, lens: &c.lens}, class: s.class, role: whole}
	}
}

// closes reports whether one of some sources holds closings, which have to meet what they close.
func closes(sources []source) bool {
	return slices.ContainsFunc(sources, func(s source) bool { return s.class == closing })
}

// begin lets sources take part, and returns how many facts come of trees, about. Where there is nothing to show there is nothing to mask.
func (c *Cursor) begin(sources []source) (rows int) {
	c.merger = merger{order: c.order, line: c.line[:0], between: c.own.between[:0], loose: c.loose && (c.lens.history || !closes(sources)), ctx: c.ctx}
	for _, masks := range [...]bool{false, true} {
		for i := range sources {
			s := &sources[i]
			if (s.role == mask) != masks {
				continue
			}
			if c.merger.begin(s); s.walk != nil {
				rows += min(batchSize, s.walk.left(s.len()))
			}
		}
		if len(c.merger.line) == 0 {
			break
		}
	}
	return rows
}

// walk returns what goes through a tree for the cursor.
func (c *Cursor) walk(r *reader, t *tree, skip func(*summary) bool) feeder {
	if c.keys != nil {
		return &keyWalk{picker: picker{keyList: c.keys}, reader: r, tree: t, skip: skip, long: longOpener{err: &c.merger.err}}
	}
	w := c.walker()
	path := w.path
	if path == nil {
		path = w.steps[:0]
	}
	*w = walk{reader: r, tree: t, within: &c.within, skip: skip, key: c.key, path: path[:0], long: longOpener{err: &c.merger.err}}
	return w
}

// advance makes sure that a stretch is waiting which may show something, and reports whether there is one.
func (c *Cursor) advance() bool {
	for c.waiting.len() == 0 || c.waiting.role == mask {
		c.waiting = c.merger.next(batchSize)
		if c.waiting.source == nil {
			return false
		}
	}
	return true
}

// uncopied reports whether the waiting stretch is best handed out as it lies in its run.
func (c *Cursor) uncopied() bool {
	w := &c.waiting
	return w.role == whole && w.places == nil && (w.longs.longReader == nil || c.bare) && c.lens.plain() && (c.merger.loose || !c.lens.history) &&
		(w.len() >= worthIt || c.builder.len() == 0 && c.merger.alone())
}

// handOut hands out the waiting stretch; of facts that ended, in a history, first that they were asserted and then that they ended.
func (c *Cursor) handOut() {
	w := &c.waiting
	i, j := w.from, w.upto
	if c.most > 0 {
		j = min(j, i+c.most)
	}
	c.batch = Batch{E: w.E[i:j:j], A: w.A[i:j:j], Tx: w.Tx[i:j:j]}
	if !c.bare {
		c.batch.V = w.V.Slice(i, j)
		if w.kind != KindNil {
			c.batch.V.narrowTo(w.kind)
		} else {
			c.batch.V.narrow()
		}
	}
	if !c.lens.history || w.class == current {
		w.from = j
		return
	}
	if c.halved = w.class == past && !c.halved; !c.halved {
		c.batch.Tx, c.batch.Added = w.End[i:j:j], noneAdded[:j-i:j-i]
		w.from = j
	}
}

// noneAdded tells of a batch that all of it are ends of facts.
var noneAdded [batchSize]bool

// take gathers what shows of the waiting stretch, as far as there is room, and reports whether there was any.
func (c *Cursor) take() bool {
	if c.builder.room() == 0 {
		c.builder.reserve(c.room, c.lens.history)
		c.builder.bare = c.bare
	}
	room := c.room - c.builder.len()
	if c.lens.history {
		room /= 2
	}
	n := min(room, c.waiting.len())
	if n == 0 {
		return false
	}
	places := c.next(n)
	w := &c.waiting
	switch {
	case c.lens.history:
		// the assertion of what a closing ends is that of the open fact, unless the two were merged
		c.sifted = c.lens.events(c.sifted[:0], w.columns, places, c.merger.loose && w.class == closing)
		c.builder.gatherEvents(c.order, w.columns, c.sifted)
	default:
		c.builder.gather(c.order, w.columns, c.sift(w, places))
	}
	return true
}

// next returns the places of the next n facts of the waiting stretch, and takes them off it.
func (c *Cursor) next(n int) []uint32 {
	w := &c.waiting
	from := w.from
	w.from += n
	c.seen += n
	if w.places != nil {
		return w.places[from:w.from]
	}
	c.counted = slices.Grow(c.counted[:0], n)
	for i := from; i < w.from; i++ {
		c.counted = append(c.counted, uint32(i))
	}
	return c.counted
}

// sift returns those of places whose facts show.
func (c *Cursor) sift(w *stretch, places []uint32) []uint32 {
	if w.role == tested {
		c.sifted = c.lens.holding(c.sifted[:0], w.columns, places)
		places = c.sifted
	}
	if c.lens.without != nil {
		c.sifted = c.lens.without.outside(c.sifted[:0], w.E, places)
		places = c.sifted
	}
	if c.lens.keep != nil {
		c.sifted = c.lens.kept(c.sifted[:0], w.columns, places)
		places = c.sifted
	}
	return places
}
