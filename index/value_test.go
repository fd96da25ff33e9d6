package index

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/edn"
)

func TestValuesThatAreEqualAreCanonical(t *testing.T) {
	when := time.Date(2020, 1, 2, 3, 4, 5, 678_900_000, time.FixedZone("east", 3600))
	for _, pair := range [][2]any{
		{0.0, math.Copysign(0, -1)},
		{float32(0), float32(math.Copysign(0, -1))},
		{7, uint8(7)}, {7, int8(7)}, {7, int16(7)}, {7, uint16(7)}, {7, int32(7)}, {7, uint32(7)}, {7, uint(7)}, {7, uint64(7)}, {7, big.NewInt(7)},
		{uint64(math.MaxUint64), new(big.Int).SetUint64(math.MaxUint64)},
		{edn.Decimal{}, edn.Decimal{Unscaled: new(big.Int)}},
		{when, when.UTC().Truncate(time.Millisecond)},
		{when, When(when)},
		{time.UnixMicro(-1), time.UnixMilli(-1)},
		{T(1000), TxID(1000)},
		{edn.Tuple{1, nil}, []any{1, nil}},
	} {
		a, b := mustOf(pair[0]), mustOf(pair[1])
		if a != b {
			t.Errorf("%T %v and %T %v are different values", pair[0], pair[0], pair[1], pair[1])
		}
	}
}

func TestValuesThatDifferAreDifferent(t *testing.T) {
	seen := map[Value]string{}
	for _, v := range nastyValues {
		text := v.Kind().String() + " " + v.String()
		if was, ok := seen[v]; ok && was != text {
			t.Errorf("%s and %s are one value", was, text)
		}
		seen[v] = text
	}
	if len(seen) < 100 {
		t.Errorf("only %d different values", len(seen))
	}
}

func TestOfRefuses(t *testing.T) {
	for _, c := range []struct {
		x    any
		want error
	}{
		{math.NaN(), ErrNaN},
		{float32(math.NaN()), ErrNaN},
		{"\xff", ErrUTF8},
		{edn.Keyword("a\xff"), ErrUTF8},
		{edn.Symbol("\xc0"), ErrUTF8},
		{edn.URI("\xff"), ErrUTF8},
		{edn.Tuple{1, "\xff"}, ErrUTF8},
		{edn.Tuple{1, edn.Tuple{2, 3}}, ErrGoType},
		{[]any{1, mustOf(edn.Tuple{2, 3})}, ErrGoType},
		{(*big.Int)(nil), ErrGoType},
		{time.Date(292_300_000, 1, 1, 0, 0, 0, 0, time.UTC), ErrGoType},
		{When(time.Date(-292_300_000, 1, 1, 0, 0, 0, 0, time.UTC)), ErrGoType},
		{struct{}{}, ErrGoType},
		{map[string]any{}, ErrGoType},
		{edn.Char('a'), ErrGoType},
		{complex(1, 2), ErrGoType},
	} {
		if v, err := Of(c.x); !errors.Is(err, c.want) {
			t.Errorf("Of(%T %v) = %v, %v; want %v", c.x, c.x, v, err, c.want)
		}
	}
}

func TestAnyReturnsWhatOfTook(t *testing.T) {
	opt := cmp.Options{
		cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
	}
	for _, v := range nastyValues {
		again, err := Of(v.Any())
		if err != nil || again != v {
			t.Errorf("Of(Any(%v)) = %v, %v", v, again, err)
		}
		if diff := cmp.Diff(v.Any(), again.Any(), opt); diff != "" {
			t.Errorf("Any of %v changes:\n%s", v, diff)
		}
	}
}

func TestBytesAreCopied(t *testing.T) {
	b := []byte("abc")
	v := Bytes(b)
	b[0] = 'x'
	v.Any().([]byte)[1] = 'x'
	if v.Text() != "abc" {
		t.Errorf("the value changed to %q", v.Text())
	}
}

func TestTupleElements(t *testing.T) {
	elems := nastyValues[:0:0]
	for _, v := range nastyValues {
		if v.Kind() != KindTuple {
			elems = append(elems, v)
		}
	}
	for i := range len(elems) - 2 {
		got := NewTuple(elems[i : i+3]...).Tuple()
		if diff := cmp.Diff(elems[i:i+3], got, cmp.Comparer(func(a, b Value) bool { return a == b })); diff != "" {
			t.Errorf("elements changed:\n%s", diff)
		}
	}
}

func TestIDParts(t *testing.T) {
	id := NewID(PartUser, 1<<42-1)
	if id.Part() != PartUser || id.T() != 1<<42-1 || TxID(1000) != 13194139534312 {
		t.Errorf("parts of %v: %v, %v", id, id.Part(), id.T())
	}
	when := When(time.UnixMilli(1500).In(time.FixedZone("east", 7200)))
	if got := T(7).String() + " " + ID(8).String() + " " + when.String(); got != "t 7 8 1970-01-01T00:00:01.500Z" {
		t.Error(got)
	}
}
