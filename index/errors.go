package index

import "errors"

// The kinds of refusals of a value.
var (
	ErrNaN    = errors.New("NaN cannot be stored")
	ErrUTF8   = errors.New("text is not valid UTF-8")
	ErrGoType = errors.New("no database value has this Go type")
)

// The kinds of errors of a segment: it is not what it should be, or it was written by a later version.
var (
	ErrSegment = errors.New("segment is damaged")
	ErrFormat  = errors.New("format not known to this version")
)
