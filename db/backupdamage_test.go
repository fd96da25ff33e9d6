package db

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// A damagedBackup is a small backup that has something of everything, some of whose bytes are damaged.
type damagedBackup struct {
	*testing.T
	store  storage.Store
	backup Backup
	values map[string][]byte // by key
	tried  int
	missed int
}

// newDamagedBackup returns the backup of a database with an index of several levels, a log in chunks and behind them, a record that lies
// elsewhere, and an import.
func newDamagedBackup(t *testing.T) *damagedBackup {
	d := &damagedBackup{T: t, store: small{mem.New()}, values: map[string][]byte{}}
	o := smallParts
	o.sizes.Leaf, o.sizes.Block = 100, 50
	conn := openConn(t, small{mem.New()}, o)
	commit(t, conn, mark("one"))
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	load := func(yield func(Eval, error) bool) { _ = yield(mark("loaded"), nil) && yield(raise, nil) }
	if _, err := conn.Import(t.Context(), load, func(Import) {}); err != nil {
		t.Fatal(err)
	}
	commit(t, conn, mark(strings.Repeat("long ", 205)))
	commit(t, conn, raise)
	d.backup = backUp(t, conn, d.store)
	for _, prefix := range []string{"backup/point/", conn.log.dbid + "/"} {
		for key, err := range listed(t.Context(), d.store, prefix) {
			if err != nil {
				t.Fatal(err)
			}
			d.values[key], _ = d.store.Get(t.Context(), key)
		}
	}
	kinds := map[string]bool{}
	for key := range d.values {
		kinds[strings.Split(key, "/")[1]] = true
	}
	if diff := slices.Sorted(maps.Keys(kinds)); !slices.Equal(diff, []string{"body", "log", "meta", "point", "root", "seg"}) {
		t.Fatal(diff)
	}
	return d
}

// verified returns the keys that are named as damaged when the backup has other values.
func (d *damagedBackup) verified(values map[string][]byte) (named string, err error) {
	store := changed{d.store, values}
	all, err := Backups(context.Background(), store)
	if err != nil || len(all) == 0 {
		return errors.Join(err, ErrCorrupt).Error(), err
	}
	var v Verification
	for v, err = range VerifyBackup(context.Background(), store, all[0]) {
	}
	for _, damage := range v.Damages {
		named += " " + damage.Key + " " + damage.Why
	}
	if err != nil {
		named += err.Error()
	}
	return named, err
}

// finds checks that all of the keys are named which have other values. Of a record that lies elsewhere it is where that begins.
func (d *damagedBackup) finds(what string, values map[string][]byte) {
	d.Helper()
	d.tried++
	named, err := d.verified(values)
	for key := range values {
		if strings.Contains(key, "/body/") {
			key = strings.TrimRight(key, "0123456789")
		}
		if !isDamage(err) || !strings.Contains(named, key) {
			if d.missed++; d.missed < 10 {
				d.Errorf("%s: %s is not found: %v", what, key, err)
			}
		}
	}
}

// apart reports whether damage of a segment hides none of others: it is no directory, and not of the log.
func (d *damagedBackup) apart(key string) bool {
	const kind = 4 + 2 // length of the head, mark, version
	return strings.Contains(key, "/seg/") && (d.values[key][kind] == 'l' || d.values[key][kind] == 'f')
}

// law: whatever byte of a backup is flipped, that is found without a restoration, and its key named; nor can the backup be restored. A case flips an
// eighth of the bytes: eight all, and 64 all bits. Leaves are damaged all at once, each in one byte.
func TestEveryByteOfABackup(t *testing.T) {
	soak.RunLeast(t, 1, 1, 8, func(t *testing.T, seed int64) {
		step := 8
		if testing.Short() {
			step = 40
		}
		d := newDamagedBackup(t)
		if named, err := d.verified(nil); err != nil || named != "" {
			t.Fatal(named, err)
		}
		all, together := 0, map[int]map[string][]byte{}
		for n, key := range slices.Sorted(maps.Keys(d.values)) {
			value := d.values[key]
			for i := (n + int(seed)) % step; i < len(value); i += step {
				damaged := bytes.Clone(value)
				damaged[i] ^= 1 << ((int(seed)/step + i) % 8)
				if all++; all%32 == 0 {
					d.refuses(key, damaged)
				}
				if !d.apart(key) {
					d.finds("a byte", map[string][]byte{key: damaged})
					continue
				}
				if together[i] == nil {
					together[i] = map[string][]byte{}
				}
				together[i][key] = damaged
			}
			if !strings.HasPrefix(key, pointPrefix) { // without which there is no backup
				d.finds("no value", map[string][]byte{key: nil})
			}
			d.finds("half a value", map[string][]byte{key: value[:len(value)/2]})
		}
		for _, values := range together {
			d.finds("a byte of each of many", values)
		}
		if t.Logf("%d bytes of %d values, in %d verifications", all, len(d.values), d.tried); d.tried < 100 {
			t.Error("those are too few")
		}
	})
}

// refuses checks that a backup with another value makes no database.
func (d *damagedBackup) refuses(key string, value []byte) {
	d.Helper()
	ctx, to := context.Background(), mem.New()
	_, err := Restore(ctx, changed{d.store, map[string][]byte{key: value}}, d.backup, to, RestoreOptions{Name: "copy"})
	if all, listing := Databases(ctx, to); !isDamage(err) || !errors.As(err, new(*StoreError)) || len(all) > 0 || listing != nil {
		d.Errorf("%s: what was restored of a damaged backup: %v, %v, %v", key, all, listing, err)
	}
}
