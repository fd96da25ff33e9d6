package tx

import (
	"context"
	"strings"

	"github.com/datolite/datolite/db"
)

// Data is what a transaction is made of: EDN, Map, List, Structs, Schema, Add, Retract, RetractEntity, CAS, Func, Once, and All
// of several. All data of one transaction is one unordered set: every item sees only the database before, none another item,
// and their order means nothing.
type Data interface {
	// items gives the data, item by item, to the collector.
	items(c *collector)
}

// A Map says attributes of one entity. The key "db/id" names it: a db.ID, a db.Keyword, a db.Lookup or a string, which is a
// tempid; without the key the map is about a new entity, or the one that has its unique identity. A value may be a plain Go
// value, a slice of those where the attribute has many, another Map for a reference. A key such as "person/_friend" says the
// reference the other way round.
//
// A string is a string or, where the attribute is a reference, a tempid, and never a keyword: write db.Keyword("status/active").
type Map map[string]any

// A List is an operation with its arguments, as in EDN: tx.List{db.Keyword("db/add"), "ada", "person/name", "Ada"}.
type List []any

// A Func is a transaction function: what it returns becomes part of the transaction. Two equal calls in one transaction see the
// same database before and assert the same facts, so they count as one: two transfers of 10 are one transfer of 10. It may run
// more than once, so it must not change anything, and capture nothing that changes. Its error reaches the caller of Transact.
type Func func(ctx context.Context, before *db.Snapshot) (Data, error)

func (m Map) items(c *collector)  { c.addForm(c.mapped(m)) }
func (l List) items(c *collector) { c.addForm(fromGo([]any(l), 0)) }

func (f Func) items(c *collector) {
	if f == nil {
		c.fail(fail(ErrNotData, "a Func is nil"))
		return
	}
	c.add(form{kind: call, val: f}, false)
}

// All returns several data as one.
func All(data ...Data) Data { return all(data) }

type all []Data

func (a all) items(c *collector) {
	for _, d := range a {
		if d == nil {
			c.fail(fail(ErrNotData, "data is nil"))
			continue
		}
		d.items(c)
	}
}

// Add asserts that entity e has value v for an attribute; e is as the "db/id" of a Map.
func Add(e any, attr string, v any) Data { return operation("db/add", e, key(attr), v) }

// Retract ends the values of an attribute: those given, or all. To end a value that the entity has not is to do nothing; to end
// two of an attribute that has one is a contradiction.
func Retract(e any, attr string, v ...any) Data {
	if len(v) == 0 {
		return operation("db/retract", e, key(attr))
	}
	some := make(all, len(v))
	for i := range v {
		some[i] = operation("db/retract", e, key(attr), v[i])
	}
	return some
}

// RetractEntity ends everything said of an entity and of its components, and every reference to them.
func RetractEntity(e any) Data { return operation("db/retractEntity", e) }

// CAS replaces the value old of an attribute by new, and refuses the transaction with ErrCASFailed where the value is another;
// nil as old means that there is none. The attribute must have one value.
func CAS(e any, attr string, old, new any) Data { return operation("db/cas", e, key(attr), old, new) }

// key returns the name of an attribute, given with or without its colon.
func key(attr string) db.Keyword { return db.Keyword(strings.TrimPrefix(attr, ":")) }

// operation returns a list whose head is known.
func operation(op db.Keyword, args ...any) Data {
	forms := make([]form, 1, 1+len(args))
	forms[0] = form{kind: atom, val: op}
	for _, arg := range args {
		f, err := fromGo(arg, 1)
		if err != nil {
			return unreadable{err}
		}
		forms = append(forms, f)
	}
	return oneForm{kind: list, val: forms}
}

// oneForm is one item of Go data.
type oneForm form

func (f oneForm) items(c *collector) { c.add(form(f), false) }

// unreadable is an item that is no data.
type unreadable struct{ err error }

func (u unreadable) items(c *collector) {
	e := *fail(ErrNotData, "%v", u.err)
	if own, ok := u.err.(*Error); ok {
		e = *own
	}
	c.fail(&e)
}

// An item is one element of the data, and remembers where it stood.
type item struct {
	form form
	n    int  // its number, counted from 1; that of the Func for what a Func returned
	text bool // read from text, where a string that begins with a colon is a keyword
}

// A collector gathers the items of several data in one sequence, and the first error of what is no data.
type collector struct {
	recorder
	list   []item
	err    error
	before int // how many items came before
}

// collect returns the items of the data. They share nothing that the caller may change.
func collect(data []Data) ([]item, error) {
	c := collector{list: make([]item, 0, len(data))}
	all(data).items(&c)
	return c.list, c.err
}

func (c *collector) add(f form, text bool) {
	c.list = append(c.list, item{form: f, n: c.before + len(c.list) + 1, text: text})
}

// addForm adds what a Go value was read as.
func (c *collector) addForm(f form, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.add(f, false)
}

// fail notes an error of the item that would have come next.
func (c *collector) fail(err error) {
	if c.err != nil {
		return
	}
	if e, ok := err.(*Error); ok && e.Line == 0 {
		e.Item = c.before + len(c.list) + 1
	}
	c.err = err
}
