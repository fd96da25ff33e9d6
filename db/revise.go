package db

import (
	"cmp"
	"slices"

	"github.com/datolite/datolite/index"
)

// The attributes from whose facts a schema is derived.
const (
	attrIdent        ID = 10
	attrType         ID = 40
	attrCardinality  ID = 41
	attrUnique       ID = 42
	attrComponent    ID = 43
	attrIndex        ID = 44
	attrNoHistory    ID = 45
	attrInstant      ID = 50
	attrTupleType    ID = 65
	attrTupleTypes   ID = 66
	attrTupleAttrs   ID = 67
	attrDiscontinue  ID = 72
	attrAcyclic      ID = 73
	attrNilsDistinct ID = 77
	attrUpsertParts  ID = 78
)

// The entities that the facts of a schema refer to, types aside.
const (
	cardinalityMany ID = 36
	uniqueValue     ID = 37
	uniqueIdentity  ID = 38
)

// schemaAttributes are the attributes from whose facts a schema is derived.
var schemaAttributes = []ID{attrIdent, attrType, attrCardinality, attrUnique, attrComponent, attrIndex, attrNoHistory, attrTupleType,
	attrTupleTypes, attrTupleAttrs, attrDiscontinue, attrAcyclic, attrNilsDistinct, attrUpsertParts}

// isSchema reports whether a fact may change a schema: it names an entity, or describes an attribute.
func isSchema(f index.Fact) bool {
	return f.A == attrIdent || f.E.Part() == index.PartDB && slices.Contains(schemaAttributes, f.A)
}

// A definition is what the schema facts of one entity in the db partition come to. One without a type is no attribute yet.
type definition struct {
	Attribute
	unindexed bool      // :db/index is false
	parts     []Keyword // :db/tupleAttrs
}

func (d *definition) complete() bool { return d.Type != 0 && d.Ident != "" }

// A revision is the schema facts of one transaction, and those before it: from them the schema of any t can be had again.
type revision struct {
	t     T
	facts []index.Fact
	prev  *revision
}

// revise returns the schema after a transaction, of whose facts it looks at those that isSchema picks. It costs what they are,
// not what the schema is.
func (s *Schema) revise(t T, facts []index.Fact) *Schema {
	if !slices.ContainsFunc(facts, isSchema) {
		return s
	}
	facts = slices.DeleteFunc(slices.Clone(facts), func(f index.Fact) bool { return !isSchema(f) })
	next := &Schema{s.defs, s.idents, s.names, &revision{t, facts, s.last}}
	next.rename(facts)
	next.redefine(facts)
	return next
}

// at returns the schema as it was after the transaction t.
func (s *Schema) at(t T) *Schema {
	if s.last == nil || s.last.t <= t {
		return s
	}
	past := bootstrap().schema
	for _, r := range s.revisions() {
		if r.t > t {
			break
		}
		past = past.revise(r.t, r.facts)
	}
	return past
}

// revisions returns what the schema came of, the oldest first, without the bootstrap.
func (s *Schema) revisions() []*revision {
	var all []*revision
	for r := s.last; r != nil && r.t > 0; r = r.prev {
		all = append(all, r)
	}
	slices.Reverse(all)
	return all
}

// rename gives entities the idents that facts assert. What a fact ends stays: an ident resolves until another entity gets it.
func (s *Schema) rename(facts []index.Fact) {
	idents, names := map[Keyword]ID{}, map[ID]Keyword{}
	for _, f := range facts {
		if f.A == attrIdent && f.Open() {
			ident := Keyword(f.V.Text())
			idents[ident], names[f.E] = f.E, ident
		}
	}
	s.idents, s.names = s.idents.with(idents), s.names.with(names)
}

// redefine derives anew the definitions that facts touch. What is ended goes first, since a new value may take its place.
func (s *Schema) redefine(facts []index.Fact) {
	touched := map[ID]*definition{}
	for _, ended := range [...]bool{true, false} {
		for _, f := range facts {
			if f.E.Part() == index.PartDB && f.Open() != ended {
				s.draft(touched, f.E).set(f)
			}
		}
	}
	s.compose(touched)
	for _, d := range touched {
		d.Indexed = !d.unindexed || d.Unique != NotUnique
	}
	s.defs = s.defs.with(touched)
}

// compose finds the constituents of new composite tuples by their names, and tells them of what they are part.
func (s *Schema) compose(touched map[ID]*definition) {
	var composites []*definition
	for _, d := range touched {
		if d.parts != nil && d.TupleAttrs == nil {
			composites = append(composites, d)
		}
	}
	slices.SortFunc(composites, func(a, b *definition) int { return cmp.Compare(a.ID, b.ID) })
	for _, d := range composites {
		for _, k := range d.parts {
			id, _ := s.idents.get(k)
			part := s.draft(touched, id)
			d.TupleAttrs, d.TupleTypes = append(d.TupleAttrs, id), append(d.TupleTypes, part.Type)
			if !slices.Contains(part.Composites, d.ID) {
				part.Composites = append(slices.Clip(part.Composites), d.ID)
			}
		}
	}
}

// draft returns the definition of an entity among those that are being changed, as a copy of the one there is.
func (s *Schema) draft(touched map[ID]*definition, e ID) *definition {
	d, ok := touched[e]
	if !ok {
		d = &definition{Attribute: Attribute{ID: e}}
		if old, known := s.defs.get(e); known {
			*d = *old
		}
		touched[e] = d
	}
	return d
}

// set changes what one fact says: to its value where it holds, to what is so without one where it was ended.
func (d *definition) set(f index.Fact) {
	yes := f.Open() && f.V.Bool()
	switch f.A {
	case attrIdent:
		if f.Open() {
			d.Ident = Keyword(f.V.Text())
		}
	case attrType:
		d.Type = 0
		if f.Open() {
			d.Type, _ = TypeOf(f.V.Ref())
		}
	case attrCardinality:
		d.Many = f.Open() && f.V.Ref() == cardinalityMany
	case attrUnique:
		d.Unique = NotUnique
		if f.Open() {
			d.Unique = uniqueness(f.V.Ref())
		}
	case attrComponent:
		d.Component = yes
	case attrIndex:
		d.unindexed = f.Open() && !f.V.Bool()
	case attrNoHistory:
		d.NoHistory = yes
	case attrAcyclic:
		d.Acyclic = yes
	case attrNilsDistinct:
		d.NilsDistinct = yes
	case attrUpsertParts:
		d.UpsertParts = yes
	case attrDiscontinue:
		d.Discontinued = yes
	default:
		d.setTuple(f)
	}
}

func uniqueness(id ID) Unique {
	switch id {
	case uniqueValue:
		return UniqueValue
	case uniqueIdentity:
		return UniqueIdentity
	}
	return NotUnique
}

// setTuple is set for the three facts that describe tuples.
func (d *definition) setTuple(f index.Fact) {
	var slots []Keyword
	if f.Open() && f.A != attrTupleType {
		for _, v := range f.V.Tuple() {
			slots = append(slots, Keyword(v.Text()))
		}
	}
	switch f.A {
	case attrTupleType:
		d.TupleType = 0
		if f.Open() {
			d.TupleType, _ = typeNamed(Keyword(f.V.Text()))
		}
	case attrTupleTypes:
		d.TupleTypes = nil
		for _, k := range slots {
			t, _ := typeNamed(k)
			d.TupleTypes = append(d.TupleTypes, t)
		}
	case attrTupleAttrs:
		d.parts, d.TupleAttrs, d.TupleTypes = slots, nil, nil
	}
}
