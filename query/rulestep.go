package query

import (
	"slices"

	"github.com/datolite/datolite/index"
)

// A ruleStep calls rules: it joins what they derive for the arguments that are there.
type ruleStep struct {
	clause *ruleClause
	source string
	args   []callArg
	uses   varSet
}

// ruleStep makes a call of rules ready.
func (r *run) ruleStep(c *ruleClause, source string, top bool) (*ruleStep, error) {
	s := &ruleStep{clause: c, source: source}
	for i, t := range c.args {
		arg := callArg{v: t.v, blank: t.kind == blankTerm}
		entity := r.entityParam(c.name, i, source)
		switch {
		case t.kind == variableTerm && entity && top:
			arg.v = r.hidden.entity(t.v, source, anyRole, c)
		case t.kind == constantTerm:
			v, err := r.ruleConstant(t, source, entity)
			if err != nil {
				return nil, errorAt(t.pos, err, "%v", err)
			}
			arg.c = v
		}
		s.args = append(s.args, arg)
		s.uses.add(arg.v)
	}
	return s, nil
}

// ruleConstant returns a constant argument: the id of an entity where the rule takes one.
func (r *run) ruleConstant(t term, source string, entity bool) (index.Value, error) {
	if s := r.sources[source]; entity && s != nil && s.db != nil {
		return r.entityConstant(s.db, t.c)
	}
	return r.objects.value(t.c)
}

func (s *ruleStep) of() clause   { return s.clause }
func (s *ruleStep) vars() varSet { return s.uses.union(positiveVars(s.clause)) }

func (s *ruleStep) score(c *conj) (float64, error) {
	bound := s.bound(c)
	if bound.empty() {
		return 1e9, nil
	}
	n, _ := c.rows(s.variables(bound))
	return 8 * n, nil
}

// bound returns the numbers of the arguments to ask with: constants, and the variables of the smallest group, or of all groups
// where the rule needs more.
func (s *ruleStep) bound(c *conj) varSet {
	var smallest *relation
	for _, g := range c.groups {
		if g.n != 1 && g.set().meets(s.uses) && (smallest == nil || g.n < smallest.n) {
			smallest = g
		}
	}
	var some, all varSet
	for i, a := range s.args {
		switch {
		case a.v == noVariable && !a.blank:
			some.add(variable(i))
			all.add(variable(i))
		case a.v != noVariable && c.bound().has(a.v):
			all.add(variable(i))
			if smallest == nil || smallest.column(a.v) >= 0 || c.single(a.v) {
				some.add(variable(i))
			}
		}
	}
	if c.run.modes.possibleMode(s.clause.name, s.source, some) {
		return some
	}
	return all
}

// single reports whether a variable is bound to one value.
func (c *conj) single(v variable) bool {
	return slices.ContainsFunc(c.groups, func(g *relation) bool { return g.n == 1 && g.column(v) >= 0 })
}

// variables returns the variables among some arguments.
func (s *ruleStep) variables(args varSet) varSet {
	var out varSet
	for _, i := range args.list() {
		out.add(s.args[i].v)
	}
	return out
}

func (s *ruleStep) run(c *conj) error {
	bound := s.bound(c)
	g, err := c.take(s.variables(bound))
	if err != nil {
		return err
	}
	t, err := c.run.answersOf(s.clause.name, s.source, bound)
	if err != nil {
		return err
	}
	if err := c.run.ask(t, s.demand(g, bound)); err != nil {
		return err
	}
	found, err := s.found(c.run, t, g)
	if err != nil {
		return err
	}
	if err := c.absorb(g); err != nil {
		return err
	}
	return c.absorb(found)
}

// demand returns the arguments that are bound as rows, in the order of the arguments.
func (s *ruleStep) demand(g *relation, bound varSet) *relation {
	out := &relation{n: g.n}
	for _, i := range bound.list() {
		out.vars = append(out.vars, i)
		out.cols = append(out.cols, s.args[i].column(g))
	}
	return out
}

// column returns an argument as a column beside the rows of a relation.
func (a callArg) column(g *relation) index.Vector {
	if a.v != noVariable {
		return g.cols[g.column(a.v)]
	}
	var one index.Vector
	one.Append(a.c)
	return one.Pick(make([]int32, g.n))
}

// found returns what was derived for the rows of a relation, in the variables of the call.
func (s *ruleStep) found(r *run, t *answers, g *relation) (*relation, error) {
	probe := make([]index.Vector, 0, len(t.bound))
	for _, i := range t.bound {
		probe = append(probe, s.args[i].column(g))
	}
	if len(probe) == 0 {
		return s.matched(r, t.derived.between(0, t.derived.rows.n))
	}
	_, rows, err := t.derived.find(r, probe, g.n)
	if err != nil {
		return nil, err
	}
	return s.matched(r, t.derived.rows.pick(rows))
}

// matched returns the rows of a rule's relation that fit the arguments of the call, in the variables of these.
func (s *ruleStep) matched(r *run, derived *relation) (*relation, error) {
	var rows []int32
	for row := range derived.n {
		if err := r.tick(row); err != nil {
			return nil, err
		}
		if s.fits(derived, row) {
			rows = append(rows, int32(row))
		}
	}
	picked := derived.pick(rows)
	out := &relation{n: picked.n}
	for i, a := range s.args {
		if a.v != noVariable && out.column(a.v) < 0 {
			out.vars = append(out.vars, a.v)
			out.cols = append(out.cols, picked.cols[i])
		}
	}
	return out, nil
}

// fits reports whether a row has the constants of the call, and one value for a variable that stands twice.
func (s *ruleStep) fits(derived *relation, row int) bool {
	for i, a := range s.args {
		if a.v == noVariable {
			if !a.blank && derived.cols[i].At(row) != a.c {
				return false
			}
			continue
		}
		for j := range i {
			if s.args[j].v == a.v && derived.cols[i].At(row) != derived.cols[j].At(row) {
				return false
			}
		}
	}
	return true
}
