// Package db holds the nouns of a database. Packages tx and query act on them.
//
//   - A Conn is a database in a store: the reference whose value changes. Open makes one.
//   - A Snapshot is its value as of one transaction. It never changes, is taken without I/O, and may be held for ever.
//   - A View is a snapshot seen another way: AsOf and Since a Moment, with its History, or without what a Filter hides.
//   - A Reader is either of them: what can be asked, in Datalog (query.All), as a tree (query.Pull), or raw (Datoms).
//   - A Datom is what a database is made of: a transaction asserted or retracted that an entity has a value for an attribute.
//   - A Schema tells of attributes and names. It is derived from datoms, and is that of its snapshot.
//   - A Report is what came of one transaction: the snapshots before and after, and the datoms between.
//
// To open a database, write to it and ask it:
//
//	conn, err := db.Open(ctx, mem.New(), db.Options{})
//	rep, err := tx.Transact(ctx, conn, tx.Map{"db/ident": db.Keyword("status/active"), "db/doc": "in use"})
//	active, err := rep.After.Entity(ctx, db.Keyword("status/active"))
//	fmt.Println(active.Get("db/doc"))
//
// An entity is named by its ID, by a Keyword that is its ident, or by Lookup of a unique attribute. Keywords and the names of
// attributes are written in Go without their colon.
//
// A Backup is a database as it was at one moment, kept in any store: Conn.Backup makes it while others write, and copies what is new since
// the one before; Backups lists those in a store, VerifyBackup proves one, and Restore makes a database out of it.
//
// # What to know
//
// A view changes what is seen, never what it means: its schema and idents are those of the snapshot beneath. Keys and idents as
// datoms are hidden like all else, so a Lookup through Since finds only keys that were asserted after the moment.
//
// Transactions may share an instant. AsOf a time shows all transactions at or before it, Since a time those after it; a T is exact.
//
// Errors wrap a Kind, which errors.Is finds; CodeOf and CategoryOf tell other systems about it. What a reader is asked for that is
// not there is an error, except among the components of Datoms, where it matches nothing.
package db
