package query

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// conversions make a value of one type of one of another. What is cut off by long and bigint is what stands behind the point.
var conversions = map[string]builtin{
	"boolean": {1, 1, predicate(truthy)},
	"long":    {1, 1, number(toLong)}, "int": {1, 1, number(toLong)},
	"bigint": {1, 1, number(toBigInt)}, "biginteger": {1, 1, number(toBigInt)},
	"double": {1, 1, number(func(v index.Value) (index.Value, error) { return index.Double(toDouble(v)) })},
	"float":  {1, 1, number(toFloat)},
	"bigdec": {1, 1, number(toBigDecimal)},

	"parse-long":    {1, 1, reading(func(s string) (any, error) { return strconv.ParseInt(s, 10, 64) })},
	"parse-double":  {1, 1, reading(func(s string) (any, error) { return strconv.ParseFloat(s, 64) })},
	"parse-boolean": {1, 1, reading(parseBoolean)},
	"parse-uuid":    {1, 1, reading(func(s string) (any, error) { return edn.ParseUUID(s) })},
}

// number makes a builtin of a function of one number.
func number(f func(index.Value) (index.Value, error)) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if !args[0].Kind().Number() {
			return args[0], fmt.Errorf("%s is no number", o.text(args[0]))
		}
		return f(args[0])
	}
}

func toLong(v index.Value) (index.Value, error) {
	n, err := toBigInt(v)
	return n, firstError(err, overflowIf(n.Kind() != index.KindLong))
}

func toBigInt(v index.Value) (index.Value, error) {
	switch v.Kind() {
	case index.KindLong, index.KindBigInt:
		return v, nil
	case index.KindDecimal:
		n, err := wholePart(v.Decimal())
		return index.BigInt(n), err
	}
	f := v.Double()
	if math.IsInf(f, 0) {
		return v, errOverflow
	}
	n, _ := new(big.Float).SetFloat64(f).Int(nil)
	return index.BigInt(n), nil
}

// wholePart returns what stands before the point of a decimal.
func wholePart(d edn.Decimal) (*big.Int, error) {
	digits := int64(len(d.Unscaled.String()))
	switch scale := int64(d.Scale); {
	case scale >= digits+1 || d.Unscaled.Sign() == 0:
		return new(big.Int), nil
	case scale >= 0:
		return new(big.Int).Quo(d.Unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(scale), nil)), nil
	case digits-scale > maxBits/3:
		return new(big.Int), errOverflow
	default:
		return new(big.Int).Mul(d.Unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(-scale), nil)), nil
	}
}

func toFloat(v index.Value) (index.Value, error) {
	wide := toDouble(v)
	f, err := index.Float(float32(wide))
	return f, firstError(err, overflowIf(math.IsInf(f.Double(), 0) && !math.IsInf(wide, 0)))
}

// toBigDecimal returns the decimal with the fewest digits that reads as the number.
func toBigDecimal(v index.Value) (index.Value, error) {
	if !isFloating(v) {
		return index.Decimal(toDecimal(v)), nil
	}
	if math.IsInf(v.Double(), 0) {
		return v, errOverflow
	}
	text := strconv.FormatFloat(v.Double(), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	d, err := edn.ParseDecimal(text)
	return index.Decimal(d), err
}

func parseBoolean(s string) (any, error) {
	if s != "true" && s != "false" {
		return nil, fmt.Errorf("%q is no boolean", s)
	}
	return s == "true", nil
}

// reading makes a builtin that reads a string; what cannot be read is nil.
func reading(parse func(string) (any, error)) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if err := allText(o, args); err != nil {
			return args[0], err
		}
		x, err := parse(args[0].Text())
		if err != nil {
			return index.Value{}, nil
		}
		v, err := o.value(x)
		if err != nil {
			return index.Value{}, nil // NaN is no value of a database
		}
		return v, nil
	}
}
