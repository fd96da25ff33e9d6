package db

import (
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// The nouns of the floors below that users hold. They are aliased here and nowhere else.
type (
	// ID names an entity. Methods: Part, T, String.
	ID = index.ID
	// T is a place in the order of a database. Methods: String.
	T = index.T
	// Datom is an event: E, A, V, Tx, Added.
	Datom = index.Datom
	// Value is a value of a datom. Methods: Kind, Any, String, Bool, Long, Ref, Double, Instant, Text, Tuple, BigInt, Decimal, IsNil.
	Value = index.Value
	// Moment names a point in time: a T, the ID of a transaction, or When(a time.Time). Methods: String.
	Moment = index.Moment
	// When is the Moment of a time on the clock: db.When(time.Now()). Methods: String.
	When = index.When
	// Order is the order of an index: EAVT, AEVT, AVET or VAET. Methods: String, Compare.
	Order = index.Order
	// Values is what is known of the values of an attribute: Facts, Distinct, Exact, Min, Max.
	Values = index.Values
	// IDSet is a set of entity ids. Methods: Add, Has, Len.
	IDSet = index.IDSet

	// Keyword is a name such as status/active, written in Go without its colon. Methods: String, Namespace, Name.
	Keyword = edn.Keyword
	// Symbol is a name such as clojure.string/blank?. Methods: String, Namespace, Name.
	Symbol = edn.Symbol
	// URI is a uniform resource identifier, compared as text.
	URI = edn.URI
	// UUID is a universally unique identifier of 16 bytes. Methods: String.
	UUID = edn.UUID
	// Decimal is an exact decimal number with a scale. Methods: String, Add, Sub, Mul, Quo, Cmp.
	Decimal = edn.Decimal
	// Tuple is a tuple value, a []any of two to eight elements, nil where a slot is empty.
	Tuple = edn.Tuple
)

// The orders of the indexes.
const (
	EAVT = index.EAVT
	AEVT = index.AEVT
	AVET = index.AVET
	VAET = index.VAET
)

// A LookupRef names an entity by the value of a unique attribute. Make one with Lookup.
type LookupRef struct {
	Attr  string // with or without its colon
	Value any
}

// Lookup returns the reference to the entity whose unique attribute attr has the value.
func Lookup(attr string, value any) LookupRef { return LookupRef{attr, value} }

// String returns the lookup ref as EDN.
func (l LookupRef) String() string {
	return "[:" + strings.TrimPrefix(l.Attr, ":") + " " + shown(plainRef(l.Value)) + "]"
}

// plainRef returns a value of a lookup ref with the lookup refs in it as vectors.
func plainRef(x any) any {
	switch x := x.(type) {
	case LookupRef:
		return []any{Keyword(strings.TrimPrefix(x.Attr, ":")), plainRef(x.Value)}
	case Tuple:
		slots := make([]any, len(x))
		for i := range x {
			slots[i] = plainRef(x[i])
		}
		return slots
	}
	return x
}
