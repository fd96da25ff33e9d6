package query

import (
	"slices"
	"sync"

	"github.com/datolite/datolite/db"
)

// A template is the plan of a query as it is for its rules and the schemas of its sources, whatever the values of its inputs are. The query
// keeps the last one. It never changes, but for what it comes to know of rules; each run gets an instance of it, with the
// sources of the run.
type template struct {
	rules    *ruleSet
	names    []string     // of all variables
	modes    sync.Map     // see modes
	closures sync.Map     // closureKey → [2]linkage, with plans that have no sources
	schemas  []*db.Schema // by place in :in; nil where that is no source
	named    varSet       // inputs among whose values are others than ids
	plan     *plan
	entities varSet // variables that are found, and stand for entities
	point    *point // nil where the query is none
	walk     *walk  // the same
}

// planned returns the plan of :where: an instance of the template that the query keeps, where that fits.
func (r *run) planned() (*plan, error) {
	if t := r.q.kept.Load(); t != nil && t.fits(r) {
		r.template, r.names = t, t.names
		if r.modes = newModes(r.rules, r.isRows); r.modes != nil {
			r.modes.kept = &t.modes
		}
		return t.plan.instance(r, r.instanceOf(t.plan.check)), nil
	}
	p, err := r.top()
	if err == nil && len(r.hidden.all) == 0 && r.asksDatabases() && p.keepable() && (r.rules == nil || !r.rules.looksUp) {
		r.q.kept.Store(r.newTemplate(p))
	}
	return p, err
}

// instanceOf returns the analyzer of a template for a run.
func (r *run) instanceOf(check *analyzer) *analyzer {
	out := *check
	out.rows, out.modes = r.isRows, r.modes
	return &out
}

// asksDatabases reports whether no source is rows.
func (r *run) asksDatabases() bool {
	for _, s := range r.sources {
		if s.db == nil {
			return false
		}
	}
	return true
}

func (r *run) newTemplate(p *plan) *template {
	t := &template{rules: r.rules, names: r.names, named: r.hidden.named, entities: varSet{}}
	for _, in := range r.q.inputs {
		var schema *db.Schema
		if in.kind == sourceInput {
			schema = r.sources[in.name].db.Schema()
		}
		t.schemas = append(t.schemas, schema)
	}
	for i := range r.q.find {
		if v := r.q.find[i].valueOf(); v != noVariable && r.occursAsEntity(v) {
			t.entities.add(v)
		}
	}
	t.plan = p.open()
	t.point, t.walk = newPoint(r.q, t), r.newWalk(t)
	return t
}

// open returns the plan without sources.
func (p *plan) open() *plan {
	check := *p.check
	check.rows, check.modes, check.memory = nil, nil, nil
	return p.instance(nil, &check)
}

// fits reports whether a run has the rules and the sources that the template was made for: databases with these schemas, and no function of the host
// in the place of a builtin one.
func (t *template) fits(r *run) bool {
	for i, in := range r.q.inputs {
		if in.kind != sourceInput {
			continue
		}
		if s := r.sources[in.name]; s.db == nil || s.db.Schema() != t.schemas[i] {
			return false
		}
	}
	return t.rules == r.rules && t.named.within(r.hidden.named) && r.hidden.named.within(t.named) && !t.plan.hosted(r)
}

// hosted reports whether a function of a plan is one of the host in a run.
func (p *plan) hosted(r *run) bool {
	return slices.ContainsFunc(p.steps, func(s operator) bool {
		switch s := s.(type) {
		case *callStep:
			_, is := r.hostFunc(s.clause.name)
			return is
		case *notStep:
			return s.body.hosted(r)
		case *orStep:
			return slices.ContainsFunc(s.branches, func(b *plan) bool { return b.hosted(r) })
		}
		return false
	})
}

// keepable reports whether a plan depends on nothing but schemas: its patterns are matched against databases and name no entity by what
// is in one, and its functions are builtin.
func (p *plan) keepable() bool {
	return !slices.ContainsFunc(p.steps, func(s operator) bool {
		switch s := s.(type) {
		case *scan:
			return slices.ContainsFunc(s.clause.terms, term.isVector) || s.at[1] != noVariable
		case *ruleStep:
			return slices.ContainsFunc(s.clause.args, term.isVector)
		case *closureStep:
			return slices.ContainsFunc(s.clause.args, term.isVector)
		case *callStep:
			return s.builtin == nil || slices.ContainsFunc(s.args, func(a callArg) bool { return isHandle(a.c) })
		case *notStep:
			return !s.body.keepable()
		case *orStep:
			return slices.ContainsFunc(s.branches, func(b *plan) bool { return !b.keepable() })
		}
		return true
	})
}

// isVector reports whether a constant may be a lookup ref.
func (t term) isVector() bool {
	_, vector := t.c.([]any)
	return vector
}

// instance returns the plan with the sources of a run; nil leaves them open.
func (p *plan) instance(r *run, check *analyzer) *plan {
	out := *p
	out.check, out.steps = check, make([]operator, len(p.steps))
	for i, s := range p.steps {
		switch s := s.(type) {
		case *scan:
			c := *s
			if c.from = nil; r != nil {
				c.from = r.sources[s.source].db
			}
			out.steps[i] = &c
		case *notStep:
			c := *s
			c.body = s.body.instance(r, check)
			out.steps[i] = &c
		case *orStep:
			c := *s
			c.branches = make([]*plan, len(s.branches))
			for k, b := range s.branches {
				c.branches[k] = b.instance(r, check)
			}
			out.steps[i] = &c
		default:
			out.steps[i] = s
		}
	}
	return &out
}
