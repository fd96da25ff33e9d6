package db

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
)

// stores are ways to keep a database.
var stores = map[string]func(t *testing.T) storage.Store{
	"mem": func(*testing.T) storage.Store { return mem.New() },
	"bolt": func(t *testing.T) storage.Store {
		store, err := bolt.Open(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	},
	"remote": func(t *testing.T) storage.Store {
		token := rand.Text()
		h, err := remote.NewHandler(mem.New(), remote.ServeOptions{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		store, err := remote.Open(t.Context(), server.URL, remote.Options{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		return store
	},
}

// law: what a snapshot shows is the same before what it rests on is indexed, meanwhile and afterwards, and the same in every store, with
// parts and levels and a cache of any size.
func TestASnapshotShowsTheSameWhileItIsIndexed(t *testing.T) {
	deepest := 0
	soak.Run(t, 1, 1, func(t *testing.T, seed int64) {
		rnd := mathrand.New(mathrand.NewPCG(uint64(seed), 11))
		transactions := 14
		if testing.Short() {
			transactions = 10
		}
		w := newWorld(t, seed, transactions)
		w.snap.publish()
		for kind, open := range stores {
			sizes := index.Sizes{Leaf: 1 + rnd.IntN(80), Block: 1 + rnd.IntN(20), Level: 1 + rnd.IntN(20), Ratio: 2 + rnd.IntN(4)}
			o := Options{sizes: sizes, Cache: 1 << rnd.IntN(24), Clock: func() time.Time { return w.maker.at }}
			conn := openConn(t, open(t), o)
			var snaps []*Snapshot
			var shown []string
			for i, c := range w.log {
				snaps = append(snaps, commit(t, conn, replayOf(c)).After)
				shown = append(shown, showing(t, snaps[i], w))
				if i < 4 || rnd.IntN(3) > 0 {
					continue
				}
				var reading sync.WaitGroup
				for _, k := range []int{i, rnd.IntN(i)} {
					reading.Go(func() {
						if diff := cmp.Diff(shown[k], showing(t, snaps[k], w)); diff != "" {
							t.Errorf("%s: while transaction %d is indexed, %d shows %s", kind, i, k, diff)
						}
					})
				}
				if err := conn.Index(t.Context()); err != nil {
					t.Fatal(err)
				}
				reading.Wait()
				deepest = max(deepest, len(conn.Snapshot().levels.Stored()))
				if diff := cmp.Diff(shown[i], showing(t, conn.Snapshot(), w)); diff != "" {
					t.Errorf("%s: indexed, transaction %d shows %s", kind, i, diff)
				}
			}
			same(t, w.snap, conn.Snapshot())
			_ = conn.Close()
		}
	})
	if t.Logf("up to %d levels", deepest); deepest < 2 {
		t.Error("there were no levels")
	}
}

// showing tells what a snapshot shows, now and of its past, in each order, and who has which unique value.
func showing(t *testing.T, snap *Snapshot, w *world) string {
	var b strings.Builder
	ctx := context.Background()
	middle := w.log[len(w.log)/2].T
	for _, r := range []Reader{snap, snap.AsOf(middle), snap.Since(middle), snap.History(), snap.AsOf(middle).History()} {
		for _, o := range []Order{EAVT, AEVT, AVET, VAET} {
			for d, err := range r.Datoms(ctx, o) {
				if err != nil {
					t.Error(err)
				}
				if d.Tx > index.TxID(0) {
					fmt.Fprintln(&b, o, int64(d.E), int64(d.A), d.V, int64(d.Tx), d.Added)
				}
			}
			if n, err := r.Count(ctx, o); r == Reader(snap) || err != nil {
				fmt.Fprintln(&b, n, err)
			}
		}
	}
	for i := range 6 {
		for k := range 3 {
			value := nameOf(i, k)
			id, err := snap.EntID(ctx, LookupRef{Attr: "one", Value: value})
			fmt.Fprintln(&b, value, id, err)
		}
	}
	return b.String()
}
