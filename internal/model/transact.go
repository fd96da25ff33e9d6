package model

import (
	"errors"
	"fmt"
	"slices"

	"github.com/datolite/datolite/db"
)

// The refusals of a transaction, by the code that other systems know them by.
var (
	ErrConflict = errors.New("db.error/datoms-conflict")
	ErrUnique   = errors.New("db.error/unique-conflict")
	ErrCAS      = errors.New("db.error/cas-failed")
	ErrEntity   = errors.New("db.error/not-an-entity")
	ErrTempid   = errors.New("db.error/tempid-not-an-entity")
)

// An Attr is an attribute.
type Attr struct {
	ID        db.ID
	Name      string
	Ref       bool
	Many      bool
	Component bool
	Unique    db.Unique

	Parts        []db.ID // of a composite tuple
	NilsDistinct bool    // a tuple with a nil is not unique
	UpsertParts  bool    // the parts alone find an entity
}

// names reports whether a value is that of one entity at most.
func (a Attr) names(v db.Value) bool {
	return a.Unique != db.NotUnique && !(a.NilsDistinct && slices.ContainsFunc(v.Tuple(), db.Value.IsNil))
}

// A DB is a database: what it knows of attributes, and all that ever happened.
type DB struct {
	Attrs  []Attr
	Events []db.Datom
}

// An Op is one item of a transaction.
type Op struct {
	Kind string // add, retract, retract-all (of an attribute), retract-entity, cas
	E    Term
	A    string
	V    Term
	Old  Term // of cas; the zero Term is "none"
}

// A Term names an entity, or is a value.
type Term struct {
	ID     db.ID    // an entity
	Tempid string   // a name within the transaction
	Key    *Key     // an entity by a unique attribute
	V      db.Value // a value
	Slots  []Term   // a tuple
}

// A Key is a lookup ref.
type Key struct {
	A string
	V db.Value
}

func (op Op) String() string {
	return fmt.Sprintf("[%s %v %s %v %v]", op.Kind, op.E, op.A, op.V, op.Old)
}

func (t Term) String() string {
	switch {
	case t.Tempid != "":
		return t.Tempid
	case t.Key != nil:
		return fmt.Sprintf("[%s %v]", t.Key.A, t.Key.V)
	case t.Slots != nil:
		return fmt.Sprint(t.Slots)
	case t.ID != 0:
		return t.ID.String()
	}
	return t.V.String()
}

// Attr returns an attribute by its name.
func (m *DB) Attr(name string) Attr {
	return m.Attrs[slices.IndexFunc(m.Attrs, func(a Attr) bool { return a.Name == name })]
}

func (m *DB) attr(id db.ID) Attr {
	return m.Attrs[slices.IndexFunc(m.Attrs, func(a Attr) bool { return a.ID == id })]
}

// Now returns what holds.
func (m *DB) Now() []db.Datom { return See(m.Events, View{}) }

// A change asserts or retracts.
type change struct {
	e, v  Term
	a     Attr
	added bool
}

// Transact returns the datoms of a transaction, in no order, without its txInstant. New entities get the ids that fresh gives to the
// tempids that are one.
func (m *DB) Transact(ops []Op, txID db.ID, fresh func(tempids []string) db.ID) ([]db.Datom, error) {
	changes, err := m.expand(ops)
	if err != nil {
		return nil, err
	}
	ids, found, err := m.resolve(changes, fresh)
	if err != nil {
		return nil, err
	}
	var adds, retracts []db.Datom
	for _, c := range changes {
		d := db.Datom{E: entity(c.e, ids), A: c.a.ID, V: value(c.v, ids), Tx: txID, Added: c.added}
		if c.added {
			adds = set(adds, d)
		} else {
			retracts = set(retracts, d)
		}
	}
	if m.conflict(adds, retracts) {
		return nil, ErrConflict
	}
	out, keys, err := m.composites(adds, retracts, m.settle(adds, retracts), found)
	if err != nil {
		return nil, err
	}
	if m.shared(keys) {
		return nil, ErrConflict
	}
	if m.shared(See(slices.Concat(m.Events, out), View{})) {
		return nil, ErrUnique
	}
	return out, nil
}

func set(ds []db.Datom, d db.Datom) []db.Datom {
	if slices.Contains(ds, d) {
		return ds
	}
	return append(ds, d)
}

func entity(t Term, ids map[string]db.ID) db.ID {
	if t.Tempid != "" {
		return ids[t.Tempid]
	}
	return t.ID
}

func value(t Term, ids map[string]db.ID) db.Value {
	if t.Tempid != "" {
		return refTo(ids[t.Tempid])
	}
	if t.Slots != nil {
		return tuple(t.Slots, func(t Term) db.Value { return value(t, ids) })
	}
	return t.V
}

// expand turns items into changes, each seeing only the database before.
func (m *DB) expand(ops []Op) ([]change, error) {
	var out []change
	for _, op := range ops {
		e, err := m.lookup(op.E)
		if err != nil && op.Kind == "retract-entity" {
			continue // there is nothing to retract
		}
		if err != nil {
			return nil, err
		}
		v, err := m.lookup(op.V)
		if err != nil {
			return nil, err
		}
		if v.ID != 0 {
			v = Term{V: refTo(v.ID)}
		}
		if v.Slots, err = m.slots(v.Slots); err != nil {
			return nil, err
		}
		switch op.Kind {
		case "add", "retract":
			out = append(out, change{e, v, m.Attr(op.A), op.Kind == "add"})
		case "retract-all":
			for _, d := range m.Now() {
				if d.E == e.ID && d.A == m.Attr(op.A).ID && m.attr(d.A).Parts == nil {
					out = append(out, change{e, Term{V: d.V}, m.Attr(op.A), false})
				}
			}
		case "retract-entity":
			out = append(out, m.without(e.ID)...)
		case "cas":
			if !m.holds(e.ID, m.Attr(op.A), op.Old.V) {
				return nil, ErrCAS
			}
			out = append(out, change{e, v, m.Attr(op.A), true})
		}
	}
	return out, nil
}

func (m *DB) lookup(t Term) (Term, error) {
	if t.Key == nil {
		return t, nil
	}
	for _, d := range m.Now() {
		if d.A == m.Attr(t.Key.A).ID && d.V == t.Key.V && m.attr(d.A).names(d.V) {
			return Term{ID: d.E}, nil
		}
	}
	return t, ErrEntity
}

func (m *DB) holds(e db.ID, a Attr, v db.Value) bool { return valueOf(m.Now(), e, a.ID) == v }

// valueOf returns the value of an attribute that has one, or nil.
func valueOf(now []db.Datom, e, a db.ID) db.Value {
	for _, d := range now {
		if d.E == e && d.A == a {
			return d.V
		}
	}
	return db.Value{}
}

// without retracts all that is said of an entity and its components, and every reference to them.
func (m *DB) without(e db.ID) []change {
	doomed := []db.ID{e}
	for i := 0; i < len(doomed); i++ {
		for _, d := range m.Now() {
			if d.E == doomed[i] && m.attr(d.A).Component && !slices.Contains(doomed, d.V.Ref()) {
				doomed = append(doomed, d.V.Ref())
			}
		}
	}
	var out []change
	for _, d := range m.Now() {
		a := m.attr(d.A)
		if slices.Contains(doomed, d.E) && a.Parts == nil || a.Ref && slices.Contains(doomed, d.V.Ref()) {
			out = append(out, change{Term{ID: d.E}, Term{V: d.V}, a, false})
		}
	}
	return out
}

// conflict reports whether a transaction contradicts itself.
func (m *DB) conflict(adds, retracts []db.Datom) bool {
	for _, r := range retracts {
		for _, x := range retracts {
			if !m.attr(r.A).Many && r.E != 0 && x.E == r.E && x.A == r.A && x.V != r.V {
				return true // entity 0 stands for tempids that are no entities
			}
		}
	}
	for _, d := range adds {
		r := d
		r.Added = false
		if slices.Contains(retracts, r) {
			return true
		}
		for _, x := range adds {
			a := m.attr(d.A)
			if x.A == d.A && !a.Many && x.E == d.E && x.V != d.V {
				return true
			}
		}
	}
	return false
}

// shared reports whether two entities have one unique value.
func (m *DB) shared(datoms []db.Datom) bool {
	for i, d := range datoms {
		for _, x := range datoms[:i] {
			if x.A == d.A && x.V == d.V && x.E != d.E && m.attr(d.A).names(d.V) {
				return true
			}
		}
	}
	return false
}

// settle drops what is so already, and retracts what is replaced. Composites are not its concern.
func (m *DB) settle(adds, retracts []db.Datom) []db.Datom {
	now := m.Now()
	var out []db.Datom
	for _, r := range retracts {
		if m.attr(r.A).Parts == nil && slices.ContainsFunc(now, func(x db.Datom) bool { return same(x, r) }) {
			out = set(out, r)
		}
	}
	for _, d := range adds {
		if m.attr(d.A).Parts != nil || slices.ContainsFunc(now, func(x db.Datom) bool { return same(x, d) }) {
			continue
		}
		out = set(out, d)
		for _, x := range now {
			if !m.attr(d.A).Many && x.E == d.E && x.A == d.A {
				out = set(out, db.Datom{E: x.E, A: x.A, V: x.V, Tx: d.Tx})
			}
		}
	}
	return out
}

func same(a, b db.Datom) bool { return a.E == b.E && a.A == b.A && a.V == b.V }
