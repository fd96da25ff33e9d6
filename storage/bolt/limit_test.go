//go:build unix

package bolt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/datolite/datolite/storage"
)

// limitVar tells a test binary that it is the process whose files may not grow: the limit would hold for the tool's own too.
const limitVar = "DATOLITE_BOLT_LIMIT"

// TestFullDisk lets the files of a process grow no further, as on a full disk, and later lifts the limit: what was
// acknowledged is there, and the store goes on.
func TestFullDisk(t *testing.T) {
	if os.Getenv(limitVar) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), limitVar+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestFullDisk") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	s := open(t, dir)
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	check(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 512 << 10, Max: before.Max}))
	defer func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) }()
	n, err := createUntilError(s)
	if n < 10 || !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Create %d = %v; want ErrUnknown", n, err)
	}
	if err := s.Put(bg, storage.Item{Key: "d1/seg/1", Value: make([]byte, 1<<20)}); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Put = %v; want ErrUnknown", err)
	}
	check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
	check(t, s.Create(bg, fmt.Sprintf("d1/log/%04d", n), make([]byte, 10<<10)), s.Close())
	keys, err := open(t, dir).List(bg, "d1/log/", "", 1000)
	if len(keys) != n+1 || err != nil {
		t.Errorf("%d keys, %v; want %d", len(keys), err, n+1)
	}
}

// createUntilError creates log keys until one fails, and returns how many were acknowledged.
func createUntilError(s *Store) (n int, err error) {
	for ; ; n++ {
		if err := s.Create(bg, fmt.Sprintf("d1/log/%04d", n), make([]byte, 10<<10)); err != nil {
			return n, err
		}
	}
}
