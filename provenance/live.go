package provenance

import (
	"context"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A liveness is which nodes of a snapshot live: those that can be reached from a version without a tombstone along inputs.
type liveness struct {
	g          *graph
	living     []version
	tombstoned []version
	nodes      []db.ID // all there are
	edges      edges
	live       *db.IDSet
}

// mark finds out what lives: one scan over all inputs, then a walk from the living versions' targets without recursion.
func mark(ctx context.Context, r db.Reader) (*liveness, error) {
	g, err := newGraph(ctx, r)
	if err != nil {
		return nil, err
	}
	l := &liveness{g: g, live: &db.IDSet{}}
	versions, err := allVersions(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		if v.tombstoned() {
			l.tombstoned = append(l.tombstoned, v)
		} else {
			l.living = append(l.living, v)
		}
	}
	attribute := func(a *db.Attribute) index.Range { return index.Prefix(1, index.Fact{A: a.ID}) }
	if err := scan(ctx, r, db.AEVT, attribute(g.id), func(d db.Datom) { l.nodes = append(l.nodes, d.E) }); err != nil {
		return nil, err
	}
	if err := scan(ctx, r, db.AEVT, attribute(g.in), l.edges.add); err != nil {
		return nil, err
	}
	return l, l.keep(l.living...)
}

// keep marks what versions rest on.
func (l *liveness) keep(versions ...version) error {
	var todo []db.ID
	for _, v := range versions {
		for _, t := range v.targets {
			todo = append(todo, t.(db.ID))
		}
	}
	for n := 0; len(todo) > 0; n++ {
		if n%1024 == 0 && l.g.ctx.Err() != nil {
			return l.g.ctx.Err()
		}
		e := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; l.live.Has(e) {
			continue
		}
		l.live.Add(e)
		todo = append(todo, l.edges.of(e)...)
	}
	return nil
}

// dead returns the nodes that do not live, in the order of their ids.
func (l *liveness) dead() []db.ID {
	var out []db.ID
	for _, n := range l.nodes {
		if !l.live.Has(n) {
			out = append(out, n)
		}
	}
	return out
}

// edges are the inputs of all nodes: those of one node stand together, since they came in the order of consumers.
type edges struct {
	from map[db.ID]int // where a consumer's inputs begin
	to   []db.ID
	ends []db.ID // the consumer of each
}

func (es *edges) add(d db.Datom) {
	if es.from == nil {
		es.from = map[db.ID]int{}
	}
	if _, seen := es.from[d.E]; !seen {
		es.from[d.E] = len(es.to)
	}
	es.to, es.ends = append(es.to, d.V.Ref()), append(es.ends, d.E)
}

// of returns the inputs of a node.
func (es *edges) of(e db.ID) []db.ID {
	i, found := es.from[e]
	if !found {
		return nil
	}
	j := i
	for j < len(es.to) && es.ends[j] == e {
		j++
	}
	return es.to[i:j]
}

// allVersions returns the versions that a reader shows, oldest first.
func allVersions(ctx context.Context, r db.Reader) ([]version, error) {
	id, ok := r.Schema().Named("version/id")
	if !ok {
		return nil, errNoSchema
	}
	var entities []db.ID
	if err := scan(ctx, r, db.AEVT, index.Prefix(1, index.Fact{A: id.ID}), func(d db.Datom) { entities = append(entities, d.E) }); err != nil {
		return nil, err
	}
	out := make([]version, len(entities))
	for i, e := range entities {
		v, err := readVersion(ctx, r, e)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
