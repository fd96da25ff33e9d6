//go:build amd64 || arm64

package bolt

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
)

// An operation is one call of a store that changes it.
type operation struct {
	puts    []storage.Item // of a Create, one
	create  bool
	deletes []string
}

func (o *operation) do(s *Store) error {
	switch {
	case o.create:
		return s.Create(bg, o.puts[0].Key, o.puts[0].Value)
	case o.deletes != nil:
		return s.Delete(bg, o.deletes...)
	}
	return s.Put(bg, o.puts...)
}

// apply does to keys what o does to a store.
func (o *operation) apply(keys map[string]string) {
	for _, item := range o.puts {
		keys[item.Key] = string(item.Value)
	}
	for _, key := range o.deletes {
		delete(keys, key)
	}
}

// someOperations returns n random operations, of which none makes a key again.
func someOperations(rng *rand.Rand, life string, n int) (ops []*operation) {
	var old []string
	for i := range n {
		o := &operation{}
		switch k := rng.IntN(10); {
		case k < 6:
			o.create, o.puts = true, []storage.Item{someItem(rng, "log", life, i, 0)}
		case k < 9 || len(old) < 3:
			for j := range 1 + rng.IntN(8) {
				o.puts = append(o.puts, someItem(rng, []string{"seg", "body", "log"}[rng.IntN(3)], life, i, j))
			}
		default:
			at := rng.IntN(len(old) - 2)
			o.deletes = slices.Clone(old[at : at+2])
			old = slices.Delete(old, at, at+2)
		}
		for _, item := range o.puts {
			old = append(old, item.Key)
		}
		ops = append(ops, o)
	}
	return ops
}

func someItem(rng *rand.Rand, kind, life string, i, j int) storage.Item {
	value := make([]byte, rng.IntN(10<<(2*rng.IntN(7))))
	for k := range value {
		value[k] = byte(k) ^ byte(i)
	}
	return storage.Item{Key: fmt.Sprintf("d1/%s/%s-%04d-%d", kind, life, i, j), Value: value}
}

// live uses the store in the folder of r: it opens it, notes what it finds of what was in flight when the process before was killed,
// does ops, and closes and opens it now and then, or compacts it between. It leaves the store open in left.
func live(r *recording, rng *rand.Rand, flight *operation, ops []*operation, left **Store) error {
	s, err := Open(bg, r.folder)
	if err == nil && flight != nil {
		seen := flight.seenBy(s)
		r.note(begin, seen)
		r.note(end, seen)
	}
	for _, o := range ops {
		if err == nil && rng.IntN(12) == 0 {
			if err = s.Close(); err == nil && rng.IntN(2) == 0 {
				_, err = Compact(bg, r.folder, nil)
			}
			if err == nil {
				s, err = Open(bg, r.folder)
			}
		}
		if err != nil {
			return err
		}
		r.note(begin, o)
		err = o.do(s)
		r.note(end, o)
	}
	*left = s
	return err
}

// seenBy returns the part of o whose effect can be seen.
func (o *operation) seenBy(s *Store) *operation {
	seen := &operation{}
	for _, item := range o.puts {
		if _, err := s.Get(bg, item.Key); err == nil {
			seen.puts = append(seen.puts, item)
		}
	}
	for _, key := range o.deletes {
		if _, err := s.Get(bg, key); errors.Is(err, storage.ErrNotFound) {
			seen.deletes = append(seen.deletes, key)
		}
	}
	return seen
}

// expected returns what the operations that ended in events have left, beginning with was, and the one that has not ended.
func expected(was map[string]string, events []event) (keys map[string]string, flight *operation) {
	keys = maps.Clone(was)
	for _, e := range events {
		switch e.kind {
		case begin:
			flight = e.op
		case end:
			flight = nil
			e.op.apply(keys)
		}
	}
	return keys, flight
}

// TestPowerLoss takes the power away from a store in every phase of its life: when it is made, at work, when it is closed, and when
// it is opened after its process was killed. What is on the disk then is what was synced, and of all that was written since any
// part in units of a sector of 512 bytes or a page of 4 KB. Every such image is opened: all that was acknowledged, or seen by a
// reader, is there, nothing is partial, and nothing else is there but perhaps what was in flight.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	images := 0
	soak.Run(t, 1, 4, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		first := lifeOf(t, rng, &disk{names: map[string]*content{}}, map[string]string{}, nil, "a")
		images += first.lose(t, rng)

		kill := first.moment(rng)
		d := replay(first.disk, first.events[:kill])
		keys, flight := expected(first.keys, first.events[:kill])
		second := lifeOf(t, rng, d, keys, flight, "b")
		images += second.lose(t, rng)
	})
	t.Logf("%d images, nothing lost", images)
}

// A lifetime is what a process does with a store.
type lifetime struct {
	disk   *disk             // before it
	keys   map[string]string // before it
	flight *operation        // of the process before, which was killed
	events []event
}

// lifeOf records a process that finds a disk as it is seen while the power is on, and works on it.
func lifeOf(t *testing.T, rng *rand.Rand, d *disk, keys map[string]string, flight *operation, name string) *lifetime {
	t.Helper()
	folder := inMemory(t)
	check(t, d.mount(folder))
	var left *Store
	r := recorded(t, folder, func(r *recording) error { return live(r, rng, flight, someOperations(rng, name, 10), &left) })
	mappedForReading(t, folder)
	is := map[string]string{}
	for _, name := range namesIn(t, folder) {
		data, err := os.ReadFile(filepath.Join(folder, name))
		check(t, err)
		is[name] = string(data)
	}
	for name, data := range replay(d, r.events).seen() {
		if is[name] != string(data) {
			t.Errorf("the recording is not faithful: %s has %d bytes, and should have other %d", name, len(is[name]), len(data))
		}
		delete(is, name)
	}
	if len(is) > 0 {
		t.Errorf("the recording is not faithful: it lacks %v", slices.Collect(maps.Keys(is)))
	}
	check(t, left.Close())
	return &lifetime{d, keys, flight, r.events}
}

func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	check(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// moment returns how many events a process gets to see: mostly those before a sync, when most is uncertain, and often those before
// an early one, when it has still to do with what the process before has left.
func (l *lifetime) moment(rng *rand.Rand) int {
	syncs := l.syncs()
	switch rng.IntN(4) {
	case 0:
		return rng.IntN(len(l.events) + 1)
	case 1:
		return syncs[rng.IntN(min(len(syncs), 6))]
	}
	return syncs[rng.IntN(len(syncs))]
}

// syncs returns how many events there are before each sync.
func (l *lifetime) syncs() (before []int) {
	for i, e := range l.events {
		if e.kind == syncFile || e.kind == syncNames {
			before = append(before, i)
		}
	}
	return before
}

// inMemory returns a folder where a sync costs nothing, if the system has one: the test keeps account of syncs itself.
func inMemory(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "bolt")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// lose takes the power away at every sync and at some other moments, and returns how often.
func (l *lifetime) lose(t *testing.T, rng *rand.Rand) int {
	t.Helper()
	moments := l.syncs()
	for range 5 {
		moments = append(moments, l.moment(rng))
	}
	for _, at := range moments {
		l.loseAt(t, rng, at)
	}
	return len(moments)
}

// loseAt takes the power away before an event.
func (l *lifetime) loseAt(t *testing.T, rng *rand.Rand, at int) {
	t.Helper()
	keys, flight := expected(l.keys, l.events[:at])
	if !slices.ContainsFunc(l.events[:at], func(e event) bool { return e.kind == begin }) && l.flight != nil {
		flight = l.flight // nobody has looked yet
	}
	folder := inMemory(t)
	for name, data := range replay(l.disk, l.events[:at]).torn(rng) {
		check(t, os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
	if err := intactAfterLoss(folder, keys, flight); err != nil {
		t.Fatalf("power lost at event %d of %d: %v", at, len(l.events), err)
	}
	check(t, os.RemoveAll(folder))
}

// intactAfterLoss opens the store in folder, and compares it with what must be there, and may be.
func intactAfterLoss(folder string, keys map[string]string, flight *operation) error {
	s, err := Open(bg, folder)
	if err != nil {
		return err
	}
	there, err := s.List(bg, "", "", 1<<20)
	found := map[string]bool{}
	for _, key := range there {
		found[key] = true
		value, got := s.Get(bg, key)
		want, known := keys[key]
		if flight != nil {
			for _, item := range flight.puts {
				if item.Key == key && !known {
					want, known = string(item.Value), true
				}
			}
		}
		if got != nil || !known || string(value) != want {
			err = errors.Join(err, fmt.Errorf("%s has %d bytes, %w; known: %v, want %d", key, len(value), got, known, len(want)))
		}
	}
	for key := range keys {
		if !found[key] && (flight == nil || !slices.Contains(flight.deletes, key)) {
			err = errors.Join(err, fmt.Errorf("%s is lost", key))
		}
	}
	return errors.Join(err, s.Create(bg, "d1/log/after", nil), s.Close())
}

// TestPowerLossWhileCompacting takes the power away at every step of a Compact.
func TestPowerLossWhileCompacting(t *testing.T) {
	t.Parallel()
	images := 0
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		folder, keys := inMemory(t), map[string]string{}
		s := open(t, folder)
		for _, o := range someOperations(rng, "a", 30) {
			check(t, o.do(s))
			o.apply(keys)
		}
		check(t, s.Close())
		before := &disk{names: map[string]*content{}}
		for _, name := range namesIn(t, folder) {
			data, err := os.ReadFile(filepath.Join(folder, name))
			check(t, err)
			before.names[name] = &content{synced: data}
		}
		r := recorded(t, folder, func(*recording) error { _, err := Compact(bg, folder, nil); return err })
		l := &lifetime{before, keys, nil, r.events}
		images += l.lose(t, rng)
		for at := range r.events {
			if kind := r.events[at].kind; kind == rename || kind == create || rng.IntN(8) == 0 {
				l.loseAt(t, rng, at)
				images++
			}
		}
		check(t, intactAfterLoss(folder, keys, nil))
	})
	t.Logf("%d images, nothing lost", images)
}

// TestOpenSyncsBeforeItWrites opens what a killed process may have left: what that had written and named must be durable before
// anything is written over what was durable before.
func TestOpenSyncsBeforeItWrites(t *testing.T) {
	folder := made(t)
	var left *Store
	ops := []*operation{{create: true, puts: []storage.Item{{Key: "d1/log/2"}}}, {puts: []storage.Item{{Key: "d1/seg/2"}}}}
	r := recorded(t, folder, func(r *recording) error { return live(r, rand.New(rand.NewPCG(0, 0)), nil, ops, &left) })
	check(t, left.Close())
	synced := map[string]bool{}
	for _, e := range r.events {
		switch e.kind {
		case syncNames:
			synced[fileLog+"'s name"], synced[fileSeg+"'s name"] = true, true
		case syncFile:
			synced[e.name] = true
		case write, truncate:
			if !synced[e.name] || !synced[e.name+"'s name"] {
				t.Fatalf("%s is written, and synced are %v", e.name, synced)
			}
		}
	}
	if !synced[fileLog] || !synced[fileSeg] {
		t.Errorf("synced are %v", synced)
	}
}
