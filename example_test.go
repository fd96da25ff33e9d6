package datolite_test

import (
	"context"
	"fmt"
	"log"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// A Person is an entity; its tags are its schema.
type Person struct {
	ID   db.ID  `datom:"db/id"`
	Name string `datom:"person/name,identity"`
	Born int    `datom:"person/born"`
}

func check[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}

func Example() {
	ctx := context.Background()
	conn := check(datolite.Open(ctx, "")) // in memory; a path keeps it
	defer conn.Close()
	check(tx.Transact(ctx, conn, tx.Schema[Person]()))
	first := check(tx.Transact(ctx, conn, tx.Structs(Person{Name: "Ada", Born: 1851})))
	check(tx.Transact(ctx, conn, tx.Map{"person/name": "Ada", "person/born": 1815}))

	const born = `[:find ?b . :where [?p :person/name "Ada"] [?p :person/born ?b]]`
	snap := conn.Snapshot()
	fmt.Println(check(query.One[int](ctx, snap, born)))
	fmt.Println(check(query.One[int](ctx, snap.AsOf(first.T), born)))
	// Output:
	// 1815
	// 1851
}

func ExampleOpen() {
	conn, err := datolite.Open(context.Background(), "", db.Options{Name: "library"})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.Snapshot())
	// Output: snapshot t 0
}
