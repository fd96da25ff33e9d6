package tx

import (
	"math/big"
	"reflect"
	"sync"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/tag"
)

// Structs asserts what the fields of structs say, by their tags `datom:"person/name,identity"`. A zero field says nothing; a
// pointer tells zero from absent. A slice is several values, a struct in a field a nested map. A field with the tag db/id names
// the entity, unless it is zero. Items are structs, or pointers to them; the report's Created has the ids of those without one.
func Structs(items ...any) Data {
	var m recorder
	forms := make(goData, len(items))
	for i, x := range items {
		var err error
		if forms[i], err = m.fromStruct(reflect.ValueOf(x), 0); err != nil {
			return all{forms[:i], unreadable{err}}
		}
	}
	return forms
}

// goData are items of Go data.
type goData []form

func (g goData) items(c *collector) {
	for _, f := range g {
		c.add(f, false)
	}
}

// A layout is what the tags of a struct type say, and the keys of the maps that come of it: db/id first, if there is one.
type layout struct {
	*shape
	fields []*tag.Field
	id     bool
}

var layouts sync.Map // reflect.Type → *layout

func layoutOf(t reflect.Type) (*layout, error) {
	if l, ok := layouts.Load(t); ok {
		return l.(*layout), nil
	}
	s, err := tag.Of(t)
	if err != nil {
		return nil, fail(ErrNotData, "%v", err)
	}
	l := &layout{shape: &shape{}, id: s.ID != nil}
	if l.id {
		l.fields, l.keys = []*tag.Field{s.ID}, []form{named("db/id")}
	}
	for _, field := range s.Fields {
		l.fields, l.keys = append(l.fields, field), append(l.keys, named(field.Name()))
	}
	layouts.Store(t, l)
	return l, nil
}

// fromStruct returns the map that the tags of a struct make of it.
func (m *recorder) fromStruct(v reflect.Value, depth int) (form, error) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case depth > most:
		return form{}, errTooDeep()
	case v.Kind() != reflect.Struct:
		return form{}, fail(ErrNotData, "tx.Structs takes structs or pointers to them, not %s", describeGo(v))
	}
	l, err := layoutOf(v.Type())
	if err != nil {
		return form{}, err
	}
	m.n++
	r := m.record(l.shape)
	for i, field := range l.fields {
		value := v.FieldByIndex(field.Index)
		switch {
		case value.IsZero():
		case i == 0 && l.id:
			r.set(i, form{kind: atom, val: value.Interface()})
		default:
			if err := m.say(r, i, field, value, depth); err != nil {
				return form{}, err
			}
		}
	}
	return form{kind: mapping, val: r}, nil
}

// say has a record say what a field does that is not zero.
func (m *recorder) say(r *record, i int, field *tag.Field, v reflect.Value, depth int) (err error) {
	ok := false
	if r.values[i], ok = plainField(field, v); ok {
		return nil
	}
	f, err := m.fromField(field, v, depth)
	if f.kind != null {
		r.set(i, f)
	}
	return err
}

// plainField returns the one value of a field as it will be stored, if it is a text, boolean or integer that can be.
func plainField(field *tag.Field, v reflect.Value) (db.Value, bool) {
	switch {
	case field.Slice || field.Pointer:
	case field.Type == "string" && v.Kind() == reflect.String:
		return plainOf(v.String())
	case field.Type == "long" && v.CanInt():
		return index.Long(v.Int()), true
	case field.Type == "boolean" && v.Kind() == reflect.Bool:
		return index.Bool(v.Bool()), true
	}
	return db.Value{}, false
}

func describeGo(v reflect.Value) string {
	if !v.IsValid() {
		return "nil"
	}
	if v.Kind() == reflect.Pointer {
		return "a nil " + v.Type().String()
	}
	return v.Type().String()
}

// named returns the key of an attribute.
func named(attr string) form { return form{kind: atom, val: db.Keyword(attr)} }

// fromField returns what a field says, null for nothing.
func (m *recorder) fromField(field *tag.Field, v reflect.Value, depth int) (form, error) {
	if !field.Slice {
		return m.fromFieldValue(field, v, depth, false)
	}
	if v.Len() == 0 {
		return form{}, nil
	}
	forms := make([]form, 0, v.Len())
	for i := range v.Len() {
		f, err := m.fromFieldValue(field, v.Index(i), depth, true)
		if err != nil {
			return form{}, err
		}
		if f.kind != null {
			forms = append(forms, f)
		}
	}
	return form{kind: list, val: forms}, nil
}

// fromFieldValue returns one value of a field. A zero value that is no element of a slice says nothing.
func (m *recorder) fromFieldValue(field *tag.Field, v reflect.Value, depth int, element bool) (form, error) {
	if v.IsZero() && (!element || v.Kind() == reflect.Pointer) {
		return form{}, nil
	}
	if field.Pointer {
		v = v.Elem()
	}
	switch field.Type {
	case "ref":
		if v.Kind() == reflect.Struct {
			return m.fromStruct(v, depth+1)
		}
		return form{kind: atom, val: v.Interface()}, nil
	case "tuple":
		return fromGo(v.Interface(), depth+1)
	case "bytes", "uuid":
		return form{kind: atom, val: octets(v)}, nil
	case "bigint":
		return form{kind: atom, val: new(big.Int).Set(v.Interface().(*big.Int))}, nil
	}
	if plain, ok := underlying(v); ok && field.Type != "keyword" && field.Type != "symbol" && field.Type != "uri" {
		return form{kind: atom, val: plain}, nil
	}
	return form{kind: atom, val: v.Interface()}, nil
}
