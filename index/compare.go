package index

import (
	"cmp"
	"math"
	"math/big"
	"strings"

	"github.com/datolite/datolite/edn"
)

// Compare orders values as every index does, and returns −1, 0 or 1; it returns 0 only for values that are ==. Kinds sort in the
// order of their constants; numbers of different kinds sort by value, and by kind where they are equal; decimals sort by
// value, then scale; text and bytes sort by byte, keywords and symbols without a namespace first, then by namespace, then by
// name; tuples sort element by element, nil first, a prefix before its extensions.
func Compare(a, b Value) int {
	if a.kind != b.kind {
		return compareKinds(a, b)
	}
	switch a.kind {
	case KindBool:
		return cmp.Compare(a.word, b.word)
	case KindLong, KindInstant:
		return cmp.Compare(int64(a.word), int64(b.word))
	case KindString, KindURI, KindUUID, KindBytes:
		return strings.Compare(a.text, b.text)
	case KindKeyword, KindSymbol:
		return compareNames(a.text, b.text)
	case KindTuple:
		return compareTuples(a.text, b.text)
	case KindNil:
		return 0
	}
	if c := CompareNumbers(a, b); c != 0 || a.kind != KindDecimal {
		return c
	}
	return cmp.Compare(a.Decimal().Scale, b.Decimal().Scale)
}

func compareKinds(a, b Value) int {
	if a.kind.Number() && b.kind.Number() {
		if c := CompareNumbers(a, b); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.kind, b.kind)
}

// compareNames compares the texts of two keywords or of two symbols.
func compareNames(a, b string) int {
	if a == b {
		return 0
	}
	x, y := edn.Keyword(a), edn.Keyword(b)
	if c := strings.Compare(x.Namespace(), y.Namespace()); c != 0 {
		return c
	}
	return strings.Compare(x.Name(), y.Name())
}

func compareTuples(a, b string) int {
	var x, y Value
	for a != "" && b != "" {
		x, a = firstElem(a)
		y, b = firstElem(b)
		if c := Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// CompareNumbers orders two numbers of any kinds by value alone, as the comparisons of a query do. It is exact: a long and a
// double compare without rounding either.
func CompareNumbers(a, b Value) int {
	switch {
	case a.kind == KindLong && b.kind == KindLong:
		return cmp.Compare(int64(a.word), int64(b.word))
	case a.floating() && b.floating():
		return cmp.Compare(a.Double(), b.Double())
	case a.kind == KindLong && b.floating():
		return compareLongDouble(int64(a.word), b.Double())
	case a.floating() && b.kind == KindLong:
		return -compareLongDouble(int64(b.word), a.Double())
	case a.kind == KindBigInt && b.kind == KindBigInt:
		return compareBigs(a.text, b.text)
	}
	return compareExact(exactly(a), exactly(b))
}

func (v Value) floating() bool { return v.kind == KindFloat || v.kind == KindDouble }

func compareLongDouble(n int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(n, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}

// compareBigs compares two integers in the form of appendBig.
func compareBigs(a, b string) int {
	if a[0] != b[0] {
		return cmp.Compare(a[0], b[0])
	}
	c := cmp.Compare(len(a), len(b))
	if c == 0 {
		c = strings.Compare(a, b)
	}
	if a[0] == 0 {
		return -c
	}
	return c
}

// An exact number is whole × 2^two × 10^ten, or infinite with the sign of inf.
type exact struct {
	inf   int
	whole *big.Int
	two   int
	ten   int
}

func exactly(v Value) exact {
	switch v.kind {
	case KindDecimal:
		d := v.Decimal()
		return exact{whole: d.Unscaled, ten: -int(d.Scale)}
	case KindFloat, KindDouble:
		return exactDouble(v.Double())
	}
	return exact{whole: v.BigInt()}
}

func exactDouble(f float64) exact {
	if math.IsInf(f, 0) {
		return exact{inf: int(math.Copysign(1, f)), whole: new(big.Int)}
	}
	fraction, exp := math.Frexp(f)
	return exact{whole: big.NewInt(int64(fraction * (1 << 53))), two: exp - 53}
}

// compareExact compares magnitudes first: only numbers within a few bits of each other are multiplied out, so that the cost
// is bounded by the digits that the numbers are written with, whatever their exponents.
func compareExact(a, b exact) int {
	if a.inf != 0 || b.inf != 0 {
		return cmp.Compare(a.inf, b.inf)
	}
	sign := a.whole.Sign()
	if sign != b.whole.Sign() || sign == 0 {
		return cmp.Compare(sign, b.whole.Sign())
	}
	if x, y := a.log2(), b.log2(); math.Abs(x-y) > 2 {
		return sign * cmp.Compare(x, y)
	}
	two, ten := min(a.two, b.two), min(a.ten, b.ten)
	return a.over(two, ten).Cmp(b.over(two, ten))
}

// log2 returns the logarithm of the magnitude, at most 1.01 too large.
func (x exact) log2() float64 {
	return float64(x.whole.BitLen()) + float64(x.two) + float64(x.ten)*math.Log2(10)
}

// over returns x divided by 2^two × 10^ten, where neither exponent is above that of x.
func (x exact) over(two, ten int) *big.Int {
	n := new(big.Int).Lsh(x.whole, uint(x.two-two))
	return n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(x.ten-ten)), nil))
}
