package index

import (
	"fmt"
	"time"
)

// An ID names an entity: a partition (20 bits) above a T (42 bits). IDs of one partition sort by the time they were made.
type ID int64

// A T is a place in the order of a database. Transactions and new entities take their T from one counter, so the T of two
// transactions that follow each other need not be neighbours.
type T int64

// The partitions that every database has.
const (
	PartDB   = 0 // attributes, and what else is schema
	PartTx   = 3 // transactions
	PartUser = 4 // everything else, unless a transaction says otherwise
)

const tBits = 42

// NewID returns the entity id of t in a partition. A partition is the entity id of the partition's own entity.
func NewID(part ID, t T) ID { return part<<tBits | ID(t) }

// TxID returns the entity id of the transaction t.
func TxID(t T) ID { return NewID(PartTx, t) }

// Part returns the partition of the id.
func (id ID) Part() ID { return id >> tBits }

// T returns the place of the id in the order of its database.
func (id ID) T() T { return T(id & (1<<tBits - 1)) }

// A Moment names a point in a database's time: a T, the ID of a transaction, or When(a time). It is resolved when it is first
// read. As a bound, a T or ID means the transaction of that t and everything before it; When(x) means every transaction
// whose instant is at or before x.
type Moment interface {
	fmt.Stringer
	moment()
}

// String returns the t in words, such as "t 1000".
func (t T) String() string { return fmt.Sprintf("t %d", int64(t)) }

// String returns the id as a number.
func (id ID) String() string { return fmt.Sprintf("%d", int64(id)) }

func (T) moment()    {}
func (ID) moment()   {}
func (When) moment() {}

// When is the Moment of a time on the clock, in the database's precision of a millisecond.
type When time.Time

// String returns the time in UTC, to the millisecond.
func (w When) String() string { return time.Time(w).UTC().Format("2006-01-02T15:04:05.000Z") }
