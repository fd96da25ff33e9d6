package query

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// Attributes returns the attributes that the query names, sorted: a transaction that changes none of them does not change the answer, unless
// all reports that it may read any other too. It may where an attribute is a variable or a number, where a pull asks for everything or has a
// pattern among the inputs, and where rules or functions of the host are called.
func (p *Prepared[T]) Attributes() (names []db.Keyword, all bool) {
	f := &attributeFinder{}
	f.query(p.q)
	slices.Sort(f.names)
	return slices.Compact(f.names), f.all
}

// An attributeFinder gathers the attributes that a query names.
type attributeFinder struct {
	names []db.Keyword
	all   bool
}

func (f *attributeFinder) query(q *ast) {
	f.clauses(q.where)
	for i := range q.find {
		switch e := &q.find[i]; {
		case e.pulls && e.pull == nil:
			f.all = true
		case e.pulls:
			f.pull(e.pull)
		}
	}
	q.eachExpr(func(e *expr) { f.all = f.all || e.fn != noVariable })
}

func (f *attributeFinder) clauses(cs []clause) {
	for _, c := range cs {
		switch c := c.(type) {
		case *patternClause:
			f.pattern(c)
		case *callClause:
			f.call(c)
		case *ruleClause:
			f.all = true
		}
		for _, b := range bodies(c) {
			f.clauses(b)
		}
	}
}

func (f *attributeFinder) pattern(c *patternClause) {
	if len(c.terms) < 2 {
		f.all = true
		return
	}
	f.attribute(c.terms[1])
	for _, t := range c.terms {
		f.lookup(t.c)
	}
}

func (f *attributeFinder) attribute(t term) {
	name, ok := t.c.(edn.Keyword)
	if t.kind != constantTerm || !ok {
		f.all = true
		return
	}
	f.names = append(f.names, name)
}

// lookup notes the attributes of a lookup ref.
func (f *attributeFinder) lookup(c any) {
	if pair, ok := c.([]any); ok && len(pair) == 2 {
		if name, ok := pair[0].(edn.Keyword); ok {
			f.names = append(f.names, name)
		}
		f.lookup(pair[1])
	}
}

// call notes what a function reads that reads a source; one that is no builtin may read anything.
func (f *attributeFinder) call(c *callClause) {
	switch c.name {
	case "get-else", "missing?", "get-some":
		for i := 2; i < len(c.args) && (i == 2 || c.name == "get-some"); i++ {
			f.attribute(c.args[i])
		}
	case "q":
		f.nested(c)
	default:
		f.all = f.all || c.fn != noVariable || builtins[builtinName(c.name)].eval == nil
	}
}

func (f *attributeFinder) nested(c *callClause) {
	if len(c.args) == 0 || c.args[0].kind != constantTerm {
		f.all = true
		return
	}
	text, ok := c.args[0].c.(string)
	if !ok {
		text = edn.String(c.args[0].c)
	}
	inner, err := parse(text)
	if err != nil {
		f.all = true
		return
	}
	f.query(inner)
}

func (f *attributeFinder) pull(p *pattern) {
	f.all = f.all || p.all
	for _, s := range p.specs {
		f.names = append(f.names, db.Keyword(s.attr))
		f.all = f.all || s.xform != ""
		if s.sub != nil {
			f.pull(s.sub)
		}
	}
}
