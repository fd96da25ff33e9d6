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
//   - an identity that is a reference, or a tuple with one, counts once the entity referred to is known, or is the same class.
//
// The closure is the congruence closure of Downey, Sethi and Tarjan (1980): a claim is looked at again only when a class that
// its value mentions is absorbed by a larger one, or becomes known.
type unification struct {
	x       *expansion
	parent  []int
	size    []int
	bound   []db.ID          // of a class, by its root: the entity that it is, or none
	witness []int            // of a bound class: the claim that bound it
	uses    map[int][]int    // by root: the open claims whose value mentions the class
	holders map[identity]int // the claim that asserts an identity of a class
	queue   []int
}

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
		if _, temp := c.e.temp(); !temp || c.a.Unique != db.UniqueIdentity {
			continue
		}
		u.queue = append(u.queue, i)
		if c.open {
			eachTemp(c.a, c.v, func(t int) { u.uses[t] = append(u.uses[t], i) })
		}
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
	n := len(x.names.all)
	u := &unification{x: x, parent: make([]int, n), size: make([]int, n), bound: make([]db.ID, n), witness: make([]int, n),
		uses: map[int][]int{}, holders: map[identity]int{}}
	for i := range n {
		u.parent[i], u.size[i], u.bound[i] = i, 1, none
	}
	u.bound[0], u.witness[0] = x.tx, -1
	return u
}

// find returns the root of a tempid's class.
func (u *unification) find(i int) int {
	for u.parent[i] != i {
		u.parent[i] = u.parent[u.parent[i]]
		i = u.parent[i]
	}
	return i
}

// consider draws what follows from one claim of an identity, as far as tempids are known.
func (u *unification) consider(i int) error {
	c := &u.x.claims[i]
	t, _ := c.e.temp()
	v, closed := c.v, true
	if c.open {
		v = substitute(c.a, c.v, func(n node) node {
			n = u.canonical(n)
			closed = closed && n >= 0
			return n
		})
	}
	if closed {
		holder, held, err := u.x.holder(c.a, v)
		if err != nil {
			return err
		}
		if held {
			return u.bind(u.find(t), holder.E, i)
		}
	}
	if c.end {
		return nil
	}
	key := identity{c.a.ID, v}
	if other, ok := u.holders[key]; ok {
		o, _ := u.x.claims[other].e.temp()
		return u.unite(o, t, i)
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
	root := u.find(t)
	if u.bound[root] != none {
		return node(u.bound[root])
	}
	return node(-1 - root)
}

// bind makes known which entity a class is, by the claim i.
func (u *unification) bind(root int, e db.ID, i int) error {
	switch u.bound[root] {
	case e:
		return nil
	case none:
		u.bound[root], u.witness[root] = e, i
		u.queue = append(u.queue, u.uses[root]...)
		return nil
	}
	return u.contradiction(root, e, i)
}

// unite makes one class of two, by the claim i.
func (u *unification) unite(s, t, i int) error {
	s, t = u.find(s), u.find(t)
	if s == t {
		return nil
	}
	if u.size[s] < u.size[t] {
		s, t = t, s
	}
	if u.bound[t] != none {
		if err := u.bind(s, u.bound[t], u.witness[t]); err != nil {
			return err
		}
	}
	u.parent[t] = s
	u.size[s] += u.size[t]
	u.queue = append(u.queue, u.uses[t]...)
	u.uses[s] = append(u.uses[s], u.uses[t]...)
	return nil
}

// contradiction returns the refusal of a class that would be two entities: the one it is bound to, and e by the claim i.
func (u *unification) contradiction(root int, e db.ID, i int) error {
	x, c := u.x, &u.x.claims[i]
	t, _ := c.e.temp()
	refusal := ofAttr(c.a, fail(ErrUniqueConflict, "%s %s belongs to %s", c.a.Ident, x.shown(c.a, c.v), x.called(e)))
	if by := u.witness[root]; by >= 0 {
		other := &x.claims[by]
		refusal.Reason += fmt.Sprintf(", but %s %s to %s, and both are said of %s", other.a.Ident, x.shown(other.a, other.v),
			x.called(u.bound[root]), x.names.called(t))
	} else {
		refusal.Reason += fmt.Sprintf(", and cannot be said of %s", x.called(u.bound[root]))
	}
	refusal.Entity = e
	return x.items[c.item].place(refusal)
}
