package db

import (
	"slices"
	"strings"

	"github.com/datolite/datolite/internal/spell"
)

// Unique says whether a value of an attribute names one entity.
type Unique uint8

// What an attribute's uniqueness can be.
const (
	NotUnique      Unique = iota
	UniqueValue           // a second holder is refused
	UniqueIdentity        // a tempid with the value becomes the holder
)

// An Attribute is what a schema says of one attribute. It must not be changed.
type Attribute struct {
	ID         ID
	Ident      Keyword
	Type       ValueType
	Many       bool // a set of values, not one
	Unique     Unique
	Component  bool // a reference to a part, which lives and dies with the whole
	Indexed    bool // in AVET; so unless :db/index is false and the attribute is not unique
	NoHistory  bool
	Acyclic    bool        // declared, not checked
	Composites []ID        // the composite tuples that have the attribute in a slot
	TupleAttrs []ID        // of a composite tuple, which the database keeps, slot by slot
	TupleTypes []ValueType // of a heterogeneous or composite tuple, slot by slot
	TupleType  ValueType   // of a homogeneous tuple; zero for other attributes

	NilsDistinct bool // a tuple with a nil in it is not unique, whatever Unique says
	UpsertParts  bool // a tempid with values for all slots of a unique identity becomes the holder, as if it had the composite
	Discontinued bool // a composite that the database keeps no longer: its values stay as they are
}

// Names reports whether a value of the attribute names one entity: it is unique, and not a tuple with a nil where nils are
// distinct.
func (a *Attribute) Names(v Value) bool {
	return a.Unique != NotUnique && !(a.NilsDistinct && slices.ContainsFunc(v.Tuple(), Value.IsNil))
}

// A Schema is what a database knows of its attributes and of the names of its entities. It is a value: that of its snapshot.
// It is derived from facts: see revise.
type Schema struct {
	defs   layered[ID, *definition] // what has schema facts, complete attributes and others
	idents layered[Keyword, ID]     // every ident there ever was, to the entity that last got it
	names  layered[ID, Keyword]     // the ident that an entity last got
	last   *revision
}

// Attribute returns the attribute with the id.
func (s *Schema) Attribute(id ID) (*Attribute, bool) {
	def, ok := s.defs.get(id)
	if !ok || !def.complete() {
		return nil, false
	}
	return &def.Attribute, true
}

// Named returns the attribute of a name, with or without colon; an earlier name of a renamed attribute works too.
func (s *Schema) Named(name string) (*Attribute, bool) {
	id, ok := s.idents.get(Keyword(strings.TrimPrefix(name, ":")))
	if !ok {
		return nil, false
	}
	return s.Attribute(id)
}

// Nearest returns the attribute's name, with its colon, that is most like an unknown one, and "" where none is near.
func (s *Schema) Nearest(name string) string {
	var known []string
	for _, a := range s.Attributes() {
		known = append(known, string(a.Ident))
	}
	return nearest(name, known)
}

// nearestIdent returns the ident, with its colon, that is most like an unknown one, and "" where none is near.
func (s *Schema) nearestIdent(k Keyword) string {
	var known []string
	s.idents.keys(func(ident Keyword) bool {
		known = append(known, string(ident))
		return true
	})
	slices.Sort(known)
	return nearest(string(k), known)
}

func nearest(name string, known []string) string {
	near := spell.Nearest(strings.TrimPrefix(name, ":"), slices.Values(known))
	if near == "" {
		return ""
	}
	return ":" + near
}

// Attributes returns all attributes in the order of their ids, those of the bootstrap included.
func (s *Schema) Attributes() []*Attribute {
	var attrs []*Attribute
	s.defs.keys(func(id ID) bool {
		if a, ok := s.Attribute(id); ok {
			attrs = append(attrs, a)
		}
		return true
	})
	slices.SortFunc(attrs, func(a, b *Attribute) int { return int(a.ID - b.ID) })
	return attrs
}

// EntID returns the entity that an ident names. An ident that was retracted, or that its entity lost to a newer one, still
// names it until another entity gets it.
func (s *Schema) EntID(ident Keyword) (ID, bool) { return s.idents.get(ident) }

// Ident returns the current ident of an entity.
func (s *Schema) Ident(id ID) (Keyword, bool) {
	ident, ok := s.names.get(id)
	if !ok {
		return "", false
	}
	if holder, _ := s.idents.get(ident); holder != id {
		return "", false
	}
	return ident, true
}

// Indexed reports whether the facts of an attribute are in AVET.
func (s *Schema) Indexed(a ID) bool {
	attr, ok := s.Attribute(a)
	return ok && attr.Indexed
}

// IsRef reports whether an attribute is a reference.
func (s *Schema) IsRef(a ID) bool {
	attr, ok := s.Attribute(a)
	return ok && attr.Type == TypeRef
}

// attribute returns the attribute that a string, Keyword or ID names, or an *AttributeError.
func (s *Schema) attribute(x any) (*Attribute, error) {
	var a *Attribute
	var ok bool
	switch x := x.(type) {
	case string:
		a, ok = s.Named(x)
	case Keyword:
		a, ok = s.Named(string(x))
	case ID:
		a, ok = s.Attribute(x)
	}
	if !ok {
		return nil, s.unknown(x)
	}
	return a, nil
}

func (s *Schema) unknown(x any) error {
	switch x := x.(type) {
	case string:
		x = strings.TrimPrefix(x, ":")
		return &AttributeError{":" + x, s.Nearest(x), ErrUnknownAttribute}
	case Keyword:
		return &AttributeError{x.String(), s.Nearest(string(x)), ErrUnknownAttribute}
	}
	return &AttributeError{shown(x), "", ErrUnknownAttribute}
}
