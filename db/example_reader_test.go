package db_test

import (
	"context"
	"fmt"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

var ctx = context.Background()

// people returns the database of the examples: Ada's year of birth was entered wrongly, and corrected a day later.
func people() (snap *db.Snapshot, first, second *db.Report) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	conn := must(db.Open(ctx, mem.New(), db.Options{Clock: func() time.Time { return now }}))
	must(tx.Transact(ctx, conn, tx.EDN(`[
		{:db/ident :person/name, :db/valueType :db.type/string, :db/unique :db.unique/identity}
		{:db/ident :person/born, :db/valueType :db.type/long}]`)))
	first = must(tx.Transact(ctx, conn, tx.EDN(`[{:person/name "Ada" :person/born 1851} {:person/name "Bob" :person/born 1900}]`)))
	now = now.AddDate(0, 0, 1)
	second = must(tx.Transact(ctx, conn, tx.Map{"person/name": "Ada", "person/born": 1815}))
	return conn.Snapshot(), first, second
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// born prints the year of birth that a reader knows.
func born(r db.Reader) {
	ada := must(r.EntID(ctx, db.Lookup("person/name", "Ada")))
	fmt.Println(must(r.Entity(ctx, ada)).Get("person/born"))
}

func Example() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	rep := must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/active"), "db/doc": "in use"}))
	active := must(rep.After.Entity(ctx, db.Keyword("status/active")))
	fmt.Println(active.Get("db/doc"))
	// Output: in use
}

func ExampleSnapshot_AsOf() {
	snap, first, _ := people()
	born(snap)
	born(snap.AsOf(first.T))
	born(snap.AsOf(db.When(time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC))))
	// Output:
	// 1815
	// 1851
	// 1851
}

func ExampleSnapshot_Since() {
	snap, first, _ := people()
	for d, err := range snap.Since(first.T).Datoms(ctx, db.AEVT, "person/born") {
		fmt.Println(d.V, err)
	}
	// Output: 1815 <nil>
}

func ExampleSnapshot_History() {
	snap, _, _ := people()
	for d, err := range snap.History().Datoms(ctx, db.EAVT, db.Lookup("person/name", "Ada"), "person/born") {
		fmt.Println(d.V, d.Added, err)
	}
	// Output:
	// 1815 true <nil>
	// 1851 false <nil>
	// 1851 true <nil>
}

func ExampleSnapshot_Filter() {
	snap, first, _ := people()
	before := snap.Filter(func(_ db.Reader, d db.Datom) bool { return d.Tx <= first.Tx })
	ada := must(before.Entity(ctx, db.Lookup("person/name", "Ada")))
	fmt.Println(ada.Get("person/name"), ada.Get("person/born")) // a filter hides facts, it never brings ended ones back
	// Output: Ada <nil>
}

func ExampleSnapshot_Without() {
	snap, _, _ := people()
	hidden := new(db.IDSet)
	hidden.Add(must(snap.EntID(ctx, db.Lookup("person/name", "Ada"))))
	for d, err := range snap.Without(hidden).Datoms(ctx, db.AEVT, "person/name") {
		fmt.Println(d.V, err)
	}
	// Output: "Bob" <nil>
}

func ExampleView_String() {
	snap, first, _ := people()
	fmt.Println(snap.AsOf(first.T).History())
	// Output: snapshot t 1004 as of t 1001 history
}

func ExampleSnapshot_Entity() {
	snap, _, _ := people()
	bob := must(snap.Entity(ctx, db.Lookup("person/name", "Bob")))
	for name := range bob.Attributes() {
		fmt.Println(name, bob.All(string(name)))
	}
	_, err := snap.Entity(ctx, db.Lookup("person/name", "Eve"))
	fmt.Println(err)
	fmt.Println(must(snap.Entity(ctx, db.ID(12345))).Exists())
	// Output:
	// :person/name [Bob]
	// :person/born [1900]
	// no entity has the key [:person/name "Eve"]
	// false
}

func ExampleSnapshot_Values() {
	snap, _, _ := people()
	born := must(snap.Values(ctx, "person/born"))
	fmt.Println(born.Facts, born.Distinct, born.Exact, born.Min, born.Max)
	// Output: 2 2 true 1815 1900
}

func ExampleSnapshot_Datoms() {
	snap, _, _ := people()
	for d, err := range snap.Datoms(ctx, db.AVET, "person/born") { // an index is sorted: the oldest first
		fmt.Println(d.V, err)
	}
	fmt.Println(snap.Count(ctx, db.AVET, "person/born"))
	// Output:
	// 1815 <nil>
	// 1900 <nil>
	// 2 <nil>
}

func ExampleSnapshot_SeekDatoms() {
	snap, _, _ := people()
	for d, err := range snap.SeekDatoms(ctx, db.AVET, "person/born", 1850) {
		fmt.Println(d.V, err)
	}
	// Output: 1900 <nil>
}

func ExampleSnapshot_IndexRange() {
	snap, _, _ := people()
	for d, err := range snap.IndexRange(ctx, "person/born", 1800, 1900) { // the end is not part of it
		fmt.Println(d.V, err)
	}
	// Output: 1815 <nil>
}

func ExampleSnapshot_TxRange() {
	snap, first, _ := people()
	for t, err := range snap.TxRange(ctx, first.T, nil) {
		fmt.Println(t.T, t.Instant.Format(time.DateOnly), len(t.Datoms), err)
	}
	// Output:
	// t 1001 2026-01-01 5 <nil>
	// t 1004 2026-01-02 3 <nil>
}

func ExampleSnapshot_EntID() {
	snap, _, _ := people()
	fmt.Println(snap.EntID(ctx, db.Keyword("db/ident")))
	_, err := snap.EntID(ctx, db.Keyword("person/nmae"))
	fmt.Println(err)
	// Output:
	// 10 <nil>
	// no entity has the ident :person/nmae (did you mean :person/name?)
}
