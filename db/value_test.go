package db

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
	"github.com/google/go-cmp/cmp"
)

func TestAttributeValue(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("x", 3600))
	for _, c := range []struct {
		t    ValueType
		x    any
		want any // nil where x is refused
	}{
		{TypeString, "a", "a"},
		{TypeString, Keyword("a"), nil},
		{TypeString, "\xff", nil},
		{TypeBoolean, false, false},
		{TypeLong, int8(3), int64(3)},
		{TypeLong, uint64(3), int64(3)},
		{TypeLong, uint64(math.MaxUint64), nil},
		{TypeLong, big.NewInt(3), int64(3)},
		{TypeLong, huge, nil},
		{TypeLong, 3.0, nil},
		{TypeBigInt, 3, int64(3)},
		{TypeBigInt, huge, huge},
		{TypeFloat, float32(0.5), float32(0.5)},
		{TypeFloat, 0.5, float32(0.5)},
		{TypeFloat, 1e300, float32(math.Inf(1))},
		{TypeFloat, 1, nil},
		{TypeDouble, 0.5, 0.5},
		{TypeDouble, float32(0.5), nil},
		{TypeDouble, 1, nil},
		{TypeDouble, math.NaN(), nil},
		{TypeDecimal, edn.Decimal{Unscaled: big.NewInt(10), Scale: 1}, edn.Decimal{Unscaled: big.NewInt(10), Scale: 1}},
		{TypeDecimal, 1, nil},
		{TypeInstant, at, at.UTC().Truncate(time.Millisecond)},
		{TypeKeyword, Keyword("a/b"), Keyword("a/b")},
		{TypeKeyword, Symbol("a/b"), Keyword("a/b")},
		{TypeKeyword, "a/b", nil},
		{TypeSymbol, Symbol("a"), Symbol("a")},
		{TypeSymbol, Keyword("a"), nil},
		{TypeURI, URI("http://a"), URI("http://a")},
		{TypeUUID, UUID{1}, UUID{1}},
		{TypeBytes, []byte{1}, []byte{1}},
		{TypeRef, ID(5), ID(5)},
		{TypeRef, 5, ID(5)},
		{TypeRef, "tempid", nil},
		{TypeLong, struct{}{}, nil},
	} {
		if c.want == nil {
			refused(t, c.t, c.x)
			continue
		}
		a := &Attribute{Ident: "a", Type: c.t}
		v, err := a.Value(c.x)
		if diff := cmp.Diff(c.want, a.Go(v), cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); err != nil || diff != "" {
			t.Errorf("%s of %v: %v %s", c.t, c.x, err, diff)
		}
		if again, err := a.Value(v); err != nil || again != v {
			t.Errorf("%s of the value %v: %v, %v", c.t, v, again, err)
		}
	}
}

func TestAttributeRefusesNil(t *testing.T) {
	if _, err := (&Attribute{Type: TypeString}).Value(nil); !errors.Is(err, ErrNil) {
		t.Error(err)
	}
}

func refused(t *testing.T, typ ValueType, x any) {
	t.Helper()
	v, err := (&Attribute{Ident: "a", Type: typ}).Value(x)
	if !errors.Is(err, ErrWrongType) || !errors.As(err, new(*ValueError)) {
		t.Errorf("%s takes %v: %v, %v", typ, x, v, err)
	}
}

func TestTupleValue(t *testing.T) {
	pair := &Attribute{Ident: "pair", Type: TypeTuple, TupleTypes: []ValueType{TypeLong, TypeRef}}
	row := &Attribute{Ident: "row", Type: TypeTuple, TupleType: TypeString}
	v, err := pair.Value([]any{nil, ID(7)})
	if err != nil || cmp.Diff(edn.Tuple{nil, ID(7)}, pair.Go(v)) != "" {
		t.Errorf("%v, %v", pair.Go(v), err)
	}
	if v, err := row.Value(edn.Tuple{"a", nil, "c"}); err != nil || v.Kind() != index.KindTuple {
		t.Error(v, err)
	}
	for _, c := range []struct {
		a    *Attribute
		x    any
		want error
	}{
		{pair, []any{1}, ErrTupleValue},
		{pair, []any{1, 2, 3}, ErrTupleValue},
		{pair, []any{"1", 2}, ErrTupleValue},
		{row, []any{"a"}, ErrTupleValue},
		{row, make([]any, 9), ErrTupleValue},
		{row, []any{"a", string(make([]byte, 257))}, ErrTupleValue},
		{row, []any{"a", []any{"b", "c"}}, ErrWrongType},
		{row, "a", ErrWrongType},
	} {
		if _, err := c.a.Value(c.x); !errors.Is(err, c.want) {
			t.Errorf("%s of %v: %v, want %v", c.a.Ident, c.x, err, c.want)
		}
	}
}
