package tx

import (
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// A Text is how far a database has been written as text, or read from it, or how much that came to.
type Text struct {
	Transactions int
	Datoms       int   // of those, :db/txInstant included
	Bytes        int64 // of the text
	T            db.T  // of the last transaction; 0 if there was none
	Basis        db.T  // of the last transaction in all
}

// TextOptions say how a database is written as text, or read from it. The zero TextOptions are right for most.
type TextOptions struct {
	Progress func(Text) // called after each transaction; nil for nobody
}

func (o TextOptions) told(t Text) {
	if o.Progress != nil {
		o.Progress(t)
	}
}

// The kinds of what is wrong with a text, and with the database that it is to be read into.
var (
	ErrText     = db.NewKind("", db.Incorrect, "not the text of a database")
	ErrNotEmpty = db.NewKind("", db.Conflict, "database has transactions already")
)

// textFormat is the version of the text that is written, and the only one that is read.
const textFormat = 1

// The keys of the lines that are maps.
const (
	keyFormat       db.Keyword = "datolite/text" // of the first line
	keyT            db.Keyword = "t"             // of the first line and of transactions
	keyInstant      db.Keyword = "instant"       // of a transaction, as all up to keyCreated
	keyElement      db.Keyword = "next-element"
	keyDigest       db.Keyword = "digest"
	keyTempIDs      db.Keyword = "tempids"
	keyCreated      db.Keyword = "created"
	keyNextT        db.Keyword = "next-t" // of the last line, as all below
	keyTransactions db.Keyword = "transactions"
	keyDatoms       db.Keyword = "datoms"
)

// The tags of names that EDN has no other way to write.
const (
	tagKeyword db.Symbol = "datolite/keyword"
	tagSymbol  db.Symbol = "datolite/symbol"
)

// plainly reports whether EDN reads the text of a keyword or symbol as that again.
func plainly(text string, name any) bool {
	n, err := edn.Read(text)
	return err == nil && n.Kind == edn.Scalar && n.Value == name
}
