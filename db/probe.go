package db

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/datolite/datolite/storage"
)

// clientKey returns the key that is there once a kind of client has passed the probe on a database. The number is that of the probe:
// a stricter one has another. A client is of the kind that its Go type has.
func clientKey(store storage.Store, dbid string) string {
	const most = 64
	kind := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", store), "*")))
	return dbid + "/client/1-" + kind[:min(len(kind), most)]
}

// admit probes the store of a database that is there, unless a client of this kind has passed before: what one client keeps, another
// may break on the way to the same data. One that may not write breaks nothing.
func (c catalogue) admit(ctx context.Context, dbid string) error {
	key := clientKey(c.store, dbid)
	_, err := c.store.Get(ctx, key)
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	err = probe(ctx, c.store, dbid)
	switch {
	case errors.Is(err, storage.ErrForbidden):
		return nil
	case err != nil:
		return err
	}
	return c.store.Put(ctx, storage.Item{Key: key})
}

// probe refuses a store that does not do what a log rests on: of two who create a key one wins and the other is told, also one who
// comes later; and everybody then reads and lists what the winner wrote, or what was deleted no more. (Some servers of object
// storage ignore the condition of a conditional write; some caches remember that a key was not there.) It leaves nothing behind.
func probe(ctx context.Context, store storage.Store, dbid string) error {
	p := &probing{store: store, prefix: dbid + "/probe/" + rand.Text() + "/"}
	p.prefix = strings.ToLower(p.prefix)
	var all sync.WaitGroup
	var errs [probeRaces]error
	keys := make([]string, probeRaces)
	for i := range errs {
		keys[i] = p.prefix + fmt.Sprint(i)
		all.Go(func() { errs[i] = p.race(ctx, keys[i]) })
	}
	all.Wait()
	if err := cmp.Or(errs[:]...); err != nil {
		return err
	}
	if err := p.lists(ctx, keys...); err != nil {
		return err
	}
	if err := store.Delete(ctx, keys...); err != nil {
		return err
	}
	for _, key := range keys {
		if err := p.lacks(ctx, key, "it shows what was deleted"); err != nil {
			return err
		}
	}
	return p.lists(ctx)
}

// probeRaces is how many keys two race for: a store that looks whether the key is there, and then writes, may be lucky.
const probeRaces = 4

// A probing is one examination of a store, by keys that nobody else knows.
type probing struct {
	store  storage.Store
	prefix string
}

// racers are the values of two who create one key.
var racers = [2]string{"one", "two"}

// race lets two create a key at the same time, and checks what each is told and what is there then.
func (p *probing) race(ctx context.Context, key string) error {
	if err := p.lacks(ctx, key, "it holds a key that nobody made"); err != nil {
		return err
	}
	errs, seen, err := p.together(ctx, key)
	if err != nil {
		return err
	}
	won := slices.IndexFunc(errs[:], func(err error) bool { return err == nil })
	switch {
	case won < 0 && errors.Is(errs[0], storage.ErrExists) && errors.Is(errs[1], storage.ErrExists):
		return broken(key, "it let neither of two create a key")
	case won < 0:
		return cmp.Or(errs[:]...)
	case errs[1-won] == nil:
		return broken(key, "it let two create one key")
	case !errors.Is(errs[1-won], storage.ErrExists):
		return errs[1-won]
	}
	switch err := p.store.Create(ctx, key, []byte("late")); {
	case err == nil:
		return broken(key, "it let two create one key")
	case !errors.Is(err, storage.ErrExists):
		return err
	}
	now, err := p.get(ctx, key)
	if err == nil && (seen[0] != racers[won] || seen[1] != racers[won] || now != racers[won]) {
		err = broken(key, "it does not show what was created")
	}
	return err
}

// together lets two create a key at the same time, and returns what each is told, and reads then. The error is that of reading.
func (p *probing) together(ctx context.Context, key string) (errs [2]error, seen [2]string, err error) {
	var both sync.WaitGroup
	var reads [2]error
	for i := range errs {
		both.Go(func() {
			errs[i] = p.store.Create(ctx, key, []byte(racers[i]))
			seen[i], reads[i] = p.get(ctx, key)
		})
	}
	both.Wait()
	return errs, seen, cmp.Or(reads[:]...)
}

// get returns the value of a key, or "" if there is none.
func (p *probing) get(ctx context.Context, key string) (string, error) {
	b, err := p.store.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	return string(b), err
}

// lacks checks that a key is not there.
func (p *probing) lacks(ctx context.Context, key, why string) error {
	_, err := p.store.Get(ctx, key)
	switch {
	case err == nil:
		return broken(key, why)
	case errors.Is(err, storage.ErrNotFound):
		return nil
	}
	return err
}

// lists checks that the keys of the probe are these, which are in order.
func (p *probing) lists(ctx context.Context, keys ...string) error {
	found, err := p.store.List(ctx, p.prefix, "", len(keys)+1)
	if err == nil && !slices.Equal(found, keys) {
		err = broken(p.prefix, fmt.Sprintf("it lists %d keys, and there are %d", len(found), len(keys)))
	}
	return err
}

// broken returns the error of a store that breaks a promise.
func broken(key string, why string) error {
	return &StoreError{key, fmt.Errorf("%w: %s", ErrStore, why)}
}
