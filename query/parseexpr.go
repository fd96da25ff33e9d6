package query

import (
	"maps"
	"slices"

	"github.com/datolite/datolite/edn"
)

// havingClause reads the conditions of groups, each a predicate of exprs in brackets: [(< 5 (sum ?x))].
func (p *parser) havingClause(q *ast, s section) error {
	for _, n := range s.items {
		if n.Kind != edn.Vector || len(n.Items) != 1 || n.Items[0].Kind != edn.List {
			return errorAt(n.Pos, ErrSyntax, ":having takes predicates such as [(< 5 (sum ?x))], not %s", edn.String(n))
		}
		e, err := p.function(n.Items[0])
		if err != nil {
			return err
		}
		q.having = append(q.having, e)
	}
	return nil
}

// expr reads (aggregate arg … ?x), (function expr …), a variable or a constant. What has a list among its arguments is a function, and so
// is a builtin that aggregates nothing.
func (p *parser) expr(n edn.Node) (*expr, error) {
	form, quoted := unquote(n)
	switch {
	case isVariable(n):
		return &expr{kind: variableExpr, v: p.variable(symbol(n)), pos: n.Pos, written: symbol(n)}, nil
	case quoted || n.Kind != edn.List:
		if name := symbol(n); name == "_" || isSource(n) {
			return nil, errorAt(n.Pos, ErrSyntax, "%s cannot stand here", name)
		}
		return &expr{kind: constantExpr, c: form.Plain(), pos: n.Pos, written: edn.String(n)}, nil
	case p.calculates(n):
		return p.function(n)
	}
	return p.aggregate(n)
}

// calculates reports whether a list is the call of a function, and no aggregate.
func (p *parser) calculates(n edn.Node) bool {
	if len(n.Items) == 0 {
		return false
	}
	name := symbol(n.Items[0])
	if _, known := aggregates[name]; !known && !isVariable(n.Items[0]) {
		if _, known := builtins[builtinName(name)]; known {
			return true
		}
	}
	return slices.ContainsFunc(n.Items[1:], func(arg edn.Node) bool {
		_, quoted := unquote(arg)
		return arg.Kind == edn.List && !quoted
	})
}

// function reads (function expr …).
func (p *parser) function(n edn.Node) (*expr, error) {
	if len(n.Items) == 0 || symbol(n.Items[0]) == "" || isVariable(n.Items[0]) {
		return nil, errorAt(n.Pos, ErrSyntax, "%s calls no function", edn.String(n))
	}
	e := &expr{kind: functionExpr, name: symbol(n.Items[0]), pos: n.Pos, written: edn.String(n)}
	for _, item := range n.Items[1:] {
		part, err := p.expr(item)
		if err != nil {
			return nil, err
		}
		e.parts = append(e.parts, part)
	}
	return e, nil
}

// aggregate reads (name arg … ?x), where the name is that of an aggregate, or a variable of :in that holds a function. That may also
// be written (aggregate ?f arg … ?x).
func (p *parser) aggregate(n edn.Node) (*expr, error) {
	e := &expr{kind: aggregateExpr, fn: noVariable, pos: n.Pos, written: edn.String(n)}
	items := n.Items
	if len(items) > 2 && symbol(items[0]) == "aggregate" && isVariable(items[1]) {
		items = items[1:]
	}
	if len(items) < 2 || symbol(items[0]) == "" {
		return nil, errorAt(n.Pos, ErrSyntax, "%s is no aggregate: that is (sum ?x) or its like", e.written)
	}
	last := len(items) - 1
	e.name = symbol(items[0])
	if isVariable(items[0]) {
		e.fn = p.variable(e.name)
	}
	if !isVariable(items[last]) {
		return nil, errorAt(items[last].Pos, ErrSyntax, "the last argument of an aggregate is a variable, not %s", edn.String(items[last]))
	}
	e.v = p.variable(symbol(items[last]))
	for _, a := range items[1:last] {
		t, err := p.argument(a)
		if err != nil {
			return nil, err
		}
		e.args = append(e.args, t)
	}
	return e, nil
}

// column returns the name of the column of an expr: sum-x for (sum ?x), and for functions what is written.
func (e *expr) column(names []string) string {
	if e.kind != aggregateExpr {
		return e.written
	}
	if e.fn != noVariable {
		return e.name[1:] + "-" + names[e.v][1:]
	}
	return e.name + "-" + names[e.v][1:]
}

// each calls yield with an expr and those within it.
func (e *expr) each(yield func(*expr)) {
	yield(e)
	for _, part := range e.parts {
		part.each(yield)
	}
}

// eachExpr calls yield with every expr of :find and :having.
func (q *ast) eachExpr(yield func(*expr)) {
	for _, f := range q.find {
		if f.expr != nil {
			f.expr.each(yield)
		}
	}
	for _, e := range q.having {
		e.each(yield)
	}
}

// aggregates reports whether the query makes groups of its rows.
func (q *ast) aggregates() (yes bool) {
	q.eachExpr(func(e *expr) { yes = yes || e.kind == aggregateExpr })
	return yes
}

// found returns the variables of :find.
func (q *ast) found() varSet {
	var s varSet
	for _, f := range q.find {
		s.add(f.v)
		if f.expr != nil {
			f.expr.each(func(e *expr) { s.addAll(e.vars()) })
		}
	}
	return s
}

// vars returns the variable that an expr itself takes from the rows.
func (e *expr) vars() varSet {
	if e.kind == variableExpr || e.kind == aggregateExpr {
		return setOf(e.v)
	}
	return varSet{}
}

// aggregateNames returns the names of the aggregates that are built in.
func aggregateNames() []string { return slices.Collect(maps.Keys(aggregates)) }
