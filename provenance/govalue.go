package provenance

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
)

// formOf returns the form of a plain Go value that lies in as many others as depth says, or an *unencodable.
func formOf(x any, depth int) (edn.Node, error) {
	if depth > maxDepth {
		return edn.Node{}, &unencodable{text: fmt.Sprintf("more than %d values lie in each other", maxDepth)}
	}
	switch v := x.(type) {
	case nil:
		return edn.Node{}, nil
	case string, edn.Keyword, edn.Symbol, edn.URI:
		return textOf(reflect.ValueOf(v).String(), v)
	case bool, float32, float64, edn.UUID, edn.Decimal, time.Time:
		return edn.Node{Kind: edn.Scalar, Value: v}, nil
	case edn.SetValue:
		set, err := listOf(reflect.ValueOf(v), depth)
		set.Kind = edn.Set
		return set, err
	case *big.Int:
		if v == nil {
			return edn.Node{}, nil
		}
		return edn.Node{Kind: edn.Scalar, Value: new(big.Int).Set(v)}, nil
	}
	return reflected(reflect.ValueOf(x), depth)
}

// textOf returns the form of a text, or of a name, which must be one that can be written.
func textOf(text string, v any) (edn.Node, error) {
	if !utf8.ValidString(text) {
		return edn.Node{}, &unencodable{text: fmt.Sprintf("%q is not valid UTF-8", text)}
	}
	switch v.(type) {
	case edn.Keyword, edn.Symbol:
		if n, err := edn.Read(edn.String(v)); err != nil || n.Value != v {
			return edn.Node{}, &unencodable{text: fmt.Sprintf("%q is no name that can be written", text)}
		}
	}
	return edn.Node{Kind: edn.Scalar, Value: v}, nil
}

// reflected returns the form of a value of a type that is known by its kind.
func reflected(x reflect.Value, depth int) (edn.Node, error) {
	switch {
	case x.CanInt():
		return edn.Node{Kind: edn.Scalar, Value: x.Int()}, nil
	case x.CanUint():
		return edn.Node{Kind: edn.Scalar, Value: new(big.Int).SetUint64(x.Uint())}, nil
	}
	switch x.Kind() {
	case reflect.String:
		return textOf(x.String(), x.String())
	case reflect.Bool:
		return edn.Node{Kind: edn.Scalar, Value: x.Bool()}, nil
	case reflect.Float64:
		return edn.Node{Kind: edn.Scalar, Value: x.Float()}, nil
	case reflect.Float32:
		return edn.Node{Kind: edn.Scalar, Value: float32(x.Float())}, nil
	case reflect.Slice, reflect.Array:
		return listOf(x, depth)
	case reflect.Map:
		if x.Type().Key().Kind() == reflect.String {
			return mapOf(x, depth)
		}
	}
	return edn.Node{}, &unencodable{text: fmt.Sprintf("a %s has no canonical form", x.Type())}
}

func listOf(x reflect.Value, depth int) (edn.Node, error) {
	if x.Type().Elem().Kind() == reflect.Uint8 {
		return bytesOf(x), nil
	}
	list := edn.Node{Kind: edn.Vector}
	for i := range x.Len() {
		item, err := formOf(x.Index(i).Interface(), depth+1)
		if err != nil {
			return edn.Node{}, under(err, fmt.Sprint(i))
		}
		list.Items = append(list.Items, item)
	}
	return list, nil
}

// bytesOf returns the form of bytes, of which every array of 16 is a UUID.
func bytesOf(x reflect.Value) edn.Node {
	b := make([]byte, x.Len())
	for i := range b {
		b[i] = byte(x.Index(i).Uint())
	}
	if x.Kind() == reflect.Array && len(b) == len(edn.UUID{}) {
		return edn.Node{Kind: edn.Scalar, Value: edn.UUID(b)}
	}
	return edn.Node{Kind: edn.Scalar, Value: b}
}

func mapOf(x reflect.Value, depth int) (edn.Node, error) {
	keys := x.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	m := edn.Node{Kind: edn.Map}
	for _, key := range keys {
		name := key.String()
		if _, err := textOf(name, name); err != nil {
			return edn.Node{}, err
		}
		item, err := formOf(x.MapIndex(key).Interface(), depth+1)
		if err != nil {
			return edn.Node{}, under(err, name)
		}
		m.Items = append(m.Items, nameForm(name), item)
	}
	return m, nil
}
