// Quickstart opens a database, says what a person is, adds one and asks for it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

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

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	conn, err := datolite.Open(ctx, "") // in memory; a path keeps it
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := tx.Transact(ctx, conn, tx.Schema[Person]()); err != nil {
		return err
	}
	rep, err := tx.Transact(ctx, conn, tx.Structs(Person{Name: "Ada", Born: 1815}))
	if err != nil {
		return err
	}
	people := query.Each[Person](ctx, rep.After, `[:find ?name ?born :where [?p :person/name ?name] [?p :person/born ?born]]`)
	for p, err := range people {
		if err != nil {
			return err
		}
		fmt.Fprintln(w, p.Name, p.Born)
	}
	return nil
}
