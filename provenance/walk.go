package provenance

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// WalkOptions bound a walk. The zero WalkOptions walk everything.
type WalkOptions struct {
	Depth int // the greatest distance; 0 is any
	Limit int // the most hits; 0 is any
}

// A Hit is a node that a walk met.
type Hit struct {
	Node     NodeID
	Entity   db.ID
	Depth    int    // distance from the nearest start, which has 0 and is no hit
	Pipeline string // one that has the node; "" where none calls it by a name
	Label    string // the name it has there
}

// Downstream yields what rests on the nodes, nearest first. What the reader hides is not met: on the view of Active, only what lives.
// A start that the reader does not know is ErrNoNode.
func Downstream(ctx context.Context, r db.Reader, o WalkOptions, from ...NodeID) iter.Seq2[Hit, error] {
	return walk(ctx, r, o, from, (*graph).consumers)
}

// Upstream yields what the nodes rest on, nearest first.
func Upstream(ctx context.Context, r db.Reader, o WalkOptions, from ...NodeID) iter.Seq2[Hit, error] {
	return walk(ctx, r, o, from, (*graph).inputs)
}

// A step returns the neighbours of a node in one direction.
type step func(g *graph, e db.ID) ([]db.ID, error)

func walk(ctx context.Context, r db.Reader, o WalkOptions, from []NodeID, next step) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		g, err := newGraph(ctx, r)
		if err != nil {
			yield(Hit{}, err)
			return
		}
		w := walker{g: g, o: o, next: next, yield: yield, seen: &db.IDSet{}}
		w.run(from)
	}
}

// A walker goes breadth first: the layer of one depth is walked before the next.
type walker struct {
	g     *graph
	o     WalkOptions
	next  step
	yield func(Hit, error) bool
	seen  *db.IDSet
	hits  int
}

func (w *walker) run(from []NodeID) {
	layer, err := w.start(from)
	for depth := 1; err == nil && len(layer) > 0 && (w.o.Depth == 0 || depth <= w.o.Depth); depth++ {
		if layer, err = w.neighbours(layer); err != nil {
			break
		}
		for _, e := range layer {
			if done := w.hit(e, depth); done {
				return
			}
		}
	}
	if err != nil {
		w.yield(Hit{}, err)
	}
}

func (w *walker) start(from []NodeID) ([]db.ID, error) {
	var layer []db.ID
	for _, id := range from {
		e, found, err := entity(w.g.ctx, w.g.r, "node/id", id[:])
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, &NodeError{Node: id, Kind: ErrNoNode}
		}
		if !w.seen.Has(e) {
			w.seen.Add(e)
			layer = append(layer, e)
		}
	}
	return layer, nil
}

// neighbours returns the next layer: what is next to a layer and was not met before.
func (w *walker) neighbours(layer []db.ID) ([]db.ID, error) {
	var out []db.ID
	for _, e := range layer {
		near, err := w.next(w.g, e)
		if err != nil {
			return nil, err
		}
		for _, n := range near {
			if !w.seen.Has(n) {
				w.seen.Add(n)
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// hit yields a node, and reports whether the walk is over.
func (w *walker) hit(e db.ID, depth int) (done bool) {
	h, err := w.g.hit(e, depth)
	if err != nil {
		w.yield(Hit{}, err)
		return true
	}
	w.hits++
	return !w.yield(h, nil) || w.hits == w.o.Limit
}

// A graph is the nodes that a reader shows, with the names that versions give them.
type graph struct {
	ctx    context.Context
	r      db.Reader
	id, in *db.Attribute
	names  map[NodeID]name // nil until the first hit
}

// A name is what a version calls a node.
type name struct{ pipeline, label string }

func newGraph(ctx context.Context, r db.Reader) (*graph, error) {
	g := &graph{ctx: ctx, r: r}
	var ok1, ok2 bool
	g.id, ok1 = r.Schema().Named("node/id")
	g.in, ok2 = r.Schema().Named("node/inputs")
	if !ok1 || !ok2 {
		return nil, errNoSchema
	}
	return g, nil
}

// inputs returns what a node rests on.
func (g *graph) inputs(e db.ID) ([]db.ID, error) {
	return g.scan(db.EAVT, index.Prefix(2, index.Fact{E: e, A: g.in.ID}), func(d db.Datom) db.ID { return d.V.Ref() })
}

// consumers returns what rests on a node.
func (g *graph) consumers(e db.ID) ([]db.ID, error) {
	return g.scan(db.VAET, index.Prefix(2, index.Fact{V: index.Ref(e), A: g.in.ID}), func(d db.Datom) db.ID { return d.E })
}

func (g *graph) scan(o db.Order, in index.Range, pick func(db.Datom) db.ID) ([]db.ID, error) {
	var out []db.ID
	err := scan(g.ctx, g.r, o, in, func(d db.Datom) { out = append(out, pick(d)) })
	return out, err
}

// each calls visit for every datom of an attribute.
func (g *graph) each(attr string, visit func(db.Datom)) error {
	a, ok := g.r.Schema().Named(attr)
	if !ok {
		return errNoSchema
	}
	return scan(g.ctx, g.r, db.AEVT, index.Prefix(1, index.Fact{A: a.ID}), visit)
}

// scan calls visit for every datom of a range.
func scan(ctx context.Context, r db.Reader, o db.Order, in index.Range, visit func(db.Datom)) error {
	c, err := r.Scan(ctx, o, in)
	if err != nil {
		return err
	}
	for {
		b, err := c.Next()
		if err != nil || b == nil {
			return err
		}
		for i := range b.Len() {
			visit(b.Datom(i))
		}
	}
}

// hit describes a node.
func (g *graph) hit(e db.ID, depth int) (Hit, error) {
	h := Hit{Entity: e, Depth: depth}
	err := scan(g.ctx, g.r, db.EAVT, index.Prefix(2, index.Fact{E: e, A: g.id.ID}), func(d db.Datom) { h.Node = NodeID([]byte(d.V.Text())) })
	if err == nil && g.names == nil {
		err = g.readNames()
	}
	n := g.names[h.Node]
	h.Pipeline, h.Label = n.pipeline, n.label
	return h, err
}

// readNames reads the names that versions give to nodes; where several name one, the newest version counts.
func (g *graph) readNames() error {
	g.names = map[NodeID]name{}
	versions, err := allVersions(g.ctx, g.r)
	if err != nil {
		return err
	}
	for _, v := range versions {
		pipelines, err := v.pipelines(g.ctx, g.r)
		if err != nil {
			return err
		}
		labels, err := readLabels(v.labels)
		if err != nil {
			return err
		}
		for _, label := range slices.Backward(slices.Sorted(maps.Keys(labels))) {
			g.names[labels[label]] = name{first(pipelines), label}
		}
	}
	return nil
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
