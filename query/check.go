package query

import (
	"fmt"
	"slices"

	"github.com/datolite/datolite/edn"
)

// A flow is what the analysis of bindings found out about clauses. It depends on the clauses, never on their order: what can be
// bound at all decides what a negation shares with the clauses beside it, and a plan has only to wait for it.
type flow struct {
	need    map[clause]varSet // what a negation shares, and what an or has to wait for
	byValue map[clause]bool   // patterns that only their value makes findable
}

func newFlow() *flow { return &flow{map[clause]varSet{}, map[clause]bool{}} }

// An analyzer finds out in which ways the clauses of a query or rule can be bound.
type analyzer struct {
	rules  *ruleSet // nil where they are not known yet: then every call of a rule binds its arguments
	rows   func(source string) bool
	names  []string
	dollar string // what $ is: in a rule, the source that it is called with
	flow   *flow
	modes  *modes
	memory map[string]bool // what ready said of ors
	quiet  bool            // errors need not say why
	full   bool            // a pattern can be run when nothing of it is bound
}

// check checks a query as far as that goes without rules and sources.
func (q *ast) check() error {
	if err := q.checkSources(); err != nil {
		return err
	}
	_, err := q.analyze(nil, anyRows)
	return err
}

// anyRows takes every source for rows, of which every pattern can be read.
func anyRows(string) bool { return true }

// analyze finds the flow of a query, or the error of what is never bound.
func (q *ast) analyze(rules *ruleSet, rows func(string) bool) (*flow, error) {
	a := &analyzer{rules: rules, rows: rows, names: q.names, dollar: "$", modes: newModes(rules, rows), full: q.fullScans}
	a.flow = newFlow()
	bound, err := a.conjunction(q.where, q.bound(), "$")
	if err != nil {
		return nil, err
	}
	if a.modes != nil && a.modes.tooMany {
		return nil, overBudget("the rules can be called in more than %d ways", maxModes)
	}
	for _, f := range q.find {
		if f.expr == nil && !bound.has(f.v) {
			return nil, a.unbound(f.v, f.pos, bound)
		}
	}
	q.eachExpr(func(e *expr) {
		if err == nil {
			err = a.expr(q, e, bound)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, t := range q.with {
		if !bound.has(t.v) {
			return nil, a.unbound(t.v, t.pos, bound)
		}
	}
	return a.flow, nil
}

// expr checks the variables of an expr.
func (a *analyzer) expr(q *ast, e *expr, bound varSet) error {
	if v := e.vars(); !v.within(bound) {
		return a.unbound(e.v, e.pos, bound)
	}
	inputs := q.bound()
	if e.kind == variableExpr && !q.grouping().has(e.v) && !inputs.has(e.v) {
		return errorAt(e.pos, ErrAggregate, "%s is no column of :find: :having can take an aggregate of it", a.names[e.v])
	}
	if e.kind == aggregateExpr && e.fn != noVariable && !inputs.has(e.fn) {
		return errorAt(e.pos, ErrAggregate, "%s is called, and no function of :in%s", e.name, a.nearest(e.fn, inputs))
	}
	for _, arg := range e.args {
		if arg.kind == variableTerm && !inputs.has(arg.v) {
			return errorAt(arg.pos, ErrAggregate, "an argument of an aggregate is a constant or comes from :in")
		}
	}
	return nil
}

// bound returns the variables that the inputs bind.
func (q *ast) bound() varSet {
	var s varSet
	for i := range q.inputs {
		q.inputs[i].binding.vars(&s)
	}
	return s
}

// unbound returns the error of a variable of :find or :with that nothing binds.
func (a *analyzer) unbound(v variable, pos edn.Pos, bound varSet) error {
	return errorAt(pos, ErrUnbound, "%s is used but never bound%s", a.names[v], a.nearest(v, bound))
}

func (a *analyzer) nearest(v variable, bound varSet) string {
	var known []string
	for b := range bound.each {
		known = append(known, a.names[b])
	}
	return didYouMean(a.names[v], known, "")
}

// conjunction checks that all of some clauses can be bound, with some variables bound before, and returns what is bound then.
func (a *analyzer) conjunction(cs []clause, before varSet, source string) (varSet, error) {
	bound, pending := a.settle(cs, before, source)
	if len(pending) > 0 {
		return bound, a.stuck(pending[0], bound, source)
	}
	for _, c := range cs {
		var err error
		switch c := c.(type) {
		case *notClause:
			err = a.negation(c, bound, source)
		case *orClause:
			err = a.disjunction(c, cs, before, bound, source)
		}
		if err != nil {
			return bound, err
		}
	}
	return bound, nil
}

// negation finds what a negation shares with the clauses beside it, of which all together bind some variables.
func (a *analyzer) negation(c *notClause, bound varSet, source string) error {
	shared := allVars(c).and(bound)
	if c.join != nil {
		shared = *c.join
		if missing := shared.minus(bound); !missing.empty() {
			return a.insufficient(c, missing, bound)
		}
	}
	if shared.empty() {
		return errorAt(c.pos, ErrInsufficient, "%s has no variable that is bound outside of it", c.key)
	}
	a.flow.need[c] = shared
	_, err := a.conjunction(c.body, shared, a.sourceOf(c.source, source))
	return err
}

// disjunction finds what an or has to wait for, and checks its branches.
func (a *analyzer) disjunction(c *orClause, beside []clause, before, bound varSet, source string) error {
	others := slices.DeleteFunc(slices.Clone(beside), func(o clause) bool { return o == clause(c) })
	outside, _ := a.close(others, before, source)
	a.flow.need[c] = c.required.union(c.negated().and(outside))
	for _, branch := range c.branches {
		if _, err := a.conjunction(branch, outside.and(visible(c)), a.sourceOf(c.source, source)); err != nil {
			return err
		}
	}
	return nil
}

// visible returns the variables that an or can share with the clauses beside it.
func visible(c *orClause) varSet {
	if c.join != nil {
		return *c.join
	}
	return allVars(c)
}

// close returns what some clauses come to bind, and those that never get what they need. Negations bind nothing.
func (a *analyzer) close(cs []clause, before varSet, source string) (varSet, []clause) {
	bound := before
	var pending []clause
	for _, c := range cs {
		if _, negation := c.(*notClause); !negation {
			pending = append(pending, c)
		}
	}
	for changed := true; changed; {
		changed = false
		pending = slices.DeleteFunc(pending, func(c clause) bool {
			if !a.ready(c, bound, source) {
				return false
			}
			bound.addAll(positiveVars(c))
			changed = true
			return true
		})
	}
	return bound, pending
}

// settle closes as close does, and lets patterns be found by their values where nothing else is left to go on with.
func (a *analyzer) settle(cs []clause, before varSet, source string) (varSet, []clause) {
	bound, pending := a.close(cs, before, source)
	for len(pending) > 0 && a.admitByValue(pending, bound, source) {
		a.memory = nil
		bound, pending = a.close(cs, before, source)
	}
	return bound, pending
}

// admitByValue picks a pattern that can be found by its value alone; it reports whether there is one.
func (a *analyzer) admitByValue(pending []clause, bound varSet, source string) bool {
	var first *patternClause
	for _, c := range pending {
		p, ok := c.(*patternClause)
		if ok && p.knows(2, bound) && (first == nil || p.key < first.key) {
			first = p
		}
	}
	if first != nil {
		a.flow.byValue[first] = true
		return true
	}
	return slices.ContainsFunc(pending, func(c clause) bool {
		or, ok := c.(*orClause)
		return ok && slices.ContainsFunc(or.branches, func(branch []clause) bool {
			after, rest := a.close(branch, bound.and(visible(or)), a.sourceOf(or.source, source))
			return a.admitByValue(rest, after, a.sourceOf(or.source, source))
		})
	})
}

// knows reports whether a component of a pattern is a constant or bound.
func (c *patternClause) knows(i int, bound varSet) bool {
	return i < len(c.terms) && (c.terms[i].kind == constantTerm || bound.has(c.terms[i].v))
}

// sourceOf returns the source that a clause reads, of its own and the default one where it stands.
func (a *analyzer) sourceOf(own, inherited string) string {
	if own == "$" {
		return a.dollar
	}
	return defaultSource(own, inherited)
}

func defaultSource(own, inherited string) string {
	if own != "" {
		return own
	}
	return inherited
}

// ready reports whether a clause can be run when some variables are bound.
func (a *analyzer) ready(c clause, bound varSet, source string) bool {
	switch c := c.(type) {
	case *patternClause:
		return a.full || a.flow.byValue[c] && c.knows(2, bound) || c.knows(0, bound) || c.knows(1, bound) || a.rows(a.sourceOf(c.source, source))
	case *callClause:
		return c.needs().within(bound)
	case *ruleClause:
		return a.modes == nil || a.modes.callable(c, bound, a.sourceOf(c.source, source))
	case *orClause:
		return a.readyOr(c, bound, source)
	case *notClause:
		return a.flow.need[c].within(bound)
	}
	return false
}

// readyOr reports whether every branch of an or binds all of its variables.
func (a *analyzer) readyOr(c *orClause, bound varSet, source string) bool {
	if !a.flow.need[c].within(bound) || !c.required.within(bound) {
		return false
	}
	given := bound.and(visible(c))
	key := fmt.Sprintf("%p %s %v", c, source, given)
	if a.memory == nil {
		a.memory = map[string]bool{}
	}
	if ok, known := a.memory[key]; known {
		return ok
	}
	ok := !slices.ContainsFunc(c.branches, func(branch []clause) bool {
		after, pending := a.close(branch, given, a.sourceOf(c.source, source))
		return len(pending) > 0 || !positiveVars(c).within(after)
	})
	a.memory[key] = ok
	return ok
}
