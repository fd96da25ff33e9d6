package tag

import (
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/spell"
)

// parse returns the field of a tag's text.
func parse(sf reflect.StructField, path, text string) (*Field, error) {
	if !sf.IsExported() {
		return nil, &Error{path, "a field with a tag must be exported"}
	}
	name, options, _ := strings.Cut(text, ",")
	f := &Field{Path: path, Index: sf.Index}
	if !f.setName(strings.TrimPrefix(strings.TrimSpace(name), ":")) {
		return nil, &Error{path, "the tag must begin with the name of an attribute, not " + `"` + name + `"`}
	}
	if err := f.setType(sf.Type); err != nil {
		return nil, err
	}
	if options != "" {
		for o := range strings.SplitSeq(options, ",") {
			if err := f.setOption(strings.TrimSpace(o)); err != nil {
				return nil, err
			}
		}
	}
	return f, f.check()
}

// setName takes apart a name such as person/_friend, and reports whether it is one.
func (f *Field) setName(name string) bool {
	space, local := "", name
	if i := strings.IndexByte(name, '/'); i >= 0 {
		space, local = name[:i+1], name[i+1:]
	}
	f.Reverse = strings.HasPrefix(local, "_")
	f.Attr = space + strings.TrimPrefix(local, "_")
	return local != "" && local != "_" && space != "/" && !strings.ContainsAny(name, " \t\n\"(){}[]:;,@")
}

var options = map[string]func(*Field){
	"identity":  func(f *Field) { f.Identity = true },
	"unique":    func(f *Field) { f.Unique = true },
	"many":      func(f *Field) { f.Many = true },
	"component": func(f *Field) { f.Component = true },
	"noindex":   func(f *Field) { f.NoIndex = true },
	"nohistory": func(f *Field) { f.NoHistory = true },
}

func (f *Field) setOption(name string) error {
	if f.Attr == "db/id" || f.Reverse {
		return &Error{f.Path, f.Name() + " takes no options"}
	}
	set, ok := options[name]
	if !ok {
		return &Error{f.Path, "unknown option " + name + spell.DidYouMean(name, slices.Values(slices.Sorted(maps.Keys(options))))}
	}
	set(f)
	return nil
}

func (f *Field) check() error {
	one := f.Elem == reflect.TypeFor[index.ID]() || f.Elem == reflect.TypeFor[index.T]()
	switch {
	case f.Attr == "db/id" && (f.Reverse || f.Slice || f.Pointer || !one):
		return &Error{f.Path, "db/id is a db.ID or a db.T"}
	case f.Reverse && f.Type != "ref":
		return &Error{f.Path, "only references can be reversed, not a " + f.Type}
	case f.Component && f.Type != "ref":
		return &Error{f.Path, "only references can be components, not a " + f.Type}
	case f.Identity && f.Unique:
		return &Error{f.Path, "identity and unique exclude each other"}
	}
	return nil
}

// setType takes apart the Go type of the field.
func (f *Field) setType(t reflect.Type) error {
	name := typeName(t)
	if name == "" && t.Kind() == reflect.Slice {
		f.Slice, f.Many = true, true
		t = t.Elem()
		name = typeName(t)
	}
	if name == "" && t.Kind() == reflect.Pointer {
		f.Pointer = true
		t = t.Elem()
		name = typeName(t)
	}
	if name == "" {
		return &Error{f.Path, "no value has the Go type " + t.String()}
	}
	f.Type, f.Elem = name, t
	return nil
}

// exact are the types that are not what their kind is.
var exact = map[reflect.Type]string{
	reflect.TypeFor[edn.Keyword](): "keyword",
	reflect.TypeFor[edn.Symbol]():  "symbol",
	reflect.TypeFor[edn.URI]():     "uri",
	reflect.TypeFor[edn.Decimal](): "bigdec",
	reflect.TypeFor[edn.Tuple]():   "tuple",
	reflect.TypeFor[index.ID]():    "ref",
	reflect.TypeFor[index.T]():     "ref",
	reflect.TypeFor[time.Time]():   "instant",
	reflect.TypeFor[*big.Int]():    "bigint",
	reflect.TypeFor[big.Int]():     "",
	reflect.TypeFor[index.Value](): "",
}

var byKind = map[reflect.Kind]string{
	reflect.String: "string", reflect.Bool: "boolean", reflect.Float32: "float", reflect.Float64: "double", reflect.Struct: "ref",
	reflect.Int: "long", reflect.Int8: "long", reflect.Int16: "long", reflect.Int32: "long", reflect.Int64: "long",
	reflect.Uint: "long", reflect.Uint8: "long", reflect.Uint16: "long", reflect.Uint32: "long", reflect.Uint64: "long",
}

// typeName returns the value type of one value of a Go type, and "" where there is none.
func typeName(t reflect.Type) string {
	if name, ok := exact[t]; ok {
		return name
	}
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
	case reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Len() == 16 {
			return "uuid"
		}
	}
	return byKind[t.Kind()]
}
