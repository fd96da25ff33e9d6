package tx

import (
	"errors"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// value returns the node as a reference: below zero while it is a tempid.
func (n node) value() db.Value { return index.Ref(db.ID(n)) }

// entity returns the entity that a form names: an id, an ident, a lookup ref or a tempid. subject tells that something is said
// of it: then an id that was never given to an entity is refused, while a reference may dangle.
func (x *expansion) entity(f form, subject bool) (node, error) {
	switch f.kind {
	case lookup:
		return x.lookupRef(f)
	case list:
		if !x.items[x.at].text {
			return 0, fail(ErrLookupRef, "the slice %s names no entity: for a lookup ref write db.Lookup", f)
		}
		return x.lookupRef(f)
	case null:
		return 0, fail(db.ErrNotAnEntity, "nil names no entity")
	case atom:
	default:
		return 0, fail(db.ErrNotAnEntity, "%s names no entity", f)
	}
	switch v := f.val.(type) {
	case db.ID:
		return x.numbered(v, subject)
	case db.Keyword:
		return x.ident(v)
	case string:
		return x.stringName(v)
	case db.T:
		return x.numbered(index.TxID(v), subject)
	}
	if v, err := index.Of(f.val); err == nil && v.Kind() == index.KindLong {
		return x.numbered(v.Ref(), subject)
	}
	return 0, fail(db.ErrNotAnEntity, "%s names no entity: write an id, a keyword, a lookup ref or, for a tempid, a string", f)
}

// numbered returns the entity of an id.
func (x *expansion) numbered(id db.ID, subject bool) (node, error) {
	if id >= 0 && (!subject || x.issued(id)) {
		return node(id), nil
	}
	e := fail(ErrEntityID, "no entity was ever given the id %d: new ones are named by strings", int64(id))
	e.Entity = id
	return 0, e
}

// issued reports whether an id can have been given to an entity.
func (x *expansion) issued(id db.ID) bool {
	switch id.Part() {
	case index.PartDB:
		return id < x.snap.NextElement()
	case index.PartTx, index.PartUser:
		return id.T() < x.snap.NextT()
	}
	return false
}

func (x *expansion) ident(k db.Keyword) (node, error) {
	if id, ok := x.schema.EntID(k); ok {
		return node(id), nil
	}
	if x.givesIdent(k) {
		return 0, fail(db.ErrNotAnEntity, "no entity has the ident %s yet: it gets it in this same transaction; use its tempid", k)
	}
	_, err := x.snap.EntID(x.ctx, k)
	return 0, err
}

// stringName returns what a string names where an entity must be: in text an ident, if it begins with a colon, else a tempid.
func (x *expansion) stringName(s string) (node, error) {
	if !strings.HasPrefix(s, ":") {
		return x.names.named(s, x.at), nil
	}
	if x.items[x.at].text {
		return x.ident(db.Keyword(s[1:]))
	}
	return 0, fail(db.ErrNotAnEntity, "the string %q names no entity: for an ident write db.Keyword(%q)", s, s[1:])
}

// existing returns an entity for an operation that cannot have a tempid.
func (x *expansion) existing(f form) (db.ID, error) {
	n, err := x.entity(f, true)
	if err != nil {
		return 0, err
	}
	if _, temp := n.temp(); temp {
		return 0, fail(ErrNotAKeyword, "%s is a tempid: an entity that exists must be named here", f)
	}
	return db.ID(n), nil
}

// likeLookup reports whether a list, where one entity or several may stand, is a lookup ref.
func (x *expansion) likeLookup(f form) bool {
	if f.kind != list || !x.items[x.at].text || len(f.forms()) != 2 {
		return false
	}
	switch k := f.forms()[0].val.(type) {
	case db.Keyword:
		return true
	case string:
		return strings.HasPrefix(k, ":")
	}
	return false
}

// lookupRef returns the entity that has a value of a unique attribute, in the database before.
func (x *expansion) lookupRef(f form) (node, error) {
	if len(f.forms()) != 2 {
		return 0, fail(ErrLookupRef, "%s is no lookup ref: that is a unique attribute and its value", f)
	}
	a, err := x.attribute(f.forms()[0])
	if err != nil {
		return 0, err
	}
	if a.Unique == db.NotUnique {
		e := fail(db.ErrNotUnique, "%s is not unique, so %s names no one entity", a.Ident, f)
		e.Attr = a.Ident
		return 0, e
	}
	v, open, err := x.value(a, f.forms()[1])
	if err != nil || open {
		return 0, x.noSuch(f, err)
	}
	if a.Ident == "db/ident" {
		return x.ident(db.Keyword(v.Text()))
	}
	d, ok, err := x.holder(a, v)
	if err == nil && !ok {
		err = x.noSuch(f, nil)
	}
	return node(d.E), err
}

// noSuch returns the refusal of a lookup ref that nothing has, because of err where that is given.
func (x *expansion) noSuch(f form, err error) error {
	if x.ctx.Err() != nil {
		return err
	}
	e := fail(db.ErrNotAnEntity, "no entity has the key %s", f)
	if inner := (*Error)(nil); errors.As(err, &inner) {
		e.Reason += ": " + inner.Reason
	}
	return e
}

// reversed returns the attribute that a key such as :person/_friend reverses.
func reversed(key form) (form, bool) {
	name, keyword := "", false
	switch k := key.val.(type) {
	case db.Keyword:
		name, keyword = string(k), true
	case string:
		name = k
	default:
		return key, false
	}
	i := strings.LastIndexByte(name, '/') + 1
	if i == 0 && strings.HasPrefix(name, ":") {
		i = 1
	}
	if i >= len(name) || name[i] != '_' {
		return key, false
	}
	name = name[:i] + name[i+1:]
	if key.val = name; keyword {
		key.val = db.Keyword(name)
	}
	return key, true
}

// attribute returns the attribute that a form names.
func (x *expansion) attribute(f form) (*db.Attribute, error) {
	switch v := f.val.(type) {
	case db.Keyword:
		return x.attributeNamed(v)
	case db.Symbol:
		return x.attributeNamed(db.Keyword(v))
	case string:
		if x.items[x.at].text && !strings.HasPrefix(v, ":") {
			return nil, fail(ErrNotAKeyword, "%q is a string: an attribute is named by a keyword", v)
		}
		return x.attributeNamed(db.Keyword(strings.TrimPrefix(v, ":")))
	}
	n, err := x.entity(f, false)
	if err != nil {
		return nil, err
	}
	if a, ok := x.schema.Attribute(db.ID(n)); ok {
		return x.supported(a)
	}
	return nil, fail(ErrNotAnAttribute, "%s is no attribute", f)
}

func (x *expansion) attributeNamed(k db.Keyword) (*db.Attribute, error) {
	if a, ok := x.schema.Named(string(k)); ok {
		return x.supported(a)
	}
	if what := directive(k); what != "" {
		return nil, notBuilt(what, k.String())
	}
	if id, ok := x.schema.EntID(k); ok {
		e := fail(ErrNotAnAttribute, "%s is an entity, but no attribute", k)
		e.Entity = id
		return nil, e
	}
	e := fail(db.ErrUnknownAttribute, "unknown attribute %s", k)
	e.Attr = k
	if x.givesIdent(k) {
		e.Reason += ": it is installed in this same transaction, and can be used from the next one on"
	} else if near := x.schema.Nearest(string(k)); near != "" {
		e.Reason += " (did you mean " + near + "?)"
	}
	return nil, e
}

// givesIdent reports whether the data itself gives an entity the ident k.
func (x *expansion) givesIdent(k db.Keyword) bool {
	for _, it := range x.items {
		if it.form.gives(k) {
			return true
		}
	}
	return false
}

// gives reports whether a form asserts :db/ident k, in a map or a list.
func (f form) gives(k db.Keyword) bool {
	forms := f.forms()
	for i, inner := range forms {
		if isIdentKey(inner) && i+1 < len(forms) && forms[i+1].val == any(k) {
			return true
		}
		if inner.kind != atom && inner.gives(k) {
			return true
		}
	}
	return false
}

func isIdentKey(f form) bool {
	return f.val == any(db.Keyword("db/ident")) || f.val == any("db/ident") || f.val == any(":db/ident")
}
