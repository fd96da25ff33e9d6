package db

import (
	"context"
	"iter"
	"time"

	"github.com/datolite/datolite/index"
)

// A Reader is a value that can be asked: a *Snapshot or a *View of one. It never changes, and any number of goroutines may
// read it. Where a method takes an entity (e any), that is an ID, a Keyword (its ident) or a LookupRef; an attribute is a
// string, Keyword or ID. Questions in Datalog and whole trees: see query.All and query.Pull.
type Reader interface {
	// T returns the basis: the t of the newest transaction in the snapshot beneath, whatever the view.
	T() T
	// Schema returns the schema of the snapshot beneath: views change what is seen, never what it means.
	Schema() *Schema
	// IsHistory reports whether the reader shows retractions and what they ended.
	IsHistory() bool
	// EntID returns the id of an entity, and ErrNotAnEntity where an ident or lookup ref names none. An ID is returned as it is.
	EntID(ctx context.Context, e any) (ID, error)
	// Entity returns what is known of one entity.
	Entity(ctx context.Context, e any) (Entity, error)
	// Datoms yields the datoms of an order whose first components are these, in the order's sequence: for EAVT an entity, an
	// attribute, a value, a transaction, and so on. A component that names nothing matches nothing; nil ends the list.
	Datoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error]
	// SeekDatoms yields the datoms of an order from the place of the components on, to the end of the order.
	SeekDatoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error]
	// IndexRange yields the datoms of an attribute in AVET with start ≤ value < end; nil leaves a side open.
	IndexRange(ctx context.Context, attr, start, end any) iter.Seq2[Datom, error]
	// Count returns how many datoms Datoms would yield: exactly on a snapshot, at most that many on a view, and without reading them.
	Count(ctx context.Context, o Order, components ...any) (int, error)
	// TxRange yields the transactions with start ≤ t < end from the log, oldest first; nil leaves a side open.
	TxRange(ctx context.Context, start, end Moment) iter.Seq2[Tx, error]
	// Scan walks a range of an order in batches of columns; it is what query operators read.
	Scan(ctx context.Context, o Order, r index.Range) (*index.Cursor, error)
	// Snapshot returns the snapshot beneath.
	Snapshot() *Snapshot
	String() string

	sealed()
}

// A Tx is a transaction as the log holds it.
type Tx struct {
	T       T
	ID      ID
	Instant time.Time
	Datoms  []Datom // txInstant included
}

// A Snapshot is a database as of one transaction: a value, made without I/O and held as long as one likes. Taking part in the
// future is for snapshots alone: see tx.With. What the past was, ask with AsOf, Since and History.
type Snapshot struct{ _ int }

// A View is a snapshot seen another way. Views of views add up.
type View struct{ _ int }

// AsOf returns the view of everything up to a moment, that included.
func (s *Snapshot) AsOf(m Moment) *View { panic("not built") }

// Since returns the view of what was asserted after a moment.
func (s *Snapshot) Since(m Moment) *View { panic("not built") }

// History returns the view of every assertion and retraction.
func (s *Snapshot) History() *View { panic("not built") }

// Filter returns the view of the datoms that keep approves of; r is what Filter was called on.
func (s *Snapshot) Filter(keep func(r Reader, d Datom) bool) *View { panic("not built") }

// Without returns the view that hides the entities of a set, at the cost of one bit test per datom.
func (s *Snapshot) Without(hidden *IDSet) *View { panic("not built") }

// AsOf is as Snapshot.AsOf; of two bounds the earlier counts.
func (v *View) AsOf(m Moment) *View { panic("not built") }

// Since is as Snapshot.Since; of two bounds the later counts.
func (v *View) Since(m Moment) *View { panic("not built") }

// History is as Snapshot.History, within the bounds of the view.
func (v *View) History() *View { panic("not built") }

// Filter is as Snapshot.Filter; what both filters approve of is seen.
func (v *View) Filter(keep func(r Reader, d Datom) bool) *View { panic("not built") }

// Without is as Snapshot.Without.
func (v *View) Without(hidden *IDSet) *View { panic("not built") }

// Speculative reports whether the snapshot holds transactions that were never committed: it comes from tx.With.
func (s *Snapshot) Speculative() bool { panic("not built") }

// Instant returns the instant of the newest transaction.
func (s *Snapshot) Instant() time.Time { panic("not built") }

// Now returns the instant that the next transaction gets if it does not say otherwise: the clock's, but never before Instant.
func (s *Snapshot) Now() time.Time { panic("not built") }

// Clock returns what the database's clock says, in UTC milliseconds.
func (s *Snapshot) Clock() time.Time { panic("not built") }

// NextT returns the t of the next transaction; entities that it makes take those after it.
func (s *Snapshot) NextT() T { panic("not built") }

// NextElement returns the id of the next attribute.
func (s *Snapshot) NextElement() ID { panic("not built") }

// Host returns what the host gave the database under a name.
func (s *Snapshot) Host(name string) (Named, bool) { panic("not built") }

// Apply returns the report of a commit on the snapshot, whose After is the next snapshot. Nothing is written. It is for tx alone.
func (s *Snapshot) Apply(c Commit) (*Report, error) { panic("not built") }

// A Commit is the facts and ids that a transaction comes to, ready to be applied to the snapshot that it was made on.
type Commit struct {
	T       T         // the transaction's: the snapshot's NextT
	Instant time.Time // UTC milliseconds, not before the snapshot's
	// Facts are in the order in which the report shows them: an open fact (Tx is the transaction) is asserted, a closed one
	// (End is the transaction) ends what Tx asserted. The fact of :db/txInstant is not among them: Apply puts it first.
	Facts       []index.Fact
	TempIDs     map[string]ID
	Created     []ID
	NextT       T
	NextElement ID
}

// A Report is what came of a transaction.
type Report struct {
	T       T
	Tx      ID
	Instant time.Time
	Before  *Snapshot
	After   *Snapshot
	Datoms  []Datom       // :db/txInstant first
	TempIDs map[string]ID // what each tempid became
	Created []ID          // the ids of the items that had none, in their order
}

// An Entity is what a reader shows of one entity, read at once.
type Entity struct{ _ int }

// ID returns the entity's id.
func (e Entity) ID() ID { panic("not built") }

// Exists reports whether anything is known of the entity.
func (e Entity) Exists() bool { panic("not built") }

// Get returns the value of an attribute as a plain Go value, a reference as an ID; of several, the first. It is nil where
// there is none.
func (e Entity) Get(attr string) any { panic("not built") }

// All returns the values of an attribute in the order of values.
func (e Entity) All(attr string) []any { panic("not built") }

// Attributes yields the names of the attributes that have values, in the order of their ids.
func (e Entity) Attributes() iter.Seq[Keyword] { panic("not built") }
