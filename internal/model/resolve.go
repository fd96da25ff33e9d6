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
// entity has is that entity, and two with the same unique identity are one.
func (m *DB) resolve(changes []change, fresh func([]string) db.ID) (map[string]db.ID, error) {
	classes, err := tempids(changes)
	if err != nil {
		return nil, err
	}
	for learnt := true; learnt; {
		if learnt, err = m.learn(changes, &classes); err != nil {
			return nil, err
		}
	}
	ids := map[string]db.ID{}
	for _, c := range classes {
		id := c.id
		if id == 0 {
			id = fresh(c.names)
		}
		for _, name := range c.names {
			ids[name] = id
		}
	}
	return ids, nil
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
		if c.v.Tempid != "" && find(classes, c.v.Tempid) == nil {
			return nil, ErrTempid
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
	return !oka && !okb && find(classes, a.Tempid) == find(classes, b.Tempid)
}

func merge(classes *[]*class, a, b *class) error {
	if a.id != 0 && b.id != 0 && a.id != b.id {
		return ErrUnique
	}
	a.names, a.id = append(a.names, b.names...), max(a.id, b.id)
	*classes = slices.DeleteFunc(*classes, func(c *class) bool { return c == b })
	return nil
}
