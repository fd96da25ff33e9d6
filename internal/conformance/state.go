package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/tx"
)

// A state is a world on which the steps of one case were speculated.
type state struct {
	ctx    context.Context
	world  *built
	snap   *db.Snapshot // what is asked
	txs    []db.ID      // transaction 0 is the schema; steps count on
	labels map[db.ID]string
}

func (b *built) state(ctx context.Context, at *int) *state {
	return &state{ctx: ctx, world: b, snap: b.snapshot(at), txs: b.txs}
}

// step transacts on the state.
func (s *state) step(text string) (*db.Report, error) {
	rep, err := tx.With(s.ctx, s.snap, tx.EDN(text))
	if err != nil {
		return nil, err
	}
	s.snap, s.txs, s.labels = rep.After, append(slices.Clip(s.txs), rep.Tx), nil
	return rep, nil
}

// label names an entity: by the :id last asserted of it, its ident, or its number as a transaction.
func (s *state) label(e db.ID) string {
	if s.labels == nil {
		s.labels = s.ids(s.newest())
	}
	if l, ok := s.labels[e]; ok {
		return l
	}
	return s.other(e)
}

// newest returns the snapshot whose history has every :id: the last of the world, or that of the last step.
func (s *state) newest() *db.Snapshot {
	if s.snap.T() > s.world.last().T() {
		return s.snap
	}
	return s.world.last()
}

func (s *state) other(e db.ID) string {
	if ident, ok := s.newest().Schema().Ident(e); ok {
		return ident.String()
	}
	if n := slices.Index(s.txs, e); n >= 0 {
		return fmt.Sprintf("tx:%d", n)
	}
	return e.String()
}

// ids returns the :id last asserted of each entity in the history of a snapshot.
func (s *state) ids(snap *db.Snapshot) map[db.ID]string {
	labels, newest := map[db.ID]string{}, map[db.ID]db.ID{}
	if _, ok := snap.Schema().Named("id"); !ok {
		return labels
	}
	for d, err := range snap.History().Datoms(s.ctx, db.AEVT, "id") {
		if err == nil && d.Added && d.Tx >= newest[d.E] {
			labels[d.E], newest[d.E] = d.V.Text(), d.Tx
		}
	}
	return labels
}

// entity reads an entity identifier: an ident, or a lookup ref.
func (s *state) entity(text string) (any, error) {
	form, err := edn.Read(text)
	if err != nil {
		return nil, err
	}
	return s.identifier(form), nil
}

// identifier turns a vector of a unique attribute and a value into a lookup ref, and leaves other forms as they are.
func (s *state) identifier(form edn.Node) any {
	if form.Kind != edn.Vector || len(form.Items) != 2 {
		return plain(form)
	}
	k, ok := form.Items[0].Value.(edn.Keyword)
	if !ok {
		return plain(form)
	}
	a, known := s.snap.Schema().Named(string(k))
	if known && a.Unique == db.NotUnique {
		return plain(form)
	}
	value := form.Items[1]
	if known && a.Type == db.TypeTuple && value.Kind == edn.Vector {
		slots := make(db.Tuple, len(value.Items))
		for i, slot := range value.Items {
			slots[i] = s.identifier(slot)
		}
		return db.Lookup(string(k), slots)
	}
	return db.Lookup(string(k), s.identifier(value))
}

// plain returns a form as what the library takes: lists and sets as slices, maps as Go maps.
func plain(form edn.Node) any {
	switch form.Kind {
	case edn.List, edn.Vector, edn.Set:
		out := make([]any, len(form.Items))
		for i, item := range form.Items {
			out[i] = plain(item)
		}
		return out
	case edn.Map:
		out := map[any]any{}
		for i := 0; i < len(form.Items); i += 2 {
			out[plain(form.Items[i])] = plain(form.Items[i+1])
		}
		return out
	}
	return form.Plain()
}
