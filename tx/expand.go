package tx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/datolite/datolite/db"
)

// A claim is what one item comes to: that an entity has a value, or has it no longer. The entity, and references within the
// value, may still be tempids.
type claim struct {
	e    node
	a    *db.Attribute
	v    db.Value
	item int  // index into the items
	end  bool // the entity has the value no longer
	open bool // the value mentions tempids, as references below zero
}

// An expansion turns items into claims: maps, nested maps, reversed attributes, many values, operations and functions. All of
// them see the database before and nothing else.
type expansion struct {
	*base
	items   []item
	claims  []claim
	names   tempids
	created []node // of the maps without :db/id, in order
	depth   int    // of functions that return functions
	refused *Error // the least refusal so far
	at      int    // the item that is being expanded

	read  reading             // of the first shape
	reads map[*shape]*reading // of the others
}

// Limits of one transaction. maxClaims bounds what functions and retractEntity may come to, before what is redundant is dropped.
const (
	maxClaims    = 2_000_000
	maxFunctions = 100 // that return each other
)

// expand returns what the items claim. Of several refusals it returns the least, so that their order does not matter.
func expand(b *base, items []item) (*expansion, error) {
	x := &expansion{base: b, items: slices.Clip(items), claims: b.room.forClaims(size(items)), names: newTempids(len(items))}
	if err := x.expandFrom(0); err != nil {
		return nil, err
	}
	return x, x.refused.orNil()
}

// size returns how many claims items come to, about.
func size(items []item) int {
	n := 0
	for i := range items {
		switch v := items[i].form.val.(type) {
		case *record:
			n += v.size()
		case []form:
			n += (len(v) + 1) / 2
		}
	}
	return n
}

// expandFrom expands the items from the i-th on. It returns only what ends the transaction at once.
func (x *expansion) expandFrom(i int) error {
	for last := len(x.items); i < last; i++ {
		x.at = i
		if i&1023 == 0 && x.ctx.Err() != nil {
			return x.ctx.Err()
		}
		if err := x.expandItem(x.items[i].form); err != nil {
			if x.ctx.Err() != nil {
				return x.ctx.Err()
			}
			err := x.items[i].place(err)
			if errors.Is(err, db.ErrTooLarge) {
				return err
			}
			x.refused = lesser(x.refused, err)
		}
		if len(x.claims) > maxClaims || len(x.items) > maxClaims {
			return fail(db.ErrTooLarge, "the transaction comes to more than %d claims", maxClaims)
		}
	}
	return nil
}

func (x *expansion) expandItem(f form) error {
	switch f.kind {
	case mapping:
		e, err := x.subject(f)
		if err != nil {
			return err
		}
		if x.idOf(f).kind == null {
			x.created = append(x.created, e)
		}
		return x.entries(e, f)
	case list:
		return x.operation(f.forms())
	case call:
		return x.call(f.val.(Func))
	case once:
		return x.claimKey(f)
	}
	return fail(ErrNotData, "an item is a map or a list: is a bracket missing around it?")
}

// isID reports whether a key of a map is :db/id.
func (x *expansion) isID(key form) bool {
	switch k := key.val.(type) {
	case db.Keyword:
		return k == "db/id"
	case string:
		return k == ":db/id" || (k == "db/id" && !x.items[x.at].text)
	}
	return false
}

// idOf returns what stands under :db/id in a map, null where nothing does.
func (x *expansion) idOf(f form) form {
	if r, ok := f.val.(*record); ok {
		if i := x.reading(r.shape).id; i >= 0 {
			return r.form(i)
		}
		return form{}
	}
	for forms := f.forms(); len(forms) > 1; forms = forms[2:] {
		if x.isID(forms[0]) {
			return forms[1]
		}
	}
	return form{}
}

// subject returns the entity that a map is about.
func (x *expansion) subject(f form) (node, error) {
	id := x.idOf(f)
	if id.kind == null {
		return x.names.fresh(x.at), nil
	}
	return x.entity(id, true)
}

// entries claims what a map says of its entity.
func (x *expansion) entries(e node, f form) error {
	if r, ok := f.val.(*record); ok {
		return x.recorded(e, r)
	}
	for forms := f.forms(); len(forms) > 1; forms = forms[2:] {
		if x.isID(forms[0]) {
			continue
		}
		if err := x.entry(e, forms[0], forms[1]); err != nil {
			return err
		}
	}
	return nil
}

func (x *expansion) entry(e node, key, value form) error {
	if forward, ok := reversed(key); ok {
		return x.reverse(e, forward, value)
	}
	a, err := x.attribute(key)
	if err != nil {
		return err
	}
	switch {
	case a.Many && (value.kind == list || value.kind == set):
		for _, one := range value.forms() {
			if err := x.assert(e, a, one); err != nil {
				return err
			}
		}
		return nil
	case value.kind == set && len(value.forms()) == 1:
		value = value.forms()[0]
	}
	return x.assert(e, a, value)
}

// assert claims one value, which may be a nested map.
func (x *expansion) assert(e node, a *db.Attribute, f form) error {
	if f.kind == mapping && a.Type == db.TypeRef {
		return x.nested(e, a, f)
	}
	v, open, err := x.value(a, f)
	if err == nil {
		x.claim(claim{e: e, a: a, v: v, open: open})
	}
	return err
}

func (x *expansion) claim(c claim) {
	if i, ok := c.e.temp(); ok {
		x.names.all[i].subject = true
	}
	c.item = x.at
	x.claims = append(x.claims, c)
}

// nested claims a reference to the entity of a nested map, and what that map says. A map that is no component and that
// nothing identifies would be lost, and is refused.
func (x *expansion) nested(e node, a *db.Attribute, f form) error {
	if !a.Component && x.idOf(f).kind == null && !x.identified(f) {
		refusal := fail(ErrNestedMap, "the map under %s is about an entity that nothing would find again: "+
			"give it a :db/id or a unique identity, or make %s a component", a.Ident, a.Ident)
		refusal.Attr = a.Ident
		return refusal
	}
	part, err := x.subject(f)
	if err != nil {
		return err
	}
	x.refer(e, a, part)
	return x.entries(part, f)
}

// refer claims a reference between two nodes.
func (x *expansion) refer(e node, a *db.Attribute, to node) {
	_, open := to.temp()
	x.claim(claim{e: e, a: a, v: to.value(), open: open})
}

// identified reports whether a map has an attribute that is a unique identity, or all parts of one that they identify.
func (x *expansion) identified(f form) bool {
	var said []db.ID
	for forms := f.forms(); len(forms) > 1; forms = forms[2:] {
		a, err := x.attribute(forms[0])
		if err != nil {
			continue
		}
		if a.Unique == db.UniqueIdentity || x.completes(a, said) {
			return true
		}
		said = append(said, a.ID)
	}
	return false
}

// reverse claims that the entities of a form refer to e.
func (x *expansion) reverse(e node, key, value form) error {
	a, err := x.attribute(key)
	if err != nil {
		return err
	}
	if a.Type != db.TypeRef {
		refusal := fail(ErrNotAnAttribute, "%s is a %s, and only references can be reversed", a.Ident, a.Type)
		refusal.Attr = a.Ident
		return refusal
	}
	if value.kind == set || (value.kind == list && !x.likeLookup(value)) {
		for _, one := range value.forms() {
			if err := x.reverseOne(e, a, one); err != nil {
				return err
			}
		}
		return nil
	}
	return x.reverseOne(e, a, value)
}

func (x *expansion) reverseOne(e node, a *db.Attribute, f form) error {
	if f.kind != mapping {
		whole, err := x.entity(f, true)
		if err == nil {
			x.refer(whole, a, e)
		}
		return err
	}
	whole, err := x.subject(f)
	if err != nil {
		return err
	}
	x.refer(whole, a, e)
	return x.entries(whole, f)
}

// call expands what a function returns in its place. Its items carry its number.
func (x *expansion) call(f Func) error {
	at := x.at
	data, err := x.protected(f)
	if err != nil || data == nil {
		return err
	}
	items, err := collect([]Data{data})
	if err != nil {
		return inner(err)
	}
	if x.depth++; x.depth > maxFunctions {
		return fail(db.ErrTooLarge, "functions return functions, more than %d deep", maxFunctions)
	}
	outer := x.items[at]
	for i := range items {
		items[i].n = outer.n
	}
	from := len(x.items)
	x.items = append(x.items, items...)
	err = x.expandFrom(from)
	x.depth--
	x.at = at
	return err
}

// inner returns the refusal of what a function returned without its place there: the place is that of the function.
func inner(err error) error {
	e, ok := err.(*Error)
	if ok && e.Line > 0 {
		e.Reason = fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Reason)
	}
	if ok {
		e.Item = 0
	}
	return err
}

// protected calls a function. Where it panics, the transaction alone fails.
func (x *expansion) protected(f Func) (data Data, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fail(&db.PanicError{Value: r}, "the function panicked: %v", r)
		}
	}()
	data, err = f(x.ctx, x.snap)
	if err != nil {
		err = &Error{Reason: fmt.Sprint(err), Err: err}
	}
	return data, err
}
