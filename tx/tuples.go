package tx

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// slotTypes are the types that a slot of a tuple can have.
var slotTypes = []db.Keyword{"db.type/bigdec", "db.type/bigint", "db.type/boolean", "db.type/double", "db.type/instant",
	"db.type/keyword", "db.type/long", "db.type/string", "db.type/symbol", "db.type/ref", "db.type/uri", "db.type/uuid"}

// wrongTuple returns what is wrong with how a tuple is described.
func (s *settlement) wrongTuple(d *definition, t db.ValueType) *Error {
	types := d.about["db/tupleTypes"]
	one, single := d.about["db/tupleType"]
	attrs, composite := d.about["db/tupleAttrs"]
	switch kinds := d.tupleKinds(); {
	case t != db.TypeTuple && kinds > 0:
		return uninstallable("invalid-tuple-kind", "%s has slots, but is a %s and no tuple", d.ident, t)
	case t == db.TypeTuple && kinds != 1:
		return uninstallable("invalid-tuple-kind", "the tuple %s has one of :db/tupleTypes, :db/tupleType and :db/tupleAttrs", d.ident)
	case single && !isSlotType(one):
		return uninstallable("invalid-tuple-type", "%s cannot be in the slots of %s", one, d.ident)
	}
	for _, slot := range types.Tuple() {
		if !isSlotType(slot) {
			return uninstallable("invalid-tuple-types", "%s cannot be in a slot of %s", slot, d.ident)
		}
	}
	if e := s.wrongOption(d, t, composite); e != nil {
		return e
	}
	return s.wrongComposite(d, attrs.Tuple())
}

func isSlotType(v db.Value) bool { return slices.Contains(slotTypes, db.Keyword(v.Text())) }

// tupleKinds returns how many of the kinds of tuples a definition is.
func (d *definition) tupleKinds() (n int) {
	for _, kind := range [...]db.Keyword{"db/tupleTypes", "db/tupleType", "db/tupleAttrs"} {
		if _, ok := d.about[kind]; ok {
			n++
		}
	}
	return n
}

// wrongOption returns what is wrong with the options of a tuple.
func (s *settlement) wrongOption(d *definition, t db.ValueType, composite bool) *Error {
	unique := s.called(d.about["db/unique"].Ref())
	switch {
	case t != db.TypeTuple && d.about["db.tuple/nilsDistinct"].Bool():
		return uninstallable("invalid-tuple-kind", ":db.tuple/nilsDistinct is about tuples, and %s is a %s", d.ident, t)
	case !composite && d.about["db.tuple/discontinued"].Bool():
		return uninstallable("invalid-tuple-kind", ":db.tuple/discontinued is about composite tuples, and %s is none", d.ident)
	case !(composite && unique == ":db.unique/identity") && d.about["db.tuple/upsert"].Bool():
		return uninstallable("invalid-tuple-kind", ":db.tuple/upsert is about composite tuples that are a unique identity, and %s is none", d.ident)
	}
	return nil
}

// wrongComposite returns what is wrong with a composite tuple of these constituents.
func (s *settlement) wrongComposite(d *definition, attrs []db.Value) *Error {
	if len(attrs) > 0 && s.isMany(d) {
		return uninstallable("tuple-of-attrs-must-be-card-one", "the composite tuple %s has one value", d.ident)
	}
	for _, v := range attrs {
		if wrong := s.wrongConstituent(d, db.Keyword(v.Text())); wrong != "" {
			return uninstallable("invalid-tuple-attrs", "%s cannot be in a slot of %s: %s", v, d.ident, wrong)
		}
	}
	return nil
}

// wrongConstituent returns in words why an attribute cannot be part of a composite tuple, and "" if it can. It may be defined in
// the same transaction.
func (s *settlement) wrongConstituent(of *definition, k db.Keyword) string {
	var t db.ValueType
	var many, known bool
	if i := slices.IndexFunc(of.beside, func(d *definition) bool { return d.ident == k }); i >= 0 {
		t, known = db.TypeOf(of.beside[i].about["db/valueType"].Ref())
		many = s.isMany(of.beside[i])
	} else if a, ok := s.schema.Named(string(k)); ok {
		t, many, known = a.Type, a.Many, true
		if a.ID < firstOwn && a.Ident != "db/ident" && a.Ident != "db/doc" {
			return "it is built in"
		}
	}
	switch {
	case !known:
		return "it is no attribute"
	case many:
		return "it has many values"
	case !slices.Contains(slotTypes, db.Keyword("db.type/"+t.String())):
		return "its values are of type " + t.String()
	}
	return ""
}

func (s *settlement) isMany(d *definition) bool {
	return s.called(d.about["db/cardinality"].Ref()) == ":db.cardinality/many"
}

func (s *settlement) isConstituent(e db.ID) bool {
	a, ok := s.schema.Attribute(e)
	return ok && a.Composites != nil
}

// discontinued refuses all but that a composite tuple is no longer kept, for ever.
func (s *settlement) discontinued(f *index.Fact, a *db.Attribute) *Error {
	of, ok := s.schema.Attribute(f.E)
	switch {
	case ok && of.TupleAttrs == nil:
		return s.ofFact(f, a, fail(ErrAlter, "%s is no composite tuple, and so cannot be discontinued", of.Ident))
	case f.Open() != f.V.Bool():
		return s.ofFact(f, a, fail(ErrAlter, "%s is discontinued, and cannot be kept again", s.called(f.E)))
	}
	return nil
}
