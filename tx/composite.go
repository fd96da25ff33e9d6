package tx

import (
	"cmp"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// kept reports whether an attribute is a composite tuple, whose values the database itself keeps.
func kept(a *db.Attribute) bool { return a.TupleAttrs != nil && !a.Discontinued }

// keepComposites brings the composites of the entities that the transaction is about in line with what these come to: those of
// which a constituent is mentioned, even in vain, and those that are stated. Of a text also those whose end is stated. What it changes joins the changes.
func (s *settlement) keepComposites() error {
	if !s.touched {
		return nil
	}
	var refused *Error
	for n, rest := 0, s.order; len(rest) > 0; rest = rest[n:] {
		e := s.changes[rest[0]].e
		for n = 1; n < len(rest) && s.changes[rest[n]].e == e; n++ {
		}
		o := &owner{s, e, rest[:n]}
		for _, c := range o.composites() {
			refusal, err := o.keep(c)
			if err != nil {
				return err
			}
			refused = lesser(refused, refusal)
		}
	}
	return refused.orNil()
}

// An owner is an entity whose composites are kept.
type owner struct {
	*settlement
	e     db.ID
	about []int32 // the changes of the entity, by attribute
}

// A composite is one that has to be kept, and the item that is why.
type composite struct {
	a    *db.Attribute
	item int
}

// composites returns the composites of which a constituent is mentioned or a value is stated, in the order of their ids.
func (o *owner) composites() []composite {
	var list []composite
	add := func(a *db.Attribute, item int) {
		if kept(a) {
			list = append(list, composite{a, item})
		}
	}
	for _, i := range o.about {
		c := &o.changes[i]
		if !c.end || o.stated {
			add(c.a, c.item)
		}
		for _, id := range c.a.Composites {
			if a, ok := o.schema.Attribute(id); ok {
				add(a, c.item)
			}
		}
	}
	slices.SortFunc(list, func(c, d composite) int { return cmp.Or(cmp.Compare(c.a.ID, d.a.ID), cmp.Compare(c.item, d.item)) })
	return slices.CompactFunc(list, func(c, d composite) bool { return c.a == d.a })
}

// keep makes the changes that bring a composite in line, or returns the refusal of a value that is stated of it.
func (o *owner) keep(c composite) (*Error, error) {
	v, err := o.computed(c.a)
	if err != nil {
		return nil, err
	}
	var old db.Datom
	held := false
	if !o.isNew(o.e) {
		if old, held, err = o.first(db.EAVT, 2, index.Fact{E: o.e, A: c.a.ID}); err != nil {
			return nil, err
		}
	}
	if refusal := o.misstated(c.a, v, old.V); refusal != nil {
		return refusal, nil
	}
	i := int32(len(o.changes))
	switch {
	case !v.IsNil():
		o.imply(change{e: o.e, a: c.a, v: v, item: c.item})
		o.decide(i, old, held && old.V == v)
		if held && old.V != v {
			o.ends = append(o.ends, implied{i, index.Fact{E: old.E, A: old.A, V: old.V, Tx: old.Tx, End: o.tx}})
		}
	case held:
		o.imply(change{e: o.e, a: c.a, v: old.V, item: c.item, end: true})
		o.decide(i, old, true)
	}
	return nil, nil
}

// imply adds a change that no claim makes.
func (s *settlement) imply(c change) {
	s.changes = append(s.changes, c)
	s.fates = append(s.fates, fate{})
}

// computed returns the tuple of what the constituents are after the transaction, and nil where the entity has none of them.
func (o *owner) computed(a *db.Attribute) (db.Value, error) {
	slots := make([]db.Value, len(a.TupleAttrs))
	for i, id := range a.TupleAttrs {
		var err error
		if slots[i], err = o.after(id); err != nil {
			return db.Value{}, err
		}
	}
	return composed(slots), nil
}

// composed returns the tuple of slots, and nil where all of them are.
func composed(slots []db.Value) db.Value {
	if !slices.ContainsFunc(slots, func(v db.Value) bool { return !v.IsNil() }) {
		return db.Value{}
	}
	return index.NewTuple(slots...)
}

// after returns the value that the entity has of an attribute after the transaction, or nil.
func (o *owner) after(a db.ID) (db.Value, error) {
	gone := false
	from, _ := slices.BinarySearchFunc(o.about, a, func(i int32, a db.ID) int { return cmp.Compare(o.changes[i].a.ID, a) })
	for _, i := range o.about[from:] {
		c := &o.changes[i]
		if c.a.ID != a {
			break
		}
		if !c.end {
			return c.v, nil
		}
		gone = gone || o.fates[i].what == ended
	}
	if gone || o.isNew(o.e) {
		return db.Value{}, nil
	}
	d, _, err := o.first(db.EAVT, 2, index.Fact{E: o.e, A: a})
	return d.V, err
}

// misstated returns the refusal of a stated value that is not what the composite comes to. An entity that was found by a unique
// identity may also be called by the value it had.
func (o *owner) misstated(a *db.Attribute, v, old db.Value) *Error {
	var refused *Error
	for _, i := range o.about {
		c := &o.changes[i]
		if c.a != a || c.end || c.v == v || (c.v == old && o.found(o.e)) {
			continue
		}
		e := ofAttr(a, fail(ErrConflict, "%s of %s is kept by the database: it comes to %s, not %s", a.Ident, o.calledNew(o.e),
			o.shownOrNil(a, v), o.shown(a, c.v)))
		e.Entity, e.Datoms = o.e, []db.Datom{o.datom(c)}
		refused = lesser(refused, o.items[c.item].place(e))
	}
	return refused
}

// found reports whether an entity is one that a tempid became by a unique identity.
func (u *unification) found(e db.ID) bool {
	return slices.ContainsFunc(u.classes, func(c class) bool { return c.bound == e && c.witness >= 0 })
}
