package tx

import (
	"context"

	"github.com/datolite/datolite/db"
)

// Data is what a transaction is made of: EDN, Map, List, Structs, Schema, Add, Retract, RetractEntity, CAS, Func, and All of
// several. All data of one transaction is one unordered set: every item sees only the database before, none another item,
// and their order means nothing.
type Data interface {
	// items appends what the data asserts, as forms that expand turns into claims.
	data()
}

// A Map says attributes of one entity. The key "db/id" names it: a db.ID, a db.Keyword, a db.Lookup or a string, which is a
// tempid; without the key the map is about a new entity, or the one that has its unique identity. A value may be a plain Go
// value, a slice of those where the attribute has many, another Map for a reference. A key such as "person/_friend" says the
// reference the other way round.
type Map map[string]any

// A List is an operation with its arguments, as in EDN: tx.List{db.Keyword("db/add"), "ada", "person/name", "Ada"}.
type List []any

// A Func is a transaction function: what it returns becomes part of the transaction. Two equal calls in one transaction see the
// same database before and assert the same facts, so they count as one: two transfers of 10 are one transfer of 10. It may run
// more than once, so it must not change anything, and capture nothing that changes. Its error reaches the caller of Transact.
type Func func(ctx context.Context, before *db.Snapshot) (Data, error)

func (Map) data()  {}
func (List) data() {}
func (Func) data() {}

// EDN returns the transaction data of a text: a vector of maps and lists.
func EDN(text string) Data { panic("not built") }

// All returns several data as one.
func All(data ...Data) Data { panic("not built") }

// Add asserts that entity e has value v for an attribute; e is as the "db/id" of a Map.
func Add(e any, attr string, v any) Data { panic("not built") }

// Retract ends the values of an attribute: those given, or all.
func Retract(e any, attr string, v ...any) Data { panic("not built") }

// RetractEntity ends everything said of an entity and of its components, and every reference to them.
func RetractEntity(e any) Data { panic("not built") }

// CAS replaces the value old of an attribute by new, and refuses the transaction where the value is another; nil as old means that there is none.
func CAS(e any, attr string, old, new any) Data { panic("not built") }

// Structs asserts what the fields of structs say, by their tags `datom:"person/name,identity"`. A zero field says nothing; a
// pointer tells zero from absent. Items are structs, or pointers to them.
func Structs(items ...any) Data { panic("not built") }

// Schema installs the attributes that the tags of T, and of the component structs in it, describe. Doing it again changes nothing.
func Schema[T any]() Data { panic("not built") }

// Transact makes data part of the database. When it returns, the transaction is durable, and conn.Snapshot shows it.
func Transact(ctx context.Context, conn *db.Conn, data ...Data) (*db.Report, error) {
	panic("not built")
}

// With returns what Transact would, and writes nothing. The report's After can be asked, and built on, like any snapshot.
func With(ctx context.Context, snap *db.Snapshot, data ...Data) (*db.Report, error) {
	panic("not built")
}
