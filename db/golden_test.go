package db

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// The files of stores as versions of the library left them: store-1 with roots of version 1, store-2 with those of version 2, and store-3 with
// several levels, filters, and a log in chunks; store-4 with long values, whole in every order, store-5 with stubs of them; store-6 with placeholders in slots of the log. Of each there are its keys and values, a line each (jsonl), and the history that it holds (txt).
const goldenStore = "testdata/store-6"

// TestStoresOfEveryVersionOpen opens stores that were written once and for all. With -update the newest is written anew, which no change
// of the library may make necessary.
func TestStoresOfEveryVersionOpen(t *testing.T) {
	if *update {
		writeGoldenStore(t)
	}
	stores, err := filepath.Glob("testdata/store-*.jsonl")
	if len(stores) < 6 || err != nil {
		t.Fatal(stores, err)
	}
	for _, file := range stores {
		t.Run(file, func(t *testing.T) { opensGolden(t, strings.TrimSuffix(file, ".jsonl")) })
	}
}

// goldenFiles returns the store of the golden files with a name, and the history that it holds.
func goldenFiles(t *testing.T, name string) (*mem.Store, string) {
	store := mem.New()
	lines, err := os.ReadFile(name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(lines)) {
		var item storage.Item
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			t.Fatal(err)
		}
		if err := store.Put(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return store, string(text)
}

// opensGolden opens a store of the golden files with a name.
func opensGolden(t *testing.T, name string) {
	store, want := goldenFiles(t, name)
	conn := openConn(t, store, Options{sizes: index.Sizes{Leaf: 30, Block: 8, Level: 40, Ratio: 2}})
	if s := conn.Stats(); s.Indexed == 0 || s.Tail == 0 {
		t.Errorf("%+v", s)
	}
	if diff := cmp.Diff(want, historyOf(t, conn.Snapshot())); diff != "" {
		t.Error(diff)
	}
	for _, d := range collect(t, conn.Snapshot(), AEVT, "name") {
		if e, err := conn.Snapshot().EntID(t.Context(), LookupRef{Attr: "name", Value: d.V.Text()}); e != d.E || err != nil {
			t.Errorf("%d is %d: %v", d.E, e, err)
		}
	}
	for v, err := range conn.Verify(t.Context()) {
		if err != nil {
			t.Error(v, err)
		}
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := openConn(t, store, Options{ReadOnly: true})
	if diff := cmp.Diff(want, historyOf(t, again.Snapshot())); diff != "" || again.Stats().Tail > 0 {
		t.Error(again.Stats(), diff)
	}
}

// historyOf returns the events that a snapshot shows in each order, a line each.
func historyOf(t *testing.T, snap *Snapshot) string {
	var b strings.Builder
	for _, o := range []Order{EAVT, AEVT, AVET, VAET} {
		for _, d := range collect(t, snap.History(), o) {
			if d.Tx > index.TxID(0) {
				fmt.Fprintln(&b, o, int64(d.E), int64(d.A), d.V.Kind(), d.V, int64(d.Tx), d.Added)
			}
		}
	}
	return b.String()
}

// writeGoldenStore writes a store with values of every kind that come and go, two indexes, and some transactions behind them.
func writeGoldenStore(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{sizes: index.Sizes{Leaf: 30, Block: 8, Level: 40, Ratio: 2}, log: logSizes{kept: 1}})
	m := newMaker(t)
	m.define("name", TypeString, add(0, "db/unique", ID(38)))
	m.define("ref", TypeRef)
	for _, c := range m.log {
		commit(t, conn, replayOf(c))
	}
	name, _ := m.snap.Schema().Named("name")
	var asserted, names []index.Fact
	for i := range 30 {
		commit(t, conn, func(_ context.Context, before *Snapshot) (*Report, error) {
			c := nextCommit(before, 1)
			for k, v := range sampleValues() {
				switch f := (index.Fact{E: index.NewID(index.PartUser, c.T+1), A: ID(2000 + k), V: v, Tx: index.TxID(c.T)}); {
				case k%30 == i:
					c.Facts = append(c.Facts, f)
				case i >= 15 && k%15 == i-15 && k < len(asserted):
					f = asserted[k]
					f.End = index.TxID(c.T)
					c.Facts = append(c.Facts, f)
				}
			}
			ref, _ := before.Schema().Named("ref")
			c.Facts = append(c.Facts, index.Fact{E: index.NewID(index.PartUser, c.T+1), A: ref.ID, V: index.Ref(index.TxID(c.T)), Tx: index.TxID(c.T)})
			text, err := index.String(strings.Repeat("x", 500+i) + fmt.Sprint(i)) // those of 512 bytes and less are not long
			if err != nil {
				return nil, err
			}
			names = append(names, index.Fact{E: index.NewID(index.PartUser, c.T+1), A: name.ID, V: text, Tx: index.TxID(c.T)})
			if c.Facts = append(c.Facts, names[i]); i >= 15 {
				f := names[2*(i-15)]
				f.End = index.TxID(c.T)
				c.Facts = append(c.Facts, f)
			}
			return before.Apply(c)
		})
		asserted = asserted[:0]
		for _, d := range collect(t, conn.Snapshot(), EAVT) {
			if d.A >= 2000 {
				asserted = append(asserted, index.Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx})
			}
		}
		if i == 12 || i == 20 || i == 25 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if i == 25 {
			sweepAll(t, conn)
		}
	}
	dump(t, store, conn.log.dbid)
	if err := os.WriteFile(goldenStore+".txt", []byte(historyOf(t, conn.Snapshot())), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dump writes what a store holds into the golden file.
func dump(t *testing.T, store storage.Store, dbid string) {
	var lines strings.Builder
	for _, prefix := range []string{"name/", dbid + "/"} {
		keys, err := store.List(t.Context(), prefix, "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			value, err := store.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			line, err := json.Marshal(storage.Item{Key: key, Value: value})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
	}
	if err := os.WriteFile(goldenStore+".jsonl", []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
