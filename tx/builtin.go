package tx

import (
	"errors"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/spell"
)

// operation expands a list: an operation and its arguments.
func (x *expansion) operation(forms []form) error {
	if len(forms) == 0 {
		return fail(ErrNotData, "the list is empty: it begins with an operation such as :db/add")
	}
	op, err := operator(forms[0])
	if err != nil {
		return err
	}
	args := forms[1:]
	switch op {
	case "db/add":
		return x.addition(args)
	case "db/retract":
		return x.retraction(args)
	case "db/retractEntity", "db.fn/retractEntity":
		return x.retractEntity(args)
	case "db/cas", "db.fn/cas":
		return x.cas(args)
	}
	if what := directive(op); what != "" {
		return notBuilt(what, op.String())
	}
	meant := spell.DidYouMean(op.String(), slices.Values(operators))
	if meant == "" {
		meant = ", and functions by name are not supported by this version: use tx.Func"
	}
	return fail(ErrNotAFunction, "%s is no operation%s", forms[0], meant)
}

var operators = []string{":db/add", ":db/retract", ":db/retractEntity", ":db/cas"}

func operator(f form) (db.Keyword, error) {
	switch op := f.val.(type) {
	case db.Keyword:
		return op, nil
	case db.Symbol:
		return db.Keyword(op), nil
	}
	return "", fail(ErrNotAKeyword, "%s is no operation: a list begins with a keyword such as :db/add", f)
}

func arity(args []form, wants ...string) error {
	if len(args) == len(wants) {
		return nil
	}
	arguments := "arguments"
	if len(wants) == 1 {
		arguments = "argument"
	}
	return fail(ErrNotData, "the operation takes %d %s (%s), not %d", len(wants), arguments, strings.Join(wants, ", "), len(args))
}

func (x *expansion) addition(args []form) error {
	if err := arity(args, "entity", "attribute", "value"); err != nil {
		return err
	}
	e, a, err := x.entityAndAttribute(args)
	if err != nil {
		return err
	}
	v, open, err := x.listValue(a, args[2])
	if err == nil {
		x.claim(claim{e: e, a: a, v: v, open: open})
	}
	return err
}

func (x *expansion) entityAndAttribute(args []form) (node, *db.Attribute, error) {
	e, err := x.entity(args[0], true)
	if err != nil {
		return 0, nil, err
	}
	a, err := x.attribute(args[1])
	return e, a, err
}

// listValue returns a value in a list, where a map cannot stand.
func (x *expansion) listValue(a *db.Attribute, f form) (db.Value, bool, error) {
	if f.kind == mapping && a.Type == db.TypeRef {
		return db.Value{}, false, fail(db.ErrNotAnEntity, "a map names no entity: nested maps stand in maps")
	}
	return x.value(a, f)
}

// retraction claims the end of one value, or of all that the entity has in the database before.
func (x *expansion) retraction(args []form) error {
	if len(args) == 2 {
		return x.retractAll(args)
	}
	if err := arity(args, "entity", "attribute", "value"); err != nil {
		return err
	}
	e, a, err := x.entityAndAttribute(args)
	if err != nil {
		return err
	}
	v, open, err := x.listValue(a, args[2])
	if err == nil {
		x.claim(claim{e: e, a: a, v: v, open: open, end: true})
	}
	return err
}

func (x *expansion) retractAll(args []form) error {
	e, err := x.existing(args[0])
	if err != nil {
		return err
	}
	a, err := x.attribute(args[1])
	if err != nil {
		return err
	}
	return x.each(db.EAVT, 2, index.Fact{E: e, A: a.ID}, func(d db.Datom) bool {
		x.end(d, a)
		return len(x.claims) <= maxClaims
	})
}

// end claims the end of a datom. That of a composite follows from its constituents.
func (x *expansion) end(d db.Datom, a *db.Attribute) {
	if !kept(a) {
		x.claim(claim{e: node(d.E), a: a, v: d.V, end: true})
	}
}

// cas claims a new value of an attribute that has the old one in the database before.
func (x *expansion) cas(args []form) error {
	if err := arity(args, "entity", "attribute", "old value", "new value"); err != nil {
		return err
	}
	e, err := x.existing(args[0])
	if err != nil {
		return err
	}
	a, err := x.attribute(args[1])
	if err != nil {
		return err
	}
	switch {
	case a.Many:
		return ofAttr(a, fail(ErrCASMany, "%s has many values, and cas replaces one", a.Ident))
	case args[3].kind == null:
		return ofAttr(a, fail(ErrCASNil, "the new value is nil: to end the value of %s retract it", a.Ident))
	}
	v, open, err := x.listValue(a, args[3])
	if err != nil {
		return err
	}
	if err := x.expect(e, a, args[2]); err != nil {
		return err
	}
	x.claim(claim{e: node(e), a: a, v: v, open: open})
	return nil
}

// expect refuses unless the value of an attribute is the expected one, or there is none where nil is expected.
func (x *expansion) expect(e db.ID, a *db.Attribute, f form) error {
	var want db.Value
	if f.kind != null {
		v, open, err := x.listValue(a, f)
		if err != nil {
			return err
		}
		if open {
			return fail(db.ErrNotAnEntity, "%s is a tempid, and cannot be the value that is there", f)
		}
		want = v
	}
	d, _, err := x.first(db.EAVT, 2, index.Fact{E: e, A: a.ID})
	if err != nil || d.V == want {
		return err
	}
	refusal := ofAttr(a, fail(ErrCASFailed, "%s of %s is %s, not %s", a.Ident, x.called(e), x.shownOrNil(a, d.V), f))
	refusal.Entity = e
	if !d.V.IsNil() {
		refusal.Datoms = []db.Datom{d}
	}
	return refusal
}

func (b *base) shownOrNil(a *db.Attribute, v db.Value) string {
	if v.IsNil() {
		return "nil"
	}
	return b.shown(a, v)
}

// retractEntity claims the end of everything about an entity and the parts of it, and of every reference to them.
func (x *expansion) retractEntity(args []form) error {
	if err := arity(args, "entity"); err != nil {
		return err
	}
	if args[0].kind == null {
		return fail(db.ErrNotAnEntity, "nil names no entity")
	}
	e, err := x.existing(args[0])
	if errors.Is(err, db.ErrNotAnEntity) || errors.Is(err, ErrEntityID) {
		return x.ctx.Err() // who is not there needs no retracting
	}
	if err != nil {
		return err
	}
	going := []db.ID{e}
	gone := map[db.ID]bool{e: true}
	for ; len(going) > 0; going = going[1:] {
		if err := x.unretractable(going[0]); err != nil {
			return err
		}
		parts, err := x.endEntity(going[0])
		if err != nil {
			return err
		}
		for _, part := range parts {
			if !gone[part] {
				gone[part] = true
				going = append(going, part)
			}
		}
	}
	return nil
}

// unretractable returns the refusal to retract what the database is made of.
func (x *expansion) unretractable(e db.ID) error {
	var refusal *Error
	switch {
	case e.Part() == index.PartTx:
		refusal = fail(ErrResetInstant, "%s is a transaction, and cannot be retracted", x.called(e))
	case e.Part() != index.PartDB:
		return nil
	case e < firstOwn:
		refusal = fail(ErrBuiltIn, "%s is built in, and cannot be retracted", x.called(e))
	default:
		refusal = fail(ErrAlter, "%s is an attribute, and cannot be retracted", x.called(e))
		refusal.Codes = []string{"unsupported-alter-schema"}
	}
	refusal.Entity = e
	return refusal
}

// endEntity claims the end of what is said of an entity and of the references to it. It returns its parts.
func (x *expansion) endEntity(e db.ID) (parts []db.ID, err error) {
	end := func(d db.Datom) bool {
		a, ok := x.schema.Attribute(d.A)
		if ok {
			x.end(d, a)
		}
		if ok && a.Component && d.E == e {
			parts = append(parts, d.V.Ref())
		}
		return len(x.claims) <= maxClaims
	}
	if err := x.each(db.EAVT, 1, index.Fact{E: e}, end); err != nil {
		return nil, err
	}
	err = x.each(db.VAET, 1, index.Fact{V: index.Ref(e)}, func(d db.Datom) bool {
		return d.E == e || end(d)
	})
	return parts, err
}

// supported returns a built-in attribute only if this version does what it says.
func (x *expansion) supported(a *db.Attribute) (*db.Attribute, error) {
	if a.ID >= firstOwn || a.ID.Part() != index.PartDB {
		return a, nil
	}
	switch a.Ident {
	case "db/ident", "db/doc", "db/txInstant", "db.install/attribute", "db.tx/key":
		return a, nil
	}
	if describes(a) {
		return a, nil
	}
	what := directive(a.Ident)
	if what == "" {
		what = "statements with this attribute"
	}
	return nil, notBuilt(what, a.Ident.String())
}

// firstOwn is the first id that is not built in.
const firstOwn = 1000

// describes reports whether a built-in attribute says what an attribute is.
func describes(a *db.Attribute) bool {
	if a.ID >= firstOwn {
		return false
	}
	switch a.Ident {
	case "db/valueType", "db/cardinality", "db/unique", "db/isComponent", "db/index", "db/noHistory", "db/acyclic",
		"db/tupleType", "db/tupleTypes", "db/tupleAttrs", "db.tuple/nilsDistinct", "db.tuple/upsert", "db.tuple/discontinued":
		return true
	}
	return false
}

// directive returns in words what a built-in name stands for that this version does not do, and "" for other names.
func directive(k db.Keyword) string {
	switch k {
	case "db/ensure", "db.entity/attrs", "db.entity/preds":
		return "entity specs"
	case "db.attr/preds":
		return "attribute predicates"
	case "db/fn", "db/code", "db/lang":
		return "database functions"
	case "db/fulltext":
		return "fulltext indexes"
	case "db/excise", "db.excise/attrs", "db.excise/beforeT", "db.excise/before":
		return "excisions"
	case "db.install/partition", "db/force-partition", "db/match-partition":
		return "named partitions and directives for them"
	case "db.alter/attribute":
		return "alterations of attributes"
	case "db/constraint":
		return "constraints"
	case "db/sensitive":
		return "sensitive attributes"
	}
	return ""
}
