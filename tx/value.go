package tx

import (
	"errors"
	"fmt"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// value returns a form as a value of the attribute. A reference in it may be a tempid: then it is open.
func (x *expansion) value(a *db.Attribute, f form) (v db.Value, open bool, err error) {
	switch {
	case f.kind == null:
		err = ofAttr(a, fail(db.ErrNil, "nil is not a value: %s takes %s", a.Ident, wants(a)))
	case a.Type == db.TypeRef:
		n, err := x.entity(f, false)
		_, open := n.temp()
		return n.value(), open, err
	case a.Type == db.TypeTuple:
		return x.tuple(a, f)
	case f.kind == atom:
		v, err = scalar(a, f)
	default:
		err = unfit(a, f, db.ErrWrongType)
	}
	return v, false, err
}

// wants returns in words what an attribute takes.
func wants(a *db.Attribute) string {
	want := (*db.ValueError)(nil)
	if _, err := a.Value(nil); errors.As(err, &want) {
		return want.Want
	}
	return "another value"
}

// unfit returns the refusal of a value that an attribute does not take.
func unfit(a *db.Attribute, f form, cause error) *Error {
	want := wants(a)
	if refusal := (*db.ValueError)(nil); errors.As(cause, &refusal) {
		want = refusal.Want
	}
	return ofAttr(a, fail(cause, "%s takes %s, not %s", a.Ident, want, f))
}

func ofAttr(a *db.Attribute, e *Error) *Error {
	e.Attr = a.Ident
	return e
}

// maxValue is how many bytes a text or byte string may have.
const maxValue = 1 << 20

func scalar(a *db.Attribute, f form) (db.Value, error) {
	v, err := a.Value(f.val)
	if size := len(v.Text()); size > maxValue {
		return v, ofAttr(a, fail(db.ErrTooLarge, "a value of %s has %d bytes, and %d is the most", a.Ident, size, maxValue))
	}
	if err == nil {
		return v, nil
	}
	e := unfit(a, f, err)
	if _, isString := f.val.(string); isString && a.Type == db.TypeKeyword {
		e.Err = ErrNotAKeyword
		e.Reason += fmt.Sprintf(": write a keyword, in Go db.Keyword(%s)", f)
	}
	return v, e
}

// tuple returns a list as a value of a tuple attribute. A slot that is a reference may be named in any way.
func (x *expansion) tuple(a *db.Attribute, f form) (v db.Value, open bool, err error) {
	if f.kind != list && f.kind != tuple {
		if v, err := a.Value(f.val); f.kind == atom && err == nil {
			return v, false, nil
		}
		return v, false, unfit(a, f, db.ErrTupleValue)
	}
	slots := make(db.Tuple, len(f.forms()))
	for i, slot := range f.forms() {
		switch {
		case slot.kind == null:
		case slotType(a, i) == db.TypeRef:
			n, err := x.entity(slot, false)
			if err != nil {
				return v, false, err
			}
			_, temp := n.temp()
			slots[i], open = db.ID(n), open || temp
		case slot.kind == atom:
			slots[i] = slot.val
		default:
			return v, false, unfit(a, f, db.ErrTupleValue)
		}
	}
	if v, err = a.Value(slots); err != nil {
		err = unfit(a, f, err)
	}
	return v, open, err
}

// slotType returns the type of a slot of a tuple, and 0 where the tuple has no such slot.
func slotType(a *db.Attribute, i int) db.ValueType {
	switch {
	case a.TupleTypes == nil:
		return a.TupleType
	case i < len(a.TupleTypes):
		return a.TupleTypes[i]
	}
	return 0
}

// eachTemp calls f for the tempids in an open value.
func eachTemp(a *db.Attribute, v db.Value, f func(i int)) {
	eachRef(a, v, func(n node) {
		if i, ok := n.temp(); ok {
			f(i)
		}
	})
}

// eachRef calls f for the references in a value of a reference or tuple attribute.
func eachRef(a *db.Attribute, v db.Value, f func(node)) {
	if a.Type == db.TypeRef {
		f(node(v.Ref()))
		return
	}
	for i, slot := range v.Tuple() {
		if !slot.IsNil() && slotType(a, i) == db.TypeRef {
			f(node(slot.Ref()))
		}
	}
}

// substitute returns an open value with the references that f returns in place of those it has.
func substitute(a *db.Attribute, v db.Value, f func(node) node) db.Value {
	if a.Type == db.TypeRef {
		return f(node(v.Ref())).value()
	}
	slots := v.Tuple()
	for i, slot := range slots {
		if !slot.IsNil() && slotType(a, i) == db.TypeRef {
			slots[i] = f(node(slot.Ref())).value()
		}
	}
	return index.NewTuple(slots...)
}
