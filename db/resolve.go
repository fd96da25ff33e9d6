package db

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// EntID returns the id of an entity. Idents resolve through the schema; lookup refs through the datoms that the reader shows.
func (r *reader) EntID(ctx context.Context, e any) (ID, error) {
	switch e := e.(type) {
	case ID:
		return e, nil
	case int64:
		return ID(e), nil
	case int:
		return ID(e), nil
	case T:
		return index.TxID(e), nil
	case Keyword:
		if id, ok := r.Schema().EntID(e); ok {
			return id, nil
		}
		return 0, &EntityError{Asked: e, Near: r.Schema().nearestIdent(e)}
	case LookupRef:
		return r.lookup(ctx, e)
	}
	return 0, &EntityError{Asked: e}
}

// lookup returns the entity whose unique attribute has the value. A value of the wrong type is nobody's.
func (r *reader) lookup(ctx context.Context, ref LookupRef) (ID, error) {
	a, err := r.Schema().attribute(ref.Attr)
	if err != nil {
		return 0, err
	}
	if a.Unique == NotUnique {
		return 0, &AttributeError{Attr: a.Ident.String(), Err: ErrNotUnique}
	}
	v, err := r.value(ctx, a, ref.Value)
	if names(err) {
		return 0, &EntityError{Asked: ref}
	}
	if err != nil {
		return 0, err
	}
	return r.holder(ctx, a, v, ref)
}

// holder returns the entity that has the value of a unique attribute: on a history view, the one that has it at the end, or was the
// last that had it. A snapshot knows former idents too.
func (r *reader) holder(ctx context.Context, a *Attribute, v Value, ref LookupRef) (ID, error) {
	if !a.Names(v) {
		return 0, &EntityError{Asked: ref}
	}
	if a.ID == attrIdent && r.view == nil {
		if id, ok := r.Schema().EntID(Keyword(v.Text())); ok {
			return id, nil
		}
	}
	w, err := r.window(ctx)
	if err != nil {
		return 0, err
	}
	id, found, err := r.lastOf(ctx, a, v, w)
	if err == nil && !found {
		err = &EntityError{Asked: ref}
	}
	return id, err
}

// lastOf returns the entity that has a unique value at the end of what is shown, and where that is history and none has, the last
// that had it.
func (r *reader) lastOf(ctx context.Context, a *Attribute, v Value, w index.View) (id ID, found bool, err error) {
	key, holder := index.Fact{A: a.ID, V: v}, r.snap.levels.Finder(ctx, &w)
	switch err := holder.Find(AVET, 2, key); {
	case err != nil || holder.Len() == 0 && !w.History:
		return 0, false, err
	case holder.Len() > 0:
		return holder.E(0), true, nil
	}
	last := ID(0)
	for cursor := r.snap.levels.Scan(ctx, AVET, index.Prefix(2, key), w); ; {
		batch, err := cursor.Next()
		if err != nil || batch == nil {
			return id, found, err
		}
		for i, tx := range batch.Tx {
			if !found || tx > last {
				id, last, found = batch.E[i], tx, true
			}
		}
	}
}

// value returns x as a value of the attribute; a reference, also one in a tuple, may be named in any way in which EntID takes an
// entity.
func (r *reader) value(ctx context.Context, a *Attribute, x any) (_ Value, err error) {
	switch a.Type {
	case TypeRef:
		x, err = r.named(ctx, x)
	case TypeTuple:
		x, err = r.namedSlots(ctx, a, x)
	}
	if err != nil {
		return Value{}, err
	}
	return a.Value(x)
}

// named returns the id of an entity in place of its ident or lookup ref, and all else as it is.
func (r *reader) named(ctx context.Context, x any) (any, error) {
	switch x.(type) {
	case Keyword, LookupRef:
		return r.EntID(ctx, x)
	}
	return x, nil
}

// namedSlots returns a tuple with ids in place of idents and lookup refs where its slots are references.
func (r *reader) namedSlots(ctx context.Context, a *Attribute, x any) (any, error) {
	var slots edn.Tuple
	switch x := x.(type) {
	case edn.Tuple:
		slots = slices.Clone(x)
	case []any:
		slots = slices.Clone(x)
	default:
		return x, nil
	}
	for i := range slots {
		if a.hasSlot(i) && a.slotType(i) == TypeRef {
			var err error
			if slots[i], err = r.named(ctx, slots[i]); err != nil {
				return nil, err
			}
		}
	}
	return slots, nil
}

// names reports whether an error says that something names no entity, attribute or value.
func names(err error) bool {
	return isAny(err, ErrNotAnEntity, ErrUnknownAttribute, ErrWrongType, ErrTupleValue, ErrNil)
}

// The components of the orders, in their sequence.
var sequences = [...]string{EAVT: "eavt", AEVT: "aevt", AVET: "avet", VAET: "vaet"}

var errComponents = errors.New("an order has four components")

// prefix returns the range of the datoms whose first components are these; false where a component names nothing. The first nil
// component ends the list.
func (r *reader) prefix(ctx context.Context, o Order, components []any) (index.Range, bool, error) {
	if len(components) > len(sequences) {
		return index.Range{}, false, fmt.Errorf("%w: %w, not %d", ErrWrongType, errComponents, len(components))
	}
	p := place{reader: r, order: o}
	for i, x := range components {
		if x == nil {
			break
		}
		if err := p.set(ctx, sequences[o][i], x); names(err) {
			return index.Range{}, false, nil
		} else if err != nil {
			return index.Range{}, false, err
		}
		p.parts++
	}
	return index.Prefix(p.parts, p.key), !p.nowhere, nil
}

// A place is where components point in an order.
type place struct {
	*reader
	order   Order
	attr    *Attribute
	key     index.Fact
	parts   int
	nowhere bool // the order holds no such datoms
}

// set sets a component.
func (p *place) set(ctx context.Context, component byte, x any) (err error) {
	switch component {
	case 'e':
		p.key.E, err = p.EntID(ctx, x)
	case 'a':
		err = p.setAttr(ctx, x)
	case 'v':
		err = p.setValue(ctx, x)
	case 't':
		p.key.Tx, err = transaction(x)
	}
	return err
}

func (p *place) setAttr(ctx context.Context, x any) (err error) {
	switch ref := x.(type) {
	case LookupRef, int, int64:
		if x, err = p.EntID(ctx, ref); err != nil {
			return err
		}
	}
	if p.attr, err = p.Schema().attribute(x); err != nil {
		return err
	}
	if p.order == AVET && !p.attr.Indexed {
		return &AttributeError{Attr: p.attr.Ident.String(), Err: ErrNotIndexed}
	}
	p.nowhere = p.order == VAET && p.attr.Type != TypeRef
	p.key.A = p.attr.ID
	return nil
}

// setValue sets the value, which in VAET comes before its attribute and is a reference. A lookup ref here says what is looked for,
// so it is the snapshot beneath that knows it: a view may hide the key of an entity, and show what refers to it.
func (p *place) setValue(ctx context.Context, x any) (err error) {
	if p.attr != nil {
		p.key.V, err = p.snap.value(ctx, p.attr, x)
		return err
	}
	id, err := p.snap.EntID(ctx, x)
	p.key.V = index.Ref(id)
	return err
}

// transaction returns the id of a transaction from an ID, T or number, which may be that of its t.
func transaction(x any) (ID, error) {
	switch x := x.(type) {
	case T:
		return index.TxID(tOf(x)), nil
	case ID:
		return index.TxID(tOf(T(x))), nil
	case int64:
		return index.TxID(tOf(T(x))), nil
	case int:
		return index.TxID(tOf(T(x))), nil
	}
	return 0, &EntityError{Asked: x}
}
