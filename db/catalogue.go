package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/datolite/datolite/internal/spell"
	"github.com/datolite/datolite/storage"
)

// A catalogue tells which database of a store has a name. Each change makes one thing, the next generation of a name, so it happens at
// one moment or not at all, and of two who want to change a name at once one is told. A database that moves is announced under its
// old name, and has that until the next generation of the new one is made: if this names the database, it has the new one from
// then on. Anybody may call the move off before, by making that generation.
type catalogue struct {
	store  storage.Store
	clock  func() time.Time
	logger *slog.Logger
	sizes  logSizes
}

// checkName refuses what is not a name of a database: lower-case letters, digits, "_", "." and "-", at most 64 of them.
func checkName(name string) error {
	good := func(r rune) bool {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("_.-", r)
	}
	bad := strings.IndexFunc(name, func(r rune) bool { return !good(r) })
	if name == "" || len(name) > 64 || bad >= 0 {
		return fmt.Errorf("%w: %.80q (a name has 1 to 64 of a-z 0-9 _ . -)", ErrName, name)
	}
	return nil
}

// A standing is where a name leads at some moment.
type standing struct {
	generation        // the highest generation; 0 for a name that never was
	says       naming // by that generation
	dbid       string // the database that the name leads to; "" for none
	undecided  bool   // the database moves, and the generation that decides is not there
}

// next returns the generation to make in order to change where the name leads.
func (s standing) next() generation { return generation{s.name, s.gen + 1} }

// stand returns where a name leads.
func (c catalogue) stand(ctx context.Context, name string) (standing, error) {
	last, prefix := "", namePrefix+name+"/"
	for key, err := range c.keys(ctx, prefix) {
		if err != nil {
			return standing{}, err
		}
		last = key
	}
	if last == "" {
		return standing{generation: generation{name: name}}, nil
	}
	highest, err := parseGeneration(last)
	if err != nil {
		return standing{}, err
	}
	return c.standAt(ctx, highest)
}

// standAt returns where a name leads whose highest generation is given.
func (c catalogue) standAt(ctx context.Context, highest generation) (standing, error) {
	says, found, err := c.read(ctx, highest)
	if err != nil {
		return standing{}, err
	}
	if !found {
		return standing{}, &StoreError{highest.key(), fmt.Errorf("%w: it is listed, and not there", ErrStore)}
	}
	s := standing{generation: highest, says: says}
	switch says.verb {
	case named:
		s.dbid = says.dbid
	case moved:
		there, found, err := c.read(ctx, says.to)
		if err != nil {
			return standing{}, err
		}
		if there.verb != named || there.dbid != says.dbid {
			s.dbid, s.undecided = says.dbid, !found
		}
	}
	return s, nil
}

// settled returns where a name leads after whatever was undecided about it was called off.
func (c catalogue) settled(ctx context.Context, name string) (standing, error) {
	s, err := c.stand(ctx, name)
	if err != nil || !s.undecided {
		return s, err
	}
	if _, err := c.fill(ctx, s.says.to, naming{verb: dropped}); err != nil {
		return s, err
	}
	return c.standAt(ctx, s.generation)
}

// find returns the database with a name. If there is none it makes one, and reports that, unless it is only to be read.
func (c catalogue) find(ctx context.Context, o Options) (m meta, made bool, err error) {
	if err := checkName(o.Name); err != nil {
		return m, false, err
	}
	for {
		s, err := c.stand(ctx, o.Name)
		switch {
		case err != nil:
			return m, false, err
		case s.dbid == "" && o.ReadOnly:
			return m, false, c.unknown(ctx, o.Name)
		case s.dbid == "":
			if m, made, err = c.make(ctx, s); made || err != nil {
				return m, made, err
			}
			continue
		}
		m, elsewhere, err := c.metaOf(ctx, s)
		if elsewhere {
			continue
		}
		if err == nil && !o.ReadOnly {
			err = c.admit(ctx, s.dbid)
		}
		return m, false, err
	}
}

// make makes a database and gives it a name that leads to none, and reports whether nobody was faster. The meta is there before the
// name, so whoever finds the name finds the database.
func (c catalogue) make(ctx context.Context, s standing) (meta, bool, error) {
	c.bury(ctx, s)
	m := newMeta(c.clock())
	if err := probe(ctx, c.store, m.dbid()); err != nil {
		return m, false, err
	}
	describes, admits := storage.Item{Key: m.dbid() + "/meta", Value: m.encode()}, storage.Item{Key: clientKey(c.store, m.dbid())}
	if err := c.store.Put(ctx, describes, admits); err != nil {
		return m, false, err
	}
	other, err := c.filling(s.next(), naming{verb: named, dbid: m.dbid()}).run(ctx)
	if there, bad := parseNaming(other, s.next()); err == nil && bad == nil && there.dbid != m.dbid() {
		if err := c.store.Delete(ctx, describes.Key, admits.Key); err != nil {
			c.logger.Warn("a database that was never named is left in the store", "id", m.dbid(), "error", err)
		}
	}
	return m, err == nil && other == nil, err
}

// bury sees that the database which a name led to before it was dropped has ended. Who dropped it may not have come that far.
func (c catalogue) bury(ctx context.Context, s standing) {
	if s.says.verb != dropped || s.says.dbid == "" {
		return
	}
	if _, _, err := c.finish(ctx, s.says.dbid); err != nil {
		c.logger.Warn("the log of a database that was dropped does not end", "id", s.says.dbid, "error", err)
	}
}

// finish ends the log of a database that was dropped, and reports whether it had not ended before, and since when it has. One that is gone
// ended long ago.
func (c catalogue) finish(ctx context.Context, dbid string) (since time.Time, now bool, err error) {
	log := newLog(c.store, dbid, c.sizes)
	m, err := log.meta(ctx)
	if err == nil {
		since, now, err = log.finish(ctx, m, c.clock(), c.logger)
	}
	if errors.Is(err, ErrDropped) {
		return time.Time{}, false, nil
	}
	return since, now, err
}

// metaOf returns the meta of the database that a name leads to, and whether the name leads elsewhere by now.
func (c catalogue) metaOf(ctx context.Context, s standing) (m meta, elsewhere bool, err error) {
	m, err = readMeta(ctx, c.store, s.dbid)
	if errors.Is(err, errNoMeta) {
		now, standErr := c.stand(ctx, s.name)
		if standErr != nil || now.dbid != s.dbid {
			return m, standErr == nil, standErr
		}
	}
	return m, false, err
}

// unknown returns the error for a name that leads nowhere.
func (c catalogue) unknown(ctx context.Context, name string) error {
	err := &NameError{Name: name, Err: ErrNoDatabase}
	if all, listing := c.all(ctx); listing == nil {
		var names []string
		for _, s := range all {
			names = append(names, s.name)
		}
		err.Near = spell.Nearest(name, slices.Values(names))
	}
	return err
}

// A NameError tells which name of a database is wrong. It unwraps to ErrNoDatabase, ErrTaken or ErrDropped.
type NameError struct {
	Name string
	Near string // the name that is most like one that leads to no database; or ""
	Err  error
}

func (e *NameError) Error() string { return e.Err.Error() + ": " + e.Name + didYouMean(e.Near) }

func (e *NameError) Unwrap() error { return e.Err }
