// Whatif builds on a snapshot without writing anything.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// A Person is an entity; its tags are its schema.
type Person struct {
	Name string `datom:"person/name,identity"`
	Born int    `datom:"person/born"`
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	conn, err := datolite.Open(ctx, "")
	if err != nil {
		return err
	}
	defer conn.Close()
	rep, err := tx.Transact(ctx, conn, tx.Schema[Person]())
	if err != nil {
		return err
	}
	snap := rep.After
	one, err := tx.With(ctx, snap, tx.Map{"person/name": "Ada", "person/born": 1816})
	if err != nil {
		return err
	}
	two, err := tx.With(ctx, one.After, tx.Map{"person/name": "Bob", "person/born": 1900})
	if err != nil {
		return err
	}
	n, err := query.One[int](ctx, two.After, `[:find (count ?p) . :where [?p :person/name]]`)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, n, two.After.Speculative(), conn.Snapshot().Speculative())
	return nil
}
