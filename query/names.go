package query

import (
	"fmt"
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

func nameOf(o *objects, args []index.Value) (index.Value, error) {
	switch v := args[0]; v.Kind() {
	case index.KindKeyword:
		return index.String(edn.Keyword(v.Text()).Name())
	case index.KindSymbol:
		return index.String(edn.Symbol(v.Text()).Name())
	case index.KindString:
		return v, nil
	}
	return index.Value{}, fmt.Errorf("%s has no name", o.text(args[0]))
}

func namespaceOf(o *objects, args []index.Value) (index.Value, error) {
	ns := ""
	switch v := args[0]; v.Kind() {
	case index.KindKeyword:
		ns = edn.Keyword(v.Text()).Namespace()
	case index.KindSymbol:
		ns = edn.Symbol(v.Text()).Namespace()
	default:
		return index.Value{}, fmt.Errorf("%s has no namespace", o.text(args[0]))
	}
	if ns == "" {
		return index.Value{}, nil
	}
	return index.String(ns)
}

func keyword(o *objects, args []index.Value) (index.Value, error) {
	name, err := joinedName(o, args)
	if err != nil {
		return index.Value{}, err
	}
	return index.Keyword(edn.Keyword(name))
}

func symbolOf(o *objects, args []index.Value) (index.Value, error) {
	name, err := joinedName(o, args)
	if err != nil {
		return index.Value{}, err
	}
	return index.Symbol(edn.Symbol(name))
}

// joinedName returns the name that a name, or a namespace and a name, make.
func joinedName(o *objects, args []index.Value) (string, error) {
	text := ""
	for i, v := range args {
		switch v.Kind() {
		case index.KindKeyword, index.KindString, index.KindSymbol:
			text += strings.Repeat("/", i) + v.Text()
		default:
			return "", fmt.Errorf("%s is no name", o.text(v))
		}
	}
	return text, nil
}
