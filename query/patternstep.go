package query

import (
	"fmt"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

func (s *scan) of() clause      { return s.clause }
func (s *scan) vars() varSet    { return s.uses }
func (s *rowScan) of() clause   { return s.clause }
func (s *rowScan) vars() varSet { return s.uses }

// patternStep makes a pattern ready to be matched against its source. One that is found by its value alone takes an entity there.
func (r *run) patternStep(c *patternClause, byValue bool, source string, top bool) (operator, error) {
	from := r.sources[source]
	if from == nil {
		return nil, errorAt(c.pos, ErrSource, "there is no source %s in :in", source)
	}
	if from.db == nil {
		return r.rowStep(c, from)
	}
	if len(c.terms) > maxPattern {
		return nil, errorAt(c.terms[maxPattern].pos, ErrClause, "a pattern has at most %d components: entity, attribute, value, transaction, added", maxPattern)
	}
	s := &scan{clause: c, from: from.db, source: source, byValue: byValue}
	for i := range s.at {
		s.at[i] = noVariable
	}
	for i, t := range c.terms {
		if t.kind == variableTerm {
			s.at[i] = t.v
		}
	}
	if err := r.constants(s, source, top); err != nil {
		return nil, err
	}
	if top {
		r.hide(s, source)
	}
	for _, v := range s.at {
		s.uses.add(v)
	}
	return s, nil
}

func (r *run) rowStep(c *patternClause, from *source) (operator, error) {
	s := &rowScan{clause: c, rows: from.rows, consts: make([]index.Value, len(c.terms))}
	for i, t := range c.terms {
		s.uses.add(t.v)
		if t.kind != constantTerm {
			continue
		}
		v, err := r.objects.value(t.c)
		if err != nil {
			return nil, errorAt(t.pos, ErrClause, "%v", err)
		}
		s.consts[i] = v
	}
	return s, nil
}

// constants puts the constants of a pattern into the scan: those that name entities or attributes as their ids. Only at the top do
// inputs occur.
func (r *run) constants(s *scan, source string, top bool) error {
	order := [...]int{1, 0, 2, 3, 4} // what a value means depends on the attribute
	for _, i := range order {
		if i >= len(s.clause.terms) || s.clause.terms[i].kind != constantTerm {
			continue
		}
		t := s.clause.terms[i]
		if i == 2 && top && r.variesByAttribute(s, t, source) {
			continue
		}
		v, err := r.constant(s, i, t)
		if err != nil {
			return errorAt(t.pos, err, "%v", err)
		}
		s.consts.set(i, v)
	}
	s.never = s.never || !s.consts.possible()
	return nil
}

func (r *run) constant(s *scan, i int, t term) (index.Value, error) {
	switch i {
	case 0, 3:
		v, err := r.entityConstant(s.from, t.c)
		if err == nil && v.Kind() != index.KindLong {
			err = namesNothing(t.c)
		}
		if name, ok := t.c.(edn.Symbol); ok && builtins[builtinName(string(name))].eval != nil {
			err = &reason{ErrClause, fmt.Sprintf("%s is a function: its call is written [(%[1]s …)]", name)}
		}
		return v, err
	case 1:
		return r.attributeConstant(s.from, t.c)
	case 2:
		return r.valueConstant(s, t.c)
	}
	return r.objects.value(t.c)
}

// entityConstant returns the id of an entity that a query names; that it names none is an error.
func (r *run) entityConstant(from db.Reader, c any) (index.Value, error) {
	name := c
	if pair, ok := c.([]any); ok {
		ref, ok := lookupConstant(from.Schema(), pair)
		if !ok {
			return index.Value{}, namesNothing(c)
		}
		name = ref
	}
	switch name.(type) {
	case edn.Keyword, db.LookupRef:
		id, err := from.EntID(r.ctx, name)
		return index.Ref(id), err
	}
	return r.objects.value(c)
}

// lookupConstant returns the lookup ref that a vector of a query may be. Its value, and the slots of one that is a tuple, may be
// lookup refs themselves.
func lookupConstant(s *db.Schema, pair []any) (db.LookupRef, bool) {
	if len(pair) != 2 {
		return db.LookupRef{}, false
	}
	attr, ok := pair[0].(edn.Keyword)
	if a, known := s.Named(string(attr)); known && a.Type == db.TypeTuple {
		slots, _ := pair[1].([]any)
		named := make(db.Tuple, len(slots))
		for i, slot := range slots {
			named[i] = lookupWithin(s, slot)
		}
		return db.LookupRef{Attr: string(attr), Value: named}, ok
	}
	return db.LookupRef{Attr: string(attr), Value: lookupWithin(s, pair[1])}, ok
}

// lookupWithin returns a vector that is a lookup ref as one, and all else as it is.
func lookupWithin(s *db.Schema, c any) any {
	if pair, ok := c.([]any); ok {
		if ref, ok := lookupConstant(s, pair); ok {
			return ref
		}
	}
	return c
}

func (r *run) attributeConstant(from db.Reader, c any) (index.Value, error) {
	if _, ok := c.([]any); ok {
		id, err := r.entityConstant(from, c)
		if err != nil {
			return id, err
		}
		return r.attribute(from, id)
	}
	v, err := r.objects.value(c)
	if err != nil {
		return v, err
	}
	return r.attribute(from, v)
}

// valueConstant returns the value that a constant is for the attribute of the pattern: an entity where that is a reference.
func (r *run) valueConstant(s *scan, c any) (index.Value, error) {
	if s.byValue {
		return r.entityConstant(s.from, c)
	}
	if !s.consts.known[1] {
		return r.objects.value(c)
	}
	if !s.from.Schema().IsRef(s.consts.values[1].Ref()) {
		return r.objects.value(c)
	}
	if _, ok := c.(string); ok {
		return index.Value{}, namesNothing(c)
	}
	return r.entityConstant(s.from, c)
}

// variesByAttribute makes a constant that can name an entity a hidden variable, where the attribute is given by the inputs: the constant is
// an entity for those that are references.
func (r *run) variesByAttribute(s *scan, t term, source string) bool {
	_, vector := t.c.([]any)
	_, keyword := t.c.(edn.Keyword)
	a := s.at[1]
	if a == noVariable || !r.hidden.isInput(a) || !vector && !keyword || s.byValue {
		return false
	}
	s.at[2] = r.hidden.variable(hiddenVar{of: a, source: source, role: constantRole, by: noVariable, c: t.c, at: s.clause})
	return true
}

// hide replaces the variables of inputs that stand for entities or attributes by hidden ones.
func (r *run) hide(s *scan, source string) {
	for i, t := range s.clause.terms {
		if t.kind != variableTerm {
			continue
		}
		switch i {
		case 0, 3:
			s.at[i] = r.hidden.entity(t.v, source, entityRole, s.clause)
		case 1:
			s.at[i] = r.hidden.attribute(t.v, source, s.clause)
		case 2:
			s.at[i] = r.hideValue(s, t.v, source)
		}
	}
}

// hideValue returns the variable of the value: a hidden one where it can stand for entities.
func (r *run) hideValue(s *scan, v variable, source string) variable {
	switch a := s.clause.terms[1]; {
	case s.byValue || s.consts.known[1] && s.from.Schema().IsRef(s.consts.values[1].Ref()):
		return r.hidden.entity(v, source, anyRole, s.clause)
	case a.kind == variableTerm && r.hidden.isInput(a.v) && r.hidden.named.has(v):
		return r.hidden.variable(hiddenVar{of: v, source: source, role: valueRole, by: a.v, at: s.clause})
	}
	return v
}

func (h *hidden) isInput(v variable) bool {
	_, _, ok := h.column(v)
	return ok
}

// references reports whether there are references among the attributes that the inputs give to a variable, and whether there
// are others.
func (h *hidden) references(v variable, from db.Reader) (refs, others bool) {
	col, n, _ := h.column(v)
	for row := range n {
		id, err := h.run.attribute(from, col.At(row))
		if err == nil && from.Schema().IsRef(id.Ref()) {
			refs = true
		} else {
			others = true
		}
	}
	return refs, others
}

// checkRuleSources checks the sources that the rules name.
func (r *run) checkRuleSources() error {
	var err error
	for _, name := range r.rules.names {
		for _, b := range r.rules.rules[name] {
			err = firstError(err, r.explicitSources(b.body))
		}
	}
	return err
}

// explicitSources checks the sources that are written in clauses.
func (r *run) explicitSources(cs []clause) error {
	for _, c := range cs {
		named := usedSources(c, "")
		if own := ownSource(c); own != "" {
			named = append(named, term{name: own, pos: c.at()})
		}
		for _, t := range named {
			if t.name != "" && r.sources[t.name] == nil && !(t.name == "$" && isCall(c)) {
				return inRules(r.q.unknownSource(t.name, t.pos))
			}
		}
		for _, b := range bodies(c) {
			if err := r.explicitSources(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func isCall(c clause) bool {
	_, ok := c.(*callClause)
	return ok
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
