package db

import (
	"errors"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// slotText is how many characters a text may have in a tuple that a user states.
const slotText = 256

// Value returns x, a plain Go value or a Value, as a value of the attribute: integers of any width are a long or bigint
// where they fit, a double is cut to a float, a symbol is a keyword, a time loses what is finer than a millisecond. All else
// must have the attribute's type. A reference takes an ID or integer; idents and lookup refs are for Reader.EntID. Errors are
// *ValueError.
func (a *Attribute) Value(x any) (Value, error) {
	v, err := index.Of(x)
	if err != nil {
		return Value{}, a.refusal(x, err)
	}
	if v.IsNil() {
		return Value{}, &ValueError{a.Ident, x, a.wants(), ErrNil}
	}
	if a.Type == TypeTuple {
		return a.tuple(x, v)
	}
	v, ok := coerce(a.Type, v)
	if !ok {
		return Value{}, a.refusal(x, nil)
	}
	return v, nil
}

// coerce returns v as a value of a type that is no tuple.
func coerce(t ValueType, v Value) (Value, bool) {
	switch want := valueTypes[t].kind; {
	case v.Kind() == want:
		return v, true
	case t == TypeBigInt:
		return v, v.Kind() == index.KindLong
	case t == TypeFloat && v.Kind() == index.KindDouble:
		f, err := index.Float(float32(v.Double()))
		return f, err == nil
	case t == TypeKeyword && v.Kind() == index.KindSymbol:
		k, err := index.Keyword(Keyword(v.Text()))
		return k, err == nil
	}
	return Value{}, false
}

// tuple returns v, which was given as x, as a tuple with each slot of its own type.
func (a *Attribute) tuple(x any, v Value) (Value, error) {
	bad := &ValueError{a.Ident, x, a.wants(), ErrTupleValue}
	if v.Kind() != index.KindTuple {
		bad.Err = ErrWrongType
		return Value{}, bad
	}
	slots := v.Tuple()
	if len(slots) < 2 || len(slots) > 8 || (a.TupleTypes != nil && len(slots) != len(a.TupleTypes)) {
		return Value{}, bad
	}
	for i, slot := range slots {
		if slot.IsNil() {
			continue
		}
		ok := true
		if slots[i], ok = coerce(a.slotType(i), slot); !ok || a.tooLong(slots[i]) {
			return Value{}, bad
		}
	}
	return index.NewTuple(slots...), nil
}

// slotType returns the type of the i-th slot of a tuple.
func (a *Attribute) slotType(i int) ValueType {
	if a.TupleTypes != nil {
		return a.TupleTypes[i]
	}
	return a.TupleType
}

func (a *Attribute) tooLong(slot Value) bool {
	return a.TupleAttrs == nil && slot.Kind() == index.KindString && utf8.RuneCountInString(slot.Text()) > slotText
}

// refusal returns the error for x; cause is that of index.Of, or nil.
func (a *Attribute) refusal(x any, cause error) error {
	want := a.wants()
	switch {
	case errors.Is(cause, index.ErrUTF8):
		want += " of valid UTF-8"
	case a.Type == TypeLong && isBig(x):
		want += " of 64 bits"
	}
	return &ValueError{a.Ident, x, want, ErrWrongType}
}

func isBig(x any) bool {
	v, err := index.Of(x)
	return err == nil && v.Kind() == index.KindBigInt
}

// wants returns what the attribute takes, in words.
func (a *Attribute) wants() string {
	switch {
	case a.Type == TypeInstant:
		return "an instant"
	case a.TupleTypes != nil:
		text := "a tuple ["
		for i, t := range a.TupleTypes {
			if i > 0 {
				text += " "
			}
			text += t.String()
		}
		return text + "]"
	case a.Type == TypeTuple:
		return "a tuple of 2 to 8 of " + a.TupleType.String()
	}
	return "a " + a.Type.String()
}

// Go returns a value of the attribute as a plain Go value: a reference as an ID, all else as Value.Any does.
func (a *Attribute) Go(v Value) any {
	switch {
	case a.Type == TypeRef:
		return v.Ref()
	case a.Type == TypeTuple && v.Kind() == index.KindTuple:
		return a.goTuple(v.Tuple())
	}
	return v.Any()
}

func (a *Attribute) goTuple(slots []Value) edn.Tuple {
	xs := make(edn.Tuple, len(slots))
	for i, slot := range slots {
		if xs[i] = slot.Any(); !slot.IsNil() && a.hasSlot(i) && a.slotType(i) == TypeRef {
			xs[i] = slot.Ref()
		}
	}
	return xs
}

func (a *Attribute) hasSlot(i int) bool { return a.TupleTypes == nil || i < len(a.TupleTypes) }
