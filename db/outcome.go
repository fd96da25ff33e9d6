package db

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// A StoreError tells which key of the store holds what cannot be read. It unwraps to ErrCorrupt, ErrFormat, ErrStore or an error of
// the store.
type StoreError struct {
	Key string
	Err error
}

// Error returns the key and the error.
func (e *StoreError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap returns the kind of the error, or what wraps it.
func (e *StoreError) Unwrap() error { return e.Err }

// An OutcomeID names the one attempt to commit a transaction: it is committed if the record Seq of the log has this Nonce, and
// otherwise it is not and never will be, for it is tried in no other place. As text (String, ParseOutcomeID) it can be kept, and
// asked for in any process: see Conn.TxStatus.
type OutcomeID struct {
	Seq   int      // of the record
	Place int      // of the transaction among those of the record, from 0
	Nonce [16]byte // of the record
}

// String returns the id as text, as in "17-0-9f86d081884c7d659a2feaa0c55ad015".
func (id OutcomeID) String() string { return fmt.Sprintf("%d-%d-%x", id.Seq, id.Place, id.Nonce) }

// possible reports whether there can be such an attempt.
func (id OutcomeID) possible() bool { return id.Seq >= 1 && id.Place >= 0 }

// ParseOutcomeID returns the id that String wrote. Any other text is ErrOutcomeID.
func ParseOutcomeID(text string) (OutcomeID, error) {
	var id OutcomeID
	parts := strings.Split(text, "-")
	if len(parts) == 3 {
		id.Seq, _ = strconv.Atoi(parts[0])
		id.Place, _ = strconv.Atoi(parts[1])
		b, _ := hex.DecodeString(parts[2])
		copy(id.Nonce[:], b)
	}
	if !id.possible() || id.String() != text {
		return OutcomeID{}, fmt.Errorf("db: %w: %.80q", ErrOutcomeID, text)
	}
	return id, nil
}

// An OutcomeError is the answer to a caller who no longer waits for a transaction that is on its way: it unwraps to
// ErrUnknownOutcome. What became of the transaction, Conn.TxStatus tells of the ID.
type OutcomeError struct {
	ID    OutcomeID
	Cause error // why it is not known: the error of the context, or of the store
}

// Error tells what to ask for, and why the outcome is not known.
func (e *OutcomeError) Error() string {
	return fmt.Sprintf("db: %s: ask TxStatus for %s: %s", ErrUnknownOutcome, e.ID, e.Cause)
}

// Unwrap returns the kind and the cause.
func (e *OutcomeError) Unwrap() []error { return []error{ErrUnknownOutcome, e.Cause} }

// A PanicError is the answer to a transaction whose function panicked, or ended its goroutine. It unwraps to ErrPanic.
type PanicError struct{ Value any }

// Error returns the value of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("%s: %v", ErrPanic, e.Value) }

// Unwrap returns ErrPanic.
func (e *PanicError) Unwrap() error { return ErrPanic }
