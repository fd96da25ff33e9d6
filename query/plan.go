package query

import (
	"cmp"
	"slices"
)

// plan makes the steps of a conjunction. Only in the query itself, not in rules, do the inputs' variables occur.
func (r *run) plan(cs []clause, a *analyzer, source string, top bool) (*plan, error) {
	p := &plan{check: a, source: source, asWritten: top && r.q.asWritten}
	ordered := slices.Clone(cs)
	if !p.asWritten {
		slices.SortStableFunc(ordered, func(x, y clause) int { return cmp.Compare(x.text(), y.text()) })
	}
	for _, c := range ordered {
		s, err := r.step(c, a, source, top)
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

func (r *run) step(c clause, a *analyzer, source string, top bool) (operator, error) {
	switch c := c.(type) {
	case *patternClause:
		return r.patternStep(c, a.flow.byValue[c], a.sourceOf(c.source, source), top)
	case *callClause:
		return r.callStep(c, a.dollar)
	case *ruleClause:
		return r.callOf(c, a.sourceOf(c.source, source), top)
	case *notClause:
		inner, err := r.plan(c.body, a, a.sourceOf(c.source, source), top)
		return &notStep{clause: c, body: inner, join: r.hidden.with(a.flow.need[c], inner)}, err
	case *orClause:
		return r.orStep(c, a, a.sourceOf(c.source, source), top)
	}
	return nil, errorAt(c.at(), ErrClause, "%s is no clause", c.text())
}

// vars returns the variables that the steps read or bind.
func (p *plan) vars() varSet {
	var s varSet
	for _, st := range p.steps {
		s.addAll(st.vars())
	}
	return s
}

// orStep makes the branches of an or.
func (r *run) orStep(c *orClause, a *analyzer, source string, top bool) (operator, error) {
	s := &orStep{clause: c, out: positiveVars(c).union(a.flow.need[c])}
	for _, b := range c.branches {
		p, err := r.plan(b, a, source, top)
		if err != nil {
			return nil, err
		}
		s.branches = append(s.branches, p)
		s.shared.addAll(r.hidden.with(visible(c), p))
	}
	return s, nil
}
