package index

import (
	"math"
	"math/big"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/datolite/datolite/edn"
)

// nastyValues are chosen to be confused with each other.
var nastyValues = func() []Value {
	huge := new(big.Int).Lsh(big.NewInt(1), 8192)
	dec := func(n int64, scale int32) edn.Decimal { return edn.Decimal{Unscaled: big.NewInt(n), Scale: scale} }
	plain := []any{
		nil, false, true,
		0, 1, -1, 2, int64(1 << 53), int64(1<<53 + 1), int64(-(1<<53 + 1)), int64(math.MaxInt64), int64(math.MinInt64), uint64(math.MaxUint64),
		huge, new(big.Int).Neg(huge), new(big.Int).Add(huge, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), 63),
		float32(0), float32(0.1), float32(1), float32(math.Inf(1)), float32(math.Inf(-1)), float32(1 << 24),
		0.0, math.Copysign(0, -1), 0.1, 1.0, -1.0, 0.5, 1.5, -0.5, float64(1 << 53), float64(1 << 63), -float64(1 << 63), 1e300, -1e300, 5e-324,
		math.MaxFloat64, math.Inf(1), math.Inf(-1), 9223372036854774784.0, 0.10000000149011612,
		dec(0, 0), dec(0, 2), dec(0, -5), dec(1, 0), dec(10, 1), dec(100, 2), dec(1, 1), dec(5, 1), dec(-5, 1), dec(15, 1), dec(1, 2), dec(-1, 0),
		dec(1, math.MinInt32), dec(1, math.MaxInt32), dec(-1, math.MinInt32), dec(10, math.MinInt32), dec(1, math.MinInt32+1), dec(100, math.MinInt32+1), dec(9007199254740993, 0),
		edn.Decimal{}, edn.Decimal{Unscaled: huge, Scale: 2466}, edn.Decimal{Unscaled: huge, Scale: 0},
		time.Time{}, time.UnixMilli(0), time.UnixMilli(-1), time.UnixMilli(1),
		edn.Keyword("a"), edn.Keyword("b"), edn.Keyword("a/b"), edn.Keyword("a/c"), edn.Keyword("a-/b"), edn.Keyword("/"), edn.Keyword("a/"), edn.Keyword("/a"), edn.Keyword("a/b/c"), edn.Keyword(""),
		edn.Symbol("a"), edn.Symbol("a/b"), edn.Symbol("a-/b"), edn.Symbol("z"),
		"", "a", "b", "ab", "\x00", "\U0001F600", "\uE000", "a/b",
		edn.URI("a"), edn.URI("http://x"), edn.UUID{}, edn.UUID{0: 0xff}, edn.UUID{15: 1},
		[]byte{}, []byte{0}, []byte{0xff}, []byte("a"),
		edn.Tuple{1, nil, 3}, edn.Tuple{1, 1}, edn.Tuple{1, 1, 0}, edn.Tuple{1, 2}, edn.Tuple{nil, nil}, edn.Tuple{1, nil}, edn.Tuple{2, nil},
		edn.Tuple{1.0, 1}, edn.Tuple{dec(10, 1), dec(100, 2)}, edn.Tuple{"a", edn.Keyword("a")}, edn.Tuple{"ab", "c"}, edn.Tuple{"a", "bc"}, edn.Tuple{-1, int64(math.MinInt64)},
	}
	values := make([]Value, len(plain))
	for i, x := range plain {
		values[i] = mustOf(x)
	}
	return values
}()

func TestCompareIsATotalOrderThatAgreesWithEquality(t *testing.T) {
	values := slices.Clone(nastyValues)
	rand.New(rand.NewSource(1)).Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	for _, a := range values {
		for _, b := range values {
			ab := Compare(a, b)
			if ab != -Compare(b, a) {
				t.Errorf("Compare(%#v, %#v) = %d is not antisymmetric", a, b, ab)
			}
			if (ab == 0) != (a == b) {
				t.Errorf("Compare(%#v, %#v) = %d but == is %t", a, b, ab, a == b)
			}
			for _, c := range values {
				if ab <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
					t.Errorf("not transitive: %#v ≤ %#v ≤ %#v", a, b, c)
				}
			}
		}
	}
}

// law: numbers of any kinds compare as the rational numbers that they are.
func TestNumbersCompareAsRationals(t *testing.T) {
	numbers := slices.DeleteFunc(slices.Clone(nastyValues), func(v Value) bool { return !v.Kind().Number() })
	pairs := 0
	for _, a := range numbers {
		for _, b := range numbers {
			x, y := rational(a), rational(b)
			if x == nil || y == nil {
				continue
			}
			pairs++
			if got, want := CompareNumbers(a, b), x.Cmp(y); got != want {
				t.Errorf("CompareNumbers(%v %v, %v %v) = %d, want %d", a.Kind(), a, b.Kind(), b, got, want)
			}
		}
	}
	if pairs < 2000 {
		t.Errorf("only %d pairs", pairs)
	}
}

// rational returns the number as a fraction, and nil where that would be infinite or too large.
func rational(v Value) *big.Rat {
	switch v.Kind() {
	case KindFloat, KindDouble:
		return new(big.Rat).SetFloat64(v.Double())
	case KindDecimal:
		d := v.Decimal()
		if max(d.Scale, -d.Scale) > 10_000 || d.Scale < -10_000 {
			return nil
		}
		ten := func(n int32) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, 0))), nil) }
		return new(big.Rat).SetFrac(new(big.Int).Mul(d.Unscaled, ten(-d.Scale)), ten(d.Scale))
	}
	return new(big.Rat).SetInt(v.BigInt())
}

func TestInfinitiesAreBeyondAllNumbers(t *testing.T) {
	for _, v := range nastyValues {
		if !v.Kind().Number() || v.Kind() == KindDouble || v.Kind() == KindFloat {
			continue
		}
		for _, inf := range []any{math.Inf(1), float32(math.Inf(1))} {
			if CompareNumbers(v, mustOf(inf)) != -1 || CompareNumbers(mustOf(inf), v) != 1 {
				t.Errorf("%v is not below infinity", v)
			}
		}
		for _, inf := range []any{math.Inf(-1), float32(math.Inf(-1))} {
			if CompareNumbers(v, mustOf(inf)) != 1 || CompareNumbers(mustOf(inf), v) != -1 {
				t.Errorf("%v is not above minus infinity", v)
			}
		}
	}
	if CompareNumbers(mustOf(math.Inf(1)), mustOf(float32(math.Inf(1)))) != 0 {
		t.Error("two infinities differ in value")
	}
}

// Decimals with hostile exponents compare at the cost of their digits.
func TestHostileDecimalsCompareQuickly(t *testing.T) {
	start := time.Now()
	digits := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	for _, scale := range []int32{math.MinInt32, math.MinInt32 + 1000, -999_999_999, 999_999_999, math.MaxInt32 - 1000, math.MaxInt32} {
		for _, n := range []int{0, 1, 1000} {
			a := Decimal(edn.Decimal{Unscaled: digits(n), Scale: scale})
			for _, b := range nastyValues {
				if b.Kind().Number() && Compare(a, b) != -Compare(b, a) {
					t.Errorf("Compare(%v, %v) is not antisymmetric", a, b)
				}
			}
		}
	}
	a := Decimal(edn.Decimal{Unscaled: digits(1000), Scale: 999_999_999})
	b := Decimal(edn.Decimal{Unscaled: digits(0), Scale: 999_998_999})
	if CompareNumbers(a, b) != 0 || Compare(a, b) != 1 {
		t.Errorf("equal decimals of different scales: %d, %d", CompareNumbers(a, b), Compare(a, b))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOrderOfNamesAndTuples(t *testing.T) {
	for _, ascending := range [][]any{
		{edn.Keyword("b"), edn.Keyword("a/b"), edn.Keyword("a/c"), edn.Keyword("a-/b")},
		{edn.Symbol("b"), edn.Symbol("a/b"), edn.Symbol("a/c"), edn.Symbol("a-/b")},
		{edn.Tuple{1, nil, 3}, edn.Tuple{1, 1}, edn.Tuple{1, 1, 0}, edn.Tuple{1, 2}},
		{"\uE000", "\U0001F600"},
		{edn.UUID{0: 0x7f}, edn.UUID{0: 0xff}},
		{1, float32(1), 1.0, edn.Decimal{Unscaled: big.NewInt(1)}, edn.Decimal{Unscaled: big.NewInt(10), Scale: 1}},
		{nil, false, 1, time.UnixMilli(0), edn.Keyword("z"), edn.Symbol("a"), "a", edn.URI("a"), edn.UUID{}, []byte{}, edn.Tuple{1, 2}},
	} {
		for i := 1; i < len(ascending); i++ {
			if a, b := mustOf(ascending[i-1]), mustOf(ascending[i]); Compare(a, b) != -1 {
				t.Errorf("%v %v is not before %v %v", a.Kind(), a, b.Kind(), b)
			}
		}
	}
}

func TestOrdersCompareFacts(t *testing.T) {
	f := Fact{E: 1, A: 2, V: Long(3), Tx: 4}
	e, a, v, tx := f, f, f, f
	e.E, a.A, v.V, tx.Tx = 2, 3, Long(4), 3
	for o, ascending := range map[Order][]Fact{
		EAVT: {f, tx, v, a, e}, AEVT: {f, tx, v, e, a}, AVET: {f, tx, e, v, a}, VAET: {f, tx, e, a, v},
	} {
		if !slices.IsSortedFunc(ascending, o.Compare) || o.Compare(f, f) != 0 {
			t.Errorf("%v is not the order of %v", o, ascending)
		}
		closed := f
		closed.End = 9
		if o.Compare(f, closed) != 0 {
			t.Errorf("%v tells a fact from its end", o)
		}
	}
}
