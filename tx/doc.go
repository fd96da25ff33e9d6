// Package tx turns transaction data into commits. Transact writes them, Import writes many at once; With only shows what would come of them.
// ExportText and ImportText write and read a whole database as text.
//
//   - Data is what a transaction is made of: text (EDN), maps (Map), operations (Add, Retract, RetractEntity, CAS, List), tagged
//     structs (Structs, Schema), functions (Func), idempotency keys (Once), and All of several.
//   - A tempid is a string that stands for one entity within one transaction, new or found by its unique identity. The tempid
//     "datomic.tx" is the transaction.
//   - An Error tells which item was refused, and why; what kind of refusal it is, errors.Is tells.
//
// To write a person, and to see what a correction would do:
//
//	type Person struct {
//		Name string `datom:"person/name,identity"`
//		Born int    `datom:"person/born"`
//	}
//
//	_, err = tx.Transact(ctx, conn, tx.Schema[Person]())
//	_, err = tx.Transact(ctx, conn, tx.Structs(Person{Name: "Ada", Born: 1815}))
//	rep, err := tx.With(ctx, conn.Snapshot(), tx.Map{"person/name": "Ada", "person/born": 1816})
//	fmt.Println(len(rep.Datoms)) // 3: the instant, the end of 1815, and 1816
//
// # What to know
//
// Inside a transaction every item sees only the state before it: the database as it was, and nothing that another item says.
// The items are a set, without an order. So two functions that each add one to a counter of 5 both assert 6, and together they
// assert 6; a lookup ref finds only what was there before; an attribute can be used from the next transaction on. To add and to
// retract the same fact is a contradiction, and refused, and so are two values of an attribute that has one.
//
// A map without "db/id", or with a tempid, is about the entity that has its unique identity, if there is one, and else about a
// new one; an entity that is named by id, ident or lookup ref stays what it is. Two maps that give a new entity the same identity
// are about one.
//
// A fact that holds already is no datom, and keeps its transaction. A new value of an attribute that has one ends the old one.
// What is unique is judged on the state after: a value may move from one entity to another, and two may be swapped.
//
// A composite tuple (:db/tupleAttrs) is kept by the database: whenever a constituent of it is mentioned of an entity, even in vain,
// it becomes what the constituents are after the transaction, nil where one is missing. So one that is installed when there is
// data has no value of an entity until then, or until Backfill is called. What is stated of it only names the entity, where it is a unique identity, and is
// refused if it comes to something else. Partial tuples are unique like others, nil being equal to nil, unless
// :db.tuple/nilsDistinct is true of the attribute; with :db.tuple/upsert, values for all parts name the entity as the whole does.
//
// In Go a string is a string or, where an entity must be, a tempid; write db.Keyword for an ident and db.Lookup for a lookup ref.
// In text, as in Datomic, a string that begins with a colon where an entity must be is an ident.
//
// # How it works
//
// Each stage is a type and a file: items become claims (expand), claims become changes of known entities (resolve), changes become
// the facts of a commit (settle), and the snapshot applies it. With and Transact run the same stages, so they cannot differ.
package tx
