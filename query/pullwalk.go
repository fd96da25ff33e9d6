package query

import (
	"context"
	"fmt"

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
	out := make([]map[string]any, len(ids))
	for i, e := range ids {
		if out[i], err = w.pull(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// newPull returns the walk of a pattern through what a reader shows.
func newPull(ctx context.Context, r db.Reader, p *pattern) (*pullWalk, error) {
	if isNil(r) {
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
}

// A pathKey says that a plan is applied to an entity somewhere above. A chain is a stretch of a path along which one plan is
// applied again and again; what lies above it does not count.
type pathKey struct {
	chain int
	plan  *pullPlan
	e     db.ID
}

// A pullNode is an entity to which a plan is applied. First its datoms are read into found; then the entities that it refers to
// are pulled, one after the other; then it becomes a map.
type pullNode struct {
	key       pathKey
	partChain int // of its components, where the plan is not theirs
	budgets   []int
	found     []finding // by the order of the plan's steps, then what all found
	step      int       // of the plan's forward steps, the first that is not behind what was read
	at        int       // the finding whose entities are pulled
	into      *finding  // of the node above; nil at the root
}

// A finding is what a step found.
type finding struct {
	*step
	count  int     // of values looked at
	kids   []db.ID // entities that are still to be pulled
	values []any
}

// pull returns the tree of an entity, and nil where nothing of it matches.
func (w *pullWalk) pull(e db.ID) (map[string]any, error) {
	m, err := w.tree(e)
	if w.typed && len(m) == 1 {
		return nil, err
	}
	return m, err
}

func (w *pullWalk) tree(e db.ID) (map[string]any, error) {
	root, err := w.enter(pathKey{w.newChain(), w.plan, e}, w.plan.budgets, nil)
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
			n.into.values = append(n.into.values, m)
		}
		stack = stack[:len(stack)-1]
	}
}

func (w *pullWalk) newChain() int {
	w.chains++
	return w.chains
}

// enter reads the datoms of an entity.
func (w *pullWalk) enter(key pathKey, budgets []int, into *finding) (*pullNode, error) {
	n := &pullNode{key: key, budgets: budgets, into: into, found: make([]finding, len(key.plan.steps))}
	for i, st := range key.plan.steps {
		n.found[i].step = st
	}
	w.onPath[key] = true
	if w.nodes++; w.nodes%1024 == 0 && w.ctx.Err() != nil {
		return nil, w.ctx.Err()
	}
	if key.e == noEntity {
		return n, nil
	}
	if err := w.readForward(n); err != nil {
		return nil, err
	}
	return n, w.readReverse(n)
}

// nextKid enters the next entity that the node refers to; it returns nil at the end.
func (w *pullWalk) nextKid(n *pullNode) (*pullNode, error) {
	for ; n.at < len(n.found); n.at++ {
		f := &n.found[n.at]
		for len(f.kids) > 0 {
			e := f.kids[0]
			f.kids = f.kids[1:]
			key := pathKey{w.chainOf(n, f.step), f.sub, e}
			if !w.onPath[key] && (f.budget < 0 || n.budgets[f.budget] > 0) {
				return w.enter(key, n.budgetsOf(f.step), f)
			}
			if f.sub.id {
				f.values = append(f.values, stub(w.r.Schema(), e))
			}
		}
	}
	return nil, nil
}

// chainOf returns the chain in which a step's entities are pulled.
func (w *pullWalk) chainOf(n *pullNode, st *step) int {
	plan := n.key.plan
	switch {
	case st.again || st.sub == plan:
		return n.key.chain
	case st.sub != plan.parts:
		return w.newChain()
	case n.partChain == 0:
		n.partChain = w.newChain()
		w.onPath[n.partKey()] = true
	}
	return n.partChain
}

// partKey says that the node is above its components, as if it were one of them.
func (n *pullNode) partKey() pathKey { return pathKey{n.partChain, n.key.plan.parts, n.key.e} }

// budgetsOf returns the budgets with which a step's entities are pulled.
func (n *pullNode) budgetsOf(st *step) []int {
	if st.budget < 0 {
		return st.sub.budgets
	}
	budgets := append([]int(nil), n.budgets...)
	budgets[st.budget]--
	return budgets
}

// leave makes a map of what was found: nil where that is nothing.
func (w *pullWalk) leave(n *pullNode) (map[string]any, error) {
	delete(w.onPath, n.key)
	if n.partChain != 0 {
		delete(w.onPath, n.partKey())
	}
	out := map[string]any{}
	if n.key.plan.id {
		out["db/id"] = idCell(n.key.e)
	}
	for i := range n.found {
		f := &n.found[i]
		v, err := f.value()
		if err != nil {
			return nil, err
		}
		if _, taken := out[f.key]; v != nil && !taken {
			out[f.key] = v
		}
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

// value returns what stands in the map: nil for nothing.
func (f *finding) value() (v any, err error) {
	switch {
	case len(f.values) == 0 && f.absent != nil:
		return f.absent, nil
	case len(f.values) == 0:
	case f.list:
		v = f.values
	case f.field != nil && len(f.values) > 1:
		return nil, misfit("field %s takes one value, and :%s has %d", f.field.Path, f.name, len(f.values))
	default:
		v = f.values[0]
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
