package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

func ExampleOpen() {
	store := mem.New()
	conn := must(db.Open(ctx, store, db.Options{Name: "library"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/lent")}))
	fmt.Println(conn.Snapshot(), conn.Close())

	again := must(db.Open(ctx, store, db.Options{Name: "library", ReadOnly: true}))
	fmt.Println(again.Snapshot())
	// Output:
	// snapshot t 1000 <nil>
	// snapshot t 1000
}

func ExampleOpenOwned() {
	store := mem.New()
	conn := must(db.OpenOwned(ctx, store, db.Options{}))
	fmt.Println(conn.Close())
	_, err := store.Get(ctx, "anything")
	fmt.Println(err)
	// Output:
	// <nil>
	// get anything: store is closed
}

func ExampleConn_Index() {
	store := mem.New()
	conn := must(db.Open(ctx, store, db.Options{}))
	for range 100 {
		must(tx.Transact(ctx, conn))
	}
	fmt.Println(conn.Stats().Tail > 0, conn.Index(ctx), conn.Stats().Tail)
	again := must(db.Open(ctx, store, db.Options{})) // reads the log from there on
	fmt.Println(again.Stats().Indexed, again.Snapshot())
	// Output:
	// true <nil> 0
	// t 1099 snapshot t 1099
}

func ExampleConn_Collect() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	for range 3 {
		must(tx.Transact(ctx, conn))
		must(0, conn.Index(ctx))
	}
	done := must(conn.Collect(ctx, db.CollectOptions{Window: 30 * 24 * time.Hour}))
	fmt.Println(done.Retired, done.Kept, done.Segments)
	// Output: 0 3 0
}

// Several databases in one store: each has a name, which can be given away.
func ExampleDatabases() {
	store := mem.New()
	must(db.Open(ctx, store, db.Options{Name: "people"}))
	must(db.Open(ctx, store, db.Options{Name: "books"}))
	for _, d := range must(db.Databases(ctx, store)) {
		fmt.Println(d.Name, len(d.ID))
	}
	// Output:
	// books 32
	// people 32
}

// Whoever has a database open that is dropped is told; the name may be used again.
func ExampleDrop() {
	store := mem.New()
	conn := must(db.Open(ctx, store, db.Options{Name: "books"}))
	fmt.Println(db.Drop(ctx, store, "books"))
	_, err := tx.Transact(ctx, conn, tx.Map{"db/doc": "too late"})
	fmt.Println(errors.Is(err, db.ErrDropped))
	fmt.Println(db.Drop(ctx, store, "books"))
	// Output:
	// <nil>
	// true
	// db: no such database: books
}

func ExampleCollectDropped() {
	store := mem.New()
	conn := must(db.Open(ctx, store, db.Options{Name: "books"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "a book"}))
	must(0, conn.Close())
	must(0, db.Drop(ctx, store, "books"))
	done := must(db.CollectDropped(ctx, store, 30*24*time.Hour, nil))
	fmt.Println(done.Databases, done.Kept)
	done = must(db.CollectDropped(ctx, store, 0, nil))
	fmt.Println(done.Databases, done.Kept)
	// Output:
	// 0 1
	// 1 0
}

func ExampleRename() {
	store := mem.New()
	must(db.Open(ctx, store, db.Options{Name: "books"}))
	fmt.Println(db.Rename(ctx, store, "books", "library"))
	_, err := db.Open(ctx, store, db.Options{Name: "librery", ReadOnly: true})
	fmt.Println(err)
	// Output:
	// <nil>
	// db: no such database: librery (did you mean library?)
}

// The chain of a log is kept in another place. The log goes on from it, or it was altered.
func ExampleVerify() {
	store := mem.New()
	conn := must(db.Open(ctx, store, db.Options{}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "two"}))
	var kept db.Chain
	for v, err := range db.Verify(ctx, store, "main") { // a large database yields how far it has come
		if err != nil {
			fmt.Println(err)
		}
		kept = v.Chain
	}
	fmt.Println(kept.Records, kept.Transactions, kept.T)

	last := kept.ID + "/log/0000000000000002"
	fmt.Println(store.Delete(ctx, last))
	for _, err := range db.Verify(ctx, store, "main", kept) {
		place := new(db.StoreError)
		fmt.Println(errors.Is(err, db.ErrCorrupt), errors.As(err, &place) && place.Key == last)
	}
	// Output:
	// 2 2 t 1002
	// <nil>
	// true true
}

func ExampleVerification_Resume() {
	store := mem.New()
	conn := must(db.Open(ctx, store, db.Options{}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	if err := conn.Index(ctx); err != nil {
		fmt.Println(err)
	}
	var kept []byte
	for v, err := range db.Verify(ctx, store, "main") {
		if err != nil {
			fmt.Println(err)
		}
		kept, _ = json.Marshal(v)
		break // of a large database there would be more to come
	}
	var last db.Verification
	if err := json.Unmarshal(kept, &last); err != nil {
		fmt.Println(err)
	}
	for v, err := range last.Resume(ctx, store) {
		if v.Completed {
			fmt.Println(v.Completed, v.Transactions, len(v.Damages), err)
		}
	}
	// Output: true 1 0 <nil>
}

func ExampleConn_Verify() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	for v, err := range conn.Verify(ctx) {
		fmt.Println(v.Records, err)
	}
	// Output: 1 <nil>
}

// Two connections to one store: what one writes, the other knows after Sync.
func ExampleConn_Sync() {
	store := mem.New()
	writer, reader := must(db.Open(ctx, store, db.Options{})), must(db.Open(ctx, store, db.Options{}))
	must(tx.Transact(ctx, writer, tx.Map{"db/doc": "one"}))
	fmt.Println(must(reader.Sync(ctx)))
	// Output: snapshot t 1000
}

// A request that follows a write reads at least what was written: the t of the report travels with it.
func ExampleConn_SyncTo() {
	store := mem.New()
	writer, reader := must(db.Open(ctx, store, db.Options{})), must(db.Open(ctx, store, db.Options{}))
	rep := must(tx.Transact(ctx, writer, tx.Map{"db/doc": "one"}))
	fmt.Println(must(reader.SyncTo(ctx, rep.T)).T() >= rep.T)
	// Output: true
}

func ExampleConn_At() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	first := must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "two"}))
	fmt.Println(conn.Snapshot(), "was", must(conn.At(ctx, first.T)))
	_, err := conn.At(ctx, 5000)
	fmt.Println(errors.Is(err, db.ErrFuture))
	// Output:
	// snapshot t 1002 was snapshot t 1000
	// true
}

func ExampleConn_Reports() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "two"}))

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for rep, err := range conn.Reports(ctx, 0) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(rep.T, rep.Datoms[1].V)
		if rep.T == conn.Snapshot().T() {
			cancel() // without it, Reports waits for the next transaction
		}
	}
	// Output:
	// t 1000 "one"
	// t 1002 "two"
	// context canceled
}

func ExampleConn_Stats() {
	conn := must(db.Open(ctx, mem.New(), db.Options{}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	stats := conn.Stats()
	fmt.Println(stats.T, stats.Seq, stats.Datoms)
	// Output: t 1000 1 2
}

// An observer is told of every transaction, here to count those that took long.
func ExampleObserver() {
	slow := &slowCounter{limit: time.Minute}
	conn := must(db.Open(ctx, mem.New(), db.Options{Observer: slow}))
	must(tx.Transact(ctx, conn, tx.Map{"db/doc": "one"}))
	fmt.Println(slow.slow, "of", slow.all)
	// Output: 0 of 1
}

type slowCounter struct {
	limit     time.Duration
	slow, all int
}

func (c *slowCounter) Observe(e db.Event) {
	if c.all++; e.Duration > c.limit {
		c.slow++
	}
}

// A caller that no longer waits keeps the id of the outcome, as text, and asks later.
func ExampleConn_TxStatus() {
	slow := &slowStore{Store: mem.New(), answer: make(chan struct{})}
	conn := must(db.Open(ctx, slow, db.Options{}))

	hurried, cancel := context.WithCancel(ctx)
	slow.impatience = cancel
	_, err := tx.Transact(hurried, conn, tx.Map{"db/doc": "one"})
	var outcome *db.OutcomeError
	fmt.Println(errors.As(err, &outcome), errors.Is(err, db.ErrUnknownOutcome), errors.Is(err, context.Canceled))
	kept := outcome.ID.String()

	close(slow.answer)
	status, t, err := conn.TxStatus(ctx, must(db.ParseOutcomeID(kept)))
	fmt.Println(status, t, err)
	// Output:
	// true true true
	// committed t 1000 <nil>
}

// A slowStore keeps the caller of a transaction waiting for an answer until it is out of patience.
type slowStore struct {
	storage.Store
	impatience func()
	answer     chan struct{}
}

func (s *slowStore) Create(ctx context.Context, key string, value []byte) error {
	if s.impatience != nil {
		s.impatience()
		<-s.answer
	}
	return s.Store.Create(ctx, key, value)
}

func ExampleParseOutcomeID() {
	id, err := db.ParseOutcomeID("17-0-9f86d081884c7d659a2feaa0c55ad015")
	fmt.Println(id.Seq, id.Place, err)
	_, err = db.ParseOutcomeID("seventeen")
	fmt.Println(err)
	// Output:
	// 17 0 <nil>
	// db: not the id of an outcome: "seventeen"
}
