package remote

import (
	"errors"

	"github.com/datolite/datolite/storage"
)

// The kinds of errors of this package. A store's own are those of package storage.
var (
	ErrAnswer   = errors.New("answer cannot be understood")   // it is not of a server of this package, or was cut or altered on its way
	ErrInsecure = errors.New("refused, since it is not safe") // a token or data could be read or guessed by others
)

// An OpenError tells why the store at URL could not be opened. Its kind is ErrInsecure, ErrAnswer, storage.ErrForbidden if the
// server does not know the token, storage.ErrFormat if it speaks another version of the protocol, or an error of the network.
type OpenError struct {
	URL string
	Err error
}

// Error returns "remote: https://db.example.com: forbidden: …".
func (e *OpenError) Error() string { return "remote: " + e.URL + ": " + e.Err.Error() }

// Unwrap returns what is the matter.
func (e *OpenError) Unwrap() error { return e.Err }

// A failure is what a server said of an operation that it did not do, or does not know to be done.
type failure struct {
	kind error // of package storage, or nil
	text string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.kind }

// reason returns what an error of the store says apart from the place.
func reason(err error) string {
	if e := (*storage.Error)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}
