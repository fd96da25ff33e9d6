package bolt

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/datolite/datolite/storage"
)

// An OpenError tells why the store at Path, or the file of it at Path, could not be opened.
// Its kind is storage.ErrLocked, storage.ErrFormat, storage.ErrCorrupt, or an error of the file system.
type OpenError struct {
	Path string
	Err  error
}

// Error returns "bolt: people/log.db: format not known to this version: …".
func (e *OpenError) Error() string {
	if errors.Is(e.Err, storage.ErrLocked) {
		return fmt.Sprintf("bolt: %s is locked by another process (gave up after %v); a bbolt store serves one process: see storage/remote", e.Path, patience)
	}
	return "bolt: " + e.Path + ": " + e.Err.Error()
}

// Unwrap returns what is the matter with the path.
func (e *OpenError) Unwrap() error { return e.Err }

// openError returns err as the OpenError of path; a path that err names itself is not said twice.
func openError(path string, err error) error {
	if place := (*fs.PathError)(nil); errors.As(err, &place) {
		err = place.Err
	}
	return &OpenError{Path: path, Err: err}
}
