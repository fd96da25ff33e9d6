package tx

import (
	"cmp"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A definition is what the facts of a transaction say of a new attribute. It is checked when all are known.
type definition struct {
	e         db.ID
	ident     db.Keyword
	about     map[db.Keyword]db.Value // built-in attribute → value
	installed bool                    // the datom that installs it is stated
	beside    []*definition           // all of the transaction
}

// install checks what a transaction says of the schema, and adds the facts that make new attributes part of it.
func (s *settlement) install(facts []index.Fact) ([]index.Fact, error) {
	var defs []*definition
	var refused *Error
	for i := range facts {
		f := &facts[i]
		if f.A >= firstOwn && f.E.Part() != index.PartDB {
			continue
		}
		a, _ := s.schema.Attribute(f.A)
		refused = lesser(refused, s.checkFact(f, a))
		if e := defined(f, a); e >= s.snap.NextElement() && e.Part() == index.PartDB {
			defs = note(defs, e, f, a)
		}
	}
	refused = lesser(refused, s.checkDropped())
	for _, d := range defs {
		d.beside = defs
		refused = lesser(refused, s.checkDefinition(d))
		facts = s.complete(d, facts)
	}
	return facts, refused.orNil()
}

// checkDropped refuses to say in vain of what is no attribute that it is not what attributes are.
func (s *settlement) checkDropped() *Error {
	for i := range s.changes {
		c := &s.changes[i]
		if s.fates[i].what == dropped && describes(c.a) && c.e.Part() != index.PartDB {
			return s.items[c.item].place(s.noAttribute(c.e, c.a))
		}
	}
	return nil
}

// noAttribute returns the refusal to describe as an attribute what is none.
func (s *settlement) noAttribute(e db.ID, a *db.Attribute) *Error {
	refusal := ofAttr(a, fail(ErrNotSystem, "%s says what an attribute is, and %s is none", a.Ident, s.calledNew(e)))
	refusal.Entity = e
	return refusal
}

// defined returns the entity that a fact defines or installs.
func defined(f *index.Fact, a *db.Attribute) db.ID {
	if a.Ident == "db.install/attribute" {
		return f.V.Ref()
	}
	return f.E
}

// note adds a fact to the definition of an entity.
func note(defs []*definition, e db.ID, f *index.Fact, a *db.Attribute) []*definition {
	i, ok := slices.BinarySearchFunc(defs, e, func(d *definition, e db.ID) int { return cmp.Compare(d.e, e) })
	if !ok {
		defs = slices.Insert(defs, i, &definition{e: e, about: map[db.Keyword]db.Value{}})
	}
	d := defs[i]
	switch {
	case a.Ident == "db.install/attribute":
		d.installed = true
	case a.Ident == "db/ident":
		d.ident = db.Keyword(f.V.Text())
	case describes(a):
		d.about[a.Ident] = f.V
	}
	return defs
}

// checkFact refuses a fact that would change what is built in, or what an attribute is, or that takes a name which is reserved.
func (s *settlement) checkFact(f *index.Fact, a *db.Attribute) *Error {
	installs := a.ID < firstOwn && a.Ident == "db.install/attribute"
	system := f.E.Part() == index.PartDB
	switch {
	case installs && f.E == 0 && f.Open():
		return s.checkInstalled(f)
	case system && f.E < firstOwn:
		return s.ofFact(f, a, fail(ErrBuiltIn, "%s is built in, and cannot be changed", s.called(f.E)))
	case a.ID >= firstOwn:
		return nil
	case installs:
		return s.ofFact(f, a, fail(ErrNotSystem, "attributes are installed in :db.part/db, not in %s", s.calledNew(f.E)))
	case system && !s.isNew(f.E) && (a.Ident == "db/ident" || describes(a)):
		return s.altered(f, a)
	case a.Ident == "db/ident" && f.Open():
		return s.checkName(f, a)
	case describes(a) && !system:
		return s.ofFact(f, a, s.noAttribute(f.E, a))
	}
	return nil
}

// ofFact gives a refusal the place of the item that a fact comes from.
func (s *settlement) ofFact(f *index.Fact, a *db.Attribute, e *Error) *Error {
	e.Entity = f.E
	if e.Attr == "" {
		e.Attr = a.Ident
	}
	for i := range s.changes {
		if c := &s.changes[i]; c.e == f.E && c.a.ID == f.A {
			return s.items[c.item].place(e)
		}
	}
	return e
}

// checkInstalled refuses to install what is no new attribute.
func (s *settlement) checkInstalled(f *index.Fact) *Error {
	e := f.V.Ref()
	if e.Part() == index.PartDB && s.isNew(e) {
		return nil
	}
	a, _ := s.schema.Attribute(f.A)
	return s.ofFact(f, a, fail(ErrNotSystem, "%s exists, and can be no attribute: attributes are new entities", s.called(e)))
}

// altered refuses the change of an attribute.
func (s *settlement) altered(f *index.Fact, a *db.Attribute) *Error {
	attr := s.called(f.E)
	switch {
	case strings.HasPrefix(string(a.Ident), "db/tuple") || a.Ident == "db/valueType":
		e := fail(ErrAlter, "%s of %s cannot be changed: install another attribute", a.Ident, attr)
		e.Codes = []string{"unsupported-alter-schema"}
		return s.ofFact(f, a, e)
	case a.Ident == "db.tuple/discontinued":
		return s.discontinued(f, a)
	case a.Ident == "db/cardinality" && s.isConstituent(f.E):
		e := fail(ErrAlter, "%s is part of a composite tuple, and so has one value", attr)
		e.Codes = []string{"constituent-of-a-composite-must-be-card-one"}
		return s.ofFact(f, a, e)
	case a.Ident == "db/ident":
		return s.ofFact(f, a, notBuilt("new names of attributes", attr))
	}
	return s.ofFact(f, a, notBuilt("alterations of attributes", attr+" "+a.Ident.String()))
}

// checkName refuses an ident that is reserved, or that text could not say.
func (s *settlement) checkName(f *index.Fact, a *db.Attribute) *Error {
	k := db.Keyword(f.V.Text())
	if ns := k.Namespace(); ns == "db" || strings.HasPrefix(ns, "db.") {
		return s.ofFact(f, a, fail(ErrReserved, "%s: the namespace %s is reserved for what is built in", k, ns))
	}
	if n, err := edn.Read(k.String()); err != nil || n.Value != any(k) {
		return s.ofFact(f, a, fail(ErrReserved, "%s cannot be written as a keyword in EDN, and so is no ident", form{kind: atom, val: string(k)}))
	}
	return nil
}

// checkDefinition refuses an attribute whose description does not fit together.
func (s *settlement) checkDefinition(d *definition) *Error {
	e := s.fault(d)
	if e == nil {
		return nil
	}
	e.Attr, e.Entity = d.ident, d.e
	for i := range s.changes {
		if c := &s.changes[i]; c.e == d.e || (c.e == 0 && c.v.Ref() == d.e) {
			return s.items[c.item].place(e)
		}
	}
	return e
}

// fault returns what is wrong with a definition, and nil where nothing is.
func (s *settlement) fault(d *definition) *Error {
	typeID, typed := d.about["db/valueType"]
	valueType, known := db.TypeOf(typeID.Ref())
	switch {
	case d.ident == "":
		return fail(ErrNoIdent, "an attribute has a :db/ident")
	case strings.HasPrefix(d.ident.Name(), "_"):
		return fail(ErrReserved, "%s: an underscore before a name reverses an attribute, so no attribute's name begins with it", d.ident)
	case !typed:
		return uninstallable("schema-attribute-missing", "%s has no :db/valueType", d.ident)
	case s.called(typeID.Ref()) == ":db.type/fn":
		return notBuilt("database functions", ":db.type/fn")
	case !known:
		return fail(ErrNotAType, "%s of %s is no value type", s.called(typeID.Ref()), d.ident)
	}
	if e := s.wrongProperty(d, valueType); e != nil {
		return e
	}
	return s.wrongTuple(d, valueType)
}

func uninstallable(code, format string, args ...any) *Error {
	e := fail(ErrInstall, format, args...)
	e.Codes = []string{code}
	return e
}

// wrongProperty returns what is wrong with the properties of an attribute of a type.
func (s *settlement) wrongProperty(d *definition, t db.ValueType) *Error {
	if v, ok := d.about["db/cardinality"]; ok && !strings.HasPrefix(s.called(v.Ref()), ":db.cardinality/") {
		return fail(ErrNotACardinality, "%s of %s is no cardinality", s.called(v.Ref()), d.ident)
	}
	if v, ok := d.about["db/unique"]; ok && !strings.HasPrefix(s.called(v.Ref()), ":db.unique/") {
		return uninstallable("unique-not-allowed", "%s of %s is no uniqueness", s.called(v.Ref()), d.ident)
	}
	if t != db.TypeRef && d.about["db/isComponent"].Bool() {
		return uninstallable("components-must-be-refs", "%s is a %s, and only references can be components", d.ident, t)
	}
	if t != db.TypeRef && d.about["db/acyclic"].Bool() {
		return uninstallable("acyclic-must-be-ref", "%s is a %s, and only references can be acyclic", d.ident, t)
	}
	return nil
}

// complete adds the facts that go without saying: the cardinality one, and the installation.
func (s *settlement) complete(d *definition, facts []index.Fact) []index.Fact {
	if _, ok := d.about["db/cardinality"]; !ok {
		a, _ := s.schema.Named("db/cardinality")
		one, _ := s.schema.EntID("db.cardinality/one")
		facts = append(facts, index.Fact{E: d.e, A: a.ID, V: index.Ref(one), Tx: s.tx})
	}
	if !d.installed {
		a, _ := s.schema.Named("db.install/attribute")
		facts = append(facts, index.Fact{A: a.ID, V: index.Ref(d.e), Tx: s.tx})
	}
	return facts
}
