package index_test

import (
	"context"
	"fmt"
	"time"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// attrs says that attribute 1 is a reference and that all attributes are indexed.
type attrs struct{}

func (attrs) Indexed(index.ID) bool { return true }
func (attrs) IsRef(a index.ID) bool { return a == 1 }

const (
	friend = index.ID(1)
	age    = index.ID(2)
)

// levels holds three commits: two people, an edge between them, and a birthday.
func levels() index.Levels {
	born := index.Fact{E: 10, A: age, V: index.Long(41), Tx: 100}
	grown := born
	grown.End = 102
	return index.Levels{}.
		Push(index.NewRun([]index.Fact{born, {E: 11, A: age, V: index.Long(30), Tx: 100}}, attrs{})).
		Push(index.NewRun([]index.Fact{{E: 10, A: friend, V: index.Ref(11), Tx: 101}}, attrs{})).
		Push(index.NewRun([]index.Fact{grown, {E: 10, A: age, V: index.Long(42), Tx: 102}}, attrs{}))
}

func show(c *index.Cursor) {
	for {
		batch, err := c.Next()
		if err != nil {
			fmt.Println(err)
		}
		if batch == nil {
			return
		}
		for i := range batch.Len() {
			d := batch.Datom(i)
			fmt.Println(d.E, d.A, d.V, d.Tx, d.Added)
		}
	}
}

func ExampleLevels_Scan() {
	show(levels().Scan(context.Background(), index.EAVT, index.All, index.View{Basis: 102}))
	// Output:
	// 10 1 11 101 true
	// 10 2 42 102 true
	// 11 2 30 100 true
}

func ExampleView() {
	ages := index.Prefix(1, index.Fact{A: age})
	fmt.Println("as of 101:")
	show(levels().Scan(context.Background(), index.AVET, ages, index.View{Basis: 102, AsOf: 101}))
	fmt.Println("since 101:")
	show(levels().Scan(context.Background(), index.AVET, ages, index.View{Basis: 102, Since: 101}))
	fmt.Println("history:")
	show(levels().Scan(context.Background(), index.AVET, ages, index.View{Basis: 102, History: true}))
	// Output:
	// as of 101:
	// 11 2 30 100 true
	// 10 2 41 100 true
	// since 101:
	// 10 2 42 102 true
	// history:
	// 11 2 30 100 true
	// 10 2 41 102 false
	// 10 2 41 100 true
	// 10 2 42 102 true
}

func ExampleCursor_SkipValues() {
	cursor := levels().Scan(context.Background(), index.AEVT, index.Prefix(1, index.Fact{A: age}), index.View{Basis: 102})
	cursor.SkipValues()
	batch, err := cursor.Next()
	fmt.Println(batch.E, batch.V.Len(), err)
	// Output: [10 11] 0 <nil>
}

func ExampleLevels_Count() {
	n, err := levels().Count(context.Background(), index.VAET, index.Prefix(1, index.Fact{V: index.Ref(11)}), index.View{Basis: 102})
	fmt.Println(n, err)
	// Output: 1 <nil>
}

func ExampleLevels_Push() {
	before := levels()
	after := before.Push(index.NewRun([]index.Fact{{E: 11, A: age, V: index.Long(30), Tx: 100, End: 103}}, attrs{}))
	eleven := index.Prefix(1, index.Fact{E: 11})
	fmt.Println("before:")
	show(before.Scan(context.Background(), index.EAVT, eleven, index.View{Basis: 103}))
	fmt.Println("after:")
	show(after.Scan(context.Background(), index.EAVT, eleven, index.View{Basis: 103}))
	// Output:
	// before:
	// 11 2 30 100 true
	// after:
}

func ExampleRange() {
	thirties := index.Range{
		Lo: index.Cut{Parts: 2, Key: index.Fact{A: age, V: index.Long(30)}},
		Hi: index.Cut{Parts: 2, Key: index.Fact{A: age, V: index.Long(39)}, After: true},
	}
	show(levels().Scan(context.Background(), index.AVET, thirties, index.View{Basis: 102}))
	// Output: 11 2 30 100 true
}

func ExampleOf() {
	for _, x := range []any{42, 1.5, "text", edn.Keyword("status/active"), time.UnixMilli(0), edn.Tuple{1, nil}, struct{}{}} {
		v, err := index.Of(x)
		fmt.Println(v.Kind(), v, err)
	}
	// Output:
	// long 42 <nil>
	// double 1.5 <nil>
	// string "text" <nil>
	// keyword :status/active <nil>
	// instant #inst "1970-01-01T00:00:00.000Z" <nil>
	// tuple [1 nil] <nil>
	// nil nil no database value has this Go type: struct {}
}

func ExampleCompare() {
	one, _ := edn.ParseDecimal("1.0")
	double, _ := index.Double(1)
	fmt.Println(index.Compare(index.Long(1), double), index.Compare(double, index.Decimal(one)), index.Compare(index.Long(2), double))
	// Output: -1 -1 1
}

func ExampleCompareNumbers() {
	double, _ := index.Double(1 << 53)
	fmt.Println(index.CompareNumbers(index.Long(1<<53), double), index.CompareNumbers(index.Long(1<<53+1), double))
	// Output: 0 1
}

func ExampleOrder_Compare() {
	a := index.Fact{E: 1, A: age, V: index.Long(40), Tx: 100}
	b := index.Fact{E: 2, A: age, V: index.Long(30), Tx: 100}
	fmt.Println(index.EAVT.Compare(a, b), index.AVET.Compare(a, b))
	// Output: -1 1
}

func ExampleIDSet() {
	hidden := new(index.IDSet)
	hidden.Add(10)
	show(levels().Scan(context.Background(), index.EAVT, index.All, index.View{Basis: 102, Without: hidden}))
	fmt.Println(hidden.Has(10), hidden.Has(11), hidden.Len())
	// Output:
	// 11 2 30 100 true
	// true false 1
}

func ExampleVector() {
	var v index.Vector
	v.Append(index.Long(1))
	v.Append(index.Bool(true))
	tail := v.Slice(1, 2)
	fmt.Println(v.Len(), v.At(0), tail.At(0))
	// Output: 2 1 true
}

func ExampleNewID() {
	id := index.NewID(index.PartUser, 1001)
	fmt.Println(id, id.Part(), id.T(), index.TxID(1000))
	// Output: 17592186045417 4 t 1001 13194139534312
}

func ExampleNewTuple() {
	v := index.NewTuple(index.Long(1), index.Value{}, index.Bool(false))
	fmt.Println(v, v.Tuple()[1].IsNil(), v == index.NewTuple(index.Long(1), index.Value{}, index.Bool(false)))
	// Output: [1 nil false] true true
}

func ExampleCursor_Last() {
	l, now := levels(), index.View{Basis: 102}
	for r, more := index.All, true; more; {
		c := l.Scan(context.Background(), index.EAVT, r, now)
		r, more, _ = c.Last(1)
		show(c)
	}
	// Output:
	// 11 2 30 100 true
	// 10 2 42 102 true
	// 10 1 11 101 true
}

func ExampleTextNumbers_Append() {
	var names index.TextNumbers
	v := index.Vector{Kind: index.KindString, Texts: []string{"Ivan", "Petr", "Ivan"}}
	of, _ := names.Append(nil, &v, nil)
	more, _ := names.Append(nil, &v, []int32{1})
	fmt.Println(of, more, names.Texts())
	// Output: [0 1 0] [1] [Ivan Petr]
}
