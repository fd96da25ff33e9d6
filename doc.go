// Package datolite is an embeddable database of immutable facts, in the manner of Datomic. It opens a database; the packages below
// it are what one does with it:
//
//   - db has the nouns: Conn is a database in a store, Snapshot its value at one moment, View a snapshot seen another way (AsOf,
//     Since, History, Filter), Report what came of a transaction.
//   - tx changes a Conn: Transact writes data (maps, structs, EDN, functions), With tells what would come of it.
//   - query asks a Snapshot or View: Datalog into Go values, and Pull for trees.
//   - provenance keeps pipelines as graphs of computations that are named by their content.
//   - storage is what a database needs of an engine; storage/mem and storage/bolt are two of them, and storage/remote is that of
//     another process.
//
// A fact is never overwritten. It holds from the transaction that asserted it until one that ends it, and what held at any moment
// can be asked:
//
//	conn, err := datolite.Open(ctx, "people") // a folder; "" keeps it in memory
//	_, err = tx.Transact(ctx, conn, tx.Schema[Person]())
//	rep, err := tx.Transact(ctx, conn, tx.Structs(Person{Name: "Ada", Born: 1851}))
//	_, err = tx.Transact(ctx, conn, tx.Map{"person/name": "Ada", "person/born": 1815})
//
//	snap := conn.Snapshot()
//	old, err := query.All[Person](ctx, snap, `[:find ?name ?born :where [?p :person/name ?name] [?p :person/born ?born] [(< ?born 1900)]]`)
//	ada, err := query.Pull[Person](ctx, snap.AsOf(rep.T), db.Lookup("person/name", "Ada")) // as she was
//
// # What to know
//
// Inside a transaction everything sees the database as it was before: two increments in one transaction are one.
//
// When Transact returns without an error, the transaction is durable and visible. An error means that nothing happened, unless it is
// db.ErrUnknownOutcome.
//
// A folder serves one process at a time, which can serve it to others: see storage/remote. What is new is in memory, and goes
// into an index in the folder from time to time: see db.Conn.Index.
package datolite
