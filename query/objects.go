package query

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// Objects holds what flows through a query without being a value of a database: lookup refs and readers among the inputs, maps,
// sets, functions. A column holds a handle for each: a symbol that nobody can write. Equal lookup refs, maps and sets have
// one handle.
type objects struct {
	byHandle map[string]any
	byObject map[any]string
	kept     int64 // bytes of the texts of handles
}

func newObjects() *objects { return &objects{} }

// handleMark begins the text of a handle.
const handleMark = "\x00"

// handle returns the handle with a text.
func handle(text string) index.Value {
	v, _ := index.Symbol(edn.Symbol(handleMark + strings.ToValidUTF8(text, "?")))
	return v
}

func isHandle(v index.Value) bool {
	return v.Kind() == index.KindSymbol && strings.HasPrefix(v.Text(), handleMark)
}

// value returns what stands in a column for a plain Go value.
func (o *objects) value(x any) (index.Value, error) {
	switch x := x.(type) {
	case []any:
		return o.tuple(x)
	case edn.Tuple:
		return o.tuple(x)
	case edn.ListValue:
		return o.tuple(x)
	case db.LookupRef:
		return o.lookup(x)
	case edn.MapValue, edn.SetValue, edn.Tag, edn.Char:
		return o.keep(edn.String(x), x), nil
	case map[string]any:
		return o.keep(edn.String(x), x), nil
	case db.Moment:
		if when, ok := x.(db.When); ok {
			return index.Of(when)
		}
	}
	if v, err := index.Of(x); err == nil || x == nil {
		return v, err
	}
	return o.reflected(reflect.ValueOf(x))
}

func (o *objects) tuple(xs []any) (index.Value, error) {
	vs := make([]index.Value, len(xs))
	for i, x := range xs {
		v, err := o.value(x)
		if err != nil {
			return v, err
		}
		vs[i] = v
	}
	return index.NewTuple(vs...), nil
}

func (o *objects) lookup(l db.LookupRef) (index.Value, error) {
	v, err := o.value(l.Value)
	if err != nil {
		return v, err
	}
	l.Attr = strings.TrimPrefix(l.Attr, ":")
	return o.keep(fmt.Sprintf("lookup %s %s %s", l.Attr, v.Kind(), edn.String(v.Any())), l), nil
}

// keep keeps an object under a text that tells what it equals.
func (o *objects) keep(text string, x any) index.Value {
	h := handle(text)
	if _, known := o.byHandle[h.Text()]; !known {
		o.kept += int64(len(text))
	}
	if o.byHandle == nil {
		o.byHandle = map[string]any{}
	}
	o.byHandle[h.Text()] = x
	return h
}

// reflected returns the value of Go types that index.Of does not know: named types, slices, pointers to values, other objects.
func (o *objects) reflected(x reflect.Value) (index.Value, error) {
	switch x.Kind() {
	case reflect.Bool:
		return index.Bool(x.Bool()), nil
	case reflect.String:
		return index.String(x.String())
	case reflect.Float64:
		return index.Double(x.Float())
	case reflect.Float32:
		return index.Float(float32(x.Float()))
	case reflect.Slice, reflect.Array:
		return o.slice(x)
	case reflect.Pointer:
		if x.IsNil() {
			return index.Value{}, nil
		}
		if v, err := index.Of(x.Elem().Interface()); err == nil {
			return v, nil
		}
	}
	switch {
	case x.CanInt():
		return index.Long(x.Int()), nil
	case x.CanUint():
		return index.Of(x.Uint())
	case x.Type().Comparable():
		return o.identity(x.Interface()), nil
	}
	return o.keep(fmt.Sprintf("object %d", len(o.byHandle)), x.Interface()), nil
}

func (o *objects) slice(x reflect.Value) (index.Value, error) {
	vs := make([]index.Value, x.Len())
	for i := range vs {
		v, err := o.value(x.Index(i).Interface())
		if err != nil {
			return v, err
		}
		vs[i] = v
	}
	return index.NewTuple(vs...), nil
}

// identity returns the handle of an object that equals only itself.
func (o *objects) identity(x any) index.Value {
	text, ok := o.byObject[x]
	if !ok {
		text = fmt.Sprintf("object %d", len(o.byHandle))
		if o.byObject == nil {
			o.byObject = map[any]string{}
		}
		o.byObject[x] = text
	}
	return o.keep(text, x)
}

// plain returns the Go value that a value in a column stands for.
func (o *objects) plain(v index.Value) any {
	if isHandle(v) {
		if x, ok := o.byHandle[v.Text()]; ok {
			return x
		}
	}
	if v.Kind() != index.KindTuple {
		return v.Any()
	}
	elems := v.Tuple()
	out := make(edn.Tuple, len(elems))
	for i, e := range elems {
		out[i] = o.plain(e)
	}
	return out
}

// elements returns the elements of a collection: of a tuple or set, or the entries of a map as pairs.
func (o *objects) elements(v index.Value) ([]index.Value, bool, error) {
	if v.Kind() == index.KindTuple {
		return v.Tuple(), true, nil
	}
	if !isHandle(v) {
		return nil, false, nil
	}
	xs, ok := entries(o.byHandle[v.Text()])
	if !ok {
		return nil, false, nil
	}
	t, err := o.tuple(xs)
	return t.Tuple(), true, err
}

// fieldsOf returns the fields of a struct that a function returned, or a pointer to one.
func (o *objects) fieldsOf(v index.Value) ([]index.Value, bool, error) {
	x := o.plain(v)
	s := reflect.Indirect(reflect.ValueOf(x))
	if s.Kind() != reflect.Struct || isScalar(x) {
		return nil, false, nil
	}
	t, err := o.fields(s)
	return t.Tuple(), true, err
}

// entries returns the elements of a set, or the entries of a map as pairs, as plain values.
func entries(x any) ([]any, bool) {
	switch x := x.(type) {
	case edn.SetValue:
		return x, true
	case edn.MapValue:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = []any{e.Key, e.Value}
		}
		return out, true
	}
	m := reflect.ValueOf(x)
	if m.Kind() != reflect.Map {
		return nil, false
	}
	var out []any
	for it := m.MapRange(); it.Next(); {
		out = append(out, []any{it.Key().Interface(), it.Value().Interface()})
	}
	return out, true
}
