package storage

import "errors"

// The kinds of errors of a store.
var (
	ErrNotFound = errors.New("no such key")
	ErrExists   = errors.New("key exists")
	ErrUnknown  = errors.New("outcome unknown") // of Create, Put or Delete: it may have happened, may not, or may happen yet
	ErrLocked   = errors.New("store is locked by another process")
	ErrClosed   = errors.New("store is closed")
	ErrKey      = errors.New("not a key")
	ErrTooLarge = errors.New("value over the store's limit")
	ErrFormat   = errors.New("format not known to this version")
)

// An Error tells which operation failed on which key.
type Error struct {
	Op  string // get, put, create, list, delete, open, close
	Key string // the key, or the path of what was opened
	Err error
}

func (e *Error) Error() string { return e.Op + " " + e.Key + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }
