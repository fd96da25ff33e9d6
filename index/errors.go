package index

import "errors"

// The kinds of refusals of a value.
var (
	ErrNaN    = errors.New("NaN cannot be stored")
	ErrUTF8   = errors.New("text is not valid UTF-8")
	ErrGoType = errors.New("no database value has this Go type")
)
