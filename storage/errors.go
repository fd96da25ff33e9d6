package storage

import (
	"errors"
	"strconv"
)

// The kinds of errors of a store.
var (
	ErrNotFound  = errors.New("no such key")
	ErrExists    = errors.New("key exists")
	ErrUnknown   = errors.New("outcome unknown") // of Create, Put or Delete: it may have happened, may not, or may happen yet
	ErrLocked    = errors.New("store is locked by another process")
	ErrGuarded   = errors.New("another key forbids it") // of CreateUnless: the guard is there
	ErrClosed    = errors.New("store is closed")
	ErrKey       = errors.New("not a key")
	ErrTooLarge  = errors.New("over the store's limit")
	ErrFormat    = errors.New("format not known to this version")
	ErrForbidden = errors.New("forbidden")        // to whom uses the store with these credentials
	ErrCorrupt   = errors.New("store is damaged") // the engine's own structure, not a value: of values a store knows nothing
)

// An Error tells which operation failed on which key.
type Error struct {
	Op  string // get, put, create, list, delete, watch, open, close
	Key string // the key (for list and watch the prefix), or the path of what was opened; empty if no one key is at fault
	Err error
}

// Error returns "get people/meta: no such key". A key that could not be one is quoted, and cut if it is long.
func (e *Error) Error() string {
	if e.Key == "" {
		return e.Op + ": " + e.Err.Error()
	}
	return e.Op + " " + shown(e.Key) + ": " + e.Err.Error()
}

// Unwrap returns the kind of the error, or what wraps it.
func (e *Error) Unwrap() error { return e.Err }

// shown returns key as it reads best in a line of text.
func shown(key string) string {
	const most = 64
	if quoted := strconv.Quote(key); len(key) <= maxKey && len(quoted) == len(key)+2 {
		return key
	}
	if len(key) > most {
		return strconv.Quote(key[:most]) + "…"
	}
	return strconv.Quote(key)
}
