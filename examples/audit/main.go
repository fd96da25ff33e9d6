// Audit asks a database about its past: what was true before a moment, and every change since the beginning.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

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

// A Change is one event in the history of a value.
type Change struct {
	V     int
	T     db.T // the query yields the transaction's id; it scans into a T
	When  time.Time
	Added bool
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
	if _, err := tx.Transact(ctx, conn, tx.Schema[Person]()); err != nil {
		return err
	}
	first, err := tx.Transact(ctx, conn, tx.Structs(Person{Name: "Ada", Born: 1851}))
	if err != nil {
		return err
	}
	if _, err := tx.Transact(ctx, conn, tx.Map{"person/name": "Ada", "person/born": 1815}); err != nil {
		return err
	}
	snap := conn.Snapshot()
	return report(ctx, w, snap, first.T)
}

func report(ctx context.Context, w io.Writer, snap *db.Snapshot, before db.T) error {
	then, err := query.One[int](ctx, snap.AsOf(before), `[:find ?b . :where [?p :person/name "Ada"] [?p :person/born ?b]]`)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "then", then)
	changes, err := query.All[Change](ctx, snap.History(), `[:find ?v ?t ?when ?added :in $ $now
		:where [$now ?p :person/name "Ada"] [?p :person/born ?v ?t ?added] [$now ?t :db/txInstant ?when]
		:order-by [?t ?added]]`, snap)
	if err != nil {
		return err
	}
	for _, c := range changes {
		fmt.Fprintln(w, c.V, c.Added, c.When.IsZero())
	}
	lastWeek := snap.AsOf(db.When(time.Now().AddDate(0, 0, -7)))
	known, err := query.All[string](ctx, lastWeek, `[:find ?n :where [_ :person/name ?n]]`)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "known last week:", len(known))
	return nil
}
