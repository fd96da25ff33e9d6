package query

import (
	"cmp"
	"slices"
)

// An inliner writes what a rule says in the place of its calls, so that the clauses around them and those of the rule are planned as
// one. It leaves calls of rules that are recursive, that need arguments bound, or that say too much.
type inliner struct {
	rules *ruleSet
	names []string // of all variables, new ones behind those that were there
	room  int      // how many clauses more there may be
	query *run     // nil within rules, which are rewritten before their sources are known
}

// maxInlined is how many clauses may be written in the place of the calls of one text.
const maxInlined = 128

// inline rewrites the bodies of rules, those that are called before those that call them.
func (rs *ruleSet) inline() {
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if done[name] {
			return
		}
		done[name] = true
		for _, r := range rs.rules[name] {
			calls(r.body, false, func(c *ruleClause, _ bool) { visit(c.name) })
			x := &inliner{rules: rs, names: r.names, room: maxInlined}
			r.body = x.clauses(r.body, "")
			r.names = x.names
		}
	}
	for _, name := range rs.names {
		visit(name)
	}
}

// inlined returns the query with what rules say in the place of their calls; nil where there is nothing to write.
func (r *run) inlined() *ast {
	if r.rules == nil || r.q.asWritten {
		return nil
	}
	x := &inliner{rules: r.rules, names: r.q.names, room: maxInlined, query: r}
	where := slices.Clone(r.q.where)
	slices.SortStableFunc(where, func(a, b clause) int { return cmp.Compare(a.text(), b.text()) })
	q := *r.q
	q.where = x.clauses(where, "$")
	if q.names = x.names; x.room == maxInlined {
		return nil
	}
	return &q
}

// clauses rewrites the calls among some clauses of a source.
func (x *inliner) clauses(cs []clause, source string) []clause {
	var out []clause
	for _, c := range cs {
		switch c := c.(type) {
		case *ruleClause:
			if body, ok := x.call(c, source); ok {
				out = append(out, body...)
				continue
			}
		case *notClause:
			n := *c
			if n.body = x.clauses(c.body, defaultSource(c.source, source)); len(n.body) > 0 && !sameClauses(n.body, c.body) {
				out = append(out, &n)
				continue
			}
		case *orClause:
			if o, changed := x.or(c, source); changed {
				out = append(out, o)
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func sameClauses(a, b []clause) bool { return slices.Equal(a, b) }

// or rewrites the calls in the branches of an or. New variables of theirs are hidden from the clauses around it, unless some that are
// not hidden stand in negations.
func (x *inliner) or(c *orClause, source string) (clause, bool) {
	o, changed := *c, false
	if o.branches = nil; c.join == nil {
		seen := visible(c)
		if o.join = &seen; !c.negated().empty() {
			return c, false
		}
	}
	for _, b := range c.branches {
		body := x.clauses(b, defaultSource(c.source, source))
		o.branches, changed = append(o.branches, body), changed || !sameClauses(body, b)
	}
	return &o, changed
}

// call returns what the rule of a call says, in the variables of the call.
func (x *inliner) call(c *ruleClause, source string) ([]clause, bool) {
	branches := x.rules.rules[c.name]
	own := defaultSource(c.source, source)
	if own == "$" && source != "$" {
		own = "" // within rules, $ is the source that they are called with
	}
	if x.query == nil && own != "" || !x.fits(c, branches, own) {
		return nil, false
	}
	size := 0
	for _, b := range branches {
		size += countClauses(b.body)
	}
	if size > x.room {
		return nil, false
	}
	x.room -= size
	if len(branches) == 1 {
		return x.body(c, branches[0], own), true
	}
	or := &orClause{place: c.place, join: &varSet{}}
	args := slices.Clone(c.args)
	for i := range args {
		if args[i].kind == blankTerm {
			args[i] = x.fresh("_", args[i])
		}
		or.join.add(args[i].v)
	}
	call := *c
	call.args = args
	for _, b := range branches {
		or.branches = append(or.branches, x.body(&call, b, own))
	}
	return []clause{or}, true
}

func countClauses(cs []clause) int {
	n := len(cs)
	for _, c := range cs {
		for _, b := range bodies(c) {
			n += countClauses(b)
		}
	}
	return n
}

// fits reports whether a call can be replaced by the bodies of its rule.
func (x *inliner) fits(c *ruleClause, branches []*rule, source string) bool {
	if x.rules.recursive(c.name) {
		return false
	}
	for _, b := range branches {
		if b.required > 0 || !slices.ContainsFunc(c.args, func(t term) bool { return t.kind == variableTerm }) || !x.placeable(b.body) {
			return false
		}
		for i, t := range c.args {
			if !x.argument(c, b, i, t, source) {
				return false
			}
		}
	}
	return true
}

// recursive reports whether a rule calls itself, through others or not.
func (rs *ruleSet) recursive(name string) bool {
	for _, r := range rs.rules[name] {
		found := false
		calls(r.body, false, func(c *ruleClause, _ bool) { found = found || rs.group[c.name] == rs.group[name] })
		if found {
			return true
		}
	}
	return false
}

// placeable reports whether clauses mean the same beside those of a query as in a rule: their attributes are known, and their errors
// are those of the query's own.
func (x *inliner) placeable(cs []clause) bool {
	return !slices.ContainsFunc(cs, func(c clause) bool {
		switch c := c.(type) {
		case *patternClause:
			return len(c.terms) < 2 || c.terms[1].kind != constantTerm
		case *callClause:
			return x.query != nil
		}
		return slices.ContainsFunc(bodies(c), func(b []clause) bool { return !x.placeable(b) })
	})
}

// argument reports whether an argument can stand for a variable of a rule. What the inputs give may be the name of an entity, which
// means one in the place of an entity only; so may a constant, which must not come into functions or bindings either.
func (x *inliner) argument(c *ruleClause, b *rule, i int, t term, source string) bool {
	switch t.kind {
	case blankTerm:
		return true
	case variableTerm:
		return x.query == nil || !x.query.hidden.isInput(t.v) || !x.query.hidden.named.has(t.v) || !x.query.entityParam(c.name, i, source)
	case constantTerm:
		_, number := t.c.(int64)
		_, text := t.c.(string)
		return (number || text && x.query != nil && !x.query.entityParam(c.name, i, source)) && onlyInPatterns(b.body, b.head[i])
	}
	return false
}

// onlyInPatterns reports whether a variable stands nowhere but in patterns and calls of rules, beside each other.
func onlyInPatterns(cs []clause, v variable) bool {
	return !slices.ContainsFunc(cs, func(c clause) bool {
		switch c.(type) {
		case *patternClause, *ruleClause:
			return false
		}
		return allVars(c).has(v)
	})
}

// fresh returns a new variable in the place of a term.
func (x *inliner) fresh(name string, t term) term {
	x.names = append(slices.Clip(x.names), name)
	return term{kind: variableTerm, v: variable(len(x.names) - 1), pos: t.pos}
}

// body returns the body of a rule in the variables of a call.
func (x *inliner) body(c *ruleClause, r *rule, source string) []clause {
	w := &rewriter{inliner: x, rule: r, terms: map[variable]term{}}
	if source != "$" {
		w.source = source
	}
	for i, t := range c.args {
		if t.kind != blankTerm {
			w.terms[r.head[i]] = t
		}
	}
	return w.clauses(r.body)
}
