package query

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/datolite/datolite/edn"
)

// plain reports whether the column is a variable as it is.
func (f *findElem) plain() bool { return f.expr == nil && !f.pulls }

// findClause reads what a query finds, and in what shape.
func (p *parser) findClause(q *ast, s section) error {
	items := s.items
	switch n := len(items); {
	case n == 1 && items[0].Kind == edn.Vector:
		items = items[0].Items
		q.shape = tupleFind
		if len(items) == 2 && symbol(items[1]) == "..." {
			items, q.shape = items[:1], collectionFind
		}
	case n == 2 && symbol(items[1]) == ".":
		items, q.shape = items[:1], scalarFind
	}
	for _, n := range items {
		f, err := p.findElem(n)
		if err != nil {
			return err
		}
		if f.plain() && slices.ContainsFunc(q.find, func(g findElem) bool { return g.plain() && g.v == f.v }) {
			return errorAt(n.Pos, ErrSyntax, "%s stands twice in :find", symbol(n))
		}
		q.find = append(q.find, f)
	}
	return nil
}

func (p *parser) findElem(n edn.Node) (findElem, error) {
	f := findElem{pos: n.Pos, v: noVariable, written: edn.String(n)}
	switch {
	case isVariable(n):
		f.v, f.name = p.variable(symbol(n)), symbol(n)[1:]
		return f, nil
	case n.Kind != edn.List || len(n.Items) < 2 || symbol(n.Items[0]) == "":
		return f, errorAt(n.Pos, ErrSyntax, ":find takes variables, aggregates and pulls, not %s", edn.String(n))
	case symbol(n.Items[0]) == "pull":
		f.pulls = true
		return f, p.pull(&f, n)
	}
	var err error
	f.expr, err = p.expr(n)
	if err == nil {
		f.name = f.expr.column(p.names)
	}
	return f, err
}

// pull reads (pull $source? ?e pattern).
func (p *parser) pull(f *findElem, n edn.Node) error {
	items := n.Items[1:]
	if len(items) > 0 && isSource(items[0]) {
		f.source, items = symbol(items[0]), items[1:]
	}
	if len(items) != 2 || !isVariable(items[0]) {
		return errorAt(n.Pos, ErrSyntax, "pull takes a variable and a pattern, not %s", edn.String(n))
	}
	f.v, f.name = p.variable(symbol(items[0])), symbol(items[0])[1:]
	if name := symbol(items[1]); name != "" {
		f.named = name
		return nil
	}
	var err error
	f.pull, err = parsePattern(items[1])
	return err
}

// keys reads the names of :keys, :strs or :syms.
func (p *parser) keys(q *ast, s section) error {
	switch {
	case q.keys != nil:
		return errorAt(s.pos, ErrSyntax, "only one of :keys, :strs and :syms can be given")
	case q.shape != relationFind:
		return errorAt(s.pos, ErrSyntax, "a find of one row or one column returns no maps")
	case len(s.items) != len(q.find):
		return errorAt(s.pos, ErrSyntax, "%s for %s", plural(len(s.items), "name"), plural(len(q.find), "column"))
	}
	for _, n := range s.items {
		if symbol(n) == "" {
			return errorAt(n.Pos, ErrSyntax, "names of columns are symbols, not %s", edn.String(n))
		}
		if slices.Contains(q.keys, symbol(n)) {
			return errorAt(n.Pos, ErrSyntax, "%s names two columns", symbol(n))
		}
		q.keys = append(q.keys, symbol(n))
	}
	return nil
}

// orderBy reads [column direction? …]; a column is written as in :find, or is its number from 0.
func (p *parser) orderBy(q *ast, s section) error {
	if len(s.items) != 1 || s.items[0].Kind != edn.Vector || len(s.items[0].Items) == 0 {
		return errorAt(s.pos, ErrSyntax, ":order-by takes one vector such as [?name :desc]")
	}
	for _, n := range s.items[0].Items {
		if k, ok := n.Value.(edn.Keyword); ok {
			if len(q.order) == 0 || k != "asc" && k != "desc" {
				return errorAt(n.Pos, ErrSyntax, "%s is no direction: behind a column stands :asc or :desc", k)
			}
			q.order[len(q.order)-1].desc = k == "desc"
			continue
		}
		column := q.column(n)
		if column < 0 {
			return errorAt(n.Pos, ErrSyntax, ":order-by names %s, which is no column of :find", edn.String(n))
		}
		q.order = append(q.order, orderTerm{column: column})
	}
	return nil
}

// column returns the number of the column that a form names, and −1 where it names none.
func (q *ast) column(n edn.Node) int {
	if i, ok := n.Value.(int64); ok {
		if i < 0 || i >= int64(len(q.find)) {
			return -1
		}
		return int(i)
	}
	written := edn.String(n)
	return slices.IndexFunc(q.find, func(f findElem) bool { return f.written == written && !f.pulls })
}

// timeout reads the milliseconds that a query may take.
func (p *parser) timeout(q *ast, s section) error {
	ms, err := count(s, "timeout")
	q.timeout = time.Duration(ms) * time.Millisecond
	if err == nil && q.timeout <= 0 || int64(ms) > math.MaxInt64/int64(time.Millisecond) {
		return errorAt(s.pos, ErrSyntax, ":timeout takes milliseconds, 1 or more")
	}
	return err
}

// order reads :as-written: the clauses are run in the order in which they stand.
func (p *parser) order(q *ast, s section) error {
	if len(s.items) != 1 || s.items[0].Value != edn.Keyword("as-written") {
		return errorAt(s.pos, ErrSyntax, ":order takes :as-written; rows are put in order by :order-by")
	}
	q.asWritten = true
	return nil
}

// scan reads :full: patterns of which nothing is bound read everything.
func (p *parser) scan(q *ast, s section) error {
	if len(s.items) != 1 || s.items[0].Value != edn.Keyword("full") {
		return errorAt(s.pos, ErrSyntax, ":scan takes :full; without it, a pattern of which nothing is bound is an error")
	}
	q.fullScans = true
	return nil
}

func (p *parser) limit(q *ast, s section) (err error) {
	q.limit, err = count(s, "limit")
	return err
}

func (p *parser) offset(q *ast, s section) (err error) {
	q.offset, err = count(s, "offset")
	return err
}

func count(s section, name string) (int, error) {
	if len(s.items) == 1 {
		if n, ok := s.items[0].Value.(int64); ok && n >= 0 && int64(int(n)) == n {
			return int(n), nil
		}
	}
	return 0, errorAt(s.pos, ErrSyntax, ":%s takes one number, 0 or greater", name)
}

// inputs reads the places of :in.
func (p *parser) inputs(q *ast, s section) error {
	for _, n := range s.items {
		in, err := p.input(n)
		if err != nil {
			return err
		}
		named := in.kind == sourceInput || in.kind == rulesInput || in.kind == patternInput
		if named && slices.ContainsFunc(q.inputs, func(o input) bool { return o.kind == in.kind && o.name == in.name }) {
			return errorAt(n.Pos, ErrSyntax, "%s stands twice in :in", symbol(n))
		}
		q.inputs = append(q.inputs, in)
	}
	return nil
}

func (p *parser) input(n edn.Node) (input, error) {
	name := symbol(n)
	in := input{name: name, pos: n.Pos}
	switch {
	case name == "%":
		in.kind = rulesInput
	case isSource(n):
		in.kind = sourceInput
	case name != "" && name != "_" && !isVariable(n):
		if strings.HasPrefix(name, "%") || strings.HasPrefix(name, ".") {
			return in, errorAt(n.Pos, ErrSyntax, "%s cannot stand in :in", name)
		}
		in.kind = patternInput
	default:
		var err error
		in.binding, err = p.binding(n)
		return in, err
	}
	return in, nil
}

// binding reads ?x, _, [?x ?y], [?x ...] or [[?x ?y]], nested as deep as one likes.
func (p *parser) binding(n edn.Node) (bindForm, error) {
	b := bindForm{pos: n.Pos, v: noVariable}
	switch {
	case isVariable(n):
		b.kind, b.v = scalarBinding, p.variable(symbol(n))
		return b, nil
	case symbol(n) == "_":
		return b, nil
	case n.Kind != edn.Vector || len(n.Items) == 0:
		return b, errorAt(n.Pos, ErrSyntax, "%s is no binding: that is ?x, [?x ?y], [?x ...] or [[?x ?y]]", edn.String(n))
	}
	items := n.Items
	b.kind = tupleBinding
	switch {
	case len(items) == 2 && symbol(items[1]) == "...":
		b.kind, items = collectionBinding, items[:1]
	case len(items) == 1 && items[0].Kind == edn.Vector:
		b.kind = collectionBinding
	}
	for _, item := range items {
		inner, err := p.binding(item)
		if err != nil {
			return b, err
		}
		b.items = append(b.items, inner)
	}
	return b, nil
}
