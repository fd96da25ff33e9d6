package db

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// errCodec says that bytes are not what any encoder wrote. What decodes is canonical: it encodes to the same bytes again.
var errCodec = errors.New("malformed")

// A source is bytes that are being decoded. After the first error it yields zeroes, and err stays.
type source struct {
	rest string
	err  error
}

// fail keeps the first error.
func (s *source) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: "+format, append([]any{errCodec}, args...)...)
	}
	s.rest = ""
}

// take returns the next n bytes.
func (s *source) take(n uint64) string {
	if n > uint64(len(s.rest)) {
		s.fail("%d bytes missing", n-uint64(len(s.rest)))
		return ""
	}
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken
}

// byte returns the next byte.
func (s *source) byte() byte {
	if b := s.take(1); b != "" {
		return b[0]
	}
	return 0
}

// uvarint returns the next varint, which must be as short as its number allows.
func (s *source) uvarint() uint64 {
	var x uint64
	for i := 0; i < len(s.rest) && i < binary.MaxVarintLen64; i++ {
		b := s.rest[i]
		if b < 0x80 {
			if (b == 0 && i > 0) || (i == binary.MaxVarintLen64-1 && b > 1) {
				break
			}
			s.rest = s.rest[i+1:]
			return x | uint64(b)<<(7*i)
		}
		x |= uint64(b&0x7f) << (7 * i)
	}
	s.fail("no number")
	return 0
}

// varint returns the next signed varint.
func (s *source) varint() int64 {
	x := s.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

// upTo returns the next varint, which must lie below a bound.
func (s *source) upTo(bound uint64, what string) uint64 {
	x := s.uvarint()
	if x >= bound {
		s.fail("%s %d out of range", what, x)
		return 0
	}
	return x
}

// count returns the next varint as the number of things of at least size bytes that follow, so that nobody reserves room for
// more than there can be.
func (s *source) count(size int) int {
	n := s.uvarint()
	if n > uint64(len(s.rest)/size) {
		s.fail("%d items in %d bytes", n, len(s.rest))
		return 0
	}
	return int(n)
}

// text returns the next text, which its length precedes.
func (s *source) text() string { return s.take(s.uvarint()) }

// end returns the error of the decoding. Bytes that are left over are one.
func (s *source) end() error {
	if s.rest != "" {
		s.fail("%d bytes too many", len(s.rest))
	}
	return s.err
}

// appendText appends a text behind its length.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendValue appends the content of a value; its kind is written by the caller. Integers and instants are varints, floats
// their bits, texts, byte strings and big numbers have their length before them; a tuple has its number of elements, each
// behind its kind.
func appendValue(b []byte, v index.Value) []byte {
	switch v.Kind() {
	case index.KindNil:
		return b
	case index.KindBool:
		return binary.AppendUvarint(b, uint64(v.Long()))
	case index.KindLong, index.KindInstant:
		return binary.AppendVarint(b, v.Long())
	case index.KindFloat:
		return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(v.Double())))
	case index.KindDouble:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Double()))
	case index.KindBigInt:
		return appendBig(b, v.BigInt())
	case index.KindDecimal:
		d := v.Decimal()
		return appendBig(binary.AppendVarint(b, int64(d.Scale)), d.Unscaled)
	case index.KindUUID:
		return append(b, v.Text()...)
	case index.KindTuple:
		return appendTuple(b, v.Tuple())
	}
	return appendText(b, v.Text())
}

// appendBig appends an integer as a sign (0 negative, 1 not) and its magnitude.
func appendBig(b []byte, n *big.Int) []byte {
	sign := byte(1)
	if n.Sign() < 0 {
		sign = 0
	}
	return appendText(append(b, sign), string(n.Bytes()))
}

func appendTuple(b []byte, elems []index.Value) []byte {
	b = binary.AppendUvarint(b, uint64(len(elems)))
	for _, e := range elems {
		b = appendValue(append(b, byte(e.Kind())), e)
	}
	return b
}

// value returns the next value of a kind. What no constructor makes (NaN, text that is not UTF-8, a bigint that is a long) is an
// error, and so is a tuple within a tuple.
func (s *source) value(k index.Kind) index.Value {
	switch k {
	case index.KindBool:
		return index.Bool(s.upTo(2, "boolean") == 1)
	case index.KindLong:
		return index.Long(s.varint())
	case index.KindInstant:
		return index.Instant(time.UnixMilli(s.varint()))
	case index.KindFloat, index.KindDouble:
		return s.float(k)
	case index.KindBigInt:
		return s.bigInt()
	case index.KindDecimal:
		return s.decimal()
	case index.KindUUID:
		u := edn.UUID{}
		copy(u[:], s.take(uint64(len(u))))
		return index.UUID(u)
	case index.KindBytes:
		return index.Bytes([]byte(s.text()))
	case index.KindTuple:
		return s.tuple()
	}
	return s.textValue(k)
}

// float returns the next float of 4 or 8 bytes.
func (s *source) float(k index.Kind) index.Value {
	if k == index.KindFloat {
		f := math.Float32frombits(uint32(s.bits(4)))
		return checked(s, math.Signbit(float64(f)) && f == 0, f, index.Float)
	}
	f := math.Float64frombits(s.bits(8))
	return checked(s, math.Signbit(f) && f == 0, f, index.Double)
}

// bits returns the next n bytes as a big-endian number.
func (s *source) bits(n int) uint64 {
	var x uint64
	for _, b := range []byte(s.take(uint64(n))) {
		x = x<<8 | uint64(b)
	}
	return x
}

// big returns the next integer that appendBig wrote.
func (s *source) big() *big.Int {
	sign, magnitude := s.byte(), s.text()
	if sign > 1 || (magnitude == "" && sign == 0) || (magnitude != "" && magnitude[0] == 0) {
		s.fail("not an integer")
	}
	n := new(big.Int).SetBytes([]byte(magnitude))
	if sign == 0 {
		n.Neg(n)
	}
	return n
}

func (s *source) bigInt() index.Value {
	n := s.big()
	if s.err == nil && n.IsInt64() {
		s.fail("a bigint that is a long")
	}
	return index.BigInt(n)
}

func (s *source) decimal() index.Value {
	scale := s.varint()
	if scale != int64(int32(scale)) {
		s.fail("scale %d out of range", scale)
	}
	return index.Decimal(edn.Decimal{Unscaled: s.big(), Scale: int32(scale)})
}

// textValue returns the next value of a kind that is text.
func (s *source) textValue(k index.Kind) index.Value {
	text := s.text()
	switch k {
	case index.KindString:
		return checked(s, false, text, index.String)
	case index.KindKeyword:
		return checked(s, false, edn.Keyword(text), index.Keyword)
	case index.KindSymbol:
		return checked(s, false, edn.Symbol(text), index.Symbol)
	case index.KindURI:
		return checked(s, false, edn.URI(text), index.URI)
	}
	s.fail("unknown kind %d of value", k)
	return index.Value{}
}

// checked returns what a constructor makes of x, unless x is known to be bad.
func checked[X any](s *source, bad bool, x X, construct func(X) (index.Value, error)) index.Value {
	v, err := construct(x)
	if bad || err != nil {
		s.fail("not a value: %v", x)
	}
	return v
}

// tuple returns the next tuple. Its elements are read here, not by recursion, so depth is one whatever the bytes say.
func (s *source) tuple() index.Value {
	elems := make([]index.Value, s.upTo(maxTuple+1, "tuple length"))
	for i := range elems {
		switch k := index.Kind(s.byte()); k {
		case index.KindNil:
		case index.KindTuple:
			s.fail("a tuple within a tuple")
		default:
			elems[i] = s.value(k)
		}
	}
	return index.NewTuple(elems...)
}

// maxTuple is the most elements of a tuple.
const maxTuple = 8
