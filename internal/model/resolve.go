package model

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

func refTo(id db.ID) db.Value { return index.Ref(id) }

// A class is tempids that are one entity; id is 0 while it is a new one.
type class struct {
	names []string
	id    db.ID
}

// resolve finds out what tempids are, by starting over as long as anything was learnt: a tempid with a unique identity that an
// entity has is that entity, and two with the same unique identity are one. It also returns the entities that were found so.
func (m *DB) resolve(changes []change, fresh func([]string) db.ID) (map[string]db.ID, []db.ID, error) {
	classes, err := tempids(changes)
	if err != nil {
		return nil, nil, err
	}
	for learnt := true; learnt; {
		if learnt, err = m.learn(slices.Concat(changes, m.implied(changes, classes)), &classes); err != nil {
			return nil, nil, err
		}
	}
	ids := map[string]db.ID{}
	var found []db.ID
	for _, c := range classes {
		id := c.id
		if found = append(found, id); id == 0 {
			id = fresh(c.names)
		}
		for _, name := range c.names {
			ids[name] = id
		}
	}
	return ids, found, nil
}

// tempids returns a class for each tempid; one that only stands as a value is refused.
func tempids(changes []change) ([]*class, error) {
	var classes []*class
	for _, c := range changes {
		if c.e.Tempid != "" && find(classes, c.e.Tempid) == nil {
			classes = append(classes, &class{names: []string{c.e.Tempid}})
		}
	}
	for _, c := range changes {
		for _, t := range append(c.v.Slots, c.v) {
			if t.Tempid != "" && find(classes, t.Tempid) == nil {
				return nil, ErrTempid
			}
		}
	}
	return classes, nil
}

func find(classes []*class, name string) *class {
	for _, c := range classes {
		if slices.Contains(c.names, name) {
			return c
		}
	}
	return nil
}

// learn makes one step: it reports whether it bound a class or merged two.
func (m *DB) learn(changes []change, classes *[]*class) (bool, error) {
	for _, c := range changes {
		if c.e.Tempid == "" || c.a.Unique != db.UniqueIdentity {
			continue
		}
		subject := find(*classes, c.e.Tempid)
		if c.a.NilsDistinct && slices.ContainsFunc(c.v.Slots, func(t Term) bool { return t.Tempid == "" && t.V.IsNil() }) {
			continue // it is not unique
		}
		if v, known := known(c.v, *classes); known {
			for _, d := range m.Now() {
				if d.A != c.a.ID || d.V != v || subject.id == d.E {
					continue
				}
				if subject.id != 0 {
					return false, ErrUnique
				}
				subject.id = d.E
				return true, nil
			}
		}
		for _, other := range changes {
			if other.e.Tempid == "" || other.a.ID != c.a.ID || !c.added || !other.added || !equal(c.v, other.v, *classes) {
				continue
			}
			if twin := find(*classes, other.e.Tempid); twin != subject {
				return true, merge(classes, subject, twin)
			}
		}
	}
	return false, nil
}

// known returns the value of a term that is one, or a tempid that is bound.
func known(t Term, classes []*class) (db.Value, bool) {
	if t.Slots != nil {
		all := true
		v := tuple(t.Slots, func(t Term) db.Value {
			v, ok := known(t, classes)
			all = all && ok
			return v
		})
		return v, all
	}
	if t.Tempid == "" {
		return t.V, true
	}
	c := find(classes, t.Tempid)
	return refTo(c.id), c.id != 0
}

func equal(a, b Term, classes []*class) bool {
	va, oka := known(a, classes)
	vb, okb := known(b, classes)
	if oka && okb {
		return va == vb
	}
	if a.Slots != nil && b.Slots != nil {
		return slices.EqualFunc(a.Slots, b.Slots, func(a, b Term) bool { return equal(a, b, classes) })
	}
	return !oka && !okb && a.Slots == nil && b.Slots == nil && find(classes, a.Tempid) == find(classes, b.Tempid)
}

func merge(classes *[]*class, a, b *class) error {
	if a.id != 0 && b.id != 0 && a.id != b.id {
		return ErrUnique
	}
	a.names, a.id = append(a.names, b.names...), max(a.id, b.id)
	*classes = slices.DeleteFunc(*classes, func(c *class) bool { return c == b })
	return nil
}
