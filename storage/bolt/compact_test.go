package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// filled returns a closed store of which most was deleted, and what is left of it.
func filled(t *testing.T) (dir string, left map[string]string) {
	t.Helper()
	dir, left = filepath.Join(t.TempDir(), "people"), map[string]string{}
	s := open(t, dir)
	var items []storage.Item
	var gone []string
	for i := range 600 {
		for _, kind := range []string{"log", "seg"} {
			key := fmt.Sprintf("d1/%s/%04d", kind, i)
			items = append(items, storage.Item{Key: key, Value: []byte(fmt.Sprintf("%8192s", key))})
			if left[key] = string(items[len(items)-1].Value); i%10 > 0 {
				gone = append(gone, key)
				delete(left, key)
			}
		}
	}
	check(t, s.Put(bg, items...), s.Delete(bg, gone...), s.Close())
	return dir, left
}

// holds fails the test unless the store in dir holds exactly what is in want.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	s := open(t, dir)
	keys, err := s.List(bg, "", "", 1<<20)
	check(t, err)
	if len(keys) != len(want) {
		t.Errorf("%d keys; want %d", len(keys), len(want))
	}
	for _, key := range keys {
		if value, err := s.Get(bg, key); err != nil || string(value) != want[key] {
			t.Errorf("%s has %d bytes, %v", key, len(value), err)
		}
	}
	check(t, s.Close())
}

func TestCompactShrinks(t *testing.T) {
	t.Parallel()
	dir, left := filled(t)
	copied, bytes := int64(0), int64(0)
	got, err := Compact(bg, dir, func(c Compaction) {
		if c.Copied <= copied {
			t.Errorf("%+v after %d bytes", c, copied)
		}
		copied = c.Copied
	})
	check(t, err)
	for key, value := range left {
		bytes += int64(len(key) + len(value))
	}
	if now := sizeOf(filepath.Join(dir, fileLog)) + sizeOf(filepath.Join(dir, fileSeg)); got.After != now || got.After*3 > got.Before {
		t.Errorf("%+v, and the files have %d bytes", got, now)
	}
	if got.Copied != bytes || copied != bytes {
		t.Errorf("copied are %d bytes, told were %d; want %d", got.Copied, copied, bytes)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 || err != nil {
		t.Errorf("the folder holds %v, %v", names, err)
	}
	holds(t, dir, left)
}

func TestCompactRefuses(t *testing.T) {
	t.Parallel()
	dir, left := filled(t)
	s := open(t, dir)
	if _, err := Compact(bg, dir, nil); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("Compact of a store that is held = %v", err)
	}
	check(t, s.Close())
	if _, err := Compact(bg, dir+"-not", nil); !errors.Is(err, fs.ErrNotExist) || exists(dir+"-not") {
		t.Errorf("Compact of no store = %v", err)
	}
	ctx, cancel := context.WithCancel(bg)
	if _, err := Compact(ctx, dir, func(Compaction) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact = %v; want Canceled", err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 || err != nil {
		t.Errorf("the folder holds %v, %v", names, err)
	}
	holds(t, dir, left)
}

// TestCompactLeavesADamagedFile alters a page that Open does not look at.
func TestCompactLeavesADamagedFile(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	path := filepath.Join(dir, fileSeg)
	data, err := os.ReadFile(path)
	check(t, err)
	size := os.Getpagesize()
	kv, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	check(t, err)
	root := 0
	check(t, kv.View(func(t *bbolt.Tx) error { root = int(t.Bucket(bucketKeys).Root()); return nil }), kv.Close())
	data[root*size] ^= 0xff // which page it says it is
	check(t, os.WriteFile(path, data, 0o600))
	_, err = Compact(bg, dir, nil)
	if is, readErr := os.ReadFile(path); !errors.Is(err, storage.ErrCorrupt) || string(is) != string(data) || readErr != nil {
		t.Errorf("Compact = %v, and the file is another: %v", err, string(is) != string(data))
	}
}

// TestOpenTakesTheFileThatHasTheName replaces a file between the moment when it is opened and the one when it is locked.
func TestOpenTakesTheFileThatHasTheName(t *testing.T) {
	dir := made(t)
	path := filepath.Join(dir, fileLog)
	handle, err := os.Open(path)
	check(t, err)
	defer handle.Close()
	if !has(path, handle) {
		t.Error("the file has its name")
	}
	_, err = Compact(bg, dir, nil)
	check(t, err)
	if has(path, handle) {
		t.Error("the file has lost its name")
	}
}

func TestOpenRemovesWhatACompactHasLeft(t *testing.T) {
	dir := made(t)
	check(t, os.WriteFile(filepath.Join(dir, fileSeg+fresh), []byte("part"), 0o600), os.WriteFile(filepath.Join(dir, fileLog+fresh), nil, 0o600))
	check(t, open(t, dir).Close())
	if names, err := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 || err != nil {
		t.Errorf("the folder holds %v, %v", names, err)
	}
}
