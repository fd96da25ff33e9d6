package query

import (
	"fmt"
	"reflect"

	"github.com/datolite/datolite/db"
)

// An entityFinder tells whether a variable stands for entities: whether, in any clause, it is in the place of an entity, an
// attribute, a transaction or of the value of a reference. That depends on the query and the schema, never on the plan.
type entityFinder struct {
	run    *run
	dollar string
	inRule bool            // the variables are those of a rule
	seen   map[string]bool // parameters of rules that were looked at
}

// isEntity reports whether a variable of the query stands for entities.
func (r *run) isEntity(v variable) bool {
	switch {
	case r.ids.has(v) && !r.others.has(v):
		return true
	case r.template != nil:
		return r.template.entities.has(v)
	}
	return r.occursAsEntity(v)
}

// occursAsEntity reports whether a variable stands for entities by what the clauses say of it.
func (r *run) occursAsEntity(v variable) bool {
	f := &entityFinder{run: r, dollar: "$", seen: map[string]bool{}}
	return f.in(r.q.where, v, "$")
}

// entityParam reports whether an argument of a rule stands for entities.
func (r *run) entityParam(name string, i int, source string) bool {
	f := &entityFinder{run: r, dollar: "$", seen: map[string]bool{}}
	if f.param(name, i, source) {
		return true
	}
	if r.params == nil {
		r.params = map[string]bool{}
	}
	for key := range f.seen {
		r.params[key] = false // none of those by which it might have been one
	}
	return false
}

func (f *entityFinder) in(cs []clause, v variable, source string) bool {
	for _, c := range cs {
		if allVars(c).has(v) && f.clause(c, v, source) {
			return true
		}
	}
	return false
}

func (f *entityFinder) sourceOf(own, inherited string) string {
	if own == "$" {
		return f.dollar
	}
	return defaultSource(own, inherited)
}

func (f *entityFinder) clause(c clause, v variable, source string) bool {
	source = f.sourceOf(ownSource(c), source)
	switch c := c.(type) {
	case *patternClause:
		return f.pattern(c, v, source)
	case *callClause:
		return f.call(c, v)
	case *ruleClause:
		for i, t := range c.args {
			if t.v == v && f.param(c.name, i, source) {
				return true
			}
		}
	}
	for _, b := range bodies(c) {
		if f.in(b, v, source) {
			return true
		}
	}
	return false
}

func (f *entityFinder) pattern(c *patternClause, v variable, source string) bool {
	s := f.run.sources[source]
	if s == nil || s.db == nil {
		return false
	}
	for i, t := range c.terms {
		if t.v != v || i > 3 {
			continue
		}
		if i != 2 || f.reference(c.terms[1], s.db) {
			return true
		}
	}
	return false
}

// reference reports whether a term names references: as a constant, or as a variable to which the inputs give nothing else.
func (f *entityFinder) reference(t term, from db.Reader) bool {
	switch {
	case t.kind == constantTerm:
		id, err := f.run.attributeConstant(from, t.c)
		return err == nil && from.Schema().IsRef(id.Ref())
	case t.kind == variableTerm && !f.inRule && f.run.hidden.isInput(t.v):
		refs, others := f.run.hidden.references(t.v, from)
		return refs && !others
	}
	return false
}

// call reports whether a function that reads a source takes or returns a variable as an entity.
func (f *entityFinder) call(c *callClause, v variable) bool {
	if h, ok := f.run.hostFunc(c.name); ok && c.out != nil {
		return returnsEntity(h, c.out, v)
	}
	switch {
	case c.name == "tx-ids" || c.name == "tx-data":
		return c.out != nil && c.out.kind == collectionBinding && f.logged(&c.out.items[0], v)
	case c.name == "q" || sourceFunctions[c.name] == nil || len(c.args) < 3 || c.args[0].kind != sourceTerm:
		return false
	case c.args[1].v == v:
		return true
	case c.out == nil:
		return false
	case c.name == "get-some":
		return len(c.out.items) > 0 && c.out.items[0].v == v
	}
	s := f.run.sources[f.sourceOf(c.args[0].name, "$")]
	return s != nil && s.db != nil && c.name == "get-else" && c.out.v == v && f.reference(c.args[2], s.db)
}

// returnsEntity reports whether a function of the host returns a variable, or the elements of a collection, as entities.
func returnsEntity(h *hostFunc, out *bindForm, v variable) bool {
	t := h.fn.Type().Out(0)
	if out.kind == collectionBinding && t.Kind() == reflect.Slice {
		out, t = &out.items[0], t.Elem()
	}
	return out.kind == scalarBinding && out.v == v && isID(t)
}

// logged reports whether a variable takes a transaction, or the entity, attribute or transaction of a datom of the log.
func (f *entityFinder) logged(b *bindForm, v variable) bool {
	if b.kind == scalarBinding {
		return b.v == v
	}
	for i, item := range b.items {
		if item.v == v && (i == 0 || i == 1 || i == 3) {
			return true
		}
	}
	return false
}

func (f *entityFinder) param(name string, i int, source string) bool {
	key := fmt.Sprintf("%s %d %s", name, i, source)
	if is, known := f.run.params[key]; known || f.seen[key] {
		return is
	}
	f.seen[key] = true
	outer, inRule := f.dollar, f.inRule
	defer func() { f.dollar, f.inRule = outer, inRule }()
	f.inRule = true
	for _, r := range f.run.rules.rules[name] {
		f.dollar = source
		if f.in(r.body, r.head[i], source) {
			if f.run.params == nil {
				f.run.params = map[string]bool{}
			}
			f.run.params[key] = true
			return true
		}
	}
	return false
}
