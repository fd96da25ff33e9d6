package query

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

var arithmetic = map[string]builtin{
	"+":     {0, -1, fold(addition, index.Long(0))},
	"*":     {0, -1, fold(product, index.Long(1))},
	"-":     {1, -1, fold(difference, index.Long(0))},
	"/":     {1, -1, fold(division, index.Long(1))},
	"quot":  {2, 2, binary(quotient)},
	"rem":   {2, 2, binary(remainder)},
	"mod":   {2, 2, binary(modulo)},
	"inc":   {1, 1, with(addition, 1)},
	"dec":   {1, 1, with(difference, 1)},
	"abs":   {1, 1, magnitude},
	"min":   {1, -1, extreme(-1)},
	"max":   {1, -1, extreme(1)},
	"even?": {1, 1, func(o *objects, args []index.Value) (index.Value, error) { return parity(o, args[0], 0) }},
	"odd?":  {1, 1, func(o *objects, args []index.Value) (index.Value, error) { return parity(o, args[0], 1) }},
	"zero?": {1, 1, sign(func(s int) bool { return s == 0 })},
	"pos?":  {1, 1, sign(func(s int) bool { return s > 0 })},
	"neg?":  {1, 1, sign(func(s int) bool { return s < 0 })},
}

var (
	errOverflow = errors.New("integer overflow")
	errZero     = errors.New("division by zero")
)

// maxBits is how large an integer may become, about 8,192 digits.
const maxBits = 27_300

// An operation computes with numbers of one kind: longs, bigints, decimals or doubles.
type operation struct {
	long    func(a, b int64) (int64, error)
	big     func(z, a, b *big.Int) *big.Int
	decimal func(a, b edn.Decimal) (edn.Decimal, error)
	double  func(a, b float64) float64
	divides bool
	wide    bool // longs are computed with as bigints
}

// widened are the operations that a bigint among the constants of a call makes wide, though its value is that of a long.
var widened = map[string]operation{"+": addition, "-": difference, "*": product, "quot": quotient}

var (
	addition = operation{
		long: func(a, b int64) (int64, error) {
			c := a + b
			return c, overflowIf((c > a) != (b > 0) && b != 0)
		},
		big:     (*big.Int).Add,
		decimal: edn.Decimal.Add,
		double:  func(a, b float64) float64 { return a + b },
	}
	difference = operation{
		long: func(a, b int64) (int64, error) {
			c := a - b
			return c, overflowIf((c < a) != (b > 0) && b != 0)
		},
		big:     (*big.Int).Sub,
		decimal: edn.Decimal.Sub,
		double:  func(a, b float64) float64 { return a - b },
	}
	product = operation{
		long:    multiply,
		big:     (*big.Int).Mul,
		decimal: edn.Decimal.Mul,
		double:  func(a, b float64) float64 { return a * b },
	}
	division = operation{
		long:    func(a, b int64) (int64, error) { return a / b, overflowIf(a == math.MinInt64 && b == -1) },
		big:     (*big.Int).Quo,
		decimal: edn.Decimal.Quo,
		double:  func(a, b float64) float64 { return a / b },
		divides: true,
	}
	quotient = operation{
		long:    division.long,
		big:     (*big.Int).Quo,
		double:  func(a, b float64) float64 { return math.Trunc(a / b) },
		divides: true,
	}
	remainder = operation{
		long:    func(a, b int64) (int64, error) { return rem(a, b), nil },
		big:     (*big.Int).Rem,
		double:  math.Mod,
		divides: true,
	}
	modulo = operation{
		long:    func(a, b int64) (int64, error) { return mod(a, b), nil },
		big:     floorMod,
		double:  func(a, b float64) float64 { return math.Mod(math.Mod(a, b)+b, b) },
		divides: true,
	}
)

func overflowIf(over bool) error {
	if over {
		return errOverflow
	}
	return nil
}

func multiply(a, b int64) (int64, error) {
	c := a * b
	return c, overflowIf(a != 0 && (c/a != b || a == -1 && b == math.MinInt64))
}

// rem is a % b without the overflow of the smallest integer by −1.
func rem(a, b int64) int64 {
	if b == -1 {
		return 0
	}
	return a % b
}

// mod is a modulo b, with the sign of b.
func mod(a, b int64) int64 {
	m := rem(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m
}

// floorMod sets z to a modulo b, with the sign of b.
func floorMod(z, a, b *big.Int) *big.Int {
	if z.Rem(a, b); z.Sign() != 0 && z.Sign() != b.Sign() {
		z.Add(z, b)
	}
	return z
}

// apply computes with two numbers in the wider of their kinds: long, bigint, decimal, double.
func (op operation) apply(o *objects, a, b index.Value) (index.Value, error) {
	for _, v := range [...]index.Value{a, b} {
		if !v.Kind().Number() {
			return v, fmt.Errorf("%s is no number", o.text(v))
		}
	}
	if op.divides && index.CompareNumbers(b, index.Long(0)) == 0 {
		return b, errZero
	}
	switch kind := max(a.Kind(), b.Kind()); {
	case kind == index.KindLong && !op.wide:
		n, err := op.long(a.Long(), b.Long())
		return index.Long(n), err
	case kind <= index.KindBigInt:
		n := op.big(new(big.Int), a.BigInt(), b.BigInt())
		return index.BigInt(n), overflowIf(n.BitLen() > maxBits)
	case isFloating(a) || isFloating(b) || op.decimal == nil:
		return index.Double(op.double(toDouble(a), toDouble(b)))
	}
	d, err := op.decimal(toDecimal(a), toDecimal(b))
	return index.Decimal(d), err
}

func isFloating(v index.Value) bool {
	return v.Kind() == index.KindDouble || v.Kind() == index.KindFloat
}

// toDouble returns the double nearest to a number.
func toDouble(v index.Value) float64 {
	switch v.Kind() {
	case index.KindLong:
		return float64(v.Long())
	case index.KindBigInt:
		f, _ := new(big.Float).SetInt(v.BigInt()).Float64()
		return f
	case index.KindDecimal:
		return decimalDouble(v.Decimal())
	}
	return v.Double()
}

func decimalDouble(d edn.Decimal) float64 {
	f, _ := strconv.ParseFloat(strings.TrimSuffix(d.String(), "M"), 64)
	return f
}

func toDecimal(v index.Value) edn.Decimal {
	if v.Kind() == index.KindDecimal {
		return v.Decimal()
	}
	return edn.Decimal{Unscaled: v.BigInt()}
}

// fold makes a builtin that takes any number of arguments; one alone is the second operand of unit.
func fold(op operation, unit index.Value) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		acc, rest := unit, args
		if len(args) > 1 {
			acc, rest = args[0], args[1:]
		}
		var err error
		for _, v := range rest {
			if acc, err = op.apply(o, acc, v); err != nil {
				return acc, err
			}
		}
		return acc, nil
	}
}

func binary(op operation) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) { return op.apply(o, args[0], args[1]) }
}

func with(op operation, n int64) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) { return op.apply(o, args[0], index.Long(n)) }
}

// extreme returns the least (−1) or greatest (1) of numbers.
func extreme(want int) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		out := args[0]
		for _, v := range args {
			if !v.Kind().Number() {
				return v, fmt.Errorf("%s is no number", o.text(v))
			}
			if index.CompareNumbers(v, out) == want {
				out = v
			}
		}
		return out, nil
	}
}

// magnitude is the number without its sign.
func magnitude(o *objects, args []index.Value) (index.Value, error) {
	if !args[0].Kind().Number() || index.CompareNumbers(args[0], index.Long(0)) >= 0 {
		return extreme(1)(o, args)
	}
	return difference.apply(o, index.Long(0), args[0])
}

func parity(o *objects, v index.Value, want uint) (index.Value, error) {
	if !isInteger(v) {
		return v, fmt.Errorf("%s is no integer", o.text(v))
	}
	return index.Bool(v.BigInt().Bit(0) == want), nil
}

func sign(test func(int) bool) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if !args[0].Kind().Number() {
			return args[0], fmt.Errorf("%s is no number", o.text(args[0]))
		}
		return index.Bool(test(index.CompareNumbers(args[0], index.Long(0)))), nil
	}
}
