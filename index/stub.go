package index

import (
	"cmp"
	"crypto/sha256"
	"strings"
	"unsafe"
)

// A value whose text has more than longText bytes is long. It is stored whole in EAVT alone: in the other orders a stub stands for it, a
// Value with the kind of the long one, the length of its text for a word, and for a text the first bytes of that, its head, and a hash of all of
// it. No other Value has both a word and a text. Stubs of one value are ==, and those of others are not. They never leave the package.

const (
	longText = 512
	headText = 64
	hashText = 16
	stubText = headText + hashText
)

// stub returns the stub of a long value, and any other value as it is.
func (v Value) stub() Value {
	if len(v.text) <= longText {
		return v
	}
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(v.text), len(v.text)))
	return Value{kind: v.kind, word: uint64(len(v.text)), text: v.text[:headText] + string(sum[:hashText])}
}

func (v Value) isStub() bool { return v.word != 0 && v.text != "" }

// head returns the value of the first bytes of a text, which of a stub are those of the long one.
func (v Value) head() Value { return Value{kind: v.kind, text: v.text[:min(headText, len(v.text))]} }

// ofBytes reports whether values of the kind are ordered by the bytes of their texts.
func (k Kind) ofBytes() bool { return k == KindString || k == KindURI || k == KindBytes }

// compareStubs orders values that may be stubs, and reports whether that could be decided without reading the long ones.
func compareStubs(a, b Value) (order int, decided bool) {
	switch {
	case !a.isStub() && !b.isStub():
		return Compare(a, b), true
	case a == b:
		return 0, true
	case a.kind != b.kind:
		return cmp.Compare(a.kind, b.kind), !a.kind.Number() || !b.kind.Number()
	case a.kind.ofBytes():
		order = strings.Compare(a.head().text, b.head().text)
	}
	return order, order != 0
}
