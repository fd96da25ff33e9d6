package db

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/storage"
)

// goldenBackup is a store with a backup, and a database that was restored from it, as this version left them, and the history that both have.
const goldenBackup = "testdata/backup-1"

// TestBackupsOfEveryVersionAreRestored verifies and restores a backup that was made once and for all, and opens what was restored of it then. With -update it is
// written anew, which no change of the library may make necessary.
func TestBackupsOfEveryVersionAreRestored(t *testing.T) {
	if *update {
		writeGoldenBackup(t)
	}
	store, want := goldenFiles(t, goldenBackup)
	all, err := Backups(t.Context(), store)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	provesBackup(t, store, all[0])
	again := restoreAs(t, store, all[0], store, "again", smallParts)
	o := smallParts
	o.Name = "restored"
	for _, conn := range []*Conn{again, openConn(t, store, o)} {
		if diff := cmp.Diff(want, historyOf(t, conn.Snapshot())); diff != "" {
			t.Error(diff)
		}
		for _, err := range conn.Verify(t.Context(), all[0].Chain) {
			if err != nil {
				t.Error(err)
			}
		}
	}
}

func writeGoldenBackup(t *testing.T) {
	d := newDamagedBackup(t) // which is sound yet
	made, err := Restore(t.Context(), d.store, d.backup, d.store, RestoreOptions{Name: "restored", log: smallLog})
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, prefix := range []string{namePrefix, pointPrefix, d.backup.ID + "/", made.ID + "/"} {
		for key, err := range listed(t.Context(), d.store, prefix) {
			value, getErr := d.store.Get(t.Context(), key)
			if err != nil || getErr != nil {
				t.Fatal(err, getErr)
			}
			line, _ := json.Marshal(storage.Item{Key: key, Value: value}) // which is text and bytes alone
			lines.Write(append(line, '\n'))
		}
	}
	o := smallParts
	o.Name, o.ReadOnly = made.Name, true
	history := historyOf(t, openConn(t, d.store, o).Snapshot())
	for ending, text := range map[string]string{".jsonl": lines.String(), ".txt": history} {
		if err := os.WriteFile(goldenBackup+ending, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
