package query

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/spell"
)

// A target is a field of a struct that a column, or an attribute that was pulled, may meet.
type target struct {
	path  string // such as Person.Name
	index []int
	typ   reflect.Type
	full  string // the name of its tag, "" where it has none
	local string // the last part of that
	plain string // its Go name, as plainName
	set   setter
}

var targetLists sync.Map // reflect.Type → []*target

// targetsOf returns the fields of a struct type, those of embedded structs included. They are found once.
func targetsOf(t reflect.Type) []*target {
	if list, ok := targetLists.Load(t); ok {
		return list.([]*target)
	}
	list := addTargets(nil, t, cmp.Or(t.Name(), "struct"), nil)
	targetLists.Store(t, list)
	return list
}

func addTargets(list []*target, t reflect.Type, path string, index []int) []*target {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(index[:len(index):len(index)], i)
		tag, tagged := f.Tag.Lookup("datom")
		switch {
		case tag == "-":
		case f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct:
			list = addTargets(list, f.Type, path+"."+f.Name, at)
		case f.IsExported():
			list = append(list, newTarget(f, tag, path+"."+f.Name, at))
		}
	}
	return list
}

func newTarget(f reflect.StructField, tag, path string, index []int) *target {
	name, _, _ := strings.Cut(tag, ",")
	name = strings.TrimPrefix(strings.TrimSpace(name), ":")
	return &target{path, index, f.Type, name, db.Keyword(name).Name(), plainName(f.Name), setterFor(f.Type)}
}

// plainName returns a name without case and hyphens.
func plainName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "-", "")) }

// meet returns the field that a column meets, and nil where there is none. The whole name of a tag goes before its last part, and
// that before the Go name. It fails where two fields are met alike.
func meet(list []*target, name string) (*target, error) {
	plain := plainName(name)
	for _, same := range []func(*target) bool{
		func(f *target) bool { return f.full == name },
		func(f *target) bool { return f.local == name && f.plain == plain },
		func(f *target) bool { return f.local == name },
		func(f *target) bool { return f.plain == plain },
	} {
		var found *target
		for _, f := range list {
			switch {
			case !same(f):
			case found != nil:
				return nil, misfit("column %s fits two fields, %s and %s", name, found.path, f.path)
			default:
				found = f
			}
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, nil
}

// misfit returns the error of an answer that does not fit a Go type.
func misfit(format string, args ...any) error {
	return &Error{Text: fmt.Sprintf(format, args...), Kind: ErrMisfit}
}

// misfitCell returns the error of a cell that a setter refused; what it is of is such as "column born".
func misfitCell(of string, cell any, place string, why error) error {
	text := fmt.Sprintf("%s (%s) does not fit %s", of, typeOf(cell), place)
	if !errors.Is(why, errMismatch) {
		text += ": " + why.Error()
	}
	return misfit("%s", text)
}

// typeOf tells what a cell is.
func typeOf(cell any) string {
	switch cell.(type) {
	case nil:
		return "nil"
	case []any:
		return "set or list"
	case map[string]any:
		return "map"
	}
	return typeName(reflect.TypeOf(cell))
}

var userNames = strings.NewReplacer("edn.", "db.", "index.", "db.", "interface {}", "any")

// typeName returns the name of a type, and of ours the alias in db.
func typeName(t reflect.Type) string { return userNames.Replace(t.String()) }

// nearField returns a hint at the field that a column may have meant.
func nearField(list []*target, column string) string {
	return spell.DidYouMean(plainName(column), func(yield func(string) bool) {
		for _, f := range list {
			if !yield(f.plain) {
				return
			}
		}
	})
}
