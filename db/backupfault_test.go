package db

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// backupFaults returns a case of a random test, which calls each with the ways in which a call fails, or a process is killed before a call or behind
// it. In one case calls are met in steps, in several all of them.
func backupFaults(coarse int, reads bool, each func(t *testing.T, fault storagetest.Fault, step int)) func(t *testing.T, seed int64) {
	return func(t *testing.T, seed int64) {
		for fault, step := range faultsAndSteps(reads) {
			step *= coarse
			fault.N = 1 + int((seed-1)%int64(step))
			each(t, fault, step)
		}
	}
}

func faultsAndSteps(reads bool) map[storagetest.Fault]int {
	all := map[storagetest.Fault]int{{Mode: storagetest.Before, Forever: true}: 1, {Mode: storagetest.After, Forever: true}: 2,
		{Mode: storagetest.Before}: 3, {Mode: storagetest.After}: 3}
	if reads {
		all[storagetest.Fault{Mode: storagetest.Corrupt}], all[storagetest.Fault{Mode: storagetest.Short}] = 2, 5
	}
	if testing.Short() {
		return map[storagetest.Fault]int{{Mode: storagetest.Before, Forever: true}: 7}
	}
	return all
}

// newBackupSource returns a database with several levels, chunks, an import, and records behind those, of which one lies elsewhere.
func newBackupSource(t *testing.T) (*Conn, storage.Store) {
	store := small{mem.New()}
	o := smallParts
	o.Cache = 1 << 20
	conn := openConn(t, store, o)
	grow(t, conn, 1)
	load := func(yield func(Eval, error) bool) { _ = yield(mark("loaded"), nil) && yield(raise, nil) }
	if _, err := conn.Import(t.Context(), load, func(Import) {}); err != nil {
		t.Fatal(err)
	}
	commit(t, conn, mark(strings.Repeat("long ", 205)))
	commit(t, conn, raise)
	return conn, store
}

// law: whatever call of the target fails, and however, there is a backup or there is none; and the next attempt makes one that is proved
// and restored, without copying again what is there.
func TestFaultsOfATarget(t *testing.T) {
	conn, _ := newBackupSource(t)
	held := conn.Snapshot()
	soak.Run(t, 1, 1, backupFaults(1, false, func(t *testing.T, fault storagetest.Fault, step int) {
		kept := 0
		for ; ; fault.N += step {
			inner := small{mem.New()}
			target := storagetest.NewFaulty(inner)
			target.Set(fault)
			b, err := conn.Backup(t.Context(), target, nil)
			target.Set()
			all, listing := Backups(t.Context(), inner)
			if listing != nil || err == nil && (len(all) != 1 || all[0] != b) || len(all) > 0 && errors.Is(err, storagetest.ErrInjected) && fault.Mode == storagetest.Before {
				t.Fatalf("%v: %+v, %v: %+v, %v", fault, b, err, all, listing)
			}
			var last Copy
			b, err = conn.Backup(t.Context(), target, func(c Copy) { last = c })
			if err != nil {
				t.Fatal(fault, err)
			}
			kept += last.Kept
			provesBackup(t, inner, b)
			if fault.N%4 == 0 {
				again := restoreAs(t, inner, b, mem.New(), "again", smallParts)
				same(t, held, again.Snapshot())
				_ = again.Close()
			}
			if target.Hits() == 0 {
				break
			}
		}
		if t.Logf("%v, %d calls: %d parts were there already", fault.Mode, fault.N-1, kept); fault.N < 8 || kept == 0 && fault.Forever {
			t.Error("those are too few")
		}
	}))
}

// provesBackup proves a backup.
func provesBackup(t testing.TB, store storage.Store, b Backup) {
	t.Helper()
	for v, err := range VerifyBackup(context.Background(), store, b) {
		if err != nil {
			t.Error(v, err)
		}
	}
}

// law: so it is with the calls of the store that is backed up, which is then what it was.
func TestFaultsOfABackedUpStore(t *testing.T) {
	source, inner := newBackupSource(t)
	held := source.Snapshot()
	began := time.Now()
	if _, err := source.Backup(t.Context(), mem.New(), nil); err != nil {
		t.Fatal(err)
	}
	patience := 10*time.Millisecond + 20*time.Since(began) // where a call fails for ever, some are tried again until it is over
	soak.Run(t, 1, 1, backupFaults(4, true, func(t *testing.T, fault storagetest.Fault, step int) {
		for ; ; fault.N += step {
			faulty, target := storagetest.NewFaulty(copied(t, inner, source.log.dbid)), small{mem.New()}
			o := smallParts
			o.Cache = 1 << 20
			conn := openConn(t, faulty, o)
			conn.grace = time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			faulty.Set(fault)
			_, failure := conn.Backup(ctx, target, nil)
			met := faulty.Hits()
			faulty.Set()
			cancel()
			if all, listing := Backups(t.Context(), target); listing != nil || (failure == nil) != (len(all) == 1) {
				t.Fatal(fault, failure, all, listing)
			}
			b, err := conn.Backup(t.Context(), target, nil)
			if err != nil {
				t.Fatal(fault, err)
			}
			if provesBackup(t, target, b); fault.N%4 == 0 {
				again := restoreAs(t, target, b, mem.New(), "again", smallParts)
				same(t, held, again.Snapshot())
				_ = again.Close()
			}
			if _ = conn.Close(); met == 0 {
				if failure != nil {
					t.Fatal(fault, failure)
				}
				break
			}
		}
		if t.Logf("%v, %d calls", fault.Mode, fault.N-1); fault.N < 8 {
			t.Error("those are too few")
		}
	}))
}

// copied returns a store with what another one has of a database.
func copied(t *testing.T, from storage.Store, dbid string) storage.Store {
	to := small{mem.New()}
	for _, prefix := range []string{namePrefix, dbid + "/"} {
		for key, err := range listed(t.Context(), from, prefix) {
			value, getErr := from.Get(t.Context(), key)
			if err := errors.Join(err, getErr, to.Put(t.Context(), storage.Item{Key: key, Value: value})); err != nil {
				t.Fatal(err)
			}
		}
	}
	return to
}

// law: whatever call fails while a backup is restored, there is no database, or all of it; and the next attempt goes on.
func TestFaultsOfARestoration(t *testing.T) {
	conn, _ := newBackupSource(t)
	backups, held := mem.New(), conn.Snapshot()
	b := backUp(t, conn, backups)
	soak.Run(t, 1, 1, backupFaults(2, true, func(t *testing.T, fault storagetest.Fault, step int) {
		kept := 0
		for ; ; fault.N += step {
			inner, met := small{mem.New()}, 0
			for _, side := range []string{"from", "to"} {
				from, to := storagetest.NewFaulty(backups), storagetest.NewFaulty(inner)
				map[string]*storagetest.Faulty{"from": from, "to": to}[side].Set(fault)
				_, err := Restore(t.Context(), from, b, to, RestoreOptions{Name: "again", log: smallLog})
				met += from.Hits() + to.Hits()
				all, listing := Databases(t.Context(), inner)
				if listing != nil || err == nil && len(all) != 1 {
					t.Fatal(fault, err, all, listing)
				}
				if len(all) > 0 {
					break
				}
			}
			_, err := Restore(t.Context(), backups, b, inner, RestoreOptions{Name: "again", log: smallLog, Told: func(c Copy) { kept += c.Kept }})
			if all, _ := Databases(t.Context(), inner); len(all) != 1 || err != nil && !errors.Is(err, ErrTaken) {
				t.Fatal(fault, all, err)
			}
			o := smallParts
			o.Name = "again"
			again := openConn(t, inner, o)
			if fault.N%4 == 0 {
				same(t, held, again.Snapshot())
				for _, err := range again.Verify(t.Context(), b.Chain) {
					if err != nil {
						t.Error(fault, err)
					}
				}
			}
			if _ = again.Close(); met == 0 {
				break
			}
		}
		if t.Logf("%v, %d calls, %d parts kept", fault.Mode, fault.N-1, kept); fault.N < 8 || kept == 0 && fault.Forever {
			t.Error("those are too few")
		}
	}))
}
