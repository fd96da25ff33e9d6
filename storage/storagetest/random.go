package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/datolite/datolite/storage"
)

func agreesWithAMap(s *subject) {
	for seed := range int64(3) {
		Random(s.T, s.Store, fmt.Sprint("r", seed, "-"), seed, 150)
	}
}

// Random does n random operations on s, and on a map beside it, and fails t at the first answer that differs; the failure
// names the seed. It uses only keys that begin with space, where it must be alone. As the interface asks, it never gives a
// key that was deleted to another value.
func Random(t T, s storage.Store, space string, seed int64, n int) {
	t.Helper()
	w := &walk{s: s, space: space, rand: rand.New(rand.NewPCG(uint64(seed), 7)), model: map[string]string{}, gone: map[string]bool{}}
	for i := range n {
		if err := w.step(context.Background()); err != nil {
			t.Fatalf("seed %d, operation %d: %v", seed, i, err)
		}
	}
}

// A walk is a random sequence of operations on a store, and what a store must hold after it.
type walk struct {
	s     storage.Store
	space string
	rand  *rand.Rand
	model map[string]string
	gone  map[string]bool // what was deleted
}

func (w *walk) step(ctx context.Context) error {
	switch n := w.rand.IntN(20); {
	case n < 7:
		return w.create(ctx, w.key())
	case n < 10:
		return w.put(ctx)
	case n < 14:
		return w.get(ctx, w.key())
	case n < 18:
		return w.list(ctx)
	}
	return w.delete(ctx)
}

// key returns one of some 300 keys of two databases.
func (w *walk) key() string {
	return w.prefix() + string("ab-.0/"[w.rand.IntN(6)]) + fmt.Sprint(w.rand.IntN(8))
}

func (w *walk) prefix() string {
	return fmt.Sprint(w.space, w.rand.IntN(2), "/", []string{"log", "seg", "body"}[w.rand.IntN(3)], "/")
}

// value returns what is stored under key, always the same, sometimes large.
func value(key string) string {
	n := int(key[len(key)-1]-'0') * int(key[len(key)-2])
	return key + strings.Repeat("v", n*n/50)
}

func (w *walk) create(ctx context.Context, key string) error {
	if w.gone[key] {
		return nil
	}
	_, there := w.model[key]
	err := w.s.Create(ctx, key, []byte(value(key)))
	if there != errors.Is(err, storage.ErrExists) || !there && err != nil {
		return fmt.Errorf("Create(%s) = %v; it was there: %v", key, err, there)
	}
	w.model[key] = value(key)
	return nil
}

func (w *walk) put(ctx context.Context) error {
	var items []storage.Item
	for range w.rand.IntN(6) {
		if key := w.key(); !w.gone[key] {
			items = append(items, item(key, value(key)))
			w.model[key] = value(key)
		}
	}
	return w.s.Put(ctx, items...)
}

func (w *walk) get(ctx context.Context, key string) error {
	want, there := w.model[key]
	got, err := w.s.Get(ctx, key)
	if there && (err != nil || string(got) != want) || !there && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("Get(%s) = %s, %v; it is there: %v", key, short(got), err, there)
	}
	return nil
}

func (w *walk) list(ctx context.Context) error {
	prefix, after, limit := w.prefix(), "", w.rand.IntN(30)
	if w.rand.IntN(2) == 0 {
		after = w.key()
	}
	if w.rand.IntN(3) == 0 {
		prefix += string("ab-.0/"[w.rand.IntN(6)])
	}
	var want []string
	for key := range w.model {
		if strings.HasPrefix(key, prefix) && key > after {
			want = append(want, key)
		}
	}
	slices.Sort(want)
	want = want[:min(limit, len(want))]
	got, err := w.s.List(ctx, prefix, after, limit)
	if err != nil || !slices.Equal(got, want) {
		return fmt.Errorf("List(%q, %q, %d) = %v, %v; want %v", prefix, after, limit, got, err, want)
	}
	return nil
}

func (w *walk) delete(ctx context.Context) error {
	var keys []string
	for range w.rand.IntN(4) {
		key := w.key()
		keys = append(keys, key)
		delete(w.model, key)
		w.gone[key] = true
	}
	return w.s.Delete(ctx, keys...)
}
