package db_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
)

// law: a backup of a database that is written, imported into, indexed, trimmed and collected meanwhile is proved without being restored; and
// what is restored of it, in a store of another kind, is the database that it was, datom for datom, transaction for transaction, and
// hash for hash, and goes on like any other.
func TestBackupsOfRandomHistories(t *testing.T) {
	soak.Run(t, 10, 100, func(t *testing.T, seed int64) {
		a := newArchive(t, seed)
		for range 1 + a.rng.IntN(2) {
			for range a.rng.IntN(6) {
				a.act()
			}
			a.backUp()
		}
		all, err := db.Backups(a.ctx, a.target)
		if slices.Reverse(all); err != nil || !slices.Equal(all, a.backups) {
			t.Errorf("%+v, and not %+v: %v", all, a.backups, err)
		}
		for _, b := range a.backups {
			a.proved(b)
		}
		a.restore(a.backups[a.rng.IntN(len(a.backups))])
		a.close()
	})
}

// An archive is a meeting of which backups are made.
type archive struct {
	*meeting
	target  storage.Store
	backups []db.Backup
}

func newArchive(t *testing.T, seed int64) *archive {
	a := &archive{meeting: newMeeting(t, seed), target: mem.New()}
	if seed%16 == 1 {
		a.target = folder(t)
	}
	return a
}

// folder returns a store in a folder.
func folder(t *testing.T) storage.Store {
	s, err := bolt.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// backUp makes a backup while others go on.
func (a *archive) backUp() {
	conn := a.open()
	defer conn.Close()
	first := a.want.T()
	var beside sync.WaitGroup
	var b db.Backup
	var err error
	beside.Go(func() { b, err = conn.Backup(a.ctx, a.target, nil) })
	for range a.rng.IntN(4) {
		a.act()
	}
	beside.Wait()
	if a.fails("backup", err) {
		return
	}
	if b.T < first || b.T > a.want.T() || b.Name == "" {
		a.Errorf("step %d: a backup of %s, between %s and %s", a.step, b.T, first, a.want.T())
	}
	if !slices.Contains(a.backups, b) { // of what has not changed since there is one
		a.backups = append(a.backups, b)
	}
}

// proved proves a backup.
func (a *archive) proved(b db.Backup) {
	for v, err := range db.VerifyBackup(a.ctx, a.target, b) {
		if err != nil {
			a.Error(v, err)
		}
	}
}

// restore restores a backup, and compares what comes of it with what was.
func (a *archive) restore(b db.Backup) {
	store := storage.Store(mem.New())
	if _, isMem := a.target.(*mem.Store); a.rng.IntN(16) == 0 && isMem {
		store = folder(a.T)
	}
	o := a.minced(db.Options{Name: "restored", Clock: a.now})
	i := slices.IndexFunc(a.chain, func(rep *db.Report) bool { return rep.T == b.T })
	at, kept := db.T(0), []db.Chain{b.Chain}
	if a.rng.IntN(2) == 0 {
		i = a.rng.IntN(i + 1)
		at = a.chain[i].T
		if at < b.T {
			kept = nil
		}
	}
	made, err := db.Restore(a.ctx, a.target, b, store, db.MincedRestore(o, db.RestoreOptions{Name: o.Name, T: at}))
	if err != nil || made.Origin != b.ID {
		a.Error(made, err)
		return
	}
	if _, err := db.Restore(a.ctx, a.target, b, store, db.RestoreOptions{Name: o.Name}); !errors.Is(err, db.ErrTaken) {
		a.Error(err)
	}
	again := &meeting{T: a.T, ctx: a.ctx, rng: rand.New(rand.NewPCG(1, uint64(a.step))), conns: []*db.Conn{open(a.T, store, o)},
		chain: slices.Clone(a.chain[:i+1]), want: a.chain[i].After, store: store, minced: a.minced, name: o.Name}
	defer again.close()
	again.compare(again.conns[0])
	if again.proves(kept...); a.rng.IntN(3) > 0 {
		return
	}
	again.transact(again.data())
	again.fails("index", again.conns[0].Index(a.ctx))
	_, err = again.conns[0].Collect(a.ctx, db.CollectOptions{})
	again.fails("collect", err)
	again.reopen()
	again.shows("what goes on", again.conns[0].Snapshot(), again.want)
	again.proves(kept...)
}

// close closes the Conns.
func (m *meeting) close() {
	for _, conn := range m.conns {
		m.fails("close", conn.Close())
	}
}

// proves proves the database, and that it has chains as its beginning.
func (m *meeting) proves(kept ...db.Chain) {
	for v, err := range m.conns[0].Verify(m.ctx, kept...) {
		if err != nil {
			m.Error(v, err)
		}
	}
}
