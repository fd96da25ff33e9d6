package bolt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// made returns a folder with a closed store that holds a log record and a segment.
func made(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "people")
	s := open(t, dir)
	if err := errors.Join(s.Create(bg, "d1/log/1", []byte("record")), s.Create(bg, "d1/seg/j/1", []byte("segment")), s.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenMakesFoldersForTheirOwner(t *testing.T) {
	root := t.TempDir()
	open(t, filepath.Join(root, "a/b/"))
	for _, path := range []string{"a", "a/b", "a/b/log.db", "a/b/seg.db"} {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if names, err := filepath.Glob(filepath.Join(root, "a/b/*")); len(names) != 2 || err != nil {
		t.Errorf("the folder holds %v, %v", names, err)
	}
}

// wrongs are the ways in which a folder may be no store, and what is said of them.
var wrongs = []struct {
	name, want string // the text with people for the folder
	is         error
	spoil      func(t *testing.T, dir string)
}{
	{"folder is a file", "bolt: people: a store is a folder, and this is a file: not a directory", nil, func(t *testing.T, dir string) {
		check(t, os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
	}},
	{"garbage", "bolt: people/log.db: store is damaged, or not a bbolt file: invalid database", storage.ErrCorrupt, func(t *testing.T, dir string) {
		check(t, os.WriteFile(filepath.Join(dir, fileLog), []byte(strings.Repeat("garbage ", 10_000)), 0o600))
	}},
	{"short garbage", "bolt: people/seg.db: store is damaged, or not a bbolt file: invalid database", storage.ErrCorrupt, func(t *testing.T, dir string) {
		check(t, os.WriteFile(filepath.Join(dir, fileSeg), []byte("garbage"), 0o600))
	}},
	{"empty file", "bolt: people/log.db: store is damaged: the file is empty", storage.ErrCorrupt, func(t *testing.T, dir string) {
		check(t, os.Truncate(filepath.Join(dir, fileLog), 0))
	}},
	{"foreign", "bolt: people/log.db: format not known to this version: a bbolt file, but not of a datolite store", storage.ErrFormat, func(t *testing.T, dir string) {
		check(t, os.Remove(filepath.Join(dir, fileLog)))
		foreign(t, filepath.Join(dir, fileLog))
	}},
	{"newer", "bolt: people/seg.db: format not known to this version: the file has format 2, this version reads up to 1", storage.ErrFormat, func(t *testing.T, dir string) {
		setMeta(t, filepath.Join(dir, fileSeg), keyFormat, "2")
	}},
	{"no number", `bolt: people/log.db: format not known to this version: format "new"`, storage.ErrFormat, func(t *testing.T, dir string) {
		setMeta(t, filepath.Join(dir, fileLog), keyFormat, "new")
	}},
	{"swapped", "bolt: people/log.db: format not known to this version: the file was made as seg.db", storage.ErrFormat, func(t *testing.T, dir string) {
		log, seg := filepath.Join(dir, fileLog), filepath.Join(dir, fileSeg)
		check(t, os.Rename(log, log+".x"), os.Rename(seg, log), os.Rename(log+".x", seg))
	}},
	{"no segments", "bolt: people/seg.db: store is damaged: the file is missing", storage.ErrCorrupt, func(t *testing.T, dir string) {
		check(t, os.Remove(filepath.Join(dir, fileSeg)))
	}},
	{"no log", "bolt: people/log.db: store is damaged: the file is missing, and seg.db beside it is not new", storage.ErrCorrupt, func(t *testing.T, dir string) {
		check(t, os.Remove(filepath.Join(dir, fileLog)))
	}},
	{"unreadable", "bolt: people/log.db: permission denied", fs.ErrPermission, func(t *testing.T, dir string) {
		check(t, os.Chmod(filepath.Join(dir, fileLog), 0))
		if os.Geteuid() == 0 {
			t.Skip("root may read everything")
		}
	}},
}

// TestOpenTellsWhatIsWrong breaks a store in each way and looks at the error; then it undoes the damage and opens the store,
// which fails if the failed Open held a lock or changed a file.
func TestOpenTellsWhatIsWrong(t *testing.T) {
	for _, c := range wrongs {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := made(t)
			saved := t.TempDir()
			check(t, os.CopyFS(saved, os.DirFS(dir)))
			c.spoil(t, dir)
			_, err := Open(bg, dir)
			if err == nil || strings.ReplaceAll(err.Error(), dir, "people") != c.want {
				t.Errorf("Open = %v\nwant %s", err, c.want)
			}
			place := (*OpenError)(nil)
			if !errors.As(err, &place) || !strings.HasPrefix(place.Path, dir) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("Open = %#v; want an OpenError that is %q", err, c.is)
			}
			check(t, os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(saved)))
			s := open(t, dir)
			if value, err := s.Get(bg, "d1/log/1"); string(value) != "record" || err != nil {
				t.Errorf("Get = %q, %v", value, err)
			}
		})
	}
}

// check fails the test at the first error.
func check(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func foreign(t *testing.T, path string) {
	t.Helper()
	kv, err := bbolt.Open(path, 0o600, nil)
	check(t, err, kv.Close())
}

func setMeta(t *testing.T, path string, key []byte, value string) {
	t.Helper()
	kv, err := bbolt.Open(path, 0o600, nil)
	check(t, err)
	check(t, kv.Update(func(t *bbolt.Tx) error { return t.Bucket(bucketMeta).Put(key, []byte(value)) }), kv.Close())
}

// TestFailedOpenHoldsNoLock fails at the second file, and opens the first.
func TestFailedOpenHoldsNoLock(t *testing.T) {
	dir := made(t)
	setMeta(t, filepath.Join(dir, fileSeg), keyFormat, "7")
	if _, err := Open(bg, dir); !errors.Is(err, storage.ErrFormat) {
		t.Fatalf("Open = %v", err)
	}
	kv, err := bbolt.Open(filepath.Join(dir, fileLog), 0o600, &bbolt.Options{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatalf("log.db is still locked: %v", err)
	}
	check(t, kv.Close())
}

// TestInterruptedMakingIsResumed leaves what a process leaves that ends while it makes a store.
func TestInterruptedMakingIsResumed(t *testing.T) {
	dir := t.TempDir()
	check(t, makeFile(filepath.Join(dir, fileSeg), fileSeg), os.WriteFile(filepath.Join(dir, "log.db.new-1"), []byte("half"), 0o600))
	s := open(t, dir)
	check(t, s.Create(bg, "d1/log/1", nil), s.Close())
	check(t, open(t, dir).Close())
}

func TestOpenEndsWithTheContext(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := Open(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open = %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("Open took %v", took)
	}
}

// TestClosedStoreListsItsFreePages sees that a store that was closed need not be walked over, and one that was left must.
func TestClosedStoreListsItsFreePages(t *testing.T) {
	closed, left := written(t)
	for dir, listed := range map[string]bool{closed: true, left: false} {
		w := examined(t, filepath.Join(dir, fileLog))
		if (w.free != noFree) != listed {
			t.Errorf("free pages are listed: %v; want %v", !listed, listed)
		}
	}
}
