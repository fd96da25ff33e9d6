package edn

import "strconv"

// A Pos is a place in a text. Lines and columns begin at 1; columns count characters.
type Pos struct{ Line, Col int }

// String returns the place as line:column.
func (p Pos) String() string { return strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col) }

// Kind tells what a Node is.
type Kind uint8

// The kinds of nodes.
const (
	Nil    Kind = iota
	Scalar      // bool, int64, *big.Int, float32, float64, Decimal, string, Char, Keyword, Symbol, time.Time, UUID, URI or []byte
	List        // ( … )
	Vector      // [ … ]
	Map         // { … }
	Set         // #{ … }
	Tagged      // #tag form, for a tag that the reader does not know
)

// A Node is one form of a text, with its place.
type Node struct {
	Kind  Kind
	Pos   Pos
	Tag   Symbol // of a Tagged node
	Value any    // of a Scalar node
	Items []Node // the elements of a List, Vector or Set; key, value, key, value … of a Map; the one form of a Tagged node
}

// A Tag is a tagged form as a plain value.
type Tag struct {
	Tag   Symbol
	Value any
}

// A ListValue is a list ( … ) as a plain value; a vector is []any.
type ListValue []any

// A MapValue is a map as a plain value, in the order of the text; its keys may be of any type.
type MapValue []MapEntry

// A MapEntry is one entry of a MapValue.
type MapEntry struct{ Key, Value any }

// A SetValue is a set as a plain value, in the order of the text.
type SetValue []any

// A Tuple is a tuple of a database as a plain value, two to eight long; nil stands for a slot that is empty. It prints as a vector.
type Tuple []any

// Plain returns the node as plain Go values: scalars as they are, a vector as []any, ListValue, MapValue, SetValue, Tag.
func (n Node) Plain() any {
	open := []converting{{node: &n}}
	for {
		top := &open[len(open)-1]
		if len(top.done) < len(top.node.Items) {
			open = append(open, converting{node: &top.node.Items[len(top.done)]})
			continue
		}
		v := top.value()
		if open = open[:len(open)-1]; len(open) == 0 {
			return v
		}
		open[len(open)-1].add(v)
	}
}

// A converting is a node on its way to a plain value: done holds the values of its first items.
type converting struct {
	node *Node
	done []any
}

func (c *converting) add(v any) {
	if c.done == nil {
		c.done = make([]any, 0, len(c.node.Items))
	}
	c.done = append(c.done, v)
}

// elements returns the values of all items, never nil: an empty vector is not nil.
func (c *converting) elements() []any {
	if c.done == nil {
		return []any{}
	}
	return c.done
}

// value returns the plain value of a node whose items are all done.
func (c *converting) value() any {
	switch c.node.Kind {
	case Scalar:
		return c.node.Value
	case List:
		return ListValue(c.elements())
	case Vector:
		return c.elements()
	case Map:
		m := make(MapValue, 0, len(c.done)/2)
		for i := 1; i < len(c.done); i += 2 {
			m = append(m, MapEntry{c.done[i-1], c.done[i]})
		}
		return m
	case Set:
		return SetValue(c.elements())
	case Tagged:
		if len(c.done) > 0 {
			return Tag{c.node.Tag, c.done[0]}
		}
		return Tag{Tag: c.node.Tag}
	}
	return nil
}
