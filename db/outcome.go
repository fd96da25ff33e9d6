package db

import (
	"encoding/hex"
	"fmt"
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

// An OutcomeError is the answer to a caller who no longer waits for a transaction that is on its way: it unwraps to
// ErrUnknownOutcome. The transaction is committed if the record Seq of the log has this Nonce, and otherwise it is not and never
// will be: it is tried in no other place.
type OutcomeError struct {
	Seq   int
	Nonce [16]byte
	Cause error // why it is not known: the error of the context, or of the store
}

// Error tells where to look for the transaction, and why its outcome is not known.
func (e *OutcomeError) Error() string {
	return fmt.Sprintf("%s: the transaction is in record %d if that has the nonce %s: %s", ErrUnknownOutcome, e.Seq,
		hex.EncodeToString(e.Nonce[:]), e.Cause)
}

// Unwrap returns the kind and the cause.
func (e *OutcomeError) Unwrap() []error { return []error{ErrUnknownOutcome, e.Cause} }

// A PanicError is the answer to a transaction whose function panicked. It unwraps to ErrPanic.
type PanicError struct{ Value any }

// Error returns the value of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("%s: %v", ErrPanic, e.Value) }

// Unwrap returns ErrPanic.
func (e *PanicError) Unwrap() error { return ErrPanic }
