package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/datolite/datolite/storage"
)

// fill is how full bbolt leaves a page that it splits: keys ascend, so the left half is never written again.
const fill = 0.95

// A file is one open bbolt file. Writers take turns, so that waiting for a turn ends with the context.
// What was committed but perhaps not synced is never shown, and ends the use of the file: a reader could answer with what the
// next loss of power takes back, and bbolt could reuse pages that the last synced state still needs.
type file struct {
	kv      *bbolt.DB
	handle  *os.File      // that kv works on
	strict  bool          // readers wait for the sync of what they saw
	turn    chan struct{} // full while somebody writes
	durable atomic.Int64  // id of the newest transaction known to be synced
	broken  atomic.Pointer[error]
	stuck   bool // a panic left a transaction open, since to roll it back bbolt might walk over damaged pages
}

// takeOver makes durable what a killed process had written, before anything is done to the file: the newest transaction may not be
// synced, so the one before it may be what a loss of power leaves, and its pages are free to be written over by the next commit.
func (f *file) takeOver() error {
	if err := f.handle.Sync(); err != nil {
		return err
	}
	return guarded(func() error {
		return f.kv.View(func(t *bbolt.Tx) error {
			f.durable.Store(int64(t.ID()))
			return nil
		})
	})
}

// read lets look see the keys as they are durable. Segments need no such wait: nobody knows their names before Put returned.
func (f *file) read(ctx context.Context, look func(*bbolt.Bucket) error) error {
	if broken := f.broken.Load(); broken != nil {
		return *broken
	}
	var seen int
	err := guarded(func() error {
		return f.kv.View(func(t *bbolt.Tx) error {
			seen = t.ID()
			return look(t.Bucket(bucketKeys))
		})
	})
	if f.strict && int64(seen) > f.durable.Load() {
		return errors.Join(f.settle(ctx), err)
	}
	return err
}

// settle waits for the commit in flight, and returns how it ended if it ended badly.
func (f *file) settle(ctx context.Context) error {
	if err := f.take(ctx); err != nil {
		return err
	}
	f.give()
	return nil
}

// write commits what change does to the keys. An error of change means that nothing was changed; an error of the commit
// that nobody knows.
func (f *file) write(ctx context.Context, change func(*bbolt.Bucket) error) error {
	if err := f.take(ctx); err != nil {
		return err
	}
	defer f.give()
	return f.commit(func(t *bbolt.Tx) error {
		b := t.Bucket(bucketKeys)
		b.FillPercent = fill
		return change(b)
	})
}

// commit runs change and commits it. The caller has the turn.
func (f *file) commit(change func(*bbolt.Tx) error) error {
	id, changed := 0, false
	err := guarded(func() error {
		t, err := f.kv.Begin(true)
		if err != nil {
			return err
		}
		id = t.ID()
		if err := change(t); err != nil {
			return errors.Join(err, t.Rollback())
		}
		changed = true
		return t.Commit()
	})
	if errors.Is(err, storage.ErrCorrupt) {
		f.stuck = true
	}
	switch {
	case err == nil:
		f.durable.Store(int64(id))
	case changed:
		err = f.unsure(id, err)
	case f.stuck:
		f.fail(err)
	}
	return err
}

// unsure returns the error of a commit that failed, and ends the use of the file if what it wrote can be seen: then
// the failure was in the last sync.
func (f *file) unsure(id int, cause error) error {
	seen := id
	look := guarded(func() error {
		return f.kv.View(func(t *bbolt.Tx) error {
			seen = t.ID()
			return nil
		})
	})
	if look != nil || seen >= id || f.stuck {
		f.fail(cause)
	}
	return fmt.Errorf("%w: %w", storage.ErrUnknown, cause)
}

// fail ends the use of the file: to its users the store is closed.
func (f *file) fail(cause error) {
	broken := fmt.Errorf("%w: %s must be opened again, because a commit failed: %w", storage.ErrClosed, f.handle.Name(), cause)
	f.broken.Store(&broken)
}

// take waits for the turn to write.
func (f *file) take(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if broken := f.broken.Load(); broken != nil {
		f.give()
		return *broken
	}
	return nil
}

func (f *file) give() { <-f.turn }

// close lists the free pages, so that the next Open need not walk over all others to find them, and closes the file. The
// list only saves time: a failure to write it is not reported.
func (f *file) close() error {
	if f.stuck {
		return f.handle.Close() // kv.Close would wait for the transaction; closing the handle gives up the lock
	}
	if f.kv.NoFreelistSync && f.broken.Load() == nil {
		f.kv.NoFreelistSync = false
		_ = f.commit(func(*bbolt.Tx) error { return nil })
	}
	return f.kv.Close()
}

// guarded runs a bbolt operation, and returns as storage.ErrCorrupt the panics and faults by which bbolt answers damage.
func guarded(operate func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", storage.ErrCorrupt, p)
		}
	}()
	return operate()
}
