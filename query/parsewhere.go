package query

import (
	"maps"
	"strings"

	"github.com/datolite/datolite/edn"
)

// maxPattern is how many components a datom has.
const maxPattern = 5

// clauses reads a conjunction.
func (p *parser) clauses(items []edn.Node) ([]clause, error) {
	var out []clause
	for _, n := range items {
		c, err := p.clause(n)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (p *parser) clause(n edn.Node) (clause, error) {
	at := place{pos: n.Pos, key: edn.String(n)}
	switch {
	case n.Kind == edn.Nil:
		return nil, errorAt(n.Pos, ErrClause, "nil is no clause")
	case n.Kind == edn.Vector && len(n.Items) == 0:
		return nil, errorAt(n.Pos, ErrUnbound, "an empty pattern binds nothing")
	case n.Kind == edn.Vector && n.Items[0].Kind == edn.List:
		return p.call(at, n)
	case n.Kind == edn.Vector:
		return p.pattern(at, n)
	case n.Kind == edn.List && len(n.Items) > 0:
		return p.listClause(at, n)
	}
	return nil, errorAt(n.Pos, ErrClause, "%s is no clause: that stands in brackets, such as [?e :name ?x]", at.key)
}

// listClause reads (not …), (or …) and their like, and calls of rules.
func (p *parser) listClause(at place, n edn.Node) (clause, error) {
	items, source := n.Items, ""
	if isSource(items[0]) {
		source, items = symbol(items[0]), items[1:]
	}
	if len(items) == 0 || symbol(items[0]) == "" {
		return nil, errorAt(n.Pos, ErrClause, "%s is no clause", at.key)
	}
	switch name := symbol(items[0]); name {
	case "not":
		return p.not(at, source, items[1:])
	case "not-join":
		return p.notJoin(at, source, items[1:])
	case "or":
		c := &orClause{place: at, source: source}
		return c, p.branches(c, items[1:])
	case "or-join":
		return p.orJoin(at, source, items[1:])
	case "and":
		return nil, errorAt(n.Pos, ErrClause, "and stands only in or and or-join; elsewhere clauses are written one behind the other")
	default:
		if strings.HasPrefix(name, "?") || name == "_" {
			return nil, errorAt(n.Pos, ErrClause, "a pattern is written in brackets: %s", edn.String(edn.Node{Kind: edn.Vector, Items: n.Items}))
		}
		return p.ruleCall(at, source, name, items[1:])
	}
}

func (p *parser) pattern(at place, n edn.Node) (clause, error) {
	c, items := &patternClause{place: at}, n.Items
	if isSource(items[0]) {
		c.source, items = symbol(items[0]), items[1:]
	}
	if len(items) == 0 {
		return nil, errorAt(n.Pos, ErrUnbound, "an empty pattern binds nothing")
	}
	for _, item := range items {
		t, err := p.term(item)
		if err != nil {
			return nil, err
		}
		if t.kind == constantTerm && t.c == nil {
			return nil, errorAt(item.Pos, ErrClause, "nil cannot stand in a pattern: a missing value is asked for by missing?")
		}
		c.terms = append(c.terms, t)
	}
	return c, nil
}

// term reads what stands in a pattern or in the call of a rule.
func (p *parser) term(n edn.Node) (term, error) {
	t := term{pos: n.Pos, v: noVariable}
	switch name := symbol(n); {
	case name == "_":
		return t, nil
	case strings.HasPrefix(name, "?"):
		t.kind, t.v = variableTerm, p.variable(name)
		return t, nil
	case strings.HasPrefix(name, "$") || strings.HasPrefix(name, "%"):
		return t, errorAt(n.Pos, ErrClause, "%s cannot stand here", name)
	}
	if n.Kind == edn.List {
		return t, errorAt(n.Pos, ErrClause, "%s cannot stand here: a list is no value", edn.String(n))
	}
	t.kind, t.c = constantTerm, n.Plain()
	return t, nil
}

// argument reads what stands in a call: as in a pattern, and a source.
func (p *parser) argument(n edn.Node) (term, error) {
	if isSource(n) {
		return term{kind: sourceTerm, name: symbol(n), v: noVariable, pos: n.Pos}, nil
	}
	if quoted, ok := unquote(n); ok {
		return term{kind: constantTerm, c: quoted.Plain(), v: noVariable, pos: n.Pos}, nil
	}
	switch symbol(n) {
	case "_":
		return term{}, errorAt(n.Pos, ErrClause, "_ cannot be the argument of a function")
	case "%":
		return term{}, errorAt(n.Pos, ErrClause, "%% cannot stand here: a query within takes its rules as a text")
	}
	return p.term(n)
}

// unquote returns the form in (quote form).
func unquote(n edn.Node) (edn.Node, bool) {
	if n.Kind == edn.List && len(n.Items) == 2 && symbol(n.Items[0]) == "quote" {
		return n.Items[1], true
	}
	return n, false
}

// call reads [(predicate arg …)] or [(function arg …) binding].
func (p *parser) call(at place, n edn.Node) (clause, error) {
	form := n.Items[0]
	if len(n.Items) > 2 {
		return nil, errorAt(n.Pos, ErrClause, "a call has one binding behind it, not %d", len(n.Items)-1)
	}
	form = keywordCall(form)
	if len(form.Items) == 0 || symbol(form.Items[0]) == "" {
		return nil, errorAt(n.Pos, ErrClause, "%s calls nothing", at.key)
	}
	c := &callClause{place: at, name: symbol(form.Items[0]), named: form.Items[0].Pos, fn: noVariable}
	if isVariable(form.Items[0]) {
		c.fn = p.variable(c.name)
	}
	for _, item := range form.Items[1:] {
		t, err := p.argument(item)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, t)
	}
	if len(n.Items) == 1 {
		return c, nil
	}
	b, err := p.binding(n.Items[1])
	c.out = &b
	return c, err
}

// keywordCall returns (get map :key) for (:key map), and any other form as it is.
func keywordCall(form edn.Node) edn.Node {
	if len(form.Items) < 2 || len(form.Items) > 3 || !isKeyword(form.Items[0]) {
		return form
	}
	get := edn.Node{Kind: edn.Scalar, Pos: form.Items[0].Pos, Value: edn.Symbol("get")}
	form.Items = append([]edn.Node{get, form.Items[1], form.Items[0]}, form.Items[2:]...)
	return form
}

func (p *parser) ruleCall(at place, source, name string, items []edn.Node) (clause, error) {
	c := &ruleClause{place: at, source: source, name: name}
	for _, item := range items {
		t, err := p.term(item)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, t)
	}
	return c, nil
}

func (p *parser) not(at place, source string, items []edn.Node) (clause, error) {
	body, err := p.clauses(items)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, errorAt(at.pos, ErrClause, "a negation needs a clause")
	}
	c := &notClause{place: at, source: source, body: body}
	if allVars(c).empty() {
		return nil, errorAt(at.pos, ErrClause, "%s has no variable", at.key)
	}
	return c, nil
}

func (p *parser) notJoin(at place, source string, items []edn.Node) (clause, error) {
	if len(items) < 2 || items[0].Kind != edn.Vector || len(items[0].Items) == 0 {
		return nil, errorAt(at.pos, ErrClause, "not-join takes a vector of variables and a clause")
	}
	join, _, err := p.joinVars(items[0], false)
	if err != nil {
		return nil, err
	}
	c := &notClause{place: at, source: source, join: &join}
	defer p.local(join)()
	c.body, err = p.clauses(items[1:])
	return c, err
}

func (p *parser) orJoin(at place, source string, items []edn.Node) (clause, error) {
	if len(items) < 2 || items[0].Kind != edn.Vector || len(items[0].Items) == 0 {
		return nil, errorAt(at.pos, ErrOr, "or-join takes a vector of variables and a branch")
	}
	join, required, err := p.joinVars(items[0], true)
	if err != nil {
		return nil, err
	}
	c := &orClause{place: at, source: source, join: &join, required: required}
	for _, item := range items[1:] {
		global := p.local(join)
		err := p.branches(c, []edn.Node{item})
		global()
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// joinVars reads the variables of not-join and or-join; or-join may begin with a vector of those that must be bound.
func (p *parser) joinVars(n edn.Node, require bool) (all, required varSet, err error) {
	for i, item := range n.Items {
		switch {
		case isVariable(item):
			all.add(p.variable(symbol(item)))
		case require && i == 0 && item.Kind == edn.Vector && len(item.Items) > 0:
			required, _, err = p.joinVars(item, false)
			all.addAll(required)
		default:
			err = errorAt(item.Pos, ErrClause, "%s is no variable", edn.String(item))
		}
		if err != nil {
			return all, required, err
		}
	}
	return all, required, nil
}

// local makes all names but those of some variables mean new variables, until the function that it returns is called.
func (p *parser) local(shared varSet) func() {
	outer := p.scope
	p.scope = maps.Clone(outer)
	maps.DeleteFunc(p.scope, func(_ string, v variable) bool { return !shared.has(v) })
	return func() { p.scope = outer }
}

// branches reads the branches of an or.
func (p *parser) branches(c *orClause, items []edn.Node) error {
	if len(items) == 0 {
		return errorAt(c.pos, ErrOr, "or has no branches")
	}
	for _, item := range items {
		conj := []edn.Node{item}
		if item.Kind == edn.List && len(item.Items) > 0 && symbol(item.Items[0]) == "and" {
			if conj = item.Items[1:]; len(conj) == 0 {
				return errorAt(item.Pos, ErrOr, "and has no clauses")
			}
		}
		branch, err := p.clauses(conj)
		if err != nil {
			return err
		}
		c.branches = append(c.branches, branch)
	}
	if c.join == nil && allVars(c).empty() {
		return errorAt(c.pos, ErrOr, "%s has no variable", c.key)
	}
	return nil
}
