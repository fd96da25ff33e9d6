package db

import (
	"context"
	"iter"

	"github.com/datolite/datolite/index"
)

// An Entity is what a reader shows of one entity, read at once.
type Entity struct {
	id     ID
	schema *Schema
	facts  []attrValue // in the order of EAVT
}

// An attrValue is a value that an entity has.
type attrValue struct {
	attr  ID
	value Value
}

// Entity returns what is known of one entity; of an ID of which nothing is known, an Entity without attributes. On a history
// view it fails with ErrHistory.
func (r *reader) Entity(ctx context.Context, e any) (Entity, error) {
	if r.IsHistory() {
		return Entity{}, ErrHistory
	}
	id, err := r.EntID(ctx, e)
	if err != nil {
		return Entity{}, err
	}
	found, err := r.Finder(ctx)
	if err == nil {
		err = found.Find(EAVT, 1, index.Fact{E: id})
	}
	if err != nil {
		return Entity{}, err
	}
	out := Entity{id: id, schema: r.Schema()}
	if n := found.Len(); n > 0 {
		out.facts = make([]attrValue, n)
	}
	for i := range out.facts {
		out.facts[i] = attrValue{found.A(i), found.V(i)}
	}
	return out, nil
}

// ID returns the entity's id.
func (e Entity) ID() ID { return e.id }

// Exists reports whether anything is known of the entity.
func (e Entity) Exists() bool { return len(e.facts) > 0 }

// Get returns the value of an attribute as a plain Go value, a reference as an ID; of several, the first. It is nil where
// there is none.
func (e Entity) Get(attr string) any {
	for x := range e.values(attr) {
		return x
	}
	return nil
}

// All returns the values of an attribute in the order of values.
func (e Entity) All(attr string) []any {
	var xs []any
	for x := range e.values(attr) {
		xs = append(xs, x)
	}
	return xs
}

func (e Entity) values(attr string) iter.Seq[any] {
	return func(yield func(any) bool) {
		if e.schema == nil {
			return
		}
		a, ok := e.schema.Named(attr)
		if !ok {
			return
		}
		for _, f := range e.facts {
			if f.attr == a.ID && !yield(a.Go(f.value)) {
				return
			}
		}
	}
}

// Attributes yields the names of the attributes that have values, in the order of their ids.
func (e Entity) Attributes() iter.Seq[Keyword] {
	return func(yield func(Keyword) bool) {
		for i, f := range e.facts {
			if i > 0 && e.facts[i-1].attr == f.attr {
				continue
			}
			if a, ok := e.schema.Attribute(f.attr); ok && !yield(a.Ident) {
				return
			}
		}
	}
}
