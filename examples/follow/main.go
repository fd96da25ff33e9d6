// Follow sends every datom on, and goes on where it stopped when it is started again.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/tx"
)

// A Person is an entity; its tags are its schema.
type Person struct {
	Name string `datom:"person/name,identity"`
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// A cursor is where a follower has come to; a real one keeps it where a restart finds it.
type cursor struct{ last db.T }

func run(ctx context.Context, w io.Writer) error {
	conn, err := datolite.Open(ctx, "")
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := tx.Transact(ctx, conn, tx.Schema[Person]()); err != nil {
		return err
	}
	at := &cursor{conn.Snapshot().T()}
	for _, name := range []string{"Ada", "Bob"} {
		rep, err := tx.Transact(ctx, conn, tx.Structs(Person{Name: name}))
		if err != nil {
			return err
		}
		if err := follow(ctx, w, conn, at, rep.T); err != nil {
			return err
		}
	}
	return nil
}

// follow sends what came after the cursor, up to a transaction, and moves the cursor. Effect and cursor are two writes: what is
// sent arrives at least once.
func follow(ctx context.Context, w io.Writer, conn *db.Conn, at *cursor, until db.T) error {
	for rep, err := range conn.Reports(ctx, at.last) { // t > last; ends by yielding ctx.Err() once
		if err != nil {
			return err
		}
		for _, d := range rep.Datoms[1:] {
			fmt.Fprintln(w, d.V, d.Added)
		}
		at.last = rep.T
		if rep.T >= until {
			return nil
		}
	}
	return nil
}
