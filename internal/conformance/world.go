package conformance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A built world is a world in a database. It is never changed: transactions of cases are speculative.
type built struct {
	*World
	snaps []*db.Snapshot // database value 0 is after the schema, i after the i-th transaction
	txs   []db.ID        // transaction 0 is the schema
}

func build(ctx context.Context, w *World) (*built, error) {
	store := mem.New()
	defer store.Close()
	conn, err := db.Open(ctx, store, db.Options{Host: host()})
	if err != nil {
		return nil, err
	}
	b := &built{World: w}
	for i, text := range append([]string{w.Schema}, w.Txs...) {
		rep, err := tx.Transact(ctx, conn, tx.EDN(text))
		if err != nil {
			return nil, fmt.Errorf("world %s, transaction %d: %w", w.Name, i, err)
		}
		b.snaps, b.txs = append(b.snaps, rep.After), append(b.txs, rep.Tx)
	}
	return b, nil
}

// last returns the database value that cases ask by default.
func (b *built) last() *db.Snapshot { return b.snaps[len(b.snaps)-1] }

// counts reports whether the datoms of an attribute count, in a database value.
func (b *built) counts(s *db.Schema, a db.ID) bool {
	attr, ok := s.Attribute(a)
	return ok && slices.ContainsFunc(b.Attrs, func(name string) bool {
		named, ok := s.Named(name)
		return ok && named.ID == attr.ID
	})
}

// snapshot returns the database value of a question.
func (b *built) snapshot(at *int) *db.Snapshot {
	if at == nil {
		return b.last()
	}
	return b.snaps[*at]
}

// A viewed is what views are taken of.
type viewed interface {
	db.Reader
	AsOf(db.Moment) *db.View
	Since(db.Moment) *db.View
	History() *db.View
	Filter(func(db.Reader, db.Datom) bool) *db.View
}

// look applies views, left to right.
func (s *state) look(r viewed, views []View, filter *View) viewed {
	if filter != nil {
		f := *filter
		f.Kind = "filter"
		views = append(slices.Clone(views), f)
	}
	for _, v := range views {
		switch v.Kind {
		case "as-of":
			r = r.AsOf(s.moment(v))
		case "since":
			r = r.Since(s.moment(v))
		case "history":
			r = r.History()
		case "filter":
			r = r.Filter(s.keep(v))
		}
	}
	return r
}

func (s *state) moment(v View) db.Moment {
	if v.Inst != "" {
		return when(v.Inst)
	}
	return s.txs[*v.Tx]
}

func when(text string) db.When {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return db.When(t)
}

func (s *state) keep(v View) func(db.Reader, db.Datom) bool {
	return func(r db.Reader, d db.Datom) bool {
		if v.NotTx != nil && d.Tx == s.txs[*v.NotTx] {
			return false
		}
		return !slices.ContainsFunc(v.NotAttrs, func(name string) bool {
			a, ok := r.Schema().Named(name)
			return ok && a.ID == d.A
		})
	}
}
