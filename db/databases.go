package db

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/datolite/datolite/storage"
)

// A Database is one of those in a store.
type Database struct {
	Name    string
	ID      string    // begins its keys in the store; another one that takes the name later has another
	Created time.Time // in UTC milliseconds; zero where it cannot be read
	Origin  string    // the ID of the database from whose backup it was restored, which had that time of creation; "" for none
}

// Databases returns the databases of a store as they were at one moment during the call, in the order of their names. Where
// something of a database cannot be read, they come with an error.
func Databases(ctx context.Context, store storage.Store) ([]Database, error) {
	c := newCatalogue(store)
	for {
		all, err := c.all(ctx)
		if err != nil {
			return nil, fmt.Errorf("db: %w", err)
		}
		if list, changed, err := c.describe(ctx, all); !changed {
			return list, err
		}
	}
}

// describe returns the databases that names lead to, unless one of those leads elsewhere by now.
func (c catalogue) describe(ctx context.Context, all []standing) (list []Database, changed bool, err error) {
	var failures []error
	for _, s := range all {
		m, elsewhere, err := c.metaOf(ctx, s)
		if elsewhere {
			return nil, true, nil
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("db: %s: %w", s.name, err))
		}
		list = append(list, Database{s.name, s.dbid, m.created, m.restoredFrom()})
	}
	return list, false, errors.Join(failures...)
}

// Drop removes a database from a store: its name leads nowhere from then on, and may be taken by another one. Whoever has it open,
// in any process, is told ErrDropped when the next transaction is tried, or as soon as the end of the log is met; snapshots, and
// reports up to the end, stay readable. For their sake what the database holds stays in the store, until CollectDropped.
//
// The error is ErrName or ErrNoDatabase, or that of the store. After the latter the name may be there or not, and Drop may be called
// again: it ends what it began, and is ErrNoDatabase if there was nothing to end.
func Drop(ctx context.Context, store storage.Store, name string) error {
	if err := newCatalogue(store).drop(ctx, name); err != nil {
		return fmt.Errorf("db: %w", err)
	}
	return nil
}

func (c catalogue) drop(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return untilDone(ctx, func() (bool, error) { return c.tryDrop(ctx, name) })
}

// untilDone calls try until it is done or fails, with pauses of random length: two who call off what the other began do not go on
// like that for ever.
func untilDone(ctx context.Context, try func() (bool, error)) error {
	const most = 10 * time.Millisecond
	for pause := time.Microsecond; ; pause = min(2*pause, most) {
		if done, err := try(); done || err != nil {
			return err
		}
		if !sleep(ctx, rand.N(pause)) {
			return ctx.Err()
		}
	}
}

// tryDrop drops a database, unless somebody changes where the name leads in the meantime, and reports whether it did.
func (c catalogue) tryDrop(ctx context.Context, name string) (bool, error) {
	s, err := c.settled(ctx, name)
	if err != nil {
		return false, err
	}
	if s.dbid == "" {
		return true, c.dropAgain(ctx, s)
	}
	if _, elsewhere, err := c.metaOf(ctx, s); elsewhere || err != nil {
		return false, err
	}
	if won, err := c.fill(ctx, s.next(), naming{verb: dropped, dbid: s.dbid}); !won || err != nil {
		return false, err
	}
	_, _, err = c.finish(ctx, s.dbid)
	return true, err
}

// dropAgain ends what an earlier Drop began, if there is something.
func (c catalogue) dropAgain(ctx context.Context, s standing) error {
	if s.says.verb == dropped && s.says.dbid != "" {
		if _, ended, err := c.finish(ctx, s.says.dbid); ended || err != nil {
			return err
		}
	}
	return c.unknown(ctx, s.name)
}

// Rename gives a database of a store another name. It has one of the two names at every moment, and whoever has it open goes on.
// If it has the new name already, because Rename was called before, that is no error.
//
// The error is ErrName, ErrNoDatabase if no database has the name from, ErrTaken if another one has the name to, or that of the
// store. After the latter it may have either name, and Rename may be called again.
func Rename(ctx context.Context, store storage.Store, from, to string) error {
	if err := newCatalogue(store).rename(ctx, from, to); err != nil {
		return fmt.Errorf("db: %w", err)
	}
	return nil
}

func (c catalogue) rename(ctx context.Context, from, to string) error {
	if err := errors.Join(checkName(from), checkName(to)); err != nil {
		return err
	}
	return untilDone(ctx, func() (bool, error) { return c.tryRename(ctx, from, to) })
}

// tryRename renames a database, unless somebody changes where one of the names leads in the meantime, and reports whether it did.
func (c catalogue) tryRename(ctx context.Context, from, to string) (bool, error) {
	old, err := c.settled(ctx, from)
	if err != nil {
		return false, err
	}
	s, err := c.settled(ctx, to)
	if err != nil {
		return false, err
	}
	if still, err := c.stand(ctx, from); err != nil || still.generation != old.generation {
		return false, err
	}
	switch there := old.says.verb == moved && old.says.dbid == s.dbid; {
	case old.dbid == "" && there, old.dbid != "" && from == to:
		return true, nil
	case old.dbid == "":
		return false, c.unknown(ctx, from)
	case s.dbid != "":
		return false, &NameError{Name: to, Err: ErrTaken}
	}
	if _, elsewhere, err := c.metaOf(ctx, old); elsewhere || err != nil {
		return false, err
	}
	c.bury(ctx, s)
	if won, err := c.fill(ctx, old.next(), naming{moved, old.dbid, s.next()}); !won || err != nil {
		return false, err
	}
	return c.fill(ctx, s.next(), naming{verb: named, dbid: old.dbid})
}

// newCatalogue returns the catalogue of a store for those who have no Options.
func newCatalogue(store storage.Store) catalogue {
	return catalogue{store: store, clock: time.Now, logger: slog.New(slog.DiscardHandler)}
}

// all returns the names that lead to a database, in their order, as they were at one moment: nobody changed one while they were
// read.
func (c catalogue) all(ctx context.Context) ([]standing, error) {
	before, err := c.generations(ctx)
	for err == nil {
		var all []standing
		var after map[string]uint64
		if all, err = c.living(ctx, before); err != nil {
			break
		}
		if after, err = c.generations(ctx); err == nil && maps.Equal(before, after) {
			return all, nil
		}
		before = after
	}
	return nil, err
}

// generations returns the highest generation of each name.
func (c catalogue) generations(ctx context.Context) (map[string]uint64, error) {
	highest := map[string]uint64{}
	for key, err := range c.keys(ctx, namePrefix) {
		if err != nil {
			return nil, err
		}
		p, err := parseGeneration(key)
		if err != nil {
			return nil, err
		}
		highest[p.name] = p.gen
	}
	return highest, nil
}

// living returns where the names lead that lead somewhere.
func (c catalogue) living(ctx context.Context, highest map[string]uint64) ([]standing, error) {
	var all []standing
	for _, name := range slices.Sorted(maps.Keys(highest)) {
		s, err := c.standAt(ctx, generation{name, highest[name]})
		if err != nil {
			return nil, err
		}
		if s.dbid != "" {
			all = append(all, s)
		}
	}
	return all, nil
}

// keys yields the keys of the catalogue that begin with a prefix.
func (c catalogue) keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return listed(ctx, c.store, prefix)
}

// listed yields the keys of a store that begin with a prefix, in their order.
func listed(ctx context.Context, store storage.Store, prefix string) iter.Seq2[string, error] {
	return listedAfter(ctx, store, prefix, "")
}

// listedAfter yields the keys of a store that begin with a prefix and are greater than after, in their order.
func listedAfter(ctx context.Context, store storage.Store, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		const page = 1000
		for last := after; ; {
			keys, err := store.List(ctx, prefix, last, page)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield("", err)
				return
			}
			for _, key := range keys {
				if !strings.HasPrefix(key, prefix) || key <= last {
					yield("", &StoreError{key, fmt.Errorf("%w: it is listed where it does not belong", ErrStore)})
					return
				}
				if last = key; !yield(key, nil) {
					return
				}
			}
			if len(keys) == 0 {
				return
			}
		}
	}
}
