package edn

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/internal/soak"
)

// A source makes random values and texts.
type source struct{ *rand.Rand }

func newSource(seed int64) source { return source{rand.New(rand.NewPCG(uint64(seed), 1))} }

func pick[T any](s source, from ...T) T { return from[s.IntN(len(from))] }

func (s source) text() string {
	runes := make([]rune, s.IntN(8))
	for i := range runes {
		runes[i] = pick(s, rune(s.IntN(128)), 'a', 'é', '"', '\\', '\n', '😀', 0x2028, rune(s.IntN(0xd800)))
	}
	return string(runes)
}

func (s source) name() string {
	word := func() string {
		return pick(s, "a", "b", "person", "x-y", "c.d", "é", "is?", "_z", "n1") + pick(s, "", "", "'", "#", "*", "2")
	}
	return pick(s, "", "", word()+"/") + word()
}

func (s source) bigInt() *big.Int {
	n := new(big.Int).SetUint64(s.Uint64())
	n.Lsh(n, uint(s.IntN(200)))
	if s.IntN(2) == 0 {
		n.Neg(n)
	}
	return n
}

// scalar returns a random value of each type that is read back as that type.
func (s source) scalar() any {
	switch s.IntN(17) {
	case 0:
		return nil
	case 1:
		return s.IntN(2) == 0
	case 2:
		return int64(s.Uint64()) >> s.IntN(64)
	case 3:
		return s.bigInt()
	case 4:
		return pick(s, math.Float64frombits(s.Uint64()), s.NormFloat64(), float64(s.IntN(9)), math.Copysign(0, -1), math.Inf(-1))
	case 5:
		return pick(s, math.Float32frombits(s.Uint32()), float32(s.NormFloat64()), float32(s.IntN(9)))
	case 6:
		return s.decimal()
	case 7, 8:
		return s.text()
	case 9:
		return pick(s, Char(s.IntN(200)), Char(s.IntN(0xd800)), Char(0x10000+s.IntN(0xfffff)))
	case 10, 11:
		return Keyword(s.name())
	case 12:
		return Symbol(s.name())
	case 13:
		return time.UnixMilli(pick(s, s.Int64N(1<<42), int64(s.Uint64()))).UTC()
	case 14:
		var u UUID
		for i := range u {
			u[i] = byte(s.Uint32())
		}
		return u
	case 15:
		return URI(s.text())
	}
	return []byte(s.text())
}

func (s source) decimal() Decimal {
	scale := pick(s, int32(s.IntN(10)), int32(s.IntN(100)-50), int32(s.Uint32()), 0)
	return Decimal{pick(s, s.bigInt(), big.NewInt(int64(s.IntN(1000)-500))), scale}
}

// value returns a random value nested at most depth deep.
func (s source) value(depth int) any {
	if depth == 0 || s.IntN(3) == 0 {
		return s.scalar()
	}
	elements := make([]any, s.IntN(5))
	if s.IntN(8) == 0 {
		elements = make([]any, s.IntN(20))
	}
	for i := range elements {
		elements[i] = s.value(depth - 1)
	}
	switch s.IntN(5) {
	case 0:
		return elements
	case 1:
		return ListValue(elements)
	case 2:
		return SetValue(distinct(elements))
	case 3:
		return Tag{Symbol("my." + s.name()), s.value(depth - 1)}
	}
	m := MapValue{}
	for _, key := range distinct(elements) {
		m = append(m, MapEntry{key, s.value(depth - 1)})
	}
	return m
}

func distinct(list []any) []any {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(v any) bool {
		text := String(v)
		again := seen[text]
		seen[text] = true
		return again
	})
}

// ordered returns the value with sets and maps in the order in which they print.
func ordered(v any) any {
	byText := func(a, b any) int { return strings.Compare(String(a), String(b)) }
	switch x := v.(type) {
	case []any:
		return orderedAll(x)
	case ListValue:
		return ListValue(orderedAll(x))
	case Tag:
		return Tag{x.Tag, ordered(x.Value)}
	case SetValue:
		list := orderedAll(x)
		slices.SortFunc(list, byText)
		return SetValue(list)
	case MapValue:
		m := MapValue{}
		for _, e := range x {
			m = append(m, MapEntry{ordered(e.Key), ordered(e.Value)})
		}
		slices.SortFunc(m, func(a, b MapEntry) int { return byText(a.Key, b.Key) })
		return m
	}
	return v
}

func orderedAll(list []any) []any {
	out := []any{}
	for _, v := range list {
		out = append(out, ordered(v))
	}
	return out
}

// shuffled returns the value with sets and maps in another order.
func (s source) shuffled(v any) any {
	all := func(list []any) []any {
		list = slices.Clone(list)
		for i := range list {
			list[i] = s.shuffled(list[i])
		}
		return list
	}
	switch x := v.(type) {
	case []any:
		return all(x)
	case ListValue:
		return ListValue(all(x))
	case Tag:
		return Tag{x.Tag, s.shuffled(x.Value)}
	case SetValue:
		list := all(x)
		s.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return SetValue(list)
	case MapValue:
		m := slices.Clone(x)
		for i, e := range m {
			m[i] = MapEntry{s.shuffled(e.Key), s.shuffled(e.Value)}
		}
		s.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
		return m
	}
	return v
}

// law: what is printed reads back as an equal value, and equal values print the same text.
func TestRoundTrip(t *testing.T) {
	soak.Run(t, 300, 2500, func(t *testing.T, seed int64) {
		s := newSource(seed)
		v := s.value(4)
		text := String(v)
		n, err := Read(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(ordered(v), n.Plain(), equal); diff != "" {
			t.Errorf("%s (-printed +read)\n%s", text, diff)
		}
		if again := String(n); again != text {
			t.Errorf("%s prints as %s", text, again)
		}
		if other := String(s.shuffled(v)); other != text {
			t.Errorf("in another order %s prints as %s", text, other)
		}
	})
}

// mutate changes a few bytes of a text: it replaces, drops, doubles, swaps, cuts and inserts parts of other texts.
func (s source) mutate(text string, others []string) string {
	b := []byte(text)
	for range 1 + s.IntN(4) {
		i := s.IntN(len(b) + 1)
		j := min(len(b), i+s.IntN(4))
		switch s.IntN(5) {
		case 0:
			b = slices.Delete(b, i, j)
		case 1:
			b = slices.Insert(b, i, b[i:j]...)
		case 2:
			b = slices.Insert(b, i, pick(s, []byte(`()[]{}#_'":\;,/.-+0123456789eENMu@^~ `)...))
		case 3:
			b = slices.Insert(b, i, []byte(pick(s, others...))...)
		case 4:
			if i < len(b) {
				b[i] = byte(s.Uint32())
			}
		}
	}
	return string(b)
}

// checkRead reads a text, which may hold anything, and checks what must hold of any: an error has a place in the text, and what is
// read prints as a text that gives the same again.
func checkRead(t *testing.T, text string) {
	n, err := Read(text)
	if err != nil {
		e, ok := err.(*Error)
		if !ok || e.Pos.Line < 1 || e.Pos.Col < 1 || e.Pos.Line > 1+strings.Count(text, "\n") || e.Pos.Col > 1+len(text) {
			t.Errorf("%q: the error %v has no place", text, err)
		}
		return
	}
	canon := String(n)
	again, err := Read(canon)
	if err != nil {
		t.Fatalf("%q prints as %q: %v", text, canon, err)
	}
	if twice := String(again); twice != canon {
		t.Errorf("%q prints as %q, and this as %q", text, canon, twice)
	}
	if plain := String(n.Plain()); plain != canon {
		t.Errorf("%q prints as %q, and its plain value as %q", text, canon, plain)
	}
}

// law: no text makes the reader panic or hang.
func TestMutations(t *testing.T) {
	const perCase = 50
	texts := goldenTexts()
	soak.Run(t, 40, 4000, func(t *testing.T, seed int64) {
		s := newSource(seed)
		for range perCase {
			text := pick(s, texts...)
			if s.IntN(3) == 0 {
				text = String(s.value(3))
			}
			checkRead(t, s.mutate(text, texts))
		}
	})
}

func goldenTexts() []string {
	var texts []string
	for _, g := range golden {
		texts = append(texts, g.text)
	}
	return texts
}

func FuzzRead(f *testing.F) {
	for _, text := range goldenTexts() {
		f.Add(text)
	}
	f.Fuzz(checkRead)
}

// law: Add, Sub, Mul, Cmp and Quo agree with rational numbers, and results have the scales that they promise.
func TestDecimalArithmetic(t *testing.T) {
	soak.Run(t, 300, 5000, func(t *testing.T, seed int64) {
		s := newSource(seed)
		x, y := s.decimal(), s.decimal()
		x.Scale, y.Scale = x.Scale%100, y.Scale%100
		p, q := ratio(x), ratio(y)
		check := func(op string, got Decimal, err error, want *big.Rat, scale int32) {
			if err != nil || ratio(got).Cmp(want) != 0 || got.Scale != scale {
				t.Errorf("%v %s %v = %v, %v; want %v at scale %d", x, op, y, got, err, want, scale)
			}
		}
		sum, err := x.Add(y)
		check("+", sum, err, new(big.Rat).Add(p, q), max(x.Scale, y.Scale))
		difference, err := x.Sub(y)
		check("-", difference, err, new(big.Rat).Sub(p, q), max(x.Scale, y.Scale))
		product, err := x.Mul(y)
		check("*", product, err, new(big.Rat).Mul(p, q), x.Scale+y.Scale)
		if got := x.Cmp(y); got != p.Cmp(q) {
			t.Errorf("%v cmp %v = %d", x, y, got)
		}
		if q.Sign() == 0 {
			return
		}
		quotient, err := product.Quo(y)
		check("*/", quotient, err, p, x.Scale)
		if again, err := ParseDecimal(x.String()); err != nil || String(again) != String(x) {
			t.Errorf("%v is parsed as %v, %v", x, again, err)
		}
	})
}

func ratio(d Decimal) *big.Rat {
	r := new(big.Rat).SetInt(d.unscaled())
	shift := new(big.Rat).SetInt(power(10, max(int64(d.Scale), -int64(d.Scale))))
	if d.Scale < 0 {
		return r.Mul(r, shift)
	}
	return r.Quo(r, shift)
}

// law: a set is read exactly if the canonical texts of its elements differ, and a map if those of its keys do.
func TestDuplicates(t *testing.T) {
	soak.Run(t, 300, 3000, func(t *testing.T, seed int64) {
		s := newSource(seed)
		v := s.value(3)
		w := pick[any](s, s.value(1), []any{v}, SetValue{v, 7}, v)
		for _, text := range []string{"#{" + String(v) + " " + String(w) + "}", "{" + String(w) + " 1 " + String(v) + " 1}"} {
			_, err := Read(text)
			if same := String(v) == String(w); same != (err != nil) {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}
