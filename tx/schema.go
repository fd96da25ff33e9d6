package tx

import (
	"reflect"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/tag"
)

// Schema installs the attributes that the tags of T, and of the structs in it, describe. Doing it again changes nothing. It
// leaves out what no tag can describe: built-in attributes, those of fields that only reverse a reference, and tuples, the
// types of whose slots, or the attributes in them, a Go type does not tell: install them by EDN or a Map.
func Schema[T any]() Data { return schemaOf(reflect.TypeFor[T]()) }

func schemaOf(t reflect.Type) Data {
	d := description{seen: map[reflect.Type]bool{}}
	if err := d.add(t); err != nil {
		return unreadable{err}
	}
	return d.attrs
}

// A description gathers the attributes of a type and of the types in it, each once.
type description struct {
	attrs all
	seen  map[reflect.Type]bool
}

func (d *description) add(t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if d.seen[t] {
		return nil
	}
	d.seen[t] = true
	s, err := tag.Of(t)
	if err != nil {
		return err
	}
	for _, f := range s.Fields {
		if !f.Reverse && f.Type != "tuple" && !builtInName(f.Attr) {
			d.attrs = append(d.attrs, oneForm(attributeForm(f)))
		}
		nested, err := f.Nested()
		if err != nil {
			return err
		}
		if nested != nil {
			if err := d.add(nested.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

func builtInName(attr string) bool {
	ns, _, ok := strings.Cut(attr, "/")
	return ok && (ns == "db" || strings.HasPrefix(ns, "db."))
}

// attributeForm returns the map that installs the attribute of a field.
func attributeForm(f *tag.Field) form {
	var forms []form
	say := func(attr string, v any) { forms = append(forms, named(attr), form{kind: atom, val: v}) }
	say("db/ident", db.Keyword(f.Attr))
	say("db/valueType", db.Keyword("db.type/"+f.Type))
	if f.Many {
		say("db/cardinality", db.Keyword("db.cardinality/many"))
	} else {
		say("db/cardinality", db.Keyword("db.cardinality/one"))
	}
	if f.Identity {
		say("db/unique", db.Keyword("db.unique/identity"))
	}
	if f.Unique {
		say("db/unique", db.Keyword("db.unique/value"))
	}
	if f.Component {
		say("db/isComponent", true)
	}
	if f.NoIndex {
		say("db/index", false)
	}
	if f.NoHistory {
		say("db/noHistory", true)
	}
	return form{kind: mapping, val: forms}
}
