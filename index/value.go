package index

import (
	"encoding/binary"
	"errors"
	"fmt"
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

// The kinds of refusals of a value.
var (
	ErrNaN      = errors.New("NaN cannot be stored")
	ErrUTF8     = errors.New("text is not valid UTF-8")
	ErrGoType   = errors.New("no database value has this Go type")
	ErrOverflow = errors.New("number out of range")
)

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

// Of returns the value of a plain Go value: bool, an integer of any width, *big.Int, float32, float64, edn.Decimal, string,
// edn.Keyword, edn.Symbol, edn.URI, edn.UUID, time.Time, []byte, ID, T (as the transaction's id), a Value, nil, and edn.Tuple or []any of those as a tuple.
func Of(x any) (Value, error) {
	switch x := x.(type) {
	case nil:
		return Value{}, nil
	case Value:
		return x, nil
	case bool:
		return Bool(x), nil
	case int:
		return Long(int64(x)), nil
	case int64:
		return Long(x), nil
	case int32:
		return Long(int64(x)), nil
	case int16:
		return Long(int64(x)), nil
	case int8:
		return Long(int64(x)), nil
	case uint8:
		return Long(int64(x)), nil
	case uint16:
		return Long(int64(x)), nil
	case uint32:
		return Long(int64(x)), nil
	case uint:
		return BigInt(new(big.Int).SetUint64(uint64(x))), nil
	case uint64:
		return BigInt(new(big.Int).SetUint64(x)), nil
	case ID:
		return Ref(x), nil
	case T:
		return Ref(TxID(x)), nil
	case *big.Int:
		return BigInt(x), nil
	case float32:
		return Float(x)
	case float64:
		return Double(x)
	case edn.Decimal:
		return Decimal(x), nil
	case string:
		return String(x)
	case edn.Keyword:
		return Keyword(x)
	case edn.Symbol:
		return Symbol(x)
	case edn.URI:
		return URI(x)
	case edn.UUID:
		return UUID(x), nil
	case time.Time:
		return Instant(x), nil
	case When:
		return Instant(time.Time(x)), nil
	case []byte:
		return Bytes(x), nil
	case edn.Tuple:
		return tupleOf(x)
	case []any:
		return tupleOf(x)
	}
	return Value{}, fmt.Errorf("%w: %T", ErrGoType, x)
}

func tupleOf(xs []any) (Value, error) {
	elems := make([]Value, len(xs))
	for i, x := range xs {
		v, err := Of(x)
		if err != nil {
			return Value{}, err
		}
		if v.kind == KindTuple {
			return Value{}, fmt.Errorf("%w: a tuple within a tuple", ErrGoType)
		}
		elems[i] = v
	}
	return NewTuple(elems...), nil
}

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

// Any returns the plain Go value: bool, int64, *big.Int, float32, float64, edn.Decimal, time.Time, edn.Keyword, edn.Symbol,
// string, edn.URI, edn.UUID, []byte, edn.Tuple, and nil. A reference is an int64, since only its attribute tells that it is one.
func (v Value) Any() any {
	switch v.kind {
	case KindBool:
		return v.Bool()
	case KindLong:
		return v.Long()
	case KindBigInt:
		return v.BigInt()
	case KindFloat:
		return float32(v.Double())
	case KindDouble:
		return v.Double()
	case KindDecimal:
		return v.Decimal()
	case KindInstant:
		return v.Instant()
	case KindKeyword:
		return edn.Keyword(v.text)
	case KindSymbol:
		return edn.Symbol(v.text)
	case KindString:
		return v.text
	case KindURI:
		return edn.URI(v.text)
	case KindUUID:
		return edn.UUID([]byte(v.text))
	case KindBytes:
		return []byte(v.text)
	case KindTuple:
		return tupleAny(v.Tuple())
	}
	return nil
}

func tupleAny(elems []Value) edn.Tuple {
	xs := make(edn.Tuple, len(elems))
	for i, e := range elems {
		xs[i] = e.Any()
	}
	return xs
}

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
