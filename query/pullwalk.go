package query

import (
	"context"
	"fmt"
	"slices"

	"github.com/datolite/datolite/db"
)

// noEntity is the id of what an unknown ident or lookup ref names. Nothing is known of it.
const noEntity db.ID = -1

// pullMany pulls each of the entities: nil where nothing of one matches.
func pullMany(ctx context.Context, r db.Reader, p *pattern, ids []db.ID) ([]map[string]any, error) {
	w, err := newPull(ctx, r, p)
	if err != nil {
		return nil, err
	}
	out := make([]map[string]any, 0, len(ids))
	for some := range slices.Chunk(ids, rootsAtOnce) {
		if out, err = w.pullAll(some, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rootsAtOnce is how many trees are read together.
const rootsAtOnce = 1024

// pullAll appends the trees of entities, which are read together.
func (w *pullWalk) pullAll(ids []db.ID, out []map[string]any) ([]map[string]any, error) {
	ahead, roots := make([]*findings, len(ids)), wave{plan: w.plan, budgets: w.plan.budgets}
	for i, e := range ids {
		roots.waiting = append(roots.waiting, awaited{e, &ahead[i]})
	}
	if err := w.readAhead(roots); err != nil {
		return nil, err
	}
	for i, e := range ids {
		m, err := w.pull(e, ahead[i])
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// newPull returns the walk of a pattern through what a reader shows.
func newPull(ctx context.Context, r db.Reader, p *pattern) (*pullWalk, error) {
	if isNoReader(r) {
		return nil, &Error{Text: "there is no database to pull from", Kind: ErrInputs}
	}
	if r.IsHistory() {
		return nil, fmt.Errorf("query: pull: %w", db.ErrHistory)
	}
	plan, err := bindPattern(ctx, r, p)
	if err != nil {
		return nil, err
	}
	return &pullWalk{ctx: ctx, r: r, typed: p.typed && p.id && len(p.specs) > 0, plan: plan, onPath: map[pathKey]bool{}}, nil
}

// A pullWalk goes through trees of entities, depth first and with a stack of its own, so that a tree may be of any depth.
type pullWalk struct {
	ctx    context.Context
	r      db.Reader
	plan   *pullPlan // of the entities where trees begin
	typed  bool      // it is that of a Go type, to which the id of an entity alone says nothing
	nodes  int       // entered so far
	chains int       // begun so far
	onPath map[pathKey]bool
	auto   map[autoKey]*step // what all does with the attributes that were met so far
	idle   []*pullNode
	kids   shelf
	spare  []others // that no finding has yet
}

// A pathKey says that a plan is applied to an entity somewhere above. A chain is a stretch of a path along which one plan is
// applied again and again; what lies above it does not count.
type pathKey struct {
	chain int
	plan  *pullPlan
	e     db.ID
}

// A pullNode is an entity to which a plan is applied. It begins with its findings; then the entities that it refers to are pulled, one
// after the other; then it becomes a map.
type pullNode struct {
	*findings
	chain     int
	partChain int // of its components, where the plan is not theirs
	budgets   []int
	below     []int    // the budgets of the entities of the finding at which it is
	at        int      // the finding whose entities are pulled
	into      *finding // of the node above; nil at the root
	above     bool     // it is on the path to another
}

func (n *pullNode) key() pathKey { return pathKey{n.chain, n.plan, n.e} }

// A finding is what a step found.
type finding struct {
	*step
	count  int // of values looked at
	value  any // the first, where the map is to have one and not a list
	others *others
}

// Others are what a finding has beside one value.
type others struct {
	kids   []db.ID     // entities that are still to be pulled
	ahead  []*findings // theirs, as far as they were made
	values []any       // a list, or the values behind the first
}

// more returns the others of a finding, which are there from then on.
func (w *pullWalk) more(f *finding) *others {
	if f.others == nil {
		if len(w.spare) == 0 {
			w.spare = make([]others, min(1+w.nodes, othersAtOnce))
		}
		f.others, w.spare = &w.spare[0], w.spare[1:]
	}
	return f.others
}

// othersAtOnce is for how many findings others are made together at most.
const othersAtOnce = 64

// A shelf holds lists of entities, the newest of which grows in its place.
type shelf []db.ID

// append appends an entity to a list of the shelf, or to an empty one.
func (s *shelf) append(list []db.ID, e db.ID) []db.ID {
	n, all := len(list), *s
	if n == 0 || &list[n-1] != &all[len(all)-1] || len(all) == cap(all) {
		if cap(all)-len(all) <= n {
			all = make([]db.ID, 0, max(8, 2*(n+1), min(2*cap(all), 1024)))
		}
		all = append(all, list...)
	}
	all = append(all, e)
	*s = all
	return all[len(all)-n-1 : len(all) : len(all)]
}

// hasKids reports whether there are entities that are still to be pulled.
func (f *finding) hasKids() bool { return f.others != nil && len(f.others.kids) > 0 }

// put adds what stands in the map for a value.
func (w *pullWalk) put(f *finding, x any) {
	if f.value == nil && !f.list {
		f.value = x
		return
	}
	o := w.more(f)
	if o.values == nil {
		o.values = make([]any, 0, 1+len(o.kids))
	}
	o.values = append(o.values, x)
}

// found returns what was put, nil where that is nothing.
func (f *finding) found() (any, error) {
	switch {
	case f.list && f.others != nil && f.others.values != nil:
		return f.others.values, nil
	case f.field != nil && !f.list && f.others != nil && len(f.others.values) > 0:
		return nil, misfit("field %s takes one value, and :%s has %d", f.field.Path, f.name, 1+len(f.others.values))
	}
	return f.value, nil
}

// pull returns the tree of an entity, and nil where nothing of it matches.
func (w *pullWalk) pull(e db.ID, ahead *findings) (map[string]any, error) {
	m, err := w.tree(e, ahead)
	if w.typed && len(m) == 1 {
		return nil, err
	}
	return m, err
}

func (w *pullWalk) tree(e db.ID, ahead *findings) (map[string]any, error) {
	root, err := w.enter(pathKey{w.newChain(), w.plan, e}, w.plan.budgets, ahead, true)
	if err != nil {
		return nil, err
	}
	for stack := []*pullNode{root}; ; {
		n := stack[len(stack)-1]
		kid, err := w.nextKid(n)
		if err != nil {
			return nil, err
		}
		if kid != nil {
			stack = append(stack, kid)
			continue
		}
		m, err := w.leave(n)
		if err != nil || n.into == nil {
			return m, err
		}
		if m != nil {
			w.put(n.into, m)
		}
		stack = stack[:len(stack)-1]
		w.idle = append(w.idle, n)
	}
}

func (w *pullWalk) newChain() int {
	w.chains++
	return w.chains
}

// enter begins with an entity, whose findings are made unless they are there.
func (w *pullWalk) enter(key pathKey, budgets []int, ahead *findings, root bool) (*pullNode, error) {
	if ahead == nil {
		var err error
		if ahead, err = w.read(key.plan, key.e, root); err != nil {
			return nil, err
		}
	}
	n := w.node()
	*n = pullNode{findings: ahead, chain: key.chain, budgets: budgets}
	if w.nodes++; w.nodes%1024 == 0 {
		return n, w.ctx.Err()
	}
	return n, nil
}

// node returns a node that was left, or a new one.
func (w *pullWalk) node() *pullNode {
	last := len(w.idle) - 1
	if last < 0 {
		return &pullNode{}
	}
	n := w.idle[last]
	w.idle = w.idle[:last]
	return n
}

// nextKid enters the next entity that the node refers to; it returns nil at the end.
func (w *pullWalk) nextKid(n *pullNode) (*pullNode, error) {
	for ; n.at < len(n.found); n.at++ {
		f := &n.found[n.at]
		if n.below == nil && f.hasKids() {
			if err := w.beginKids(n, f); err != nil {
				return nil, err
			}
		}
		for f.hasKids() {
			e, ahead := f.others.next()
			key := pathKey{w.chainOf(n, f.step), f.sub, e}
			if !n.above {
				n.above, w.onPath[n.key()] = true, true
			}
			if !w.onPath[key] && (f.budget < 0 || n.budgets[f.budget] > 0) {
				kid, err := w.enter(key, n.below, ahead, false)
				if err == nil {
					kid.into = f
				}
				return kid, err
			}
			if f.sub.id {
				w.put(f, stub(w.r.Schema(), e))
			}
		}
		n.below = nil
	}
	return nil, nil
}

// beginKids prepares to pull the entities of a finding.
func (w *pullWalk) beginKids(n *pullNode, f *finding) error {
	n.below = f.budgetsFrom(n.budgets)
	if f.budget >= 0 && n.budgets[f.budget] <= 0 {
		return nil
	}
	return w.readKids(f)
}

// next takes the next entity that is to be pulled, with its findings if those were made.
func (o *others) next() (e db.ID, ahead *findings) {
	e, o.kids = o.kids[0], o.kids[1:]
	if len(o.ahead) > 0 {
		ahead, o.ahead[0] = o.ahead[0], nil
		o.ahead = o.ahead[1:]
	}
	return e, ahead
}

// chainOf returns the chain in which a step's entities are pulled.
func (w *pullWalk) chainOf(n *pullNode, st *step) int {
	plan := n.plan
	switch {
	case st.again || st.sub == plan:
		return n.chain
	case st.sub != plan.parts:
		return w.newChain()
	case n.partChain == 0:
		n.partChain = w.newChain()
		w.onPath[n.partKey()] = true
	}
	return n.partChain
}

// partKey says that the node is above its components, as if it were one of them.
func (n *pullNode) partKey() pathKey { return pathKey{n.partChain, n.plan.parts, n.e} }

// leave makes a map of what was found: nil where that is nothing.
func (w *pullWalk) leave(n *pullNode) (map[string]any, error) {
	if n.above {
		delete(w.onPath, n.key())
	}
	if n.partChain != 0 {
		delete(w.onPath, n.partKey())
	}
	out := make(map[string]any, len(n.found)+1)
	if n.plan.id {
		out["db/id"] = idCell(n.e)
	}
	for i := range n.found {
		f := &n.found[i]
		v, err := f.result()
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if !n.plan.apart {
			if _, taken := out[f.key]; taken {
				continue
			}
		}
		out[f.key] = v
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func idCell(e db.ID) any {
	if e == noEntity {
		return nil
	}
	return e
}

// result returns what stands in the map: nil for nothing.
func (f *finding) result() (any, error) {
	v, err := f.found()
	switch {
	case err != nil:
		return nil, err
	case v == nil && f.absent != nil:
		return f.absent, nil
	}
	if f.xform != nil {
		if v, err = f.xform(v); err != nil {
			return nil, f.fail(fmt.Errorf("%w: %w", ErrXform, err), ":xform of :%s: %v", f.name, err)
		}
	}
	if v == nil {
		return f.absent, nil
	}
	return v, nil
}

// stub names an entity: by its id, and by its ident where it has one.
func stub(s *db.Schema, e db.ID) map[string]any {
	if ident, ok := s.Ident(e); ok {
		return map[string]any{"db/id": e, "db/ident": ident}
	}
	return map[string]any{"db/id": e}
}
