package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
)

// A Compaction is how far Compact has come, or what it came to, in bytes.
type Compaction struct {
	Before int64 // the size of the two files before it
	After  int64 // the size of what is in their place so far
	Copied int64 // the keys and values that were copied so far
}

// fresh is what the name of a file ends with that is to take the place of another.
const fresh = ".compact"

// Compact makes the files of the store in the folder at path as small as what they hold: it copies one after the other, and puts
// the copy in the place of the file when it is whole and durable. That needs room on the disk for a copy of the larger one. The
// store holds the same before and after it and wherever it is interrupted; what an interrupted Compact leaves is removed when the
// store is opened next, or compacted. Nobody may hold the store meanwhile, else it is storage.ErrLocked; a folder without a store
// is fs.ErrNotExist, and a damaged file storage.ErrCorrupt, which is left as it is. It is told after every few megabytes how far
// the work is; told may be nil. Windows does not let open files be replaced: there it is errors.ErrUnsupported.
func Compact(ctx context.Context, path string, told func(Compaction)) (Compaction, error) {
	if runtime.GOOS == "windows" {
		return Compaction{}, openError(path, fmt.Errorf("compaction: %w", errors.ErrUnsupported))
	}
	o := opening{ctx: ctx, folder: path, until: time.Now().Add(patience)}
	if _, err := os.Stat(o.path(fileLog)); err != nil {
		return Compaction{}, openError(path, err)
	}
	s, err := o.hold()
	if err != nil {
		return Compaction{}, err
	}
	c := &compactor{opening: o, told: told}
	for _, name := range []string{fileSeg, fileLog} {
		c.done.Before += sizeOf(o.path(name))
	}
	// Whoever has log.db has the store, so it is replaced last.
	err = cmp.Or(c.replace(s.seg, fileSeg), c.replace(s.log, fileLog))
	return c.done, errors.Join(err, s.Close())
}

// sizeOf returns the size of the file at path, 0 if there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// A compactor is one call of Compact.
type compactor struct {
	opening
	told func(Compaction)
	done Compaction
}

// replace puts a copy of the file called name in its place. The copy is locked from before it has the name until the name is
// durable, so that nobody commits to it what a loss of power would take back with the name.
func (c *compactor) replace(old *file, name string) error {
	place := c.path(name)
	err := guarded(func() error { return c.copied(old, name) })
	if err == nil {
		c.done.After += sizeOf(place)
		return nil
	}
	return openError(place, errors.Join(err, remove(place+fresh)))
}

func (c *compactor) copied(old *file, name string) (err error) {
	place := c.path(name)
	if err := initialize(place+fresh, name); err != nil {
		return err
	}
	kv, err := bbolt.Open(place+fresh, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kv.Close()) }()
	if err := c.copyKeys(old, kv); err != nil {
		return err
	}
	if err := kv.Sync(); err != nil {
		return err
	}
	if err := os.Rename(place+fresh, place); err != nil {
		return err
	}
	old.kv.NoFreelistSync = false // so that closing writes no list into a file without a name
	return syncFolder(c.folder)
}

// copyKeys copies all keys of a file that is sound in every page, in their order, in transactions of some megabytes.
func (c *compactor) copyKeys(old *file, kv *bbolt.DB) error {
	return old.kv.View(func(t *bbolt.Tx) error {
		if err := examine(t, old.handle.Name(), true); err != nil {
			return err
		}
		from := t.Bucket(bucketKeys).Cursor()
		for key, value := from.First(); key != nil; {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			err := kv.Update(func(t *bbolt.Tx) (err error) {
				key, value, err = c.copySome(t.Bucket(bucketKeys), from, key, value)
				return err
			})
			if err != nil {
				return err
			}
			if c.told != nil {
				c.told(c.done)
			}
		}
		return nil
	})
}

// copySome copies what a cursor stands on, and what follows, as far as one transaction should go. It returns what is next.
func (c *compactor) copySome(to *bbolt.Bucket, from *bbolt.Cursor, key, value []byte) (_, _ []byte, err error) {
	to.FillPercent = fill
	for bytes, items := 0, 0; key != nil && bytes < sliceBytes && items < sliceItems; items++ {
		if err := to.Put(key, value); err != nil {
			return nil, nil, err
		}
		bytes += len(key) + len(value)
		c.done.Copied += int64(len(key) + len(value))
		key, value = from.Next()
	}
	return key, value, nil
}

// removeFresh removes what an interrupted Compact has left. The caller holds log.db, so nobody is at it.
func (o opening) removeFresh() error {
	for _, name := range []string{fileSeg, fileLog} {
		if err := remove(o.path(name + fresh)); err != nil {
			return openError(o.path(name+fresh), err)
		}
	}
	return nil
}

// remove removes the file at path if it is there.
func remove(path string) error {
	if !exists(path) {
		return nil
	}
	return os.Remove(path)
}
