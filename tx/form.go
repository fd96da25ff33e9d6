package tx

import (
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A form is one piece of transaction data. It has the same shape whether it was read from text or given as Go values, so
// that what follows knows one language.
type form struct {
	kind      formKind
	line, col int32 // in the text; 0 in Go data
	val       any   // the plain value of an atom, the Func of a call, the string of a once, the *record of some maps, the []form of all others
}

type formKind uint8

const (
	null    formKind = iota
	atom             // a plain value, a db.ID or a db.Value
	list             // [ … ] or ( … ), or a Go slice
	set              // #{ … }
	mapping          // key, value, key, value …
	lookup           // attribute, value: Go's db.LookupRef; in text a list stands for it
	tuple            // Go's db.Tuple; in text a list stands for it
	call             // a Func
	once             // the key of a Once
)

// forms returns the parts of a form that has parts.
func (f form) forms() []form {
	switch parts := f.val.(type) {
	case []form:
		return parts
	case *record:
		return parts.forms()
	}
	return nil
}

// most is how deep Go data may nest; text has the same limit. Data that contains itself ends there.
const most = 256

// fromGo returns the form of a Go value.
func fromGo(x any, depth int) (form, error) {
	switch x := x.(type) {
	case nil:
		return form{}, nil
	case string, bool, int, int64, float64, db.ID, db.T, db.Keyword, db.Symbol, db.URI, db.UUID, db.Decimal, db.Value:
		return form{kind: atom, val: x}, nil
	case []byte:
		return form{kind: atom, val: slices.Clone(x)}, nil
	case *big.Int:
		if x == nil {
			return form{}, nil
		}
		return form{kind: atom, val: new(big.Int).Set(x)}, nil
	case db.LookupRef:
		v, err := fromGo(x.Value, depth+1)
		return form{kind: lookup, val: []form{{kind: atom, val: x.Attr}, v}}, err
	case Map:
		return fromMap(x, depth)
	case []string:
		return fromTexts(x), nil
	case db.Tuple:
		f, err := fromSlice(reflect.ValueOf([]any(x)), depth)
		f.kind = tuple
		return f, err
	}
	return fromOther(x, depth)
}

// fromMap returns the form of a map, its keys in order: a Go map has none, and data must mean the same each time.
func fromMap(m map[string]any, depth int) (form, error) {
	if depth > most {
		return form{}, errTooDeep()
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	forms := make([]form, 0, 2*len(m))
	for _, k := range keys {
		v, err := fromGo(m[k], depth+1)
		if err != nil {
			return form{}, within(k, err)
		}
		forms = append(forms, form{kind: atom, val: k}, v)
	}
	return form{kind: mapping, val: forms}, nil
}

// within returns the refusal of a value with the key it stands under.
func within(key string, err error) error {
	if e, ok := err.(*Error); ok && e.Err != db.ErrTooLarge {
		e.Reason = key + ": " + e.Reason
	}
	return err
}

func fromSlice(s reflect.Value, depth int) (form, error) {
	if depth > most {
		return form{}, errTooDeep()
	}
	forms := make([]form, s.Len())
	for i := range forms {
		var err error
		if forms[i], err = fromGo(s.Index(i).Interface(), depth+1); err != nil {
			return form{}, err
		}
	}
	return form{kind: list, val: forms}, nil
}

func fromTexts(texts []string) form {
	forms := make([]form, len(texts))
	for i, t := range texts {
		forms[i] = form{kind: atom, val: t}
	}
	return form{kind: list, val: forms}
}

// fromOther returns the form of a value whose type has no case of its own: one that a Value can be made of, a slice, a map, a
// pointer to such, or a type whose kind is one of these.
func fromOther(x any, depth int) (form, error) {
	if !isSlice(x) && plainValue(x) {
		return form{kind: atom, val: x}, nil
	}
	v := reflect.ValueOf(x)
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return form{}, nil
		}
		return fromGo(v.Elem().Interface(), depth+1)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return form{kind: atom, val: octets(v)}, nil
		}
		return fromSlice(v, depth)
	case reflect.Map:
		return fromNamedMap(v, depth)
	case reflect.Struct:
		return form{}, fail(db.ErrWrongType, "a %T is a struct: give structs to tx.Structs", x)
	}
	if plain, ok := underlying(v); ok {
		return form{kind: atom, val: plain}, nil
	}
	return form{}, fail(db.ErrWrongType, "no value has the Go type %T", x)
}

func plainValue(x any) bool { _, err := index.Of(x); return err == nil }

func isSlice(x any) bool { return reflect.TypeOf(x).Kind() == reflect.Slice }

// fromNamedMap returns the form of a map with keys that are strings.
func fromNamedMap(v reflect.Value, depth int) (form, error) {
	if v.Type().Key().Kind() != reflect.String {
		return form{}, fail(db.ErrWrongType, "a map of an entity has the type tx.Map, not %s", v.Type())
	}
	m := make(map[string]any, v.Len())
	for _, k := range v.MapKeys() {
		m[k.String()] = v.MapIndex(k).Interface()
	}
	return fromMap(m, depth)
}

// octets returns an array or slice of bytes as a value: 16 in an array are a UUID.
func octets(v reflect.Value) any {
	b := make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(b), v)
	if v.Kind() == reflect.Array && len(b) == len(db.UUID{}) {
		return db.UUID(b)
	}
	return b
}

// underlying returns a value of a named type as one of the plain type beneath.
func underlying(v reflect.Value) (any, bool) {
	switch {
	case v.Kind() == reflect.String:
		return v.String(), true
	case v.Kind() == reflect.Bool:
		return v.Bool(), true
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return v.Uint(), true
	case v.Kind() == reflect.Float32:
		return float32(v.Float()), true
	case v.Kind() == reflect.Float64:
		return v.Float(), true
	}
	return nil, false
}

func errTooDeep() error {
	return fail(db.ErrTooLarge, "data nests deeper than %d: does it contain itself?", most)
}

// fromNode returns the form of a piece of text.
func fromNode(n edn.Node) (form, error) {
	f := form{line: int32(n.Pos.Line), col: int32(n.Pos.Col)}
	switch n.Kind {
	case edn.Nil:
		return f, nil
	case edn.Scalar:
		f.kind, f.val = atom, n.Value
		return f, nil
	case edn.List, edn.Vector:
		f.kind = list
	case edn.Set:
		f.kind = set
	case edn.Map:
		f.kind = mapping
	case edn.Tagged:
		return f, refuseTag(n)
	}
	forms := make([]form, len(n.Items))
	for i, inner := range n.Items {
		var err error
		if forms[i], err = fromNode(inner); err != nil {
			return f, err
		}
	}
	f.val = forms
	return f, nil
}

func refuseTag(n edn.Node) error {
	e := fail(db.ErrWrongType, "unknown tag #%s", n.Tag)
	if n.Tag == "db/id" {
		e = notBuilt("structural tempids", "#db/id")
		e.Reason += ": write a string"
	}
	e.Line, e.Col = n.Pos.Line, n.Pos.Col
	return e
}

// plain returns the form as plain values, for printing.
func (f form) plain() any {
	switch f.kind {
	case null:
		return nil
	case atom:
		return plainAtom(f.val)
	case call:
		return []any{db.Symbol("func")}
	case once:
		return []any{db.Symbol("once"), f.val}
	case mapping:
		m := edn.MapValue{}
		for i := 0; i+1 < len(f.forms()); i += 2 {
			m = append(m, edn.MapEntry{Key: plainKey(f.forms()[i]), Value: f.forms()[i+1].plain()})
		}
		return m
	}
	xs := make([]any, 0, len(f.forms()))
	for _, inner := range f.forms() {
		xs = append(xs, inner.plain())
	}
	if f.kind == lookup {
		xs[0] = plainKey(f.forms()[0])
	}
	if f.kind == set {
		return edn.SetValue(xs)
	}
	return xs
}

func plainAtom(x any) any {
	switch x := x.(type) {
	case db.ID:
		return int64(x)
	case db.T:
		return int64(index.TxID(x))
	case db.Value:
		return x.Any()
	}
	return x
}

// plainKey returns the name of an attribute as text has it, with its colon.
func plainKey(f form) any {
	if name, ok := f.val.(string); ok && f.line == 0 {
		return db.Keyword(strings.TrimPrefix(name, ":"))
	}
	return f.plain()
}

// String returns the form as EDN, cut to what an error message bears.
func (f form) String() string {
	const limit = 120
	text := []rune(edn.String(f.plain()))
	if len(text) > limit {
		return string(text[:limit]) + "…"
	}
	return string(text)
}
