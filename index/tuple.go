package index

import "encoding/binary"

// NewTuple returns the value of a tuple, whose elements may be nil Values but not tuples.
func NewTuple(elems ...Value) Value {
	var b []byte
	for _, e := range elems {
		b = append(b, byte(e.kind))
		b = binary.AppendUvarint(b, e.word)
		b = binary.AppendUvarint(b, uint64(len(e.text)))
		b = append(b, e.text...)
	}
	return Value{kind: KindTuple, text: string(b)}
}

// Tuple returns the elements of a value of KindTuple.
func (v Value) Tuple() []Value {
	var elems []Value
	for s := v.text; s != ""; {
		var e Value
		e, s = firstElem(s)
		elems = append(elems, e)
	}
	return elems
}

// firstElem returns the first element of a tuple's text, and the text of the rest.
func firstElem(s string) (Value, string) {
	e := Value{kind: Kind(s[0])}
	word, n := uvarint(s[1:])
	e.word = word
	s = s[1+n:]
	size, n := uvarint(s)
	e.text = s[n : n+int(size)]
	return e, s[n+int(size):]
}

func uvarint(s string) (uint64, int) {
	var x uint64
	for i := 0; i < len(s); i++ {
		x |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return x, i + 1
		}
	}
	return 0, 0
}
