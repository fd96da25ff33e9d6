package query

import (
	"errors"
	"fmt"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// Hidden are the variables that stand beside the inputs' own. An input may name an entity by ident or lookup ref; it keeps the
// name, and what patterns match is the entity that it has in their source, in a hidden variable. So the order of clauses does
// not matter, and each source resolves for itself.
type hidden struct {
	run   *run
	given []*relation // what the inputs bind
	named varSet      // the variables of which a value is an ident, a lookup ref or a tuple
	all   []hiddenVar
}

type hiddenVar struct {
	of     variable
	source string
	attr   bool // it must be an attribute
	v      variable
	at     clause
}

// prepare notes what the inputs bind.
func (h *hidden) prepare(groups []*relation) {
	h.given = groups
	for _, g := range groups {
		for i, v := range g.vars {
			for row := range g.n {
				if x := g.cols[i].At(row); x.Kind() == index.KindTuple || h.run.identifier(x) != nil {
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
func (h *hidden) entity(v variable, source string, at clause) variable {
	if !h.named.has(v) {
		return v
	}
	return h.variable(hiddenVar{of: v, source: source, at: at})
}

// attribute returns the variable that holds the attributes which a variable names.
func (h *hidden) attribute(v variable, source string, at clause) variable {
	if _, _, ok := h.column(v); !ok {
		return v
	}
	return h.variable(hiddenVar{of: v, source: source, attr: true, at: at})
}

func (h *hidden) variable(want hiddenVar) variable {
	for _, have := range h.all {
		if have.of == want.of && have.source == want.source && have.attr == want.attr {
			return have.v
		}
	}
	want.v = variable(len(h.run.q.names) + len(h.all))
	h.all = append(h.all, want)
	return want.v
}

// with returns some variables and the hidden ones beside them that a plan uses.
func (h *hidden) with(vs varSet, p *plan) varSet {
	out := vs.clone()
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
		for k, g := range groups {
			at := g.column(hv.of)
			if at < 0 {
				continue
			}
			col, err := h.resolve(hv, &g.cols[at], g.n)
			if err != nil {
				return nil, err
			}
			groups[k] = &relation{vars: append(g.vars[:len(g.vars):len(g.vars)], hv.v), cols: append(g.cols[:len(g.cols):len(g.cols)], *col), n: g.n}
		}
	}
	return groups, nil
}

// resolve returns the column of a hidden variable; what names no entity becomes nil, which matches nothing.
func (h *hidden) resolve(hv hiddenVar, col *index.Vector, n int) (*index.Vector, error) {
	from := h.run.sources[hv.source].db
	out := &index.Vector{}
	for row := range n {
		if err := h.run.tick(row); err != nil {
			return nil, err
		}
		resolve := h.run.entity
		if hv.attr {
			resolve = h.run.attribute
		}
		v, err := resolve(from, col.At(row))
		if err != nil {
			return nil, errorAt(hv.at.at(), err, "the input for %s: %v", h.run.q.names[hv.of], err)
		}
		out.Append(v)
	}
	return out, nil
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
		err = &db.AttributeError{Attr: r.objects.text(v), Err: db.ErrUnknownAttribute}
	}
	return id, err
}
