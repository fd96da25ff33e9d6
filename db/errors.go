package db

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
func CodeOf(err error) string { panic("not built") }

// CategoryOf returns the category of the first Kind in the chain of err. Errors of a context are Interrupted, those of a
// store Unavailable, others without a Kind Fault; nil has none.
func CategoryOf(err error) Category { panic("not built") }

// The kinds of errors of this package.
var (
	ErrUnknownOutcome   = NewKind("", Unavailable, "outcome unknown")
	ErrNested           = NewKind("", Incorrect, "a transaction waits for itself")
	ErrReadOnly         = NewKind("", Forbidden, "database is open for reading only")
	ErrClosed           = NewKind("", Unavailable, "connection is closed")
	ErrNotAnEntity      = NewKind("db.error/not-an-entity", Incorrect, "no such entity")
	ErrUnknownAttribute = NewKind("db.error/not-an-entity", Incorrect, "unknown attribute")
	ErrNotUnique        = NewKind("db.error/lookup-ref-attr-not-unique", Incorrect, "attribute of a lookup ref is not unique")
	ErrNotIndexed       = NewKind("db.error/attribute-not-indexed", Incorrect, "attribute is not indexed")
	ErrWrongType        = NewKind("db.error/wrong-type-for-attribute", Incorrect, "wrong type for attribute")
	ErrFuture           = NewKind("", Incorrect, "moment lies in the future")
	ErrHistory          = NewKind("", Unsupported, "not on a history view")
	ErrFormat           = NewKind("", Unsupported, "format not known to this version")
	ErrCorrupt          = NewKind("", Fault, "store is damaged")
	ErrHost             = NewKind("", Incorrect, "host functions cannot be used")
)
