package tx

import (
	"fmt"

	"github.com/datolite/datolite/db"
)

// A unification groups tempids into classes, each of which is one entity: a union-find forest with, for each class, the entity
// that it is known to be. What is identified by what is a fixpoint, and does not depend on the order of the claims:
//
//   - a tempid that has a unique identity is the entity that has it in the database before;
//   - two tempids that are asserted to have the same new one are one entity;
//   - an identity that is a reference, or a tuple with one, counts once the entity referred to is known, or is the same class;
//   - all parts of a composite that says so are its value.
//
// The closure is the congruence closure of Downey, Sethi and Tarjan (1980): a claim is looked at again only when a class that
// its value mentions is absorbed by a larger one, or becomes known.
type unification struct {
	x       *expansion
	classes []class          // by tempid
	implied []claim          // of composites whose parts are given, numbered after those of the expansion
	terms   int              // claims of identities of tempids
	holders map[identity]int // the claim that asserts an identity of a class
	queue   []int            // claims to consider
	looked  map[db.ID]bool   // attributes whose identities, those without tempids, were looked for together
	held    map[int]db.Datom // the claims of them whose identity an entity has
}

// A class is one entity, as far as is known. Only the class of a tempid that is its own parent, the root, counts.
type class struct {
	parent  int
	size    int32
	need    need  // of an id of its own
	bound   db.ID // the entity that it is, or none
	witness int   // the claim that bound it, or -1
	uses    []int // the claims whose value mentions it
	parts   *parts
}

// A need is the way in which a class that is no known entity comes to an id.
type need byte

const (
	noID need = iota
	entityID
	elementID // of the schema
)

// An identity is a value of a unique attribute, in which tempids stand for their classes.
type identity struct {
	a db.ID
	v db.Value
}

// identify unites the tempids of an expansion, and finds the entities that they are.
func identify(x *expansion) (*unification, error) {
	u := newUnification(x)
	for i := range x.claims {
		c := &x.claims[i]
		if c.e >= 0 {
			continue
		}
		if c.a.Composites != nil && !c.end {
			u.part(i)
		}
		if c.a.Unique != db.UniqueIdentity {
			continue
		}
		u.queue = append(u.queue, i)
		if c.open {
			eachTemp(c.a, c.v, func(t int) { u.classes[t].uses = append(u.classes[t].uses, i) })
		}
	}
	for k := range u.implied {
		u.queue = append(u.queue, len(x.claims)+k)
	}
	u.terms = len(u.queue)
	if err := u.look(); err != nil {
		return nil, err
	}
	for len(u.queue) > 0 {
		i := u.queue[len(u.queue)-1]
		u.queue = u.queue[:len(u.queue)-1]
		if err := u.consider(i); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func newUnification(x *expansion) *unification {
	u := &unification{x: x, classes: make([]class, len(x.names.all))}
	for i := range u.classes {
		u.classes[i] = class{parent: i, size: 1, bound: none, witness: -1}
	}
	u.classes[0].bound = x.tx
	return u
}

// root returns the root of a tempid's class.
func (u *unification) root(t int) int {
	for u.classes[t].parent != t {
		u.classes[t].parent = u.classes[u.classes[t].parent].parent
		t = u.classes[t].parent
	}
	return t
}

// consider draws what follows from one claim of an identity, as far as tempids are known.
func (u *unification) consider(i int) error {
	c := u.claim(i)
	t, _ := c.e.temp()
	if i >= len(u.x.claims) && !u.fill(c) {
		return nil
	}
	v, closed := c.v, true
	if c.open {
		v = substitute(c.a, c.v, func(n node) node {
			n = u.canonical(n)
			closed = closed && n >= 0
			return n
		})
	}
	if c.a.NilsDistinct && !c.a.Names(v) {
		return nil
	}
	if closed {
		holder, held, err := u.lookup(i, c, v)
		if err != nil {
			return err
		}
		if held {
			return u.bind(u.root(t), holder.E, i, i)
		}
	}
	if c.end || u.terms < 2 {
		return nil
	}
	return u.claimed(identity{c.a.ID, v}, t, i)
}

// claimed unites a tempid with the one of which the same identity is asserted, if there is one.
func (u *unification) claimed(key identity, t, i int) error {
	if other, ok := u.holders[key]; ok {
		s, _ := u.claim(other).e.temp()
		return u.unite(s, t, i)
	}
	if u.holders == nil {
		u.holders = make(map[identity]int, u.terms)
	}
	u.holders[key] = i
	return nil
}

// canonical returns a node by which all tempids of a class are the same: its entity, or its root.
func (u *unification) canonical(n node) node {
	t, ok := n.temp()
	if !ok {
		return n
	}
	root := u.root(t)
	if e := u.classes[root].bound; e != none {
		return node(e)
	}
	return node(-1 - root)
}

// bind makes known which entity a class is. The witness is the claim of an identity that the entity has, and i the claim that
// is considered.
func (u *unification) bind(root int, e db.ID, witness, i int) error {
	c := &u.classes[root]
	switch c.bound {
	case e:
		return nil
	case none:
		c.bound, c.witness = e, witness
		u.queue = append(u.queue, c.uses...)
		return nil
	}
	return u.contradiction(*c, class{bound: e, witness: witness}, i)
}

// unite makes one class of two, by the claim i.
func (u *unification) unite(s, t, i int) error {
	s, t = u.root(s), u.root(t)
	if s == t {
		return nil
	}
	if u.classes[s].size < u.classes[t].size {
		s, t = t, s
	}
	large, small := &u.classes[s], &u.classes[t]
	if small.bound != none {
		if err := u.bind(s, small.bound, small.witness, i); err != nil {
			return err
		}
	}
	small.parent = s
	large.size += small.size
	large.uses = append(large.uses, small.uses...)
	u.queue = append(u.queue, small.uses...)
	u.uniteParts(large, small)
	return nil
}

// contradiction returns the refusal of two classes that are different entities, and that the claim i makes one.
func (u *unification) contradiction(c, d class, i int) error {
	if d.witness < 0 {
		c, d = d, c // the transaction is what it is without a witness
	}
	x, by := u.x, u.claim(d.witness)
	t, _ := u.claim(i).e.temp()
	e := ofAttr(by.a, fail(ErrUniqueConflict, "%s %s belongs to %s", by.a.Ident, x.shown(by.a, by.v), x.called(d.bound)))
	if c.witness < 0 {
		e.Reason += ", and cannot be said of " + x.called(c.bound)
	} else {
		other := u.claim(c.witness)
		e.Reason += fmt.Sprintf(", but %s %s to %s, and both are said of %s", other.a.Ident, x.shown(other.a, other.v),
			x.called(c.bound), x.names.called(t))
	}
	e.Entity = d.bound
	return x.items[u.claim(i).item].place(e)
}
