package model

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

func tuple(slots []Term, value func(Term) db.Value) db.Value {
	vs := make([]db.Value, len(slots))
	for i, t := range slots {
		vs[i] = value(t)
	}
	return index.NewTuple(vs...)
}

// slots finds the entities that slots of a tuple name by keys.
func (m *DB) slots(terms []Term) ([]Term, error) {
	out := slices.Clone(terms)
	for i, t := range terms {
		t, err := m.lookup(t)
		if err != nil {
			return nil, err
		}
		if t.ID != 0 {
			t = Term{V: refTo(t.ID)}
		}
		out[i] = t
	}
	return out, nil
}

// composites adds to what a transaction comes to the composites of which a part is mentioned or a value is stated, computed from
// what is so afterwards. What is stated must be that or, of an entity that was found by a unique identity, what was so before. It
// also returns all values that the transaction asserts, so or otherwise.
func (m *DB) composites(adds, retracts, out []db.Datom, found []db.ID) (all, keys []db.Datom, err error) {
	now, after := m.Now(), See(slices.Concat(m.Events, out), View{})
	for _, d := range adds {
		if m.attr(d.A).Parts == nil {
			keys = append(keys, d)
		}
	}
	for _, mentioned := range slices.Concat(adds, retracts) {
		for _, a := range m.Attrs {
			stated := mentioned.Added && mentioned.A == a.ID && a.Parts != nil
			if !stated && !slices.Contains(a.Parts, mentioned.A) {
				continue
			}
			d := db.Datom{E: mentioned.E, A: a.ID, V: composite(after, mentioned.E, a), Tx: mentioned.Tx, Added: true}
			old := valueOf(now, d.E, d.A)
			if stated && mentioned.V != d.V && !(slices.Contains(found, d.E) && mentioned.V == old) {
				return nil, nil, ErrConflict
			}
			if !d.V.IsNil() {
				keys = set(keys, d)
			}
			if d.V == old {
				continue
			}
			if !d.V.IsNil() {
				out = set(out, d)
			}
			if !old.IsNil() {
				out = set(out, db.Datom{E: d.E, A: d.A, V: old, Tx: d.Tx})
			}
		}
	}
	return out, keys, nil
}

// composite returns what the parts of a composite are, or nil where there are none.
func composite(now []db.Datom, e db.ID, a Attr) db.Value {
	vs := make([]db.Value, len(a.Parts))
	none := true
	for i, part := range a.Parts {
		vs[i] = valueOf(now, e, part)
		none = none && vs[i].IsNil()
	}
	if none {
		return db.Value{}
	}
	return index.NewTuple(vs...)
}

// implied returns a claim of each composite all of whose parts are asserted of one class of tempids.
func (m *DB) implied(changes []change, classes []*class) []change {
	var out []change
	for _, a := range m.Attrs {
		for _, c := range classes {
			if slots := whole(a, changes, c, classes); a.UpsertParts && slots != nil {
				out = append(out, change{e: Term{Tempid: c.names[0]}, v: Term{Slots: slots}, a: a, added: true})
			}
		}
	}
	return out
}

// whole returns the parts of a composite that are asserted of a class, or nil where one is missing or is said to be two things.
func whole(a Attr, changes []change, of *class, classes []*class) []Term {
	var slots []Term
	for _, part := range a.Parts {
		var said []Term
		for _, c := range changes {
			if c.added && c.a.ID == part && c.e.Tempid != "" && find(classes, c.e.Tempid) == of {
				said = append(said, c.v)
			}
		}
		if len(said) == 0 || slices.ContainsFunc(said, func(t Term) bool { return !equal(t, said[0], classes) }) {
			return nil
		}
		slots = append(slots, said[0])
	}
	return slots
}
