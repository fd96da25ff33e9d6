package query

import (
	"errors"
	"fmt"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// Hidden are the variables that stand beside the inputs' own. An input may name an entity by ident or lookup ref; it keeps the
// name, and what patterns match is the entity that it has in their source, in a hidden variable. So the order of clauses does
// not matter, and each source resolves for itself.
type hidden struct {
	run   *run
	given []*relation // what the inputs bind
	named varSet      // the variables of which a value is no id
	all   []hiddenVar
}

// A hiddenVar holds what a variable of the inputs names in a source.
type hiddenVar struct {
	of     variable
	source string
	role   role
	by     variable // of a valueRole: the variable of the attribute
	c      any      // of a constantRole
	v      variable
	at     clause
}

// A role is what a hidden variable must be.
type role uint8

const (
	anyRole       role = iota // an entity, or a value of any type
	entityRole                // an entity
	attributeRole             // an attribute
	valueRole                 // an entity where the attribute of its row is a reference
	constantRole              // a constant for the attribute that the variable holds, likewise
)

// prepare notes what the inputs bind.
func (h *hidden) prepare(groups []*relation) {
	h.given = groups
	for _, g := range groups {
		for i, v := range g.vars {
			for row := range g.n {
				if g.cols[i].At(row).Kind() != index.KindLong {
					h.named.add(v)
					break
				}
			}
		}
	}
}

// identifier returns the keyword or lookup ref that a value is, and nil where it is none.
func (r *run) identifier(v index.Value) any {
	if v.Kind() == index.KindKeyword {
		return v.Any()
	}
	if isHandle(v) {
		if l, ok := r.objects.plain(v).(db.LookupRef); ok {
			return l
		}
	}
	return nil
}

// column returns the values that the inputs give to a variable, and false where it is not theirs.
func (h *hidden) column(v variable) (*index.Vector, int, bool) {
	for _, g := range h.given {
		if i := g.column(v); i >= 0 {
			return &g.cols[i], g.n, true
		}
	}
	return nil, 0, false
}

// entity returns the variable that holds the entities which a variable names in a source.
func (h *hidden) entity(v variable, source string, is role, at clause) variable {
	if !h.named.has(v) {
		return v
	}
	return h.variable(hiddenVar{of: v, source: source, role: is, by: noVariable, at: at})
}

// attribute returns the variable that holds the attributes which a variable names.
func (h *hidden) attribute(v variable, source string, at clause) variable {
	if _, _, ok := h.column(v); !ok {
		return v
	}
	return h.variable(hiddenVar{of: v, source: source, role: attributeRole, by: noVariable, at: at})
}

func (h *hidden) variable(want hiddenVar) variable {
	for _, have := range h.all {
		if have.of == want.of && have.source == want.source && have.role == want.role && have.by == want.by && want.role != constantRole {
			return have.v
		}
	}
	want.v = variable(len(h.run.names) + len(h.all))
	h.all = append(h.all, want)
	return want.v
}

// with returns some variables and the hidden ones beside them that a plan uses.
func (h *hidden) with(vs varSet, p *plan) varSet {
	out := vs
	if p == nil || len(h.all) == 0 {
		return out
	}
	used := p.vars()
	for _, hv := range h.all {
		if vs.has(hv.of) && used.has(hv.v) {
			out.add(hv.v)
		}
	}
	return out
}

// extend adds the columns of the hidden variables to what the inputs bind.
func (h *hidden) extend(groups []*relation) ([]*relation, error) {
	for _, hv := range h.all {
		var err error
		if groups, err = h.pair(groups, hv); err != nil {
			return nil, err
		}
		k := slices.IndexFunc(groups, func(g *relation) bool { return g.column(hv.of) >= 0 })
		col, err := h.resolve(hv, groups[k])
		if err != nil {
			return nil, err
		}
		g := groups[k]
		groups[k] = &relation{vars: append(slices.Clip(g.vars), hv.v), cols: append(slices.Clip(g.cols), *col), n: g.n}
	}
	return groups, nil
}

// pair makes one group of those that hold the value and the attribute of a hidden variable.
func (h *hidden) pair(groups []*relation, hv hiddenVar) ([]*relation, error) {
	if hv.by == noVariable {
		return groups, nil
	}
	c := &conj{run: h.run, groups: groups}
	both, err := c.take(setOf(hv.of, hv.by))
	return append(c.groups, both), err
}

// resolve returns the column of a hidden variable; what names no entity becomes nil, which matches nothing.
func (h *hidden) resolve(hv hiddenVar, g *relation) (*index.Vector, error) {
	from := h.run.sources[hv.source].db
	out := &index.Vector{}
	for row := range g.n {
		if err := h.run.tick(row); err != nil {
			return nil, err
		}
		v, err := h.resolved(hv, from, g, row)
		if err != nil {
			return nil, errorAt(hv.at.at(), err, "the input for %s: %v", h.run.q.names[hv.of], err)
		}
		out.Append(v)
	}
	return out, nil
}

// resolved returns what the variable of a row names.
func (h *hidden) resolved(hv hiddenVar, from db.Reader, g *relation, row int) (index.Value, error) {
	v := g.cols[g.column(hv.of)].At(row)
	switch hv.role {
	case attributeRole:
		return h.run.attribute(from, v)
	case entityRole:
		if !v.IsNil() && v.Kind() != index.KindLong && v.Kind() != index.KindTuple && h.run.identifier(v) == nil {
			return v, namesNothing(h.run.objects.plain(v))
		}
	case valueRole, constantRole:
		return h.valueFor(hv, from, g, row)
	}
	return h.run.entity(from, v)
}

// valueFor returns a value, or the entity that it names where the attribute in its row is a reference.
func (h *hidden) valueFor(hv hiddenVar, from db.Reader, g *relation, row int) (index.Value, error) {
	by := hv.by
	if hv.role == constantRole {
		by = hv.of
	}
	a, err := h.run.attribute(from, g.cols[g.column(by)].At(row))
	if err != nil {
		return a, err
	}
	isRef := from.Schema().IsRef(a.Ref())
	v := g.cols[g.column(hv.of)].At(row)
	switch {
	case hv.role == constantRole && isRef:
		return h.run.entityConstant(from, hv.c)
	case hv.role == constantRole:
		return h.run.objects.value(hv.c)
	case isRef:
		return h.run.entity(from, v)
	}
	return v, nil
}

// namesNothing is the error of a value that no entity can be known by.
func namesNothing(x any) error {
	return &reason{db.ErrNotAnEntity, edn.String(x) + " names no entity: that is an id, an ident such as :country/be, or a lookup ref"}
}

// entity returns the entity that a value names, nil where it names none, and any other value as it is. A tuple is an error: it
// was meant as a lookup ref.
func (r *run) entity(from db.Reader, v index.Value) (index.Value, error) {
	if v.Kind() == index.KindTuple {
		return v, fmt.Errorf("%w: %s is a tuple; a lookup ref is a db.Lookup", db.ErrNotAnEntity, r.objects.text(v))
	}
	name := r.identifier(v)
	if name == nil {
		return v, nil
	}
	id, err := from.EntID(r.ctx, name)
	if errors.Is(err, db.ErrNotAnEntity) {
		return index.Value{}, nil
	}
	return index.Ref(id), err
}

// attribute returns the attribute that a value names; a value that names none is an error.
func (r *run) attribute(from db.Reader, v index.Value) (index.Value, error) {
	s := from.Schema()
	if v.Kind() == index.KindKeyword {
		name := db.Keyword(v.Text())
		a, ok := s.Named(string(name))
		if !ok {
			return v, &db.AttributeError{Attr: name.String(), Near: s.Nearest(string(name)), Err: db.ErrUnknownAttribute}
		}
		return index.Ref(a.ID), nil
	}
	id, err := r.entity(from, v)
	if err == nil && id.Kind() == index.KindLong {
		if _, ok := s.Attribute(id.Ref()); ok {
			return id, nil
		}
	}
	if err == nil {
		err = &db.AttributeError{Attr: r.objects.text(v), Near: attributeOf(s, v), Err: db.ErrUnknownAttribute}
	}
	return id, err
}

// attributeOf returns the attribute that a string means, which names it without being a keyword.
func attributeOf(s *db.Schema, v index.Value) string {
	if v.Kind() != index.KindString {
		return ""
	}
	if a, ok := s.Named(v.Text()); ok {
		return a.Ident.String()
	}
	return s.Nearest(v.Text())
}
