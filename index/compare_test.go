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
		0, 1, -1, 2, 1 << 53, 1<<53 + 1, -(1<<53 + 1), int64(math.MaxInt64), int64(math.MinInt64), uint64(math.MaxUint64),
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
