package edn

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// MaxDigits is how long the results of decimal arithmetic may become.
const MaxDigits = 8192

// A Decimal is the exact number Unscaled × 10^−Scale. Two decimals of one value and different scales are different values
// of a database: 1.0M is not 1.00M. The zero Decimal is 0M. Operations never change their operands.
type Decimal struct {
	Unscaled *big.Int // nil is zero; must not be changed once the Decimal is in use
	Scale    int32
}

// ParseDecimal reads what String writes: digits with an optional sign, point and exponent, without the M of EDN. The scale is the
// number of digits after the point less the exponent. Errors are *Error.
func ParseDecimal(s string) (Decimal, error) {
	digits := s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits = s[1:]
	}
	if digits == "" || class[digits[0]]&digit == 0 || class[s[len(s)-1]]&digit == 0 {
		return Decimal{}, &Error{Text: "decimal " + strconv.Quote(clip(s)) + " is malformed", Kind: ErrSyntax}
	}
	v, err := parseNumber(s+"M", MaxDigits)
	if err != nil {
		return Decimal{}, err
	}
	return v.(Decimal), nil
}

// String returns the number with all its digits, so that ParseDecimal gives the same value and scale: plain where the scale is
// not negative and at most six zeros follow the point, else with an exponent (java.math.BigDecimal writes the same text).
func (d Decimal) String() string {
	digits, sign := d.unscaled().String(), ""
	if digits[0] == '-' {
		digits, sign = digits[1:], "-"
	}
	scale := int64(d.Scale)
	exponent := int64(len(digits)) - 1 - scale
	switch {
	case scale < 0 || exponent < -6:
		return sign + pointAfter(digits, 1) + "E" + fmt.Sprintf("%+d", exponent)
	case exponent < 0:
		return sign + "0." + "000000"[:-exponent-1] + digits
	}
	return sign + pointAfter(digits, int(exponent)+1)
}

// pointAfter puts a point behind the first n digits, if there are more.
func pointAfter(digits string, n int) string {
	if n == len(digits) {
		return digits
	}
	return digits[:n] + "." + digits[n:]
}

func (d Decimal) unscaled() *big.Int {
	if d.Unscaled == nil {
		return new(big.Int)
	}
	return d.Unscaled
}

// Cmp compares the numbers, whatever their scales: -1 if d is less than e, 0 if they are equal, 1 if d is greater.
func (d Decimal) Cmp(e Decimal) int {
	x, y := d.unscaled(), e.unscaled()
	if x.Sign() != y.Sign() || x.Sign() == 0 || d.Scale == e.Scale {
		return x.Cmp(y)
	}
	dLow, dHigh := d.magnitude()
	eLow, eHigh := e.magnitude()
	switch {
	case dHigh < eLow:
		return -x.Sign()
	case eHigh < dLow:
		return x.Sign()
	}
	x, y, _ = align(d, e)
	return x.Cmp(y)
}

// magnitude returns bounds of the decimal exponent of the first digit, which cost nothing to find.
func (d Decimal) magnitude() (low, high int64) {
	low = int64(float64(d.unscaled().BitLen()-1)*math.Log10(2)) - 1 - int64(d.Scale)
	return low, low + 3
}

// align returns the unscaled numbers of d and e at the greater of their scales.
func align(d, e Decimal) (x, y *big.Int, scale int32) {
	x, y = d.unscaled(), e.unscaled()
	switch diff := int64(d.Scale) - int64(e.Scale); {
	case diff < 0:
		return shift(x, -diff), y, e.Scale
	case diff > 0:
		return x, shift(y, diff), d.Scale
	}
	return x, y, d.Scale
}

// shift returns x × 10^n.
func shift(x *big.Int, n int64) *big.Int {
	if x.Sign() == 0 {
		return x
	}
	return new(big.Int).Mul(x, power(10, n))
}

func power(base, n int64) *big.Int { return new(big.Int).Exp(big.NewInt(base), big.NewInt(n), nil) }

// Add returns d + e at the greater of their scales. It returns ErrLimit if this takes more than MaxDigits digits.
func (d Decimal) Add(e Decimal) (Decimal, error) {
	if err := alignable(d, e); err != nil {
		return Decimal{}, err
	}
	x, y, scale := align(d, e)
	return bounded(new(big.Int).Add(x, y), int64(scale))
}

// Sub returns d - e as Add does.
func (d Decimal) Sub(e Decimal) (Decimal, error) {
	return d.Add(Decimal{Unscaled: new(big.Int).Neg(e.unscaled()), Scale: e.Scale})
}

// alignable returns ErrLimit if d or e would become too long at the greater of their scales.
func alignable(d, e Decimal) error {
	if d.Scale > e.Scale {
		d, e = e, d
	}
	low, _ := d.magnitude()
	if d.unscaled().Sign() != 0 && low+int64(e.Scale) > MaxDigits {
		return errTooLong
	}
	return nil
}

// Mul returns d × e; its scale is the sum of theirs. It returns ErrLimit if this takes more than MaxDigits digits.
func (d Decimal) Mul(e Decimal) (Decimal, error) {
	return bounded(new(big.Int).Mul(d.unscaled(), e.unscaled()), int64(d.Scale)+int64(e.Scale))
}

// Quo returns d ÷ e exactly, at the least scale that holds it and is not less than the difference of their scales. It returns
// ErrInexact where no scale does, ErrDivideByZero, and ErrLimit if the result takes more than MaxDigits digits.
func (d Decimal) Quo(e Decimal) (Decimal, error) {
	x, y := d.unscaled(), e.unscaled()
	if y.Sign() == 0 {
		return Decimal{}, ErrDivideByZero
	}
	scale := int64(d.Scale) - int64(e.Scale)
	if x.Sign() == 0 {
		return bounded(x, scale)
	}
	common := new(big.Int).GCD(nil, nil, new(big.Int).Abs(x), new(big.Int).Abs(y))
	x, y = new(big.Int).Quo(x, common), new(big.Int).Quo(y, common)
	n, exact := decimals(y)
	if !exact {
		return Decimal{}, ErrInexact
	}
	return bounded(x.Quo(shift(x, n), y), scale+n)
}

// decimals returns the least n such that y divides 10^n; it reports false if there is none.
func decimals(y *big.Int) (n int64, ok bool) {
	y = new(big.Int).Abs(y)
	twos := int64(y.TrailingZeroBits())
	y.Rsh(y, uint(twos))
	fives := int64(math.Round(float64(y.BitLen()-1) / math.Log2(5)))
	for n := max(fives-1, 0); n <= fives+1; n++ {
		if power(5, n).Cmp(y) == 0 {
			return max(twos, n), true
		}
	}
	return 0, false
}

var errTooLong = fmt.Errorf("edn: a decimal of more than %d digits or a scale beyond 32 bits: %w", MaxDigits, ErrLimit)

// maxBits is a length in bits that every number of more than MaxDigits digits exceeds.
const maxBits = MaxDigits * 3

// bounded returns the decimal, or ErrLimit if it is too long or its scale too great.
func bounded(unscaled *big.Int, scale int64) (Decimal, error) {
	if unscaled.BitLen() > maxBits && unscaled.CmpAbs(power(10, MaxDigits)) >= 0 || scale != int64(int32(scale)) {
		return Decimal{}, errTooLong
	}
	return Decimal{Unscaled: unscaled, Scale: int32(scale)}, nil
}
