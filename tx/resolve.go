package tx

import (
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A change is a claim whose tempids are resolved: the fact (e, a, v) is to hold, or is to hold no longer.
type change struct {
	e    db.ID
	a    *db.Attribute
	v    db.Value
	item int // index into the items
	end  bool
}

// A resolution says which entity each tempid is. It lives three steps: identify unites tempids with entities that have their
// unique identities, and with each other; allot gives ids to those that are new; changes replaces tempids in the claims.
type resolution struct {
	*expansion
	*unification
	nextT       db.T
	nextElement db.ID
	stated      bool // all ids are, by a text, and nobody has looked for identities
}

// none is the id of a tempid that became no entity: nothing was asserted of it, and nothing refers to it.
const none db.ID = -1

// resolve finds out which entity each tempid is.
func resolve(x *expansion) (*resolution, []change, error) {
	u, err := identify(x)
	if err != nil {
		return nil, nil, err
	}
	r := &resolution{expansion: x, unification: u, nextT: x.snap.NextT() + 1, nextElement: x.snap.NextElement()}
	if err := r.checkSubjects(); err != nil {
		return nil, nil, err
	}
	r.allot()
	return r, r.changes(), nil
}

// checkSubjects refuses a tempid that is only used as a value: nothing would be known of the entity that something refers to.
func (r *resolution) checkSubjects() error {
	var refused *Error
	for i := range r.claims {
		c := &r.claims[i]
		if !c.open {
			continue
		}
		eachTemp(c.a, c.v, func(t int) {
			if r.names.all[t].subject {
				return
			}
			refused = lesser(refused, r.items[c.item].place(ofAttr(c.a, fail(ErrTempIDUnused,
				"%s is the value of %s, but nothing is said of it", r.names.called(t), c.a.Ident))))
		})
	}
	return refused.orNil()
}

// allot gives ids, in the order of first mention, to the classes of tempids that are no known entity, if something is asserted
// of them or refers to them.
func (r *resolution) allot() {
	for i := range r.claims {
		if c := &r.claims[i]; !c.end {
			r.findNeeds(c)
		}
	}
	for i := range r.classes {
		c := &r.classes[r.root(i)]
		if c.bound == none && c.need != noID {
			c.bound = r.nextID(c.need)
		}
	}
}

func (r *resolution) nextID(n need) db.ID {
	if n == elementID {
		r.nextElement++
		return r.nextElement - 1
	}
	r.nextT++
	return index.NewID(index.PartUser, r.nextT-1)
}

// findNeeds notes which classes need an id because of an assertion. An entity that is described as an attribute, or installed as
// one, becomes an element of the schema.
func (r *resolution) findNeeds(c *claim) {
	raise := func(t int, to need) {
		class := &r.classes[r.root(t)]
		class.need = max(class.need, to)
	}
	if t, ok := c.e.temp(); ok {
		to := entityID
		if describes(c.a) {
			to = elementID
		}
		raise(t, to)
	}
	if c.open {
		to := entityID
		if c.a.Ident == "db.install/attribute" {
			to = elementID
		}
		eachTemp(c.a, c.v, func(t int) { raise(t, to) })
	}
}

// changes returns the claims with ids for tempids. The end of what a tempid that is no entity has is no change; the end of a
// reference to one is a change that comes to nothing.
func (r *resolution) changes() []change {
	out := r.room.forChanges(len(r.claims))
	for i := range r.claims {
		c := &r.claims[i]
		to := change{db.ID(r.settled(c.e)), c.a, c.v, c.item, c.end}
		whole := to.e != none
		if c.open {
			to.v = substitute(c.a, c.v, func(n node) node {
				n = r.settled(n)
				whole = whole && n >= 0
				return n
			})
		}
		if whole || (to.end && to.e != none) {
			out = append(out, to)
		}
	}
	return out
}

// settled returns the id that a node has become.
func (r *resolution) settled(n node) node {
	if i, ok := n.temp(); ok {
		return node(r.classes[r.root(i)].bound)
	}
	return n
}

// tempIDs returns what each named tempid became.
func (r *resolution) tempIDs() map[string]db.ID {
	var ids map[string]db.ID
	for i := range r.names.all {
		name, id := &r.names.all[i], r.classes[r.root(i)].bound
		if name.nameless || id == none || (i == 0 && !r.names.saysTx) {
			continue
		}
		if ids == nil {
			ids = make(map[string]db.ID)
		}
		ids[name.name] = id
	}
	return ids
}

// createdIDs returns the ids of the items without one; of one that says nothing, and so made nothing, it is 0.
func (r *resolution) createdIDs() []db.ID {
	ids := make([]db.ID, len(r.created))
	for i, n := range r.created {
		ids[i] = max(0, db.ID(r.settled(n)))
	}
	return ids
}
