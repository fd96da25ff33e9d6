package tx

import (
	"math/big"
	"reflect"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/tag"
)

// Structs asserts what the fields of structs say, by their tags `datom:"person/name,identity"`. A zero field says nothing; a
// pointer tells zero from absent. A slice is several values, a struct in a field a nested map. A field with the tag db/id names
// the entity, unless it is zero. Items are structs, or pointers to them; the report's Created has the ids of those without one.
func Structs(items ...any) Data {
	s := make(all, len(items))
	for i, x := range items {
		f, err := fromStruct(reflect.ValueOf(x), 0)
		if err != nil {
			s[i] = unreadable{err}
			continue
		}
		s[i] = oneForm(f)
	}
	return s
}

// fromStruct returns the map that the tags of a struct make of it.
func fromStruct(v reflect.Value, depth int) (form, error) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case depth > most:
		return form{}, errTooDeep()
	case v.Kind() != reflect.Struct:
		return form{}, fail(ErrNotData, "tx.Structs takes structs or pointers to them, not %s", describeGo(v))
	}
	s, err := tag.Of(v.Type())
	if err != nil {
		return form{}, fail(ErrNotData, "%v", err)
	}
	var forms []form
	if s.ID != nil {
		if id := v.FieldByIndex(s.ID.Index); !id.IsZero() {
			forms = append(forms, named("db/id"), form{kind: atom, val: id.Interface()})
		}
	}
	for _, field := range s.Fields {
		f, err := fromField(field, v.FieldByIndex(field.Index), depth)
		if err != nil {
			return form{}, err
		}
		if f.kind != null {
			forms = append(forms, named(field.Name()), f)
		}
	}
	return form{kind: mapping, val: forms}, nil
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
func fromField(field *tag.Field, v reflect.Value, depth int) (form, error) {
	if !field.Slice {
		return fromFieldValue(field, v, depth, false)
	}
	if v.Len() == 0 {
		return form{}, nil
	}
	forms := make([]form, 0, v.Len())
	for i := range v.Len() {
		f, err := fromFieldValue(field, v.Index(i), depth, true)
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
func fromFieldValue(field *tag.Field, v reflect.Value, depth int, element bool) (form, error) {
	if v.IsZero() && (!element || v.Kind() == reflect.Pointer) {
		return form{}, nil
	}
	if field.Pointer {
		v = v.Elem()
	}
	switch field.Type {
	case "ref":
		if v.Kind() == reflect.Struct {
			return fromStruct(v, depth+1)
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
