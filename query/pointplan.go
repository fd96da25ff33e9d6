package query

import (
	"slices"

	"github.com/datolite/datolite/db"
)

// A pointPlanner makes the point of a template.
type pointPlanner struct {
	q     *ast
	from  *template
	scans []*scan
	e     variable
	given map[variable]int // inputs
	point *point
	bound map[variable]int // variables that a read binds
}

// newPoint returns the point of a template, and nil where it has none.
func newPoint(q *ast, t *template) *point {
	x := &pointPlanner{q: q, from: t, given: map[variable]int{}, bound: map[variable]int{}}
	if !q.plainRows() || t.rules != nil || !x.inputs() || !x.star() || !x.unique() || !x.attributes() || !x.columns() {
		return nil
	}
	return x.point
}

// plainRows reports whether an answer of one row needs nothing beside the values of variables.
func (q *ast) plainRows() bool {
	plain := func(f findElem) bool { return f.expr == nil && !f.pulls && f.v != noVariable }
	return len(q.with)+len(q.having)+len(q.order)+q.offset == 0 && q.limit != 0 && q.timeout == 0 &&
		!slices.ContainsFunc(q.find, func(f findElem) bool { return !plain(f) })
}

// inputs notes which variables the inputs beside $ give; it reports whether each gives one.
func (x *pointPlanner) inputs() bool {
	sources := 0
	for _, in := range x.q.inputs {
		switch {
		case in.kind == sourceInput && in.name == "$":
			x.point = &point{schema: x.from.schemas[slices.IndexFunc(x.q.inputs, func(in input) bool { return in.name == "$" })]}
			sources++
		case in.kind == bindingInput && in.binding.kind == scalarBinding:
			if _, twice := x.given[in.binding.v]; twice {
				return false
			}
			x.given[in.binding.v] = len(x.given)
		default:
			return false
		}
	}
	return sources == 1 && len(x.given) <= maxPoint
}

// star reports whether all steps are patterns of one entity and known attributes.
func (x *pointPlanner) star() bool {
	for _, step := range x.from.plan.steps {
		s, ok := step.(*scan)
		if !ok || s.never || s.byValue || s.source != "$" || len(s.clause.terms) > 3 || !s.consts.known[1] || s.at[0] == noVariable ||
			s.at[2] == s.at[0] {
			return false
		}
		if x.scans = append(x.scans, s); s.at[0] != x.scans[0].at[0] {
			return false
		}
	}
	if len(x.scans) == 0 || len(x.scans) > maxPoint {
		return false
	}
	x.e = x.scans[0].at[0]
	x.point.q, x.point.inputs, x.point.names = x.q, len(x.given), x.q.columns()
	return true
}

// unique notes how the entity is found; where by a value, that is read first.
func (x *pointPlanner) unique() bool {
	at, given := x.given[x.e]
	if x.point.entity = at; given {
		return true
	}
	x.point.entity = -1
	first := slices.IndexFunc(x.scans, func(s *scan) bool {
		a, ok := x.attribute(s)
		_, input := x.given[s.at[2]]
		return ok && a.Unique != db.NotUnique && a.Indexed && (s.consts.known[2] || input)
	})
	if first < 0 {
		return false
	}
	x.scans[0], x.scans[first] = x.scans[first], x.scans[0]
	return true
}

// attribute returns the attribute of a pattern; the values of references are not looked for, since an input may name them in many ways.
func (x *pointPlanner) attribute(s *scan) (*db.Attribute, bool) {
	a, ok := x.point.schema.Attribute(s.consts.values[1].Ref())
	_, input := x.given[s.at[2]]
	return a, ok && a.Type != db.TypeTuple && !(input && a.Type == db.TypeRef)
}

// attributes makes the reads: of each attribute the value is known, or there is one at most.
func (x *pointPlanner) attributes() bool {
	for i, s := range x.scans {
		a, ok := x.attribute(s)
		if !ok {
			return false
		}
		r := pointRead{attr: a.ID, input: -1}
		if s.consts.known[2] {
			r.value = s.consts.values[2]
		} else if at, input := x.given[s.at[2]]; input {
			r.input = at
		} else if _, twice := x.bound[s.at[2]]; a.Many || twice {
			return false
		} else if s.at[2] != noVariable {
			x.bound[s.at[2]] = i
		}
		x.point.reads = append(x.point.reads, r)
	}
	return true
}

// columns makes the row; the inputs' own values are not in it.
func (x *pointPlanner) columns() bool {
	for _, f := range x.q.find {
		at, ok := x.bound[f.v]
		if f.v == x.e && x.point.entity < 0 {
			at, ok = -1, true
		}
		if !ok {
			return false
		}
		x.point.row, x.point.ids = append(x.point.row, at), append(x.point.ids, x.from.entities.has(f.v))
	}
	return true
}
