package tag

import (
	"cmp"
	"reflect"
	"strings"
	"sync"
)

// A Struct is what the tags of a struct type say. It is shared and must not be changed.
type Struct struct {
	Type   reflect.Type
	ID     *Field   // the field db/id, or nil
	Fields []*Field // the others that have a tag, in the order of the type
}

// A Field is a field with a tag.
type Field struct {
	Path    string // such as Person.Name, for messages
	Index   []int  // for reflect's FieldByIndex
	Attr    string // without colon, and without the underscore of a reversed one
	Reverse bool   // the values are the entities that refer to this one
	// Type is the name of the value type: string, boolean, long, bigint, float, double, bigdec, instant, uuid, keyword, symbol,
	// uri, ref, bytes or tuple. A reference is a db.ID, a db.T or a struct with tags; a big integer *big.Int, a byte string
	// []byte; every array of 16 bytes is a uuid, and every other named type is what its kind of Go type is.
	Type    string
	Elem    reflect.Type // of one value, below slice and pointer; a *big.Int as it is
	Slice   bool         // a slice of values
	Pointer bool         // a value, or each of the slice, is behind a pointer

	Many      bool // the attribute has many values: a slice, or the option many
	Identity  bool
	Unique    bool
	Component bool
	NoIndex   bool
	NoHistory bool
}

// Name returns the field's attribute as the tag says it, with the underscore of a reversed one.
func (f *Field) Name() string {
	if !f.Reverse {
		return f.Attr
	}
	if i := strings.IndexByte(f.Attr, '/'); i >= 0 {
		return f.Attr[:i+1] + "_" + f.Attr[i+1:]
	}
	return "_" + f.Attr
}

// Nested returns what the tags of the struct say that the field's values are, and nil where they are none. It is read when it
// is asked for, so a type may hold itself.
func (f *Field) Nested() (*Struct, error) {
	if f.Type != "ref" || f.Elem.Kind() != reflect.Struct {
		return nil, nil
	}
	return Of(f.Elem)
}

// An Error says which type, or field of it, cannot be read, and why.
type Error struct{ Path, Text string }

// Error returns the field and what is wrong with its tag.
func (e *Error) Error() string { return e.Path + ": " + e.Text }

type reading struct {
	s   *Struct
	err error
}

var readings sync.Map // reflect.Type → reading

// Of returns what the tags of a struct type, or of a pointer to one, say. A type is read once.
func Of(t reflect.Type) (*Struct, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if r, ok := readings.Load(t); ok {
		return r.(reading).s, r.(reading).err
	}
	s, err := read(t)
	readings.Store(t, reading{s, err})
	return s, err
}

func read(t reflect.Type) (*Struct, error) {
	if t.Kind() != reflect.Struct {
		return nil, &Error{t.String(), "is not a struct"}
	}
	s := &Struct{Type: t}
	if err := s.add(t, t.Name(), nil); err != nil {
		return nil, err
	}
	if s.ID == nil && len(s.Fields) == 0 {
		return nil, &Error{cmp.Or(t.Name(), t.String()), "no field has a tag such as `datom:\"person/name\"`"}
	}
	return s, s.checkNames()
}

// add adds the fields of t, which is the type itself or embedded in it. Embedding ends, since a type cannot embed itself
// but through a pointer.
func (s *Struct) add(t reflect.Type, path string, index []int) error {
	for i := range t.NumField() {
		f := t.Field(i)
		f.Index = append(index[:len(index):len(index)], i)
		at := path + "." + f.Name
		text, tagged := f.Tag.Lookup("datom")
		var err error
		switch {
		case text == "-":
		case tagged:
			err = s.addField(f, at, text)
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			err = s.add(f.Type, at, f.Index)
		case f.Anonymous && f.Type.Kind() == reflect.Pointer && hasTags(f.Type.Elem()):
			err = &Error{at, "fields behind an embedded pointer would be passed over: embed the struct itself"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hasTags reports whether a type is a struct of which a field, or a field of a struct embedded in it, has a tag.
func hasTags(t reflect.Type) bool {
	for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		f := t.Field(i)
		text, tagged := f.Tag.Lookup("datom")
		if tagged && text != "-" || !tagged && f.Anonymous && hasTags(f.Type) {
			return true
		}
	}
	return false
}

func (s *Struct) addField(sf reflect.StructField, path, text string) error {
	f, err := parse(sf, path, text)
	if err != nil {
		return err
	}
	if f.Attr != "db/id" {
		s.Fields = append(s.Fields, f)
		return nil
	}
	if s.ID != nil {
		return &Error{path, "db/id is the tag of " + s.ID.Path + " already"}
	}
	s.ID = f
	return nil
}

func (s *Struct) checkNames() error {
	first := map[string]*Field{}
	for _, f := range s.Fields {
		if other := first[f.Name()]; other != nil {
			return &Error{f.Path, f.Name() + " is the tag of " + other.Path + " already"}
		}
		first[f.Name()] = f
	}
	return nil
}
