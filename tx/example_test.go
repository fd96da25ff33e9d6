package tx_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

type Person struct {
	ID      db.ID   `datom:"db/id"`
	Name    string  `datom:"person/name,identity"`
	Born    int     `datom:"person/born"`
	Friends []db.ID `datom:"person/friend"`
}

// people opens a database with the attributes of Person, and Ada.
func people(ctx context.Context) *db.Conn {
	conn, err := db.Open(ctx, mem.New(), db.Options{})
	if err != nil {
		panic(err)
	}
	for _, data := range []tx.Data{tx.Schema[Person](), tx.Structs(Person{Name: "Ada", Born: 1815})} {
		if _, err := tx.Transact(ctx, conn, data); err != nil {
			panic(err)
		}
	}
	return conn
}

// show prints the datoms of a report, without the instant and the ids of entities, or the error.
func show(rep *db.Report, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range rep.Datoms[1:] {
		attr, _ := rep.After.Schema().Ident(d.A)
		fmt.Println(attr, d.V, d.Added)
	}
}

func ExampleTransact() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn, tx.Map{"person/name": "Ada", "person/born": 1816}))
	_, err := tx.Transact(ctx, conn, tx.Add("ada", "person/nmae", "Ada"))
	fmt.Println(err)
	// Output:
	// :person/born 1816 true
	// :person/born 1815 false
	// tx: item 1 [:db/add "ada" :person/nmae "Ada"]: unknown attribute :person/nmae (did you mean :person/name?)
}

func ExampleImport() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	numbers := func(yield func(tx.Data, error) bool) {
		for i := range 25_000 {
			if !yield(tx.Map{"person/name": fmt.Sprint("number ", i), "person/born": 1900 + i%100}, nil) {
				return
			}
		}
	}
	done, err := tx.Import(ctx, conn, numbers, tx.ImportOptions{Progress: func(soFar db.Import) { fmt.Println(soFar.Datoms) }})
	fmt.Println(done.Transactions, done.Datoms, err)
	// Output:
	// 20001
	// 40002
	// 50003
	// 3 50003 <nil>
}

func ExampleWith() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	one, err := tx.With(ctx, conn.Snapshot(), tx.Map{"person/name": "Bob"})
	if err != nil {
		fmt.Println(err)
		return
	}
	show(tx.With(ctx, one.After, tx.Map{"db/id": db.Lookup("person/name", "Bob"), "person/born": 1900}))
	_, err = conn.Snapshot().EntID(ctx, db.Lookup("person/name", "Bob"))
	fmt.Println(err)
	// Output:
	// :person/born 1900 true
	// no entity has the key [:person/name "Bob"]
}

func ExampleEDN() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn, tx.EDN(`[{:db/id "bob" :person/name "Bob"}
		[:db/add [:person/name "Ada"] :person/born 1816]
		{:db/id "datomic.tx" :db/doc "from the parish register"}]`)))
	_, err := tx.Transact(ctx, conn, tx.EDN(`[{:person/name "Bob" :person/born}]`))
	fmt.Println(err)
	// Output:
	// :person/name "Bob" true
	// :person/born 1816 true
	// :person/born 1815 false
	// :db/doc "from the parish register" true
	// tx: 1:22: the map has no value for its last key :person/born
}

func ExampleMap() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn,
		tx.Map{"person/name": "Ada", "person/friend": []any{tx.Map{"person/name": "Bob"}, tx.Map{"person/name": "Cid"}}},
		tx.Map{"person/name": "Dan", "person/_friend": db.Lookup("person/name", "Ada")})) // Ada's friend is Dan
	_, err := tx.Transact(ctx, conn, tx.Map{"db/id": ":status/active", "person/born": 1})
	fmt.Println(err)
	// Output:
	// :person/friend 17592186045420 true
	// :person/name "Bob" true
	// :person/friend 17592186045421 true
	// :person/name "Cid" true
	// :person/friend 17592186045422 true
	// :person/name "Dan" true
	// tx: item 1 {:db/id ":status/active", :person/born 1}: the string ":status/active" names no entity: for an ident write db.Keyword("status/active")
}

func ExampleList() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn, tx.List{db.Keyword("db/add"), db.Lookup("person/name", "Ada"), "person/born", 1816}))
	// Output:
	// :person/born 1816 true
	// :person/born 1815 false
}

func ExampleAdd() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	rep, err := tx.Transact(ctx, conn, tx.Add("bob", "person/name", "Bob"), tx.Add("bob", "person/born", 1900))
	show(rep, err)
	bob, _ := rep.After.EntID(ctx, db.Lookup("person/name", "Bob"))
	fmt.Println(rep.TempIDs["bob"] == bob)
	// Output:
	// :person/name "Bob" true
	// :person/born 1900 true
	// true
}

func ExampleRetract() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn, tx.Retract(db.Lookup("person/name", "Ada"), "person/born")))
	// Output:
	// :person/born 1815 false
}

func ExampleRetractEntity() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn, tx.RetractEntity(db.Lookup("person/name", "Ada"))))
	// Output:
	// :person/name "Ada" false
	// :person/born 1815 false
}

func ExampleCAS() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	ada := db.Lookup("person/name", "Ada")
	_, err := tx.Transact(ctx, conn, tx.CAS(ada, "person/born", 1816, 1817))
	fmt.Println(errors.Is(err, tx.ErrCASFailed), db.CategoryOf(err))
	show(tx.Transact(ctx, conn, tx.CAS(ada, "person/born", 1815, 1816)))
	// Output:
	// true conflict
	// :person/born 1816 true
	// :person/born 1815 false
}

func ExampleAll() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	friends := func(a, b string) tx.Data {
		return tx.All(
			tx.Map{"db/id": a, "person/name": a, "person/friend": b},
			tx.Map{"db/id": b, "person/name": b, "person/friend": a})
	}
	rep, err := tx.Transact(ctx, conn, friends("Bob", "Cid"))
	fmt.Println(len(rep.TempIDs), err)
	// Output:
	// 2 <nil>
}

func ExampleStructs() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	rep, err := tx.Transact(ctx, conn, tx.Structs(Person{Name: "Ada", Born: 1816}, &Person{Name: "Bob"}))
	show(rep, err)
	ada, _ := rep.Before.EntID(ctx, db.Lookup("person/name", "Ada"))
	fmt.Println(len(rep.Created), rep.Created[0] == ada)
	// Output:
	// :person/born 1816 true
	// :person/born 1815 false
	// :person/name "Bob" true
	// 2 true
}

func ExampleSchema() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	name, _ := conn.Snapshot().Schema().Named("person/name")
	fmt.Println(name.Ident, name.Type, name.Unique == db.UniqueIdentity)
	show(tx.Transact(ctx, conn, tx.Schema[Person]())) // again: nothing
	// Output:
	// :person/name string true
}

var errTooOld = errors.New("born too early")

// older returns a function that makes a person a year older.
func older(name string) tx.Func {
	return func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		person, err := before.Entity(ctx, db.Lookup("person/name", name))
		if err != nil {
			return nil, err
		}
		born := person.Get("person/born").(int64)
		if born < 1815 {
			return nil, errTooOld
		}
		return tx.Map{"db/id": person.ID(), "person/born": born - 1}, nil
	}
}

func ExampleFunc() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	show(tx.Transact(ctx, conn, older("Ada"), older("Ada"))) // both see 1815, so they say the same
	_, err := tx.Transact(ctx, conn, older("Ada"))
	fmt.Println(err, errors.Is(err, errTooOld))
	// Output:
	// :person/born 1814 true
	// :person/born 1815 false
	// tx: item 1 [func]: born too early true
}

// A caller who cannot know whether a transaction was made submits it again with the same key.
func ExampleOnce() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	order := tx.Map{"person/name": "Bob", "person/born": 1900}
	first, _ := tx.Transact(ctx, conn, tx.Once("order 4711"), order)
	again, err := tx.Transact(ctx, conn, tx.Once("order 4711"), order)
	fmt.Println(again.T == first.T, slices.Equal(again.Created, first.Created), err)
	_, err = tx.Transact(ctx, conn, tx.Once("order 4711"), tx.Map{"person/name": "Cid"})
	fmt.Println(errors.Is(err, tx.ErrKeyReused))
	// Output:
	// true true <nil>
	// true
}

func ExampleError() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	_, err := tx.Transact(ctx, conn, tx.Map{"person/name": "Bob"}, tx.Map{"person/name": "Ada", "person/born": "1815"})
	var refused *tx.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Item, refused.Attr, refused.Reason)
	}
	fmt.Println(errors.Is(err, db.ErrWrongType), db.CodeOf(err))
	// Output:
	// 2 :person/born :person/born takes a long, not "1815"
	// true db.error/wrong-type-for-attribute
}

// Created tells the ids of the items without one, in their order, whatever they are.
func Example_created() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	rep, err := tx.Transact(ctx, conn, tx.Map{"person/name": "Bob"}, tx.Structs(Person{Name: "Cid"}), tx.EDN(`[{:person/name "Dan"}]`))
	fmt.Println(len(rep.Created), slices.IsSorted(rep.Created), err)
	// Output:
	// 3 true <nil>
}

// A seat is known by its row and number together.
func Example_composite() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	_, err := tx.Transact(ctx, conn, tx.EDN(`[
		{:db/ident :seat/row :db/valueType :db.type/string}
		{:db/ident :seat/number :db/valueType :db.type/long}
		{:db/ident :seat/taken :db/valueType :db.type/boolean}
		{:db/ident :seat/row+number :db/valueType :db.type/tuple :db/tupleAttrs [:seat/row :seat/number]
		 :db/unique :db.unique/identity :db.tuple/upsert true}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	show(tx.Transact(ctx, conn, tx.Map{"seat/row": "A", "seat/number": 1}))
	show(tx.Transact(ctx, conn, tx.Map{"db/id": db.Lookup("seat/row+number", db.Tuple{"A", 1}), "seat/taken": true}))
	show(tx.Transact(ctx, conn, tx.Map{"seat/row": "A", "seat/number": 1, "seat/taken": false}))
	// Output:
	// :seat/number 1 true
	// :seat/row "A" true
	// :seat/row+number ["A" 1] true
	// :seat/taken true true
	// :seat/taken false true
	// :seat/taken true false
}

func ExampleBackfill() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	_, err := tx.Transact(ctx, conn, tx.EDN(`[{:db/ident :person/name+born :db/valueType :db.type/tuple
		:db/tupleAttrs [:person/name :person/born]}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tx.Backfill(ctx, conn, "person/name+born"))
	for d, err := range conn.Snapshot().Datoms(ctx, db.AEVT, "person/name+born") {
		fmt.Println(d.V, err)
	}
	// Output:
	// 1 <nil>
	// ["Ada" 1815] <nil>
}

func ExampleExportText() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	var b strings.Builder
	text, err := tx.ExportText(ctx, conn.Snapshot(), &b, tx.TextOptions{})
	if err != nil {
		panic(err)
	}
	lines := strings.Split(b.String(), "\n")
	lines[len(lines)-5] = regexp.MustCompile(`#inst ".*"`).ReplaceAllString(lines[len(lines)-5], `#inst "2026-…"`)
	fmt.Println(strings.Join(append(append(lines[:1], lines[2:4]...), lines[len(lines)-5:]...), "\n"))
	fmt.Println(text.Transactions, "transactions with", text.Datoms, "datoms, up to", text.T)
	// Output:
	// {:datolite/text 1, :t 1001}
	// [1000 :db/ident :person/name true]
	// [1000 :db/valueType :db.type/string true]
	// {:t 1001, :instant #inst "2026-…"}
	// [17592186045418 :person/name "Ada" true]
	// [17592186045418 :person/born 1815 true]
	// {:next-t 1003, :transactions 2, :datoms 17}
	//
	// 2 transactions with 17 datoms, up to t 1001
}

func ExampleImportText() {
	ctx := context.Background()
	conn := people(ctx)
	defer conn.Close()
	var b strings.Builder
	if _, err := tx.ExportText(ctx, conn.Snapshot(), &b, tx.TextOptions{}); err != nil {
		panic(err)
	}
	copied, err := db.Open(ctx, mem.New(), db.Options{})
	if err != nil {
		panic(err)
	}
	defer copied.Close()
	edited := strings.ReplaceAll(b.String(), ":person/born 1815", ":person/bron 1815")
	_, err = tx.ImportText(ctx, copied, strings.NewReader(edited), tx.TextOptions{})
	fmt.Println(err)
	_, err = tx.ImportText(ctx, copied, strings.NewReader(b.String()), tx.TextOptions{})
	fmt.Println(copied.Snapshot(), err)
	show(tx.Transact(ctx, copied, tx.Map{"person/name": "Ada", "person/born": 1816}))
	// Output:
	// tx: 18:17: unknown attribute :person/bron (did you mean :person/born?)
	// snapshot t 1001 <nil>
	// :person/born 1816 true
	// :person/born 1815 false
}
