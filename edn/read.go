package edn

// Limits bound what Read accepts. A zero field means its default.
type Limits struct {
	Depth    int // nested forms; 256
	Bytes    int // of the text; 256 MiB
	Elements int // forms in the text; 16 million
	Digits   int // of one number; 8,192
}

// Read reads the one form that text holds; more text behind it is an error. Errors are *Error with line and column.
func Read(text string, l ...Limits) (Node, error) { panic("not built") }

// ReadAll reads all forms that text holds.
func ReadAll(text string, l ...Limits) ([]Node, error) { panic("not built") }

// Plain returns the node as plain Go values: scalars as they are, a vector as []any, ListValue, MapValue, SetValue, Tag.
func (n Node) Plain() any { panic("not built") }
