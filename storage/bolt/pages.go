package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// What of bbolt's pages, version 2, this file knows. A page has a head: id (8 bytes), type (2), count (2) and overflow (4),
// which is how many pages follow that belong to it. Then come count elements of 16 bytes: in a branch the offset and the
// length of a key and the id of the page below, in a leaf flags, offset and length of a key, and the length of the value
// after it. Offsets count from the element itself. In a list of free pages come count ids.
const (
	headSize, elementSize, idSize  = 16, 16, 8
	branchPage, leafPage, freePage = 1, 2, 16
	bucketFlag                     = 1          // of a leaf element whose value begins with the id of a bucket's root page
	metaRoot, metaFree, metaEnd    = 32, 48, 56 // where in a meta page are: the root's id, the list's, and the number of pages in use
	noFree                         = 1<<64 - 1  // for the list's id: there is none
)

// A tree is the pages of a bbolt file under examination.
type tree struct {
	file io.ReaderAt
	page int64           // size of a page
	free uint64          // the list of free pages
	end  uint64          // pages in use
	seen map[uint64]bool // pages met
}

// examine returns storage.ErrCorrupt if the file at path, of which t is the newest transaction, has a page that bbolt could
// not bear when it opens the file. It reads the list of free pages. If there is none, because the file was not closed in
// order, bbolt finds them by walking over all others, on a goroutine of its own where one damaged page ends the process:
// so the walk is done here before. It is done in any case if all is to be examined.
func examine(t *bbolt.Tx, path string, all bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	w := &tree{file: file, page: int64(t.DB().Info().PageSize), seen: map[uint64]bool{}}
	return errors.Join(w.examine(t.ID(), all), file.Close())
}

func (w *tree) examine(id int, all bool) error {
	meta, err := w.read(int64(id%2)*w.page, metaEnd+idSize)
	if err != nil {
		return err
	}
	w.free, w.end = number(meta[metaFree:]), number(meta[metaEnd:])
	if w.free != noFree {
		if err := w.list(w.free); err != nil || !all {
			return damaged(w.free, err)
		}
	}
	return w.walk(number(meta[metaRoot:]), nil, nil)
}

// damaged returns err as the damage of the page called id.
func damaged(id uint64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: page %d: %w", storage.ErrCorrupt, id, err)
}

func number(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }
func word(b []byte) uint32   { return binary.NativeEndian.Uint32(b) }
func half(b []byte) uint16   { return binary.NativeEndian.Uint16(b) }

// list examines the list of free pages.
func (w *tree) list(id uint64) error {
	data, err := w.load(id, idSize, freePage)
	if err != nil {
		return err
	}
	count, ids := uint64(half(data[10:])), data[headSize:]
	if count == 1<<16-1 { // then the count is in the place of the first
		count, ids = number(ids), ids[idSize:]
	}
	if count > uint64(len(ids)/idSize) {
		return errors.New("it has no room for what it says it holds")
	}
	for i := range count {
		if free := number(ids[i*idSize:]); free < 2 || free >= w.end || w.seen[free] {
			return fmt.Errorf("it calls page %d free", free)
		}
		w.seen[number(ids[i*idSize:])] = true
	}
	return nil
}

// walk examines the page called id and those below it. Its keys ascend, begin at low or after, and end before high.
func (w *tree) walk(id uint64, low, high []byte) error {
	data, err := w.load(id, elementSize, branchPage, leafPage)
	if err != nil {
		return damaged(id, err)
	}
	keys, err := keysOf(data)
	if err == nil {
		err = ascend(keys, low, high)
	}
	if err != nil {
		return damaged(id, err)
	}
	keys = append(keys, high)
	for i := range len(keys) - 1 {
		if err := w.below(data, i, keys[i], keys[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// keysOf returns the keys of a branch or leaf, if they and the values after them lie within it.
func keysOf(page []byte) ([][]byte, error) {
	keys := make([][]byte, half(page[10:]))
	for i := range keys {
		element := page[headSize+i*elementSize:]
		from, size, value := int64(word(element)), int64(word(element[4:])), int64(0)
		if half(page[8:]) == leafPage {
			from, size, value = int64(word(element[4:])), int64(word(element[8:])), int64(word(element[12:]))
			if word(element)&bucketFlag != 0 && value < 2*idSize {
				return nil, fmt.Errorf("element %d is no bucket", i)
			}
		}
		if from+size+value > int64(len(element)) {
			return nil, fmt.Errorf("element %d lies outside", i)
		}
		keys[i] = element[from : from+size]
	}
	return keys, nil
}

// ascend returns an error unless keys ascend, begin at low or after, and end before high, which is nil if there is no end.
func ascend(keys [][]byte, low, high []byte) error {
	for i, key := range keys {
		switch {
		case i == 0 && bytes.Compare(key, low) < 0, i > 0 && bytes.Compare(key, keys[i-1]) <= 0, high != nil && bytes.Compare(key, high) >= 0:
			return fmt.Errorf("the key of element %d is out of order", i)
		}
	}
	return nil
}

// below examines what element i of a page refers to, if it refers to a page.
func (w *tree) below(page []byte, i int, low, high []byte) error {
	element := page[headSize+i*elementSize:]
	if half(page[8:]) == branchPage {
		return w.walk(number(element[8:]), low, high)
	}
	if word(element)&bucketFlag == 0 {
		return nil
	}
	value := element[word(element[4:])+word(element[8:]):]
	if root := number(value); root != 0 { // the pages of a small bucket are in the value
		return w.walk(root, nil, nil)
	}
	return nil
}

// load returns the page called id, with those that belong to it, if nothing else refers to it, and it says itself that it is
// that page and of one of kinds. Its elements have the given size.
func (w *tree) load(id uint64, element int64, kinds ...uint16) ([]byte, error) {
	if id < 2 || id >= w.end {
		return nil, fmt.Errorf("it is not one of the %d in use", w.end)
	}
	head, err := w.read(int64(id)*w.page, headSize)
	if err != nil {
		return nil, err
	}
	kind, count, more := half(head[8:]), int64(half(head[10:])), uint64(word(head[12:]))
	size := int64(more+1) * w.page
	switch {
	case number(head) != id:
		return nil, fmt.Errorf("it says that it is page %d", number(head))
	case !slices.Contains(kinds, kind), kind == branchPage && count == 0:
		return nil, fmt.Errorf("it is of type %d with %d elements", kind, count)
	case more >= w.end-id, headSize+count*element > size && count < 1<<16-1:
		return nil, errors.New("it has no room for what it says it holds")
	}
	for i := id; i <= id+more; i++ {
		if w.seen[i] {
			return nil, errors.New("it is referred to twice")
		}
		w.seen[i] = true
	}
	return w.read(int64(id)*w.page, size)
}

func (w *tree) read(at, size int64) ([]byte, error) {
	data := make([]byte, size)
	if n, err := w.file.ReadAt(data, at); n < len(data) {
		return nil, fmt.Errorf("%w: the file ends before a page does: %w", storage.ErrCorrupt, err)
	}
	return data, nil
}
