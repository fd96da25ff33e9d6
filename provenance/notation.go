package provenance

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/datolite/datolite/edn"
)

// A notation is what a definition was written in; what is said about the definition is said in it.
type notation uint8

const (
	inEDN notation = iota
	inJSON
	inGo
)

// name returns a keyword, or the string that stands for one.
func (n notation) name(s string) string {
	if n == inEDN {
		return ":" + s
	}
	return strconv.Quote(s)
}

func (n notation) names(list []string) string {
	written := make([]string, len(list))
	for i, s := range list {
		written[i] = n.name(s)
	}
	last := len(list) - 1
	return strings.Join(written[:last], ", ") + " or " + written[last]
}

// output returns what names an output of a node.
func (n notation) output(label, output string) string {
	if n == inEDN {
		return "[" + strconv.Quote(label) + " :" + output + "]"
	}
	return strconv.Quote(label + "." + output)
}

// form returns a form as it is written.
func (n notation) form(f edn.Node) string {
	if n == inEDN {
		return edn.String(f)
	}
	text, err := json.Marshal(jsonValue(f))
	if err != nil {
		return edn.String(f)
	}
	return string(text)
}

// jsonValue returns what encoding/json prints as a form that was read from JSON, or made of a Go value.
func jsonValue(f edn.Node) any {
	switch f.Kind {
	case edn.Scalar:
		if k, ok := f.Value.(edn.Keyword); ok {
			return string(k)
		}
		return f.Value
	case edn.Map:
		m := map[string]any{}
		for i := 0; i+1 < len(f.Items); i += 2 {
			m[nameOf(f.Items[i])] = jsonValue(f.Items[i+1])
		}
		return m
	case edn.Nil:
		return nil
	}
	list := make([]any, len(f.Items))
	for i, item := range f.Items {
		list[i] = jsonValue(item)
	}
	return list
}

// hint returns an example in the notation, behind a colon.
func (n notation) hint(inEDNText, inJSONText string) string {
	switch n {
	case inEDN:
		return ": " + inEDNText
	case inJSON:
		return ": " + inJSONText
	}
	return ""
}

// nameForm returns the form of a name: a keyword where it can be written as one, and else a string. So the keys of maps come out alike
// whatever they were written in.
func nameForm(name string) edn.Node {
	n, err := edn.Read(":" + name)
	if k, ok := n.Value.(edn.Keyword); err == nil && ok && string(k) == name {
		return edn.Node{Kind: edn.Scalar, Value: k}
	}
	return edn.Node{Kind: edn.Scalar, Value: name}
}

// named turns every string of a form into a name.
func named(f edn.Node) edn.Node {
	if s, ok := f.Value.(string); ok {
		name := nameForm(s)
		name.Pos = f.Pos
		return name
	}
	items := make([]edn.Node, len(f.Items))
	for i, item := range f.Items {
		items[i] = named(item)
	}
	f.Items = items
	return f
}
