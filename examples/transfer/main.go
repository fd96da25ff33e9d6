// Transfer moves money between accounts in a transaction function, and calls a Go function from a query.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

var balance = query.MustPrepare[int64](`[:find ?b . :in $ ?a :where [?a :account/balance ?b]]`)

// ErrFunds tells that an account has less than is asked of it.
var ErrFunds = errors.New("not enough money")

// An Account is an entity; its tags are its schema.
type Account struct {
	Owner   string  `datom:"account/owner,identity"`
	Balance int64   `datom:"account/balance"`
	Lat     float64 `datom:"account/lat"`
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func transfer(from, to db.ID, n int64) tx.Func { // may run more than once: capture nothing that changes
	return func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		a, err := balance.One(ctx, before, from)
		if err != nil {
			return nil, err
		}
		b, err := balance.One(ctx, before, to)
		if err != nil {
			return nil, err
		}
		if a < n {
			return nil, fmt.Errorf("%w: %d of %d", ErrFunds, a, n)
		}
		return tx.All(
			tx.Map{"db/id": from, "account/balance": a - n},
			tx.Map{"db/id": to, "account/balance": b + n}), nil
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1 }

func run(ctx context.Context, w io.Writer) error {
	store := mem.New()
	defer store.Close()
	conn, err := db.Open(ctx, store, db.Options{Host: []db.Named{query.Func("geo/near?", near)}})
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := tx.Transact(ctx, conn, tx.Schema[Account]()); err != nil {
		return err
	}
	rep, err := tx.Transact(ctx, conn, tx.Structs(
		Account{Owner: "Ada", Balance: 100, Lat: 51.5}, Account{Owner: "Bob", Balance: 20, Lat: 52.2}))
	if err != nil {
		return err
	}
	ada, bob := rep.Created[0], rep.Created[1]
	if rep, err = tx.Transact(ctx, conn, transfer(ada, bob, 10)); err != nil {
		return err
	}
	_, err = tx.Transact(ctx, conn, transfer(ada, bob, 1000))
	fmt.Fprintln(w, errors.Is(err, ErrFunds))
	rows, err := query.All[Account](ctx, rep.After, `[:find ?owner ?balance :where [?a :account/owner ?owner]
		[?a :account/balance ?balance] [?a :account/lat ?lat] [(geo/near? ?lat 51.0)]]`)
	if err != nil {
		return err
	}
	for _, a := range rows {
		fmt.Fprintln(w, a.Owner, a.Balance)
	}
	return nil
}
