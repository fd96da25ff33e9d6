package query

import "slices"

// A rewriter copies the body of a rule into another text: with other terms for the variables of its head, new variables for its own,
// and its source named where that is not the default one there.
type rewriter struct {
	*inliner
	rule   *rule
	source string // empty where it is the default
	terms  map[variable]term
}

func (w *rewriter) clauses(cs []clause) []clause {
	out := make([]clause, len(cs))
	for i, c := range cs {
		out[i] = w.clause(c)
	}
	return out
}

func (w *rewriter) clause(c clause) clause {
	switch c := c.(type) {
	case *patternClause:
		n := *c
		n.source, n.terms = w.own(c.source), w.all(c.terms)
		return &n
	case *ruleClause:
		n := *c
		n.source, n.args = w.own(c.source), w.all(c.args)
		return &n
	case *callClause:
		n := *c
		n.args = w.all(c.args)
		if c.out != nil {
			out := w.binding(*c.out)
			n.out = &out
		}
		return &n
	case *notClause:
		n := *c
		n.source, n.join, n.body = w.own(c.source), w.set(c.join), w.clauses(c.body)
		return &n
	case *orClause:
		n := *c
		n.source, n.join, n.required = w.own(c.source), w.set(c.join), *w.set(&c.required)
		n.branches = nil
		for _, b := range c.branches {
			n.branches = append(n.branches, w.clauses(b))
		}
		return &n
	}
	return c
}

// own returns the source of a clause.
func (w *rewriter) own(source string) string {
	if w.source != "" && (source == "" || source == "$") {
		return w.source
	}
	return source
}

func (w *rewriter) all(ts []term) []term {
	out := slices.Clone(ts)
	for i, t := range ts {
		switch {
		case t.kind == variableTerm:
			out[i] = w.term(t)
		case t.kind == sourceTerm:
			out[i].name = w.own(t.name)
		}
	}
	return out
}

// term returns what stands for a variable.
func (w *rewriter) term(t term) term {
	n, ok := w.terms[t.v]
	if !ok {
		n = w.fresh(w.rule.names[t.v], t)
		w.terms[t.v] = n
	}
	return n
}

func (w *rewriter) binding(b bindForm) bindForm {
	if b.kind == scalarBinding {
		b.v = w.term(term{kind: variableTerm, v: b.v, pos: b.pos}).v
	}
	b.items = slices.Clone(b.items)
	for i := range b.items {
		b.items[i] = w.binding(b.items[i])
	}
	return b
}

func (w *rewriter) set(s *varSet) *varSet {
	if s == nil {
		return nil
	}
	var out varSet
	for v := range s.each {
		out.add(w.term(term{kind: variableTerm, v: v}).v)
	}
	return &out
}
