package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/storage"
)

// A Category says what a caller can do about an error.
type Category string

// The categories. Busy, Unavailable and Interrupted may be tried again as they are, Conflict after reading again.
const (
	Incorrect   Category = "incorrect"
	Conflict    Category = "conflict"
	NotFound    Category = "not-found"
	Unavailable Category = "unavailable"
	Busy        Category = "busy"
	Interrupted Category = "interrupted"
	Fault       Category = "fault"
	Forbidden   Category = "forbidden"
	Unsupported Category = "unsupported"
)

// A Kind is a sentinel: it tells the kind of an error, and carries the code and category by which other systems know it.
// Errors of this library wrap one; test for it with errors.Is.
type Kind struct {
	code     string
	category Category
	text     string
}

// NewKind returns a sentinel. The code is that of Datomic without its prefix, such as "db.error/not-an-entity", or "".
func NewKind(code string, category Category, text string) *Kind { return &Kind{code, category, text} }

func (k *Kind) Error() string { return k.text }

// CodeOf returns the code of the first Kind in the chain of err, such as "db.error/unique-conflict", and "" where there is none.
func CodeOf(err error) string {
	if k := (*Kind)(nil); errors.As(err, &k) {
		return k.code
	}
	return ""
}

// CategoryOf returns the category of the first Kind in the chain of err. Errors of a context are Interrupted, those of a
// store Unavailable, those of reading EDN Incorrect, others without a Kind Fault; nil has none.
func CategoryOf(err error) Category {
	var k *Kind
	switch {
	case err == nil:
		return ""
	case errors.As(err, &k):
		return k.category
	case isAny(err, context.Canceled, context.DeadlineExceeded):
		return Interrupted
	case errors.Is(err, storage.ErrFormat):
		return Unsupported
	case errors.Is(err, storage.ErrForbidden):
		return Forbidden
	case isAny(err, edn.ErrSyntax, edn.ErrLimit, storage.ErrKey, storage.ErrTooLarge):
		return Incorrect
	case isAny(err, storage.ErrNotFound, storage.ErrExists, storage.ErrUnknown, storage.ErrLocked, storage.ErrClosed),
		errors.As(err, new(*storage.Error)):
		return Unavailable
	}
	return Fault
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// The kinds of errors of this package.
var (
	ErrNotBuilt         = NewKind("", Unsupported, "not supported by this version")
	ErrUnknownOutcome   = NewKind("", Unavailable, "outcome unknown")
	ErrOutcomeID        = NewKind("", Incorrect, "not the id of an outcome")
	ErrNested           = NewKind("", Incorrect, "a transaction waits for itself")
	ErrBusy             = NewKind("", Busy, "database has more in memory than it may, and waits for its index")
	ErrOvertaken        = NewKind("", Conflict, "another transaction came before the end of an import, of which nothing is kept")
	ErrReadOnly         = NewKind("", Forbidden, "database is open for reading only")
	ErrClosed           = NewKind("", Unavailable, "connection is closed")
	ErrPanic            = NewKind("", Fault, "a function of the host panicked")
	ErrName             = NewKind("", Incorrect, "not a name for a database")
	ErrNoDatabase       = NewKind("db.error/db-not-found", NotFound, "no such database")
	ErrTaken            = NewKind("", Conflict, "name is taken")
	ErrDropped          = NewKind("db.error/db-not-found", NotFound, "database was dropped")
	ErrNoBackup         = NewKind("", NotFound, "no such backup")
	ErrDiverged         = NewKind("", Conflict, "backups are of another course of the database")
	ErrStore            = NewKind("", Unsupported, "store does not do what it promises")
	ErrTooLarge         = NewKind("", Incorrect, "transaction is too large")
	ErrNotAnEntity      = NewKind("db.error/not-an-entity", Incorrect, "no such entity")
	ErrUnknownAttribute = NewKind("db.error/not-an-entity", Incorrect, "unknown attribute")
	ErrNotUnique        = NewKind("db.error/lookup-ref-attr-not-unique", Incorrect, "attribute of a lookup ref is not unique")
	ErrNotIndexed       = NewKind("db.error/attribute-not-indexed", Incorrect, "attribute is not indexed")
	ErrWrongType        = NewKind("db.error/wrong-type-for-attribute", Incorrect, "wrong type for attribute")
	ErrTupleValue       = NewKind("db.error/invalid-tuple-value", Incorrect, "invalid tuple value")
	ErrNil              = NewKind("db.error/nil-value", Incorrect, "nil is not a value")
	ErrFuture           = NewKind("", Incorrect, "moment lies in the future")
	ErrHistory          = NewKind("", Unsupported, "not on a history view")
	ErrFormat           = NewKind("", Unsupported, "format not known to this version")
	ErrCorrupt          = NewKind("", Fault, "store is damaged")
	ErrExpired          = NewKind("", Conflict, "snapshot is older than what the store keeps: take a new one")
	ErrHost             = NewKind("", Incorrect, "host functions cannot be used")
)

// An EntityError tells which entity was asked for in vain. It unwraps to ErrNotAnEntity.
type EntityError struct {
	Asked any    // a Keyword or LookupRef; anything else names no entity
	Near  string // the ident, with its colon, that is most like an unknown one; or ""
}

func (e *EntityError) Error() string {
	switch asked := e.Asked.(type) {
	case nil:
		return "nil names no entity"
	case Keyword:
		return "no entity has the ident " + asked.String() + didYouMean(e.Near)
	case LookupRef:
		return fmt.Sprintf("no entity has the key %s", asked)
	case string:
		return fmt.Sprintf("the string %q names no entity: write db.Keyword or db.Lookup", asked)
	}
	return fmt.Sprintf("a %T names no entity: write db.ID, db.Keyword or db.Lookup", e.Asked)
}

func (e *EntityError) Unwrap() error { return ErrNotAnEntity }

// An AttributeError tells which attribute is wrong. It unwraps to ErrUnknownAttribute, ErrNotUnique or ErrNotIndexed.
type AttributeError struct {
	Attr string // as it was asked for, with its colon
	Near string // the name, with its colon, that is most like an unknown one; or ""
	Err  error
}

func (e *AttributeError) Error() string {
	if e.Err == ErrUnknownAttribute {
		return "unknown attribute " + e.Attr + didYouMean(e.Near)
	}
	return e.Attr + ": " + e.Err.Error()
}

func (e *AttributeError) Unwrap() error { return e.Err }

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return " (did you mean " + near + "?)"
}

// A ValueError tells which value an attribute does not take, and why. It unwraps to ErrWrongType, ErrNil or ErrTupleValue.
type ValueError struct {
	Attr  Keyword
	Value any
	Want  string // what the attribute takes, such as "a long"
	Err   error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s takes %s, not %s", e.Attr, e.Want, shown(e.Value))
}

func (e *ValueError) Unwrap() error { return e.Err }

// shown returns a value as EDN, cut to what an error message bears.
func shown(x any) string {
	const most = 80
	text := []rune(edn.String(x))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// A FeatureError refuses what this version does not support, by name. It unwraps to ErrNotBuilt.
type FeatureError struct {
	Feature string // such as "composite tuples"
}

func (e *FeatureError) Error() string { return e.Feature + ": " + ErrNotBuilt.Error() }

// Unwrap returns ErrNotBuilt.
func (e *FeatureError) Unwrap() error { return ErrNotBuilt }
