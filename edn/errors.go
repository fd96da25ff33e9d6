package edn

import (
	"errors"
	"fmt"
)

// The kinds of errors. ErrSyntax and ErrLimit are what an *Error unwraps to; arithmetic on decimals returns ErrInexact,
// ErrDivideByZero and, where the result is too long, ErrLimit.
var (
	ErrSyntax       = errors.New("malformed EDN")
	ErrLimit        = errors.New("EDN over a limit")
	ErrInexact      = errors.New("edn: the quotient of the decimals has no end")
	ErrDivideByZero = errors.New("edn: division of a decimal by zero")
)

// An Error tells where a text could not be read, and why. It unwraps to ErrSyntax or ErrLimit.
type Error struct {
	Pos  Pos    // zero where the text was one number and no document
	Text string // what is wrong, in words
	Kind error
}

// Error returns the place and the words, as in "edn: 2:14: unexpected )".
func (e *Error) Error() string {
	if e.Pos == (Pos{}) {
		return "edn: " + e.Text
	}
	return "edn: " + e.Pos.String() + ": " + e.Text
}

// Unwrap returns the kind of the error.
func (e *Error) Unwrap() error { return e.Kind }

func malformed(at Pos, format string, args ...any) error {
	return &Error{Pos: at, Text: fmt.Sprintf(format, args...), Kind: ErrSyntax}
}

func tooMuch(at Pos, format string, args ...any) error {
	return &Error{Pos: at, Text: fmt.Sprintf(format, args...), Kind: ErrLimit}
}

// clip returns s, cut where it is too long to stand in a message.
func clip(s string) string {
	n := 0
	for i := range s {
		if n++; n > 40 {
			return s[:i] + "…"
		}
	}
	return s
}
