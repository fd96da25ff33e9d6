package query

import (
	"fmt"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// The kinds of errors of this package. Unknown attributes and entities are of the kinds of package db.
var (
	ErrNoRow    = db.NewKind("", db.NotFound, "no such row")
	ErrManyRows = db.NewKind("", db.Incorrect, "more than one row")

	ErrSyntax       = db.NewKind("", db.Incorrect, "malformed query")
	ErrUnbound      = db.NewKind("db.error/unbound-query-variables", db.Incorrect, "variable is never bound")
	ErrInsufficient = db.NewKind("db.error/insufficient-binding", db.Incorrect, "too little is bound")
	ErrTooFew       = db.NewKind("db.error/too-few-inputs", db.Incorrect, "too few inputs")
	ErrInputs       = db.NewKind("", db.Incorrect, "inputs do not fit :in")
	ErrOr           = db.NewKind("db.error/or-binding-empty", db.Incorrect, "branches of or do not fit each other")
	ErrAggregate    = db.NewKind("db.error/invalid-aggregate", db.Incorrect, "no such aggregate")
	ErrClause       = db.NewKind("db.error/invalid-clause", db.Incorrect, "malformed clause")
	ErrSource       = db.NewKind("db.error/invalid-data-source", db.Incorrect, "no such source")
	ErrRule         = db.NewKind("", db.Incorrect, "rules cannot be used")
	ErrFunction     = db.NewKind("", db.Incorrect, "no such function")
	ErrCall         = db.NewKind("", db.Incorrect, "function failed")
	ErrBudget       = db.NewKind("", db.Incorrect, "query over its budget")
	ErrMisfit       = db.NewKind("", db.Incorrect, "answer does not fit its Go type")

	ErrPattern    = db.NewKind("db.error/invalid-pull", db.Incorrect, "malformed pull pattern")
	ErrAttrSpec   = db.NewKind("db.error/invalid-attr-spec", db.Incorrect, "malformed attribute in a pull pattern")
	ErrRecurLimit = db.NewKind("db.error/invalid-recur-limit", db.Incorrect, "malformed recursion in a pull pattern")
	ErrDuplicate  = db.NewKind("pull/duplicate-attribute", db.Incorrect, "attribute stands twice in a pull pattern")
	ErrXform      = db.NewKind("", db.Fault, "the function of an :xform failed")
)

// An Error tells where a query, its rules or a pattern among its inputs are wrong, and why. It unwraps to the kind of the error, and where a function of
// the host failed, to its error too.
type Error struct {
	Pos  edn.Pos
	Text string // what is wrong, in words
	Kind error
	in   string // "rules " or "pattern " where the place is in the text of such an input
}

// Error returns the text with its place: line and column of the query, of the rules, or of a pattern among the inputs.
func (e *Error) Error() string {
	if e.Pos == (edn.Pos{}) {
		return "query: " + e.in + e.Text
	}
	return fmt.Sprintf("query: %s%d:%d: %s", e.in, e.Pos.Line, e.Pos.Col, e.Text)
}

// within marks the place of an error as one in the text of an input.
func within(in string, err error) error {
	if e, ok := err.(*Error); ok {
		e.in = in
	}
	return err
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// A reason is why something cannot be done, without its place.
type reason struct {
	kind error
	text string
}

func (e *reason) Error() string { return e.text }
func (e *reason) Unwrap() error { return e.kind }

// plural returns a number of things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// errorAt returns an Error of a kind.
func errorAt(pos edn.Pos, kind error, format string, args ...any) error {
	return &Error{Pos: pos, Text: fmt.Sprintf(format, args...), Kind: kind}
}
