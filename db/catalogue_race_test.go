package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// law: whatever several do to the names of one store at once, it is as if one had done it after the other: there is an order, in
// which what began after another had ended comes later, and in which everybody is told what is so. What failed for the store's sake
// happened at some time, or never.
func TestCatalogueIsLinearizable(t *testing.T) {
	soak.Run(t, 40, 600, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 9))
		inner := mem.New()
		for _, name := range raceNames[:2] {
			if err := openAndClose(inner, name); err != nil {
				t.Fatal(err)
			}
		}
		h := &history{}
		h.note(deed{verb: "list"}, func(d *deed) { d.list, d.err = listOf(inner) })
		var all sync.WaitGroup
		for range 3 {
			rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
			store := &restless{Store: storagetest.NewFaulty(inner, someFaults(rng)...), rng: rng}
			all.Go(func() {
				for range 2 + rng.IntN(3) {
					h.do(t, store, rng)
				}
			})
		}
		all.Wait()
		h.note(deed{verb: "list"}, func(d *deed) { d.list, d.err = listOf(inner) })
		if !h.explains() {
			t.Errorf("no order explains\n%s", h)
		}
	})
}

var raceNames = []string{"a", "b", "c"}

// someFaults returns faults that lose answers, refuse or delay.
func someFaults(rng *rand.Rand) []storagetest.Fault {
	var faults []storagetest.Fault
	for range rng.IntN(3) {
		faults = append(faults, storagetest.Fault{Mode: []storagetest.Mode{storagetest.Before, storagetest.After, storagetest.Deadline}[rng.IntN(3)],
			Op: []string{"create", "get", "put", "list", ""}[rng.IntN(5)], N: 1 + rng.IntN(12)})
	}
	return faults
}

// A restless store lets others run between its calls. It is used by one goroutine, but for probes.
type restless struct {
	storage.Store
	mu  sync.Mutex
	rng *rand.Rand
}

func (r *restless) rest() {
	r.mu.Lock()
	n := r.rng.IntN(4)
	r.mu.Unlock()
	for range n {
		runtime.Gosched()
	}
}

func (r *restless) Get(ctx context.Context, key string) ([]byte, error) {
	r.rest()
	return r.Store.Get(ctx, key)
}

func (r *restless) Create(ctx context.Context, key string, value []byte) error {
	r.rest()
	return r.Store.Create(ctx, key, value)
}

func (r *restless) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	r.rest()
	return r.Store.List(ctx, prefix, after, limit)
}

// A deed is something that was asked of the catalogue, when it began and ended, and what came of it.
type deed struct {
	verb, name, to string
	began, ended   int64
	dbid           string            // open, read
	list           map[string]string // list: the ids by name
	err            error
}

// A history is what several did at once.
type history struct {
	clock atomic.Int64
	mu    sync.Mutex
	deeds []*deed
}

// note has something done.
func (h *history) note(d deed, do func(d *deed)) {
	d.began = h.clock.Add(1)
	do(&d)
	d.ended = h.clock.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deeds = append(h.deeds, &d)
}

// do does something at random.
func (h *history) do(t *testing.T, store storage.Store, rng *rand.Rand) {
	ctx := context.Background()
	name, to := raceNames[rng.IntN(len(raceNames))], raceNames[rng.IntN(len(raceNames))]
	switch rng.IntN(6) {
	case 0:
		h.note(deed{verb: "open", name: name}, func(d *deed) { d.dbid, d.err = openToKnow(store, Options{Name: name}) })
	case 1:
		h.note(deed{verb: "read", name: name}, func(d *deed) { d.dbid, d.err = openToKnow(store, Options{Name: name, ReadOnly: true}) })
	case 2:
		h.note(deed{verb: "list"}, func(d *deed) { d.list, d.err = listOf(store) })
	case 3:
		h.note(deed{verb: "drop", name: name}, func(d *deed) { d.err = Drop(ctx, store, name) })
	default:
		h.note(deed{verb: "rename", name: name, to: to}, func(d *deed) { d.err = Rename(ctx, store, name, to) })
	}
}

func openToKnow(store storage.Store, o Options) (string, error) {
	conn, err := Open(context.Background(), store, o)
	if err != nil {
		return "", err
	}
	return conn.log.dbid, conn.Close()
}

func listOf(store storage.Store) (map[string]string, error) {
	list, err := Databases(context.Background(), store)
	ids := map[string]string{}
	for _, d := range list {
		ids[d.Name] = d.ID
	}
	return ids, err
}

// explains reports whether the deeds have an order, beginning with a list of all names.
func (h *history) explains() bool {
	o := &order{deeds: h.deeds[1:]}
	for _, d := range h.deeds {
		for _, id := range append(slices.Collect(maps.Values(d.list)), d.dbid) {
			if id != "" && !slices.Contains(o.ids, id) {
				o.ids = append(o.ids, id)
			}
		}
	}
	start := leading{leads: h.deeds[0].list, last: map[string]string{}, used: map[string]string{}}
	for _, id := range start.leads {
		start.used[id] = "made"
	}
	return o.search(start)
}

// An order is a search for one.
type order struct {
	deeds []*deed // that are not in it yet
	ids   []string
}

// A leading is where all names lead in some order at some place.
type leading struct {
	leads map[string]string // the ids by name
	last  map[string]string // of a name that leads nowhere: the id that moved away, or "dropped"
	used  map[string]string // ids that were given
}

// search reports whether the deeds that are left have an order that begins with these names.
func (o *order) search(n leading) bool {
	left := o.deeds
	if !slices.ContainsFunc(left, func(d *deed) bool { return !d.failed() }) {
		return true
	}
	for i, d := range left {
		if slices.ContainsFunc(left, func(other *deed) bool { return !other.failed() && other.ended < d.began }) {
			continue
		}
		o.deeds = slices.Delete(slices.Clone(left), i, i+1)
		if slices.ContainsFunc(d.outcomes(n, o.ids), o.search) {
			return true
		}
	}
	o.deeds = left
	return false
}

// failed reports whether the store failed, so that nobody knows what came of the deed.
func (d *deed) failed() bool { return d.err != nil && !isAny(d.err, ErrNoDatabase, ErrTaken) }

// outcomes returns what the names may be after the deed; none if it cannot have been told what it was. Of a deed that failed, it
// returns what it may have changed.
func (d *deed) outcomes(n leading, ids []string) []leading {
	id, live := n.leads[d.name]
	_, taken := n.leads[d.to]
	is := false // what the deed was told, without changing anything
	switch {
	case errors.Is(d.err, ErrNoDatabase):
		is = !live
	case errors.Is(d.err, ErrTaken):
		is = live && taken && d.to != d.name
	case d.verb == "list":
		is = maps.Equal(d.list, n.leads)
	case d.verb == "read" || d.verb == "open" && live:
		is = live && id == d.dbid
	case d.verb == "open":
		return d.made(n, ids)
	case d.verb == "drop" && live:
		return []leading{{with(n.leads, d.name, ""), with(n.last, d.name, "dropped"), n.used}}
	case d.verb == "drop":
		is = n.last[d.name] == "dropped"
	case live && !taken:
		return []leading{{with(with(n.leads, d.name, ""), d.to, id), with(n.last, d.name, id), n.used}}
	default: // rename
		is = live && d.name == d.to || !live && taken && n.last[d.name] == n.leads[d.to]
	}
	if is {
		return []leading{n}
	}
	return nil
}

// made returns what the names may be after a database was made. What the id is that a deed made which failed, others may tell.
func (d *deed) made(n leading, ids []string) (all []leading) {
	if d.failed() {
		ids = append(slices.Clone(ids), fmt.Sprint("unseen ", d.began))
	} else {
		ids = []string{d.dbid}
	}
	for _, id := range ids {
		if n.used[id] == "" {
			all = append(all, leading{with(n.leads, d.name, id), n.last, with(n.used, id, "made")})
		}
	}
	return all
}

// with returns the map with another value for a key; none for "".
func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	m[key] = value
	if value == "" {
		delete(m, key)
	}
	return m
}

// String lists the deeds in the order in which they began.
func (h *history) String() string {
	slices.SortFunc(h.deeds, func(a, b *deed) int { return int(a.began - b.began) })
	var lines []string
	for _, d := range h.deeds {
		lines = append(lines, fmt.Sprintf("%d–%d %s %s %s = %.4s %.4s %v", d.began, d.ended, d.verb, d.name, d.to, d.dbid, d.list, d.err))
	}
	return strings.Join(lines, "\n")
}

// TestHistoriesWithoutAnOrder sees that the search finds none where there is none.
func TestHistoriesWithoutAnOrder(t *testing.T) {
	start := &deed{verb: "list", list: map[string]string{"a": "1"}, ended: 1}
	for name, deeds := range map[string][]*deed{
		"dropped, and there":    {{verb: "drop", name: "a", began: 2, ended: 3}, {verb: "read", name: "a", dbid: "1", began: 4, ended: 5}},
		"under two names":       {{verb: "rename", name: "a", to: "b", began: 2, ended: 9}, {verb: "list", list: map[string]string{"a": "1", "b": "1"}, began: 3, ended: 4}},
		"under no name":         {{verb: "rename", name: "a", to: "b", began: 2, ended: 9}, {verb: "list", list: map[string]string{}, began: 3, ended: 4}},
		"renamed twice":         {{verb: "rename", name: "a", to: "b", began: 2, ended: 9}, {verb: "rename", name: "a", to: "c", began: 3, ended: 9}},
		"dropped and renamed":   {{verb: "rename", name: "a", to: "b", began: 2, ended: 9}, {verb: "drop", name: "a", began: 3, ended: 9}},
		"made twice":            {{verb: "open", name: "b", dbid: "2", began: 2, ended: 9}, {verb: "open", name: "b", dbid: "3", began: 3, ended: 9}},
		"refused without cause": {{verb: "rename", name: "a", to: "b", err: ErrTaken, began: 2, ended: 9}},
		"back again": {{verb: "rename", name: "a", to: "b", began: 2, ended: 3}, {verb: "read", name: "b", dbid: "1", began: 4, ended: 5},
			{verb: "read", name: "a", dbid: "1", began: 6, ended: 7}},
	} {
		h := &history{deeds: append([]*deed{start}, deeds...)}
		if h.explains() {
			t.Errorf("%s: an order explains\n%s", name, h)
		}
	}
}
