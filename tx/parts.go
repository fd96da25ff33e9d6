package tx

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// Parts are what a class has of composites whose parts alone identify an entity. Each such composite of a tempid is an implied
// claim, which is filled in when all parts of its class are there.
type parts struct {
	claims []int // of the parts
	keys   []int // the implied claims
}

// claim returns a claim of the expansion, or an implied one.
func (u *unification) claim(i int) *claim {
	if own := len(u.x.claims); i >= own {
		return &u.implied[i-own]
	}
	return &u.x.claims[i]
}

// wholes returns the composites of an attribute whose parts alone identify an entity.
func (b *base) wholes(part *db.Attribute) (list []*db.Attribute) {
	for _, id := range part.Composites {
		if a, ok := b.schema.Attribute(id); ok && a.UpsertParts && kept(a) && a.Unique == db.UniqueIdentity {
			list = append(list, a)
		}
	}
	return list
}

// completes reports whether an attribute is the one that others lack to be all parts of such a composite.
func (b *base) completes(part *db.Attribute, others []db.ID) bool {
	return slices.ContainsFunc(b.wholes(part), func(a *db.Attribute) bool {
		return !slices.ContainsFunc(a.TupleAttrs, func(id db.ID) bool { return id != part.ID && !slices.Contains(others, id) })
	})
}

// part notes that a claim gives a tempid a part of composites.
func (u *unification) part(i int) {
	c := &u.x.claims[i]
	t, _ := c.e.temp()
	for _, a := range u.x.wholes(c.a) {
		if u.classes[t].parts == nil {
			u.classes[t].parts = new(parts)
		}
		p := u.classes[t].parts
		key := u.key(p, a, c)
		u.addPart(p, i)
		if c.open {
			eachTemp(c.a, c.v, func(t int) { u.classes[t].uses = append(u.classes[t].uses, key) })
		}
	}
}

// key returns the implied claim of the composite of which c gives a part.
func (u *unification) key(p *parts, a *db.Attribute, c *claim) int {
	if k := slices.IndexFunc(p.keys, func(key int) bool { return u.claim(key).a == a }); k >= 0 {
		return p.keys[k]
	}
	u.implied = append(u.implied, claim{e: c.e, a: a, item: c.item})
	key := len(u.x.claims) + len(u.implied) - 1
	p.keys = append(p.keys, key)
	return key
}

// addPart adds the claim of a part, unless there is one that says the same.
func (u *unification) addPart(p *parts, i int) {
	c := u.claim(i)
	if !slices.ContainsFunc(p.claims, func(j int) bool { return u.claim(j).a == c.a && u.claim(j).v == c.v }) {
		p.claims = append(p.claims, i)
	}
}

// uniteParts gives a class the parts of another, which may complete a composite.
func (u *unification) uniteParts(to, from *class) {
	switch {
	case from.parts == nil:
		return
	case to.parts == nil:
		to.parts = from.parts
	default:
		for _, i := range from.parts.claims {
			u.addPart(to.parts, i)
		}
		to.parts.keys = append(to.parts.keys, from.parts.keys...)
	}
	u.queue = append(u.queue, from.parts.keys...)
}

// fill gives an implied claim its value from the parts of the class that it is about. It reports whether all parts are there,
// and none contradicts another.
func (u *unification) fill(c *claim) bool {
	t, _ := c.e.temp()
	parts := u.classes[u.root(t)].parts.claims
	slots := make([]db.Value, len(c.a.TupleAttrs))
	c.open = false
	for i, id := range c.a.TupleAttrs {
		for _, j := range parts {
			part := u.claim(j)
			if part.a.ID != id {
				continue
			}
			v := part.v
			if part.open {
				v = substitute(part.a, v, u.canonical)
			}
			if !slots[i].IsNil() && slots[i] != v {
				return false
			}
			slots[i], c.open = v, c.open || part.open
		}
	}
	c.v = index.NewTuple(slots...)
	return !slices.ContainsFunc(slots, db.Value.IsNil)
}
