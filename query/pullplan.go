package query

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
)

// A pullPlan is a pattern bound to a schema.
type pullPlan struct {
	all     bool // every attribute that no step of its name deals with
	id      bool
	apart   bool      // what is found has different keys
	steps   []*step   // in the order of the pattern
	forward []*step   // those that read the entity, in the order of the attributes' ids
	reverse []*step   // those that read what refers to it
	budgets []int     // of the steps that apply the plan once more
	parts   *pullPlan // of components that are only named: [*]
}

// A step reads one attribute.
type step struct {
	*spec
	attr   *db.Attribute
	order  int       // its place among the steps
	sub    *pullPlan // of the entities referred to; nil is to name them only
	budget int       // the number of its budget, or −1
	again  bool      // sub belongs to one path with the plan around: an entity is not entered twice
	list   bool      // the value is a list
	bare   bool      // a reference is only its id
	xform  transform
}

// A binding makes plans of patterns. The patterns of Go types may contain each other.
type binding struct {
	ctx    context.Context
	reader db.Reader
	plans  map[*pattern]*pullPlan
	parts  *pullPlan
	hosted bool // a plan holds a function that the host of the reader may have given
}

// bindPattern returns the plan of a pattern, which keeps it for the schema where it depends on nothing else.
func bindPattern(ctx context.Context, r db.Reader, p *pattern) (*pullPlan, error) {
	schema := r.Schema()
	if kept := p.bound.Load(); kept != nil && kept.schema == schema {
		return kept.plan, nil
	}
	parts := &pullPlan{all: true, id: true, apart: true}
	parts.parts = parts
	b := &binding{ctx: ctx, reader: r, plans: map[*pattern]*pullPlan{}, parts: parts}
	plan, err := b.plan(p)
	if err == nil && !b.hosted {
		p.bound.Store(&boundPattern{schema, plan})
	}
	return plan, err
}

func (b *binding) plan(p *pattern) (*pullPlan, error) {
	if plan := b.plans[p]; plan != nil {
		return plan, nil
	}
	plan := &pullPlan{all: p.all, id: p.id || p.all, parts: b.parts}
	b.plans[p] = plan
	for i, s := range p.specs {
		st, err := b.step(plan, s, i)
		if err != nil {
			return nil, err
		}
		plan.steps = append(plan.steps, st)
		if s.reverse {
			plan.reverse = append(plan.reverse, st)
		} else {
			plan.forward = append(plan.forward, st)
		}
	}
	slices.SortStableFunc(plan.forward, func(x, y *step) int { return cmp.Compare(x.attr.ID, y.attr.ID) })
	plan.apart = plan.isApart()
	return plan, nil
}

// isApart reports whether what is found has different keys. Attributes that are not named have their names, which the pattern may give to others.
func (p *pullPlan) isApart() bool {
	keys := map[string]bool{"db/id": true}
	for _, st := range p.steps {
		keys[st.key] = true
	}
	return len(keys) == 1+len(p.steps) && (!p.all || len(p.steps) == 0)
}

// step binds one spec of a plan.
func (b *binding) step(plan *pullPlan, s *spec, order int) (st *step, err error) {
	a, ok := b.reader.Schema().Named(s.attr)
	if !ok {
		return nil, s.fail(db.ErrUnknownAttribute, "%s", unknownAttribute(b.reader, s.attr))
	}
	st = &step{spec: s, attr: a, order: order, budget: -1, list: isList(s, a), bare: isBare(s)}
	if err := st.check(); err != nil {
		return nil, err
	}
	if s.xform != "" {
		b.hosted = true
		if st.xform, err = b.transform(s); err != nil {
			return nil, err
		}
	}
	return st, b.bindSub(plan, st)
}

// unknownAttribute says that there is no attribute of a name, and which one may have been meant.
func unknownAttribute(r db.Reader, name string) string {
	text := "unknown attribute :" + strings.TrimPrefix(name, ":")
	if near := r.Schema().Nearest(name); near != "" {
		text += " (did you mean " + near + "?)"
	}
	return text
}

// isList reports whether the value of an attribute is a list. A field of a Go type says itself what it takes.
func isList(s *spec, a *db.Attribute) bool {
	switch {
	case s.field != nil:
		return s.field.Slice
	case s.reverse:
		return !a.Component
	}
	return a.Many
}

// isBare reports whether a field takes ids.
func isBare(s *spec) bool {
	return s.field != nil && s.field.Type == "ref" && s.field.Elem.Kind() != reflect.Struct
}

// check tells of a spec that does not fit its attribute.
func (st *step) check() error {
	isRef := st.attr.Type == db.TypeRef
	switch {
	case st.reverse && !isRef:
		return st.fail(ErrAttrSpec, ":%s is not a reference, so :%s finds nothing", st.spec.attr, st.name)
	case (st.spec.sub != nil || st.depth != 0) && !isRef:
		return st.fail(ErrPattern, ":%s is not a reference, so it takes no pattern", st.name)
	case st.limit != 0 && st.field == nil && !st.reverse && !st.attr.Many:
		return st.fail(ErrAttrSpec, ":%s has one value, so it takes no :limit", st.name)
	}
	return nil
}

// bindSub settles what the step reads of the entities that the attribute refers to.
func (b *binding) bindSub(plan *pullPlan, st *step) (err error) {
	switch {
	case st.depth != 0:
		st.sub, st.again, st.budget = plan, true, len(plan.budgets)
		plan.budgets = append(plan.budgets, st.depth)
	case st.spec.sub != nil:
		st.again = st.field != nil
		st.sub, err = b.plan(st.spec.sub)
	case st.attr.Component && !st.reverse && st.field == nil:
		st.sub = b.parts
	}
	return err
}

// An autoKey names what all does with an attribute.
type autoKey struct {
	plan *pullPlan
	a    db.ID
}

// autoStep returns what all of a plan does with an attribute, and nil where a step of its name deals with it.
func (w *pullWalk) autoStep(p *pullPlan, a *db.Attribute) *step {
	if st, ok := w.auto[autoKey{p, a.ID}]; ok {
		return st
	}
	if w.auto == nil {
		w.auto = map[autoKey]*step{}
	}
	name := string(a.Ident)
	st := &step{spec: &spec{name: name, attr: name, key: name}, attr: a, order: -1, budget: -1, list: a.Many}
	if a.Component {
		st.sub = p.parts
	}
	for _, other := range p.steps {
		if other.name == name {
			st = nil
		}
	}
	w.auto[autoKey{p, a.ID}] = st
	return st
}

func (s *spec) fail(kind error, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if s.field != nil {
		text = "field " + s.field.Path + ": " + text
	}
	return errorAt(s.pos, kind, "%s", text)
}
