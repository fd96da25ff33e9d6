package index

import (
	"encoding/binary"
	"math"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
)

// A Kind is the family of a Value. The order of the constants is the order of values of different families; numbers,
// which compare by value, are one family from KindLong to KindDecimal.
type Kind uint8

// The kinds of values. A reference has KindLong: it equals, hashes and sorts as the long of its id, and only its attribute
// tells that it is a reference.
const (
	KindNil Kind = iota
	KindBool
	KindLong
	KindBigInt
	KindFloat
	KindDouble
	KindDecimal
	KindInstant
	KindKeyword
	KindSymbol
	KindString
	KindURI
	KindUUID
	KindBytes
	KindTuple
)

var kindNames = [...]string{"nil", "boolean", "long", "bigint", "float", "double", "bigdec", "instant", "keyword", "symbol",
	"string", "uri", "uuid", "bytes", "tuple"}

// String returns the name of the kind, which is that of the value type without :db.type/.
func (k Kind) String() string { return kindNames[k] }

// Number reports whether values of the kind are numbers, which compare with each other by value.
func (k Kind) Number() bool { return KindLong <= k && k <= KindDecimal }

// A Value is one value of a database: immutable, copied without allocating. It is canonical: == is the equality of the
// database, so a Value can be the key of a map. The zero Value is nil, which stands in tuples and nowhere else.
type Value struct {
	kind Kind
	word uint64 // bool, long, float, double, instant: all there is; otherwise zero
	text string // all other kinds
}

// Bool returns the value of a boolean.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, word: 1}
	}
	return Value{kind: KindBool}
}

// Long returns the value of an integer.
func Long(n int64) Value { return Value{kind: KindLong, word: uint64(n)} }

// Ref returns the value of a reference to the entity.
func Ref(id ID) Value { return Long(int64(id)) }

// BigInt returns the value of n, which is a long where it fits.
func BigInt(n *big.Int) Value {
	if n.IsInt64() {
		return Long(n.Int64())
	}
	return Value{kind: KindBigInt, text: string(appendBig(nil, n))}
}

// Float returns the value of a 32-bit float. NaN is refused, −0 becomes 0.
func Float(f float32) (Value, error) {
	if f != f {
		return Value{}, ErrNaN
	}
	if f == 0 {
		f = 0
	}
	return Value{kind: KindFloat, word: uint64(math.Float32bits(f))}, nil
}

// Double returns the value of a 64-bit float. NaN is refused, −0 becomes 0.
func Double(f float64) (Value, error) {
	if f != f {
		return Value{}, ErrNaN
	}
	if f == 0 {
		f = 0
	}
	return Value{kind: KindDouble, word: math.Float64bits(f)}, nil
}

// Decimal returns the value of d, scale included.
func Decimal(d edn.Decimal) Value {
	b := binary.BigEndian.AppendUint32(nil, uint32(d.Scale))
	n := d.Unscaled
	if n == nil {
		n = new(big.Int)
	}
	return Value{kind: KindDecimal, text: string(appendBig(b, n))}
}

// Instant returns the value of a time, cut to the millisecond.
func Instant(t time.Time) Value { return Value{kind: KindInstant, word: uint64(t.UnixMilli())} }

// String returns the value of a text, which must be valid UTF-8.
func String(s string) (Value, error) { return textValue(KindString, s) }

// Keyword returns the value of a keyword.
func Keyword(k edn.Keyword) (Value, error) { return textValue(KindKeyword, string(k)) }

// Symbol returns the value of a symbol.
func Symbol(s edn.Symbol) (Value, error) { return textValue(KindSymbol, string(s)) }

// URI returns the value of a URI.
func URI(u edn.URI) (Value, error) { return textValue(KindURI, string(u)) }

func textValue(k Kind, s string) (Value, error) {
	if !utf8.ValidString(s) {
		return Value{}, ErrUTF8
	}
	return Value{kind: k, text: s}, nil
}

// UUID returns the value of a UUID.
func UUID(u edn.UUID) Value { return Value{kind: KindUUID, text: string(u[:])} }

// Bytes returns the value of a byte string; b is copied.
func Bytes(b []byte) Value { return Value{kind: KindBytes, text: string(b)} }

// Kind returns the family of the value.
func (v Value) Kind() Kind { return v.kind }

// IsNil reports whether v is the zero Value.
func (v Value) IsNil() bool { return v.kind == KindNil }

// Bool returns the boolean of a value of KindBool.
func (v Value) Bool() bool { return v.word != 0 }

// Long returns the integer of a value of KindLong, and the milliseconds since 1970 of one of KindInstant.
func (v Value) Long() int64 { return int64(v.word) }

// Ref returns the entity id of a value of KindLong.
func (v Value) Ref() ID { return ID(v.word) }

// BigInt returns the integer of a value of KindLong or KindBigInt.
func (v Value) BigInt() *big.Int {
	if v.kind == KindLong {
		return big.NewInt(int64(v.word))
	}
	return readBig(v.text)
}

// Double returns the number of a value of KindDouble or KindFloat.
func (v Value) Double() float64 {
	if v.kind == KindFloat {
		return float64(math.Float32frombits(uint32(v.word)))
	}
	return math.Float64frombits(v.word)
}

// Decimal returns the number of a value of KindDecimal.
func (v Value) Decimal() edn.Decimal {
	return edn.Decimal{Unscaled: readBig(v.text[4:]), Scale: int32(binary.BigEndian.Uint32([]byte(v.text[:4])))}
}

// Instant returns the time of a value of KindInstant, in UTC.
func (v Value) Instant() time.Time { return time.UnixMilli(int64(v.word)).UTC() }

// Text returns the text of a string, keyword (without colon), symbol or URI, and the bytes of a UUID or byte string.
func (v Value) Text() string { return v.text }

// String returns the value as EDN.
func (v Value) String() string { return edn.String(v.Any()) }

// appendBig appends the sign of n as a byte (0 negative, 1 zero, 2 positive) and its magnitude.
func appendBig(b []byte, n *big.Int) []byte {
	return append(append(b, byte(n.Sign()+1)), n.Bytes()...)
}

func readBig(s string) *big.Int {
	n := new(big.Int).SetBytes([]byte(s[1:]))
	if s[0] == 0 {
		n.Neg(n)
	}
	return n
}
