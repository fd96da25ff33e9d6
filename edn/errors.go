package edn

import "errors"

// The kinds of errors.
var (
	ErrSyntax = errors.New("malformed EDN")
	ErrLimit  = errors.New("EDN over a limit")
)

// An Error tells where a text could not be read, and why. It unwraps to ErrSyntax or ErrLimit.
type Error struct {
	Pos  Pos
	Text string // what is wrong, in words
	Kind error
}

func (e *Error) Error() string { panic("not built") }
func (e *Error) Unwrap() error { return e.Kind }
