package tx

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/datolite/datolite/db"
)

// The kinds of refusals. Those of names and values are ErrNotAnEntity, ErrUnknownAttribute, ErrNotUnique, ErrWrongType,
// ErrTupleValue and ErrNil of package db; what is too large is db.ErrTooLarge, what this version does not support db.ErrNotBuilt.
var (
	ErrNotData         = db.NewKind("db.error/not-transaction-data", db.Incorrect, "not transaction data")
	ErrNotAFunction    = db.NewKind("db.error/not-a-data-function", db.Incorrect, "no such transaction function")
	ErrNotAKeyword     = db.NewKind("db.error/not-a-keyword", db.Incorrect, "not a keyword")
	ErrNotAnAttribute  = db.NewKind("db.error/not-an-attribute", db.Incorrect, "not an attribute")
	ErrLookupRef       = db.NewKind("db.error/invalid-lookup-ref", db.Incorrect, "malformed lookup ref")
	ErrEntityID        = db.NewKind("db.error/invalid-entity-id", db.Incorrect, "no entity was ever given this id")
	ErrTempIDUnused    = db.NewKind("db.error/tempid-not-an-entity", db.Incorrect, "tempid of which nothing is said")
	ErrNestedMap       = db.NewKind("db.error/invalid-nested-entity", db.Incorrect, "nested map that nothing identifies")
	ErrConflict        = db.NewKind("db.error/datoms-conflict", db.Incorrect, "contradiction within the transaction")
	ErrUniqueConflict  = db.NewKind("db.error/unique-conflict", db.Conflict, "unique value of another entity")
	ErrCASFailed       = db.NewKind("db.error/cas-failed", db.Conflict, "value is not the expected one")
	ErrCASNil          = db.NewKind("db.error/invalid-cas", db.Incorrect, "cas to nil")
	ErrCASMany         = db.NewKind("db.error/invalid-cas-many", db.Incorrect, "cas of an attribute with many values")
	ErrPastInstant     = db.NewKind("db.error/past-tx-instant", db.Incorrect, "instant before that of an earlier transaction")
	ErrFutureInstant   = db.NewKind("db.error/future-tx-instant", db.Incorrect, "instant in the future")
	ErrResetInstant    = db.NewKind("db.error/reset-tx-instant", db.Incorrect, "instant of an earlier transaction")
	ErrInstall         = db.NewKind("db.error/invalid-install-attribute", db.Incorrect, "attribute cannot be installed")
	ErrAlter           = db.NewKind("db.error/invalid-alter-attribute", db.Incorrect, "attribute cannot be altered")
	ErrNoIdent         = db.NewKind("db.error/attribute-ident-missing", db.Incorrect, "attribute without a name")
	ErrNotAType        = db.NewKind("db.error/not-a-value-type", db.Incorrect, "not a value type")
	ErrNotACardinality = db.NewKind("db.error/not-a-cardinality", db.Incorrect, "not a cardinality")
	ErrNotSystem       = db.NewKind("db.error/not-in-system-partition", db.Incorrect, "schema of an entity that is no attribute")
	ErrBuiltIn         = db.NewKind("db.error/datom-cannot-be-altered", db.Incorrect, "built-in entity cannot be changed")
	ErrKeyReused       = db.NewKind("", db.Incorrect, "idempotency key of other data")
	ErrReserved        = db.NewKind("", db.Incorrect, "name is reserved")
)

// An Error tells why a transaction was refused, and where. It unwraps to a sentinel of this package or of db, or to what a
// Func returned. Fields that mean nothing for a kind are zero.
type Error struct {
	Item      int    // number of the item at fault, counted from 1; what a Func returned counts as the Func
	Line, Col int    // where the item, or what cannot be read, stands in EDN text
	Text      string // the item as EDN, cut to 120 characters
	Reason    string // what is wrong, in words
	Attr      db.Keyword
	Entity    db.ID
	Datoms    []db.Datom // that contradict each other, or the one that is in the way
	Codes     []string   // what is wrong with an attribute: the codes of Datomic's :db/errors
	Err       error
}

// Error returns place and reason, as in
//
//	tx: item 3 [:db/add "ada" :person/nmae "Ada"]: unknown attribute :person/nmae (did you mean :person/name?)
func (e *Error) Error() string {
	switch {
	case e.Item != 0 && e.Text == "":
		return fmt.Sprintf("tx: item %d: %s", e.Item, e.Reason)
	case e.Item == 0 && e.Line == 0:
		return "tx: " + e.Reason
	case e.Item == 0:
		return fmt.Sprintf("tx: %d:%d: %s", e.Line, e.Col, e.Reason)
	case e.Line > 1:
		return fmt.Sprintf("tx: item %d at %d:%d %s: %s", e.Item, e.Line, e.Col, e.Text, e.Reason)
	}
	return fmt.Sprintf("tx: item %d %s: %s", e.Item, e.Text, e.Reason)
}

// Unwrap returns the kind, or the error of a Func.
func (e *Error) Unwrap() error { return e.Err }

// fail returns a refusal that has no place yet.
func fail(kind error, format string, args ...any) *Error {
	return &Error{Reason: fmt.Sprintf(format, args...), Err: kind}
}

// place returns err as a refusal of the item.
func (it *item) place(err error) *Error {
	e, ok := err.(*Error)
	if !ok {
		e = &Error{Reason: err.Error(), Err: err}
	}
	if e.Item == 0 {
		e.Item, e.Text = it.n, it.form.String()
		e.Line, e.Col = int(it.form.line), int(it.form.col)
	}
	return e
}

// less orders refusals by code, then by words, so that of several the same one is reported whatever the order of the items. What
// is no item at all comes first: where a bracket is missing, nothing else is right.
func (e *Error) less(other *Error) bool {
	if shape := e.Err == ErrNotData; shape != (other.Err == ErrNotData) {
		return shape
	}
	return cmp.Or(strings.Compare(db.CodeOf(e.Err), db.CodeOf(other.Err)), strings.Compare(e.Reason, other.Reason),
		cmp.Compare(e.Item, other.Item)) < 0
}

// lesser returns the lesser of two refusals, one of which may be nil.
func lesser(a, b *Error) *Error {
	if a == nil || (b != nil && b.less(a)) {
		return b
	}
	return a
}

// orNil returns a refusal as an error.
func (e *Error) orNil() error {
	if e == nil {
		return nil
	}
	return e
}

// notBuilt returns the refusal of a feature, for the sake of what is named.
func notBuilt(feature, named string) *Error {
	return fail(&db.FeatureError{Feature: feature}, "%s: %s are not supported by this version", named, feature)
}
