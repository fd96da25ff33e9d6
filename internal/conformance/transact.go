package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/datolite/datolite/db"
)

// An outcome is what a step should come to.
type outcome struct {
	Added   []any          `json:"added"`
	Removed []any          `json:"removed"`
	Same    bool           `json:"txdata_same"`
	TempIDs map[string]any `json:"tempids"`
	Noop    *bool          `json:"noop"`
}

// transact runs the steps of a tx case, each on what the last that succeeded came to.
func (s *state) transact(c *Case) verdict {
	var wants []expectation
	if err := json.Unmarshal(c.Expect, &wants); err != nil {
		return verdict{err: err}
	}
	var v verdict
	for i, step := range c.Steps {
		one := s.judgeStep(c, wants[i], step.Tx)
		if one.err != nil {
			return verdict{err: fmt.Errorf("step %d: %w", i, one.err)}
		}
		v.refusals = append(v.refusals, one.refusals...)
	}
	return v
}

func (s *state) judgeStep(c *Case, want expectation, text string) verdict {
	earlier := s.ids(s.snap)
	before := s.look(s.snap, c.View, c.Filter)
	rep, err := s.stepOn(c.Question, text)
	if err != nil || want.fails() {
		return judge(want, rep, err, nil)
	}
	after := s.look(s.snap, c.View, c.Filter)
	added, removed, err := s.difference(before, after)
	if err != nil {
		return verdict{err: err}
	}
	var o outcome
	decodeInto(want.OK, &o)
	l := s.stepLabels(rep, earlier)
	if !l.matchSet(o.Added, added) || !l.matchSet(o.Removed, removed) {
		return verdict{err: fmt.Errorf("want %s, got +%s −%s", want.OK, show(added), show(removed))}
	}
	return verdict{err: errors.Join(l.sameData(s, &o, rep), l.sameTempIDs(&o, rep))}
}

// difference returns the datoms that a step made visible, and those that it took away.
func (s *state) difference(before, after db.Reader) (added, removed []any, err error) {
	was, err := s.all(before)
	if err != nil {
		return nil, nil, err
	}
	is, err := s.all(after)
	if err != nil {
		return nil, nil, err
	}
	for d := range is {
		if !was[d] {
			added = append(added, s.row(after, db.Datom{E: d.E, A: d.A, V: d.V}, 3))
		}
	}
	for d := range was {
		if !is[d] {
			removed = append(removed, s.row(after, db.Datom{E: d.E, A: d.A, V: d.V}, 3))
		}
	}
	return added, removed, nil
}

// all returns the datoms that count, without their transactions.
func (s *state) all(r db.Reader) (map[db.Datom]bool, error) {
	out := map[db.Datom]bool{}
	for d, err := range r.Datoms(s.ctx, db.EAVT) {
		if err != nil {
			return nil, err
		}
		if s.world.counts(s.snap.Schema(), d.A) {
			out[db.Datom{E: d.E, A: d.A, V: d.V}] = true
		}
	}
	return out, nil
}

// stepLabels names entities as a step's expectation does.
func (s *state) stepLabels(rep *db.Report, earlier map[db.ID]string) labeller {
	now := s.current(rep.After)
	tempids := map[db.ID]string{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(rep.TempIDs))) {
		if name != "datomic.tx" {
			tempids[rep.TempIDs[name]] = "tmp:" + name
		}
	}
	return func(e db.ID) string {
		for _, labels := range []map[db.ID]string{now, tempids, {rep.Tx: "datomic.tx"}, earlier} {
			if l, ok := labels[e]; ok {
				return l
			}
		}
		return s.other(e)
	}
}

// current returns the :id that each entity has in a snapshot.
func (s *state) current(snap *db.Snapshot) map[db.ID]string {
	labels := map[db.ID]string{}
	if _, ok := snap.Schema().Named("id"); !ok {
		return labels
	}
	for d, err := range snap.Datoms(s.ctx, db.AEVT, "id") {
		if err == nil {
			labels[d.E] = d.V.Text()
		}
	}
	return labels
}

// sameData compares the report's datoms, where they are said to be exactly what changed.
func (l labeller) sameData(s *state, o *outcome, rep *db.Report) error {
	if o.Noop != nil && *o.Noop != (len(rep.Datoms) == 1) {
		return fmt.Errorf("want noop %v, got %v", *o.Noop, rep.Datoms)
	}
	if !o.Same {
		return nil
	}
	var added, removed []any
	for _, d := range rep.Datoms {
		if !s.world.counts(rep.After.Schema(), d.A) {
			continue
		}
		if d.Added {
			added = append(added, s.row(rep.After, d, 3))
		} else {
			removed = append(removed, s.row(rep.After, d, 3))
		}
	}
	if len(added) != len(o.Added) || len(removed) != len(o.Removed) || !l.matchBag(o.Added, added) || !l.matchBag(o.Removed, removed) {
		return fmt.Errorf("want tx-data +%s −%s, got +%s −%s", show(o.Added), show(o.Removed), show(added), show(removed))
	}
	return nil
}

func (l labeller) sameTempIDs(o *outcome, rep *db.Report) error {
	for name, want := range o.TempIDs {
		got, ok := rep.TempIDs[name]
		if !ok || !l.match(want, got) {
			return fmt.Errorf("want tempid %s = %v, got %v", name, want, got)
		}
	}
	return nil
}

func decodeInto(raw json.RawMessage, o *outcome) {
	m, _ := decode(raw).(map[string]any)
	o.Added, _ = m["added"].([]any)
	o.Removed, _ = m["removed"].([]any)
	o.Same, _ = m["txdata_same"].(bool)
	o.TempIDs, _ = m["tempids"].(map[string]any)
	if noop, ok := m["noop"].(bool); ok {
		o.Noop = &noop
	}
}
