package index

import (
	"fmt"
	"math/big"
	"time"

	"github.com/datolite/datolite/edn"
)

// Of returns the value of a plain Go value: bool, an integer of any width, *big.Int, float32, float64, edn.Decimal, string,
// edn.Keyword, edn.Symbol, edn.URI, edn.UUID, time.Time, When, []byte, ID, T (as the transaction's id), a Value, nil, and
// edn.Tuple or []any of those as a tuple. Errors wrap ErrGoType, ErrNaN or ErrUTF8.
func Of(x any) (Value, error) {
	if n, ok := wholeNumber(x); ok {
		return Long(n), nil
	}
	switch x := x.(type) {
	case nil:
		return Value{}, nil
	case Value:
		return x, nil
	case bool:
		return Bool(x), nil
	case uint:
		return BigInt(new(big.Int).SetUint64(uint64(x))), nil
	case uint64:
		return BigInt(new(big.Int).SetUint64(x)), nil
	case *big.Int:
		if x == nil {
			return Value{}, fmt.Errorf("%w: a nil %T", ErrGoType, x)
		}
		return BigInt(x), nil
	case float32:
		return Float(x)
	case float64:
		return Double(x)
	case edn.Decimal:
		return Decimal(x), nil
	case time.Time:
		return instantOf(x)
	case When:
		return instantOf(time.Time(x))
	case edn.Tuple:
		return tupleOf(x)
	case []any:
		return tupleOf(x)
	}
	return textOf(x)
}

// instantOf returns a time as a value, unless its milliseconds take more than 64 bits.
func instantOf(t time.Time) (Value, error) {
	if year := t.Year(); year < -292_000_000 || year > 292_000_000 {
		return Value{}, fmt.Errorf("%w: a time of the year %d", ErrGoType, year)
	}
	return Instant(t), nil
}

func wholeNumber(x any) (int64, bool) {
	switch x := x.(type) {
	case int:
		return int64(x), true
	case int64:
		return x, true
	case int32:
		return int64(x), true
	case int16:
		return int64(x), true
	case int8:
		return int64(x), true
	case uint32:
		return int64(x), true
	case uint16:
		return int64(x), true
	case uint8:
		return int64(x), true
	case ID:
		return int64(x), true
	case T:
		return int64(TxID(x)), true
	}
	return 0, false
}

func textOf(x any) (Value, error) {
	switch x := x.(type) {
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
	case []byte:
		return Bytes(x), nil
	}
	return Value{}, fmt.Errorf("%w: %T", ErrGoType, x)
}

func tupleOf(xs []any) (Value, error) {
	elems := make([]Value, len(xs))
	for i, x := range xs {
		switch x.(type) {
		case edn.Tuple, []any: // before it is read: it may contain itself
			return Value{}, fmt.Errorf("%w: a tuple within a tuple", ErrGoType)
		}
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
