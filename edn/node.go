package edn

// A Pos is a place in a text. Lines and columns begin at 1; columns count characters.
type Pos struct{ Line, Col int }

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
