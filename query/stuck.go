package query

import (
	"slices"
	"strings"
)

// stuck returns the error of a clause that never gets what it needs.
func (a *analyzer) stuck(c clause, bound varSet, source string) error {
	if a.quiet {
		return ErrInsufficient
	}
	switch c := c.(type) {
	case *patternClause:
		return errorAt(c.pos, ErrInsufficient, "%s: neither its entity nor its attribute nor its value is bound; :scan :full lets it read everything", c.key)
	case *callClause:
		return a.insufficient(c, c.needs().minus(bound), bound)
	case *ruleClause:
		return a.stuckRule(c, bound, a.sourceOf(c.source, source))
	case *orClause:
		return a.stuckOr(c, bound, source)
	}
	return errorAt(c.at(), ErrInsufficient, "%s cannot be bound", c.text())
}

// insufficient returns the error of a clause that needs variables which nothing binds.
func (a *analyzer) insufficient(c clause, missing, bound varSet) error {
	vs := missing.list()
	pos := c.at()
	if call, ok := c.(*callClause); ok {
		if i := slices.IndexFunc(call.args, func(t term) bool { return t.v == vs[0] }); i >= 0 {
			pos = call.args[i].pos
		}
	}
	return errorAt(pos, ErrInsufficient, "%s is used but never bound%s", a.names[vs[0]], a.nearest(vs[0], bound))
}

// stuckRule returns the error of a call: that of the rule itself, if it cannot be run whatever is bound.
func (a *analyzer) stuckRule(c *ruleClause, bound varSet, source string) error {
	if err := a.modes.broken(c, source); err != nil {
		return err
	}
	var free []string
	for _, t := range c.args {
		switch {
		case t.kind == blankTerm:
			free = append(free, "_")
		case t.kind == variableTerm && !bound.has(t.v):
			free = append(free, a.names[t.v])
		}
	}
	if len(free) == 0 {
		return errorAt(c.pos, ErrInsufficient, "%s: the rule cannot be called", c.key)
	}
	return errorAt(c.pos, ErrInsufficient, "%s: the rule needs more of its arguments bound; nothing binds %s", c.key, strings.Join(free, ", "))
}

func (a *analyzer) stuckOr(c *orClause, bound varSet, source string) error {
	if missing := a.flow.need[c].union(c.required).minus(bound); !missing.empty() {
		return a.insufficient(c, missing, bound)
	}
	given := bound.and(visible(c))
	for _, branch := range c.branches {
		after, pending := a.close(branch, given, a.sourceOf(c.source, source))
		if missing := positiveVars(c).minus(after); !missing.empty() && len(pending) == 0 {
			return errorAt(branch[0].at(), ErrOr, "%s is not bound in every branch of the or", a.names[missing.list()[0]])
		}
		if len(pending) > 0 {
			return a.stuck(pending[0], after, a.sourceOf(c.source, source))
		}
	}
	return errorAt(c.pos, ErrInsufficient, "%s cannot be bound", c.key)
}

// broken returns the error of a rule that cannot be called even with all of its arguments bound.
func (m *modes) broken(c *ruleClause, source string) error {
	if m.explaining[c.name] {
		return nil
	}
	m.explaining[c.name] = true
	defer delete(m.explaining, c.name)
	var all varSet
	for i := range c.args {
		all.add(variable(i))
	}
	for _, r := range m.rules.rules[c.name] {
		if _, err := m.flowOf(r, source, all, false); err != nil {
			return inRules(err)
		}
	}
	return nil
}
