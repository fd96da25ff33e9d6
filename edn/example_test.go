package edn_test

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/datolite/datolite/edn"
)

func Example() {
	n, err := edn.Read(`[:find ?name :where [?p :person/name ?name]]`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Kind == edn.Vector, n.Items[3].Pos, edn.String(n.Items[3]))
	// Output: true 1:21 [?p :person/name ?name]
}

func ExampleRead() {
	n, _ := edn.Read(`{:person/name "Ada" :person/born #inst "1815-12-10"}`)
	for i := 0; i < len(n.Items); i += 2 {
		fmt.Printf("%v at %v: %v\n", n.Items[i].Value, n.Items[i].Pos, n.Items[i+1].Value)
	}
	_, err := edn.Read("[1 2\n  (3]")
	fmt.Println(err)
	// Output:
	// :person/name at 1:2: Ada
	// :person/born at 1:21: 1815-12-10 00:00:00 +0000 UTC
	// edn: 2:5: ] cannot close the ( of 2:3
}

func ExampleReadAll() {
	nodes, err := edn.ReadAll("1 :two ; and no more\n #_3")
	fmt.Println(len(nodes), err)
	// Output: 2 <nil>
}

func ExampleLimits() {
	_, err := edn.Read("[[[1]]]", edn.Limits{Depth: 2})
	fmt.Println(errors.Is(err, edn.ErrLimit), err)
	// Output: true edn: 1:3: more than 2 nested forms
}

func ExampleError() {
	_, err := edn.Read("{:a 1\n :a 2}")
	var e *edn.Error
	if errors.As(err, &e) {
		fmt.Println(e.Pos.Line, e.Text, errors.Is(err, edn.ErrSyntax))
	}
	// Output: 2 duplicate key :a, first at 1:2 true
}

func ExampleNode_Plain() {
	n, _ := edn.Read(`[1 "two" (3.0)]`)
	for _, v := range n.Plain().([]any) {
		fmt.Printf("%T ", v)
	}
	// Output: int64 string edn.ListValue
}

func ExampleString() {
	fmt.Println(edn.String(map[string]any{"b": 2, "a": []any{edn.Keyword("x"), 1.0, nil}}))
	fmt.Println(edn.String(edn.SetValue{time.UnixMilli(0), edn.URI("urn:x"), []byte("hi")}))
	// Output:
	// {"a" [:x 1.0 nil], "b" 2}
	// #{#bytes "aGk=" #inst "1970-01-01T00:00:00.000Z" #uri "urn:x"}
}

func ExampleAppend() {
	b := edn.Append([]byte("v = "), edn.Tuple{int64(1), nil})
	fmt.Println(string(b))
	// Output: v = [1 nil]
}

func ExampleKeyword() {
	const name edn.Keyword = "person/name"
	fmt.Println(name, name.Namespace(), name.Name())
	// Output: :person/name person name
}

func ExampleSymbol() {
	s := edn.Symbol("clojure.string/blank?")
	fmt.Println(s, s.Namespace(), s.Name())
	// Output: clojure.string/blank? clojure.string blank?
}

func ExampleParseUUID() {
	u, err := edn.ParseUUID("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6")
	fmt.Println(u, err)
	// Output: f81d4fae-7dec-11d0-a765-00a0c91e6bf6 <nil>
}

func ExampleUUID() {
	fmt.Println(edn.UUID{15: 1})
	// Output: 00000000-0000-0000-0000-000000000001
}

func ExampleTag() {
	n, _ := edn.Read("#db/id [:db.part/user]")
	tag := n.Plain().(edn.Tag)
	fmt.Println(tag.Tag, edn.String(tag.Value))
	// Output: db/id [:db.part/user]
}

func ExampleMapValue() {
	m := edn.MapValue{{Key: edn.Keyword("b"), Value: 1}, {Key: 7, Value: edn.ListValue{}}}
	m = append(m, edn.MapEntry{Key: nil, Value: true})
	fmt.Println(edn.String(m))
	// Output: {7 (), :b 1, nil true}
}

func ExampleListValue() {
	fmt.Println(edn.String(edn.ListValue{edn.Symbol("count"), edn.Symbol("?x")}))
	// Output: (count ?x)
}

func ExampleSetValue() {
	fmt.Println(edn.String(edn.SetValue{3, 1, 2}))
	// Output: #{1 2 3}
}

func ExampleTuple() {
	fmt.Println(edn.String(edn.Tuple{"Ada", nil, int64(1815)}))
	// Output: ["Ada" nil 1815]
}

func ExampleChar() {
	fmt.Println(edn.String(edn.ListValue{edn.Char('a'), edn.Char('\n'), edn.Char(0)}))
	// Output: (\a \newline \u0000)
}

func ExampleURI() {
	n, _ := edn.Read(`#uri "https://example.org"`)
	fmt.Println(n.Value == edn.URI("https://example.org"))
	// Output: true
}

func ExampleKind() {
	n, _ := edn.Read("#{a}")
	fmt.Println(n.Kind == edn.Set, n.Items[0].Kind == edn.Scalar)
	// Output: true true
}

func ExamplePos() {
	fmt.Println(edn.Pos{Line: 2, Col: 14})
	// Output: 2:14
}

func ExampleDecimal() {
	price := edn.Decimal{Unscaled: big.NewInt(1999), Scale: 2}
	fmt.Println(price, edn.String(price))
	// Output: 19.99 19.99M
}

func ExampleParseDecimal() {
	d, err := edn.ParseDecimal("1.50")
	fmt.Println(d, d.Scale, err)
	_, err = edn.ParseDecimal("one")
	fmt.Println(err)
	// Output:
	// 1.50 2 <nil>
	// edn: decimal "one" is malformed
}

func ExampleDecimal_Cmp() {
	x, _ := edn.ParseDecimal("1.0")
	y, _ := edn.ParseDecimal("1.00")
	fmt.Println(x.Cmp(y), x.String() == y.String())
	// Output: 0 false
}

func ExampleDecimal_Add() {
	x, _ := edn.ParseDecimal("0.1")
	y, _ := edn.ParseDecimal("0.20")
	fmt.Println(x.Add(y))
	// Output: 0.30 <nil>
}

func ExampleDecimal_Sub() {
	x, _ := edn.ParseDecimal("1")
	y, _ := edn.ParseDecimal("0.9")
	fmt.Println(x.Sub(y))
	// Output: 0.1 <nil>
}

func ExampleDecimal_Mul() {
	x, _ := edn.ParseDecimal("1.50")
	y, _ := edn.ParseDecimal("2.0")
	fmt.Println(x.Mul(y))
	// Output: 3.000 <nil>
}

func ExampleDecimal_Quo() {
	x, _ := edn.ParseDecimal("1")
	y, _ := edn.ParseDecimal("8")
	z, _ := edn.ParseDecimal("3")
	fmt.Println(x.Quo(y))
	fmt.Println(x.Quo(z))
	// Output:
	// 0.125 <nil>
	// 0 edn: the quotient of the decimals has no end
}
