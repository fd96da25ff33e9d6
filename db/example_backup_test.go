package db_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

func ExampleConn_Backup() {
	conn := must(db.Open(ctx, mem.New(), db.Options{Name: "library"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/lent")}))

	backups := mem.New() // or a folder on another disk: bolt.Open
	b := must(conn.Backup(ctx, backups, func(done db.Copy) { _ = done.Bytes }))
	fmt.Println(b.Name, b.T, b.Transactions)

	must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/lost")}))
	b = must(conn.Backup(ctx, backups, nil)) // copies what is new
	fmt.Println(b.Name, b.T, b.Transactions)
	// Output:
	// library t 1000 1
	// library t 1002 2
}

func ExampleBackups() {
	conn := must(db.Open(ctx, mem.New(), db.Options{Clock: func() time.Time { return time.UnixMilli(1_800_000_000_000) }}))
	backups := mem.New()
	for range 2 {
		must(tx.Transact(ctx, conn))
		must(conn.Backup(ctx, backups, nil))
	}
	for _, b := range must(db.Backups(ctx, backups)) {
		fmt.Println(b.Name, b.T, b.Made)
	}
	// Output:
	// main t 1001 2027-01-15 08:00:00 +0000 UTC
	// main t 1000 2027-01-15 08:00:00 +0000 UTC
}

func ExampleRestore() {
	conn := must(db.Open(ctx, mem.New(), db.Options{Name: "library"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/lent"), "db/doc": "come back later"}))
	backups := mem.New()
	must(conn.Backup(ctx, backups, nil))

	store, newest := mem.New(), must(db.Backups(ctx, backups))[0]
	made := must(db.Restore(ctx, backups, newest, store, db.RestoreOptions{Name: "copy"}))
	again := must(db.Open(ctx, store, db.Options{Name: "copy"}))
	lent := must(again.Snapshot().Entity(ctx, db.Keyword("status/lent")))
	fmt.Println(made.Name, made.Origin == newest.ID, lent.Get("db/doc"))

	_, err := db.Restore(ctx, backups, newest, store, db.RestoreOptions{Name: "copy"})
	fmt.Println(err, errors.Is(err, db.ErrTaken))
	// Output:
	// copy true come back later
	// db: name is taken: copy true
}

func ExampleRestore_earlier() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	good := must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/lent"), "db/doc": "come back later"}))
	must(tx.Transact(ctx, conn, tx.EDN(`[[:db/retractEntity :status/lent]]`))) // a mistake
	backups := mem.New()
	b := must(conn.Backup(ctx, backups, nil))

	must(db.Restore(ctx, backups, b, backups, db.RestoreOptions{Name: "before", T: good.T}))
	again := must(db.Open(ctx, backups, db.Options{Name: "before"}))
	lent := must(again.Snapshot().Entity(ctx, db.Keyword("status/lent")))
	fmt.Println(again.Snapshot(), lent.Get("db/doc"))
	// Output: snapshot t 1000 come back later
}

func ExampleVerifyBackup() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/lent")}))
	backups := mem.New()
	b := must(conn.Backup(ctx, backups, nil))
	for v, err := range db.VerifyBackup(ctx, backups, b) {
		fmt.Println(v.Completed, v.Transactions, err)
	}
	// Output: true 1 <nil>
}
