package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/datolite/datolite/storage"
)

// patience is how long Open waits for another process to close the store.
const patience = 2 * time.Second

// Open opens the store in the folder at path, and makes it if it is not there, readable by its owner alone. A folder that
// another process holds is storage.ErrLocked after two seconds; a file that is not ours or newer than this version is
// storage.ErrFormat, and is left as it is; a damaged one is storage.ErrCorrupt.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := makeFolder(path); err != nil {
		return nil, openError(path, err)
	}
	o := opening{ctx: ctx, folder: path, until: time.Now().Add(patience)}
	if err := o.makeFiles(); err != nil {
		return nil, err
	}
	return o.hold()
}

// An opening is one call of Open.
type opening struct {
	ctx    context.Context
	folder string
	until  time.Time // when to give up a file that is locked
}

func (o opening) path(name string) string { return filepath.Join(o.folder, name) }

// hold opens the two files, which are there.
func (o opening) hold() (*Store, error) {
	log, err := o.open(fileLog)
	if err != nil {
		return nil, err
	}
	if err := o.removeFresh(); err != nil {
		return nil, errors.Join(err, log.close())
	}
	seg, err := o.open(fileSeg)
	if err != nil {
		return nil, errors.Join(err, log.close())
	}
	return &Store{log: log, seg: seg}, nil
}

// open opens the file called name. It looks before it writes, since bbolt may not come back from a damaged file.
func (o opening) open(name string) (*file, error) {
	if err := o.inspect(name); err != nil {
		return nil, err
	}
	kv, handle, err := o.lock(name, bbolt.Options{NoFreelistSync: name == fileLog})
	if err != nil {
		return nil, err
	}
	f := &file{kv: kv, handle: handle, strict: name == fileLog, turn: make(chan struct{}, 1)}
	if err := f.takeOver(); err != nil {
		return nil, errors.Join(openError(o.path(name), err), f.close())
	}
	return f, nil
}

// inspect opens the file for reading alone, and returns an error if it is not ours, too new, or visibly damaged.
func (o opening) inspect(name string) error {
	if err := present(o.path(name)); err != nil {
		return openError(o.path(name), err)
	}
	kv, _, err := o.lock(name, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	err = guarded(func() error {
		return kv.View(func(t *bbolt.Tx) error {
			if err := recognise(t, name); err != nil {
				return err
			}
			return examine(t, o.path(name), false)
		})
	})
	if err = errors.Join(err, kv.Close()); err != nil {
		return openError(o.path(name), err)
	}
	return nil
}

// present returns an error if the file at path is missing or empty, which bbolt would take for a file to be made.
func present(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: the file is missing", storage.ErrCorrupt)
	case err == nil && info.Size() == 0:
		return fmt.Errorf("%w: the file is empty", storage.ErrCorrupt)
	}
	return err
}

// recognise returns what is the matter with the file called name.
func recognise(t *bbolt.Tx, name string) error {
	meta := t.Bucket(bucketMeta)
	if meta == nil || t.Bucket(bucketKeys) == nil {
		return fmt.Errorf("%w: a bbolt file, but not of a datolite store", storage.ErrFormat)
	}
	if err := checkFormat(meta.Get(keyFormat)); err != nil {
		return err
	}
	if is := meta.Get(keyFile); string(is) != name {
		return fmt.Errorf("%w: the file was made as %s", storage.ErrFormat, is)
	}
	return nil
}

func checkFormat(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return fmt.Errorf("%w: format %q", storage.ErrFormat, text)
	}
	if n > format {
		return fmt.Errorf("%w: the file has format %d, this version reads up to %d", storage.ErrFormat, n, format)
	}
	return nil
}

// lock opens the file called name as soon as no other process holds it.
func (o opening) lock(name string, options bbolt.Options) (*bbolt.DB, *os.File, error) {
	for {
		if err := o.ctx.Err(); err != nil {
			return nil, nil, openError(o.folder, err)
		}
		kv, handle, err := try(o.path(name), options)
		switch {
		case err == nil && has(o.path(name), handle):
			return kv, handle, nil
		case err == nil: // it was replaced before it was locked: see Compact
			if err := kv.Close(); err != nil {
				return nil, nil, openError(o.path(name), err)
			}
			continue
		case !errors.Is(err, berrors.ErrTimeout):
			return nil, nil, openError(o.path(name), err)
		case time.Now().After(o.until):
			return nil, nil, openError(o.folder, storage.ErrLocked)
		}
		pause(o.ctx, 20*time.Millisecond)
	}
}

// has reports whether path is the name of an open file.
func has(path string, handle *os.File) bool {
	named, err := os.Stat(path)
	if err != nil {
		return true // so it is not replaced
	}
	is, err := handle.Stat()
	return err != nil || os.SameFile(named, is)
}

// try opens a file if it is not locked, else it returns bbolt's ErrTimeout. Nothing stays open or locked after an error.
func try(path string, options bbolt.Options) (kv *bbolt.DB, handle *os.File, err error) {
	options.Timeout = 1
	options.FreelistType = bbolt.FreelistMapType
	options.OpenFile = func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
		handle, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
		return handle, err
	}
	err = guarded(func() (err error) {
		kv, err = bbolt.Open(path, 0o600, &options)
		return damage(err)
	})
	if err != nil && handle != nil {
		_ = handle.Close()
	}
	return kv, handle, err
}

// damage gives the errors by which bbolt refuses a file their kind.
func damage(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum),
		strings.HasPrefix(err.Error(), "file size too small"):
		return fmt.Errorf("%w, or not a bbolt file: %w", storage.ErrCorrupt, err)
	}
	return err
}
