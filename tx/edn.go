package tx

import (
	"errors"

	"github.com/datolite/datolite/edn"
)

// EDN returns the transaction data of a text: a vector of maps and lists. What cannot be read comes back from Transact or With,
// with line and column.
func EDN(text string) Data {
	n, err := edn.Read(text)
	if err != nil {
		return unread{err}
	}
	if n.Kind != edn.Vector && n.Kind != edn.List {
		return unread{&Error{Line: n.Pos.Line, Col: n.Pos.Col, Err: ErrNotData,
			Reason: "transaction data is a vector of maps and lists, not " + kindNames[n.Kind]}}
	}
	f, err := fromNode(n)
	if err != nil {
		return unread{err}
	}
	return textData(f.forms())
}

var kindNames = [...]string{edn.Nil: "nil", edn.Scalar: "one value", edn.Map: "a map", edn.Set: "a set", edn.Tagged: "a tagged form"}

// textData are the items of a text.
type textData []form

func (t textData) items(c *collector) {
	for _, f := range t {
		c.add(f, true)
	}
}

// unread is data that could not be read.
type unread struct{ err error }

func (u unread) items(c *collector) {
	e := &Error{Err: u.err, Reason: u.err.Error()}
	if at := (*edn.Error)(nil); errors.As(u.err, &at) {
		e.Line, e.Col, e.Reason = at.Pos.Line, at.Pos.Col, at.Text
	}
	if own := (*Error)(nil); errors.As(u.err, &own) {
		*e = *own
	}
	c.fail(e)
}
