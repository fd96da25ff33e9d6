package edn

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

// A named is a type that edn does not know.
type named int

func TestString(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{7, "7"}, {int8(-7), "-7"}, {int16(7), "7"}, {int32(7), "7"}, {uint(7), "7"}, {uint8(7), "7"}, {uint16(7), "7"}, {uint32(7), "7"},
		{uint64(math.MaxInt64), "9223372036854775807"}, {uint64(math.MaxUint64), "18446744073709551615N"},
		{(*big.Int)(nil), "nil"}, {Decimal{}, "0M"}, {Decimal{Scale: 2}, "0.00M"}, {Tuple{nil, int64(1)}, "[nil 1]"},
		{map[string]any{"b": []any{1}, "a": map[string]any{}}, `{"a" {}, "b" [1]}`}, {map[string]any(nil), "{}"},
		{SetValue{2, 1, int64(2)}, "#{1 2}"}, {"a\xffb", "\"a\ufffdb\""}, {[]byte(nil), `#bytes ""`},
		{time.Date(2020, 1, 2, 3, 4, 5, 999_999, time.FixedZone("", 3600)), `#inst "2020-01-02T02:04:05.000Z"`},
		{Node{}, "nil"}, {[]any{Node{Kind: Vector}, nil}, "[[] nil]"}, {Char(0xd800), "\\\ufffd"},
		{named(7), "<edn.named 7>"}, {struct{}{}, "<struct {}>"}, {[]int{1}, "<[]int>"}, {time.Second, "<time.Duration 1s>"},
	} {
		if got := String(c.v); got != c.want {
			t.Errorf("%#v prints as %s, not %s", c.v, got, c.want)
		}
	}
	if got := string(Append([]byte("x"), Keyword("a"))); got != "x:a" {
		t.Error(got)
	}
}

// law: a value that contains itself, or is too deep, is printed in finite time and said to be so.
func TestEndlessValues(t *testing.T) {
	loop := []any{1, nil, nil}
	loop[1], loop[2] = loop, map[string]any{"x": loop[:1], "y": loop}
	if got := String(loop); got != `[1 <cycle> {"x" <cycle>, "y" <cycle>}]` {
		t.Error(got)
	}
	m := map[string]any{}
	m["m"] = Tag{"t", []any{m}}
	if got := String(m); got != `{"m" #t [<cycle>]}` {
		t.Error(got)
	}
	entries := MapValue{{Key: 1}}
	entries[0].Value = entries
	if got := String(entries); got != "{1 <cycle>}" {
		t.Error(got)
	}
	var deep any
	for range 100_000 {
		deep = []any{deep}
	}
	if got := String(deep); got != strings.Repeat("[", 1000)+"<too deep>"+strings.Repeat("]", 1000) {
		t.Error(len(got), clip(got))
	}
	shared := []any{1}
	if got := String([]any{shared, shared}); got != "[[1] [1]]" {
		t.Error(got)
	}
}

func TestPlainOfNodesMadeByHand(t *testing.T) {
	for _, n := range []Node{{Kind: Tagged, Tag: "t"}, {Kind: Map, Items: []Node{{}}}, {Kind: 99}} {
		n.Plain()
		String(n)
	}
	deep := Node{Kind: Vector}
	for range 100_000 {
		deep = Node{Kind: Vector, Items: []Node{deep}}
	}
	if _, ok := deep.Plain().([]any); !ok {
		t.Error("no vector")
	}
}
