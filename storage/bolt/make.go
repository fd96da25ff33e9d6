package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// The format of the two files: a bucket with the keys of the store, and one about the file itself. See docs/format.md.
const (
	format  = 1
	fileLog = "log.db"
	fileSeg = "seg.db"
)

var (
	bucketKeys = []byte("keys")
	bucketMeta = []byte("meta")
	keyFormat  = []byte("format") // in meta: the format's number, in decimal
	keyFile    = []byte("file")   // in meta: the name that the file was made with
)

// makeFolder makes the folder at path and those above it, readable by their owner alone, unless it is there.
func makeFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("a store is a folder, and this is a file: %w", syscall.ENOTDIR)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(filepath.Clean(path))
	if path == "" || above == path {
		return err
	}
	if err := makeFolder(above); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(above)
}

// makeFiles makes the files of a new store, log.db last: a folder with log.db is a whole store, and one without it is new,
// or has lost its log if the other file holds anything. A file that is there may have been made by a process that was killed
// before its name was durable, so that is seen to first.
func (o opening) makeFiles() error {
	if err := syncFolder(o.folder); err != nil {
		return openError(o.folder, err)
	}
	if exists(o.path(fileLog)) {
		return nil
	}
	if exists(o.path(fileSeg)) {
		if err := o.expectEmpty(); err != nil || exists(o.path(fileLog)) {
			return err
		}
	}
	for _, name := range []string{fileSeg, fileLog} {
		if err := makeFile(o.path(name), name); err != nil {
			return openError(o.path(name), err)
		}
	}
	return nil
}

// expectEmpty returns an error if seg.db holds keys although there is no log.db that could name them.
func (o opening) expectEmpty() error {
	kv, _, err := o.lock(fileSeg, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	used := false
	err = guarded(func() error {
		return kv.View(func(t *bbolt.Tx) error {
			b := t.Bucket(bucketKeys)
			used = b == nil || b.Inspect().KeyN > 0
			return nil
		})
	})
	if err = errors.Join(err, kv.Close()); err == nil && used && !exists(o.path(fileLog)) {
		err = fmt.Errorf("%w: the file is missing, and %s beside it is not new", storage.ErrCorrupt, fileSeg)
	}
	if err != nil {
		return openError(o.path(fileLog), err)
	}
	return nil
}

// makeFile makes an empty store file at path. It appears whole or not at all, whatever is interrupted: the file is written
// and synced under another name and then linked, and a file that somebody else made in the meantime stays.
func makeFile(path, name string) error {
	if exists(path) {
		return nil
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), name+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(fresh.Name())
	if err := errors.Join(fresh.Close(), initialize(fresh.Name(), name)); err != nil {
		return err
	}
	if err := publish(fresh.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// initialize writes the two buckets of a store file into the empty file at path.
func initialize(path, name string) error {
	kv, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = kv.Update(func(t *bbolt.Tx) error {
		_, err := t.CreateBucket(bucketKeys)
		if err != nil {
			return err
		}
		meta, err := t.CreateBucket(bucketMeta)
		if err != nil {
			return err
		}
		return errors.Join(meta.Put(keyFormat, []byte(strconv.Itoa(format))), meta.Put(keyFile, []byte(name)))
	})
	return errors.Join(err, kv.Close())
}

// publish gives the file its name if nobody has taken it. A file system without links renames, which could replace a file
// made by another process in the same instant, so only if there is none.
func publish(fresh, path string) error {
	err := os.Link(fresh, path)
	if err == nil || exists(path) {
		return nil
	}
	return os.Rename(fresh, path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// syncFolder makes the names in the folder at path durable. Windows has no such call, and needs none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
