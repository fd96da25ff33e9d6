package tx

import (
	"cmp"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// checkClaimants refuses a unique value that the transaction asserts of two entities.
func (s *settlement) checkClaimants() error {
	if !slices.ContainsFunc(s.keys, func(i int32) bool { return !s.united(&s.changes[i]) }) {
		return nil
	}
	keys := slices.Clone(s.keys)
	slices.SortFunc(keys, func(i, j int32) int {
		c, d := &s.changes[i], &s.changes[j]
		return cmp.Or(cmp.Compare(c.a.ID, d.a.ID), index.Compare(c.v, d.v), cmp.Compare(i, j))
	})
	var refused *Error
	for n := 1; n < len(keys); n++ {
		c, d := &s.changes[keys[n-1]], &s.changes[keys[n]]
		if c.a == d.a && c.v == d.v {
			refused = lesser(refused, s.twoHolders(c, d))
		}
	}
	return refused.orNil()
}

// united reports whether a change asserts a unique identity of a new entity, as identify saw it: it made one of all that have that one, and
// found that none in the database has it. What composites come to, and entities whose ids are stated, it does not see.
func (s *settlement) united(c *change) bool {
	return c.a.Unique == db.UniqueIdentity && s.isNew(c.e) && !kept(c.a) && !s.stated
}

func (s *settlement) twoHolders(c, d *change) *Error {
	e := ofAttr(c.a, fail(ErrConflict, "%s is unique, and %s is asserted of two entities, %s and %s", c.a.Ident,
		s.shown(c.a, c.v), s.calledNew(c.e), s.calledNew(d.e)))
	e.Entity, e.Datoms = c.e, []db.Datom{s.datom(c), s.datom(d)}
	return s.items[d.item].place(e)
}

// checkHolders refuses a unique value that another entity has after the transaction. So a value may move, and two may be
// swapped.
func (s *settlement) checkHolders() error {
	if len(s.keys) == 0 {
		return nil
	}
	var refused *Error
	freed := s.freed()
	for _, i := range s.keys {
		c := &s.changes[i]
		if s.fates[i].what != asserted || s.united(c) {
			continue
		}
		holder, held, err := s.holder(c.a, c.v)
		if err != nil {
			return err
		}
		if held && holder.E != c.e && !freed[identity{c.a.ID, c.v}] {
			refused = lesser(refused, s.taken(c, holder))
		}
	}
	return refused.orNil()
}

func (s *settlement) taken(c *change, holder db.Datom) *Error {
	e := ofAttr(c.a, fail(ErrUniqueConflict, "%s is unique, and %s is that of %s, not of %s", c.a.Ident, s.shown(c.a, c.v),
		s.called(holder.E), s.calledNew(c.e)))
	e.Entity, e.Datoms = c.e, []db.Datom{holder}
	return s.items[c.item].place(e)
}

// freed returns the unique values that their entities have no longer after the transaction.
func (s *settlement) freed() map[identity]bool {
	var free map[identity]bool
	add := func(a *db.Attribute, v db.Value) {
		if a.Unique == db.NotUnique {
			return
		}
		if free == nil {
			free = map[identity]bool{}
		}
		free[identity{a.ID, v}] = true
	}
	for i := range s.changes {
		if s.fates[i].what == ended {
			add(s.changes[i].a, s.changes[i].v)
		}
	}
	for _, end := range s.ends {
		add(s.changes[end.by].a, end.fact.V)
	}
	return free
}
