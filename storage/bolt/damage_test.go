package bolt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
)

// written returns the folder of a store that was closed in order, and of the same store as it was before, when a process might
// have ended.
func written(t *testing.T) (closed, left string) {
	t.Helper()
	closed, left = t.TempDir(), t.TempDir()
	s := open(t, closed)
	for i := range 60 {
		_, err := writeOne(s, i)
		check(t, err)
	}
	check(t, s.Delete(bg, "d1/log/0000000000000003"), os.CopyFS(left, os.DirFS(closed)), s.Close())
	return closed, left
}

// TestDamageIsAnError cuts or alters a file, and uses the store. It may work, since bbolt checks little and the values are
// checked above; it may return errors; it must not end the process. Altered are all pages of a log.db that must be walked
// over, and of the other files the pages that must be read to open them.
func TestDamageIsAnError(t *testing.T) {
	t.Parallel()
	closed, left := written(t)
	opened, damaged := 0, 0
	soak.Run(t, 10, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		dir, from, name := t.TempDir(), []string{closed, left}[rng.IntN(2)], []string{fileLog, fileSeg}[rng.IntN(2)]
		check(t, os.CopyFS(dir, os.DirFS(from)))
		spoil(t, rng, filepath.Join(dir, name))
		s, err := Open(bg, dir)
		if err == nil {
			opened++
			err = errors.Join(use(s), s.Close())
		}
		if errors.Is(err, storage.ErrCorrupt) {
			damaged++
		}
	})
	t.Logf("opened %d, called damaged %d", opened, damaged)
}

// spoil cuts the file at path, or alters bytes of one page.
func spoil(t *testing.T, rng *rand.Rand, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	if rng.IntN(4) == 0 {
		check(t, os.Truncate(path, rng.Int64N(int64(len(data)))))
		return
	}
	page := rng.IntN(len(data) / 4096)
	if free := examined(t, path).free; free != noFree {
		page = []int{0, 1, int(free)}[rng.IntN(3)]
	}
	for range 1 + rng.IntN(8) {
		data[page*4096+rng.IntN(64<<rng.IntN(7))] ^= byte(1 + rng.IntN(255)) // most often the head and the first elements
	}
	check(t, os.WriteFile(path, data, 0o600))
}

// examined returns the pages of the file at path, which are in order.
func examined(t *testing.T, path string) *tree {
	t.Helper()
	file, err := os.Open(path)
	check(t, err)
	kv, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	check(t, err)
	w := &tree{file: file, page: int64(kv.Info().PageSize), seen: map[uint64]bool{}}
	check(t, kv.View(func(t *bbolt.Tx) error { return w.examine(t.ID(), false) }), kv.Close(), file.Close())
	return w
}

// use reads and writes s, and returns what fails.
func use(s *Store) error {
	var errs []error
	for _, prefix := range []string{"d1/log/", "d1/seg/"} {
		keys, err := s.List(bg, prefix, "", 100)
		for _, key := range keys {
			_, got := s.Get(bg, key)
			errs = append(errs, got)
		}
		errs = append(errs, err, s.Create(bg, prefix+"new", []byte("x")), s.Put(bg, storage.Item{Key: prefix + "000"}))
	}
	return errors.Join(append(errs, s.Delete(bg, "d1/log/0000000000000001", fmt.Sprintf("d1/seg/%016x", 0)))...)
}
