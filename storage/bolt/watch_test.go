package bolt

import (
	"errors"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
)

// TestWatchTellsOfWhatIsNotKnown lets a commit fail: what it wrote may be there, and may have ended the use of the store, so
// who waits must look.
func TestWatchTellsOfWhatIsNotKnown(t *testing.T) {
	s := open(t, t.TempDir())
	told, err := s.Watch(bg, "d2/log/")
	check(t, err)
	s.log.kv.MaxSize = 64 << 10
	if err := s.Create(bg, "d1/log/1", make([]byte, 1<<20)); !errors.Is(err, storage.ErrUnknown) {
		t.Fatalf("Create = %v; want ErrUnknown", err)
	}
	select {
	case <-told:
	case <-time.After(5 * time.Second):
		t.Error("nobody is told")
	}
}
