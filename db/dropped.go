package db

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/datolite/datolite/storage"
)

// CollectedDropped tells how far CollectDropped has come, or what it came to.
type CollectedDropped struct {
	Databases int // of which all is deleted that is not for ever
	Kept      int // databases that were dropped, and are left
	Keys      int // that were deleted
}

// CollectDropped deletes what a store keeps of databases that were dropped longer ago than the window, for all names. What stays for ever is a
// few bytes for every 4,096 records, and what the names say: without them a process that was stopped for long could take up writing again
// where the database ended, and be told that it was committed. One that a snapshot of this process reads is left, and one of which the
// store has backups.
//
// Whoever has such a database open in another process is told ErrDropped, or ErrExpired, from then on, also of snapshots. The clocks of
// processes that drop databases and collect them differ by less than the window. It may run beside everything else, in any process,
// and may be interrupted and called again; then it also deletes what a process has put there since that did not know. told, if not
// nil, is called after every few hundred keys. The error is that of ctx or of the store; one of a database that cannot be deleted, since it
// is damaged (ErrCorrupt), comes when all others are.
func CollectDropped(ctx context.Context, store storage.Store, window time.Duration, told func(CollectedDropped)) (CollectedDropped, error) {
	if told == nil {
		told = func(CollectedDropped) {}
	}
	x := &clearing{catalogue: newCatalogue(store), window: window, told: told}
	err := x.run(ctx)
	if err != nil {
		err = fmt.Errorf("db: %w", err)
	}
	return x.done, err
}

// A clearing is one call of CollectDropped. Of each database it deletes first the meta, from when on nobody opens it, and whoever finds that
// something is missing knows why. Then it creates the marks of trimmed slots that are not there yet, so that from then on no slot that is
// created counts, and none that is missing is taken for one that is still to come. Then it deletes everything else, the log last. So
// what an interrupted one leaves tells the next one where it stopped.
type clearing struct {
	catalogue
	window time.Duration
	told   func(CollectedDropped)
	done   CollectedDropped
}

func (x *clearing) run(ctx context.Context) error {
	ids, err := x.dropped(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, dbid := range ids {
		err := x.clear(ctx, dbid)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures = append(failures, err)
		}
		x.told(x.done)
	}
	return errors.Join(failures...)
}

// dropped returns the databases that were dropped, whatever their names lead to by now.
func (c catalogue) dropped(ctx context.Context) (ids []string, err error) {
	var last generation
	var said naming
	for key, err := range c.keys(ctx, namePrefix) {
		if err != nil {
			return nil, err
		}
		g, err := parseGeneration(key)
		if err != nil {
			return nil, err
		}
		n, found, err := c.read(ctx, g)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, &StoreError{key, fmt.Errorf("%w: it is listed, and not there", ErrStore)}
		}
		if n.verb == dropped && n.dbid == "" && said.verb == named && last.name == g.name {
			n.dbid = said.dbid // as format 1 said it first
		}
		if n.verb == dropped && n.dbid != "" {
			ids = append(ids, n.dbid)
		}
		last, said = g, n
	}
	all, err := c.all(ctx)
	for _, s := range all {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == s.dbid })
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// clear deletes a database, if it is time for that.
func (x *clearing) clear(ctx context.Context, dbid string) error {
	kept, err := x.keeps(ctx, dbid)
	if kept || err != nil {
		x.done.Kept++
		return err
	}
	keys, log := x.done.Keys, newLog(x.store, dbid, x.sizes)
	switch err := log.gone(ctx); {
	case err == nil:
		err = x.delete(ctx, dbid+"/meta")
		if err != nil {
			return err
		}
	case !errors.Is(err, ErrDropped):
		return err
	}
	if err := log.markAll(ctx); err != nil {
		return err
	}
	for _, kind := range [...]string{"/root/", "/seg/", "/body/", "/client/", "/probe/", "/log/"} {
		if err := x.deleteAll(ctx, dbid+kind); err != nil {
			return err
		}
	}
	if x.done.Keys > keys {
		x.done.Databases++
	}
	return nil
}

// keeps reports whether a database is to be left.
func (x *clearing) keeps(ctx context.Context, dbid string) (bool, error) {
	unpin(dbid, math.MaxInt)
	if len(pinned(dbid, math.MaxInt)) > 0 {
		return true, nil
	}
	points, err := x.store.List(ctx, pointPrefix+dbid+"/", "", 1)
	if len(points) > 0 || err != nil {
		return true, err
	}
	ended, _, err := x.finish(ctx, dbid)
	return x.clock().Sub(ended) < x.window, err
}

// markAll creates the marks of all slots that have a record, and of the one behind them.
func (l *txlog) markAll(ctx context.Context) error {
	newest, marked := "", ""
	for key, err := range listed(ctx, l.store, l.dbid+"/log/") {
		if err != nil {
			return err
		}
		newest = key
	}
	if newest == "" {
		return nil // all was marked before the last of them was deleted
	}
	for key, err := range listed(ctx, l.store, l.dbid+"/trim/") {
		if err != nil {
			return err
		}
		marked = key
	}
	last, err := l.seqOfSlot(newest)
	if err != nil {
		return &StoreError{newest, fmt.Errorf("%w: the key is that of no slot", ErrCorrupt)}
	}
	for e := range (last+1)/l.sizes.epoch + 1 {
		mark := l.trimKey(e * l.sizes.epoch)
		if mark <= marked {
			continue
		}
		if err := l.store.Create(ctx, mark, []byte("dropped")); err != nil && !errors.Is(err, storage.ErrExists) {
			return err
		}
	}
	return nil
}

// delete deletes keys, and tells of it.
func (x *clearing) delete(ctx context.Context, keys ...string) error {
	if err := x.store.Delete(ctx, keys...); err != nil {
		return err
	}
	x.done.Keys += len(keys)
	x.told(x.done)
	return nil
}

// deleteAll deletes the keys that begin with a prefix, in their order.
func (x *clearing) deleteAll(ctx context.Context, prefix string) error {
	for {
		keys, err := x.store.List(ctx, prefix, "", min(x.store.Limits().Batch, deleted))
		if err != nil || len(keys) == 0 {
			return err
		}
		if i := slices.IndexFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) }); i >= 0 {
			return broken(keys[i], "it is listed where it does not belong")
		}
		if err := x.delete(ctx, keys...); err != nil {
			return err
		}
	}
}
