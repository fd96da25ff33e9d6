package query

import (
	"fmt"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// function returns the function that a spec names: one of xforms, or of the host. Where the binding has a host, a function that is
// unknown is an error before anything is read.
func (b *binding) function(s *spec) (func(any) (any, error), error) {
	if f := xforms[strings.TrimPrefix(s.xform, "clojure.core/")]; f != nil || b.host == nil {
		return f, nil
	}
	return nil, s.fail(ErrFunction, "unknown function %s in :xform", s.xform)
}

// xforms are the functions that need no host.
var xforms = map[string]func(any) (any, error){
	"str":       func(v any) (any, error) { return textOf(v), nil },
	"name":      partOf(db.Keyword.Name),
	"namespace": partOf(db.Keyword.Namespace),
	"keyword":   nameAs(func(name string) any { return db.Keyword(name) }),
	"symbol":    nameAs(func(name string) any { return db.Symbol(name) }),
}

// textOf returns a string as it is, nothing for nil, and all else as EDN.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return edn.String(v)
}

// partOf returns the function that takes a part of a keyword or symbol; a string is all name.
func partOf(part func(db.Keyword) string) func(any) (any, error) {
	return func(v any) (any, error) {
		switch v := v.(type) {
		case db.Keyword:
			return orNil(part(v)), nil
		case db.Symbol:
			return orNil(part(db.Keyword(v))), nil
		case string:
			return orNil(part(db.Keyword("x/" + v))), nil
		}
		return nil, fmt.Errorf("%s has no name", typeOf(v))
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// nameAs returns the function that makes a name of another kind of a keyword, symbol or string.
func nameAs(make func(string) any) func(any) (any, error) {
	return func(v any) (any, error) {
		switch v := v.(type) {
		case db.Keyword:
			return make(string(v)), nil
		case db.Symbol:
			return make(string(v)), nil
		case string:
			return make(v), nil
		}
		return nil, fmt.Errorf("%s is not a name", typeOf(v))
	}
}
