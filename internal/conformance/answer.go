package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/query"
)

// ask answers a question; the answer is in plain Go values, shaped as the expectation will want it.
func (s *state) ask(op string, q Question, want any) (any, error) {
	r := s.look(s.snap, q.View, q.Filter)
	switch op {
	case "q":
		return s.query(r, q, want)
	case "pull":
		return s.pull(r, q)
	case "pull-many":
		return s.pullMany(r, q)
	case "datoms", "index-range", "seek-avet", "dump":
		return s.datoms(r, op, q, want)
	case "entid":
		return s.entid(r, q)
	case "ident":
		return s.ident(r, q)
	case "attribute":
		return s.attribute(r, q)
	case "tx-range":
		return s.txRange(r, q)
	}
	return nil, fmt.Errorf("no such op: %s", op)
}

func (s *state) pull(r db.Reader, q Question) (any, error) {
	e, err := s.entity(q.Eid)
	if err != nil {
		return nil, err
	}
	m, err := query.Pull[map[string]any](s.ctx, r, e, q.Pattern)
	if errors.Is(err, query.ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (s *state) pullMany(r db.Reader, q Question) (any, error) {
	form, err := edn.Read(q.Eids)
	if err != nil {
		return nil, err
	}
	entities, out := make([]any, len(form.Items)), make([]any, len(form.Items))
	for i, item := range form.Items {
		entities[i] = s.identifier(item)
	}
	trees, err := query.PullAll[map[string]any](s.ctx, r, entities, q.Pattern)
	for i, tree := range trees {
		if tree != nil {
			out[i] = tree
		}
	}
	return out, err
}

func (s *state) entid(r db.Reader, q Question) (any, error) {
	e, err := s.entity(q.Eid)
	if err != nil {
		return nil, err
	}
	id, err := r.EntID(s.ctx, e)
	if errors.Is(err, db.ErrNotAnEntity) {
		return nil, nil
	}
	return id, err
}

func (s *state) ident(r db.Reader, q Question) (any, error) {
	id, err := s.entid(r, q)
	if err != nil || id == nil {
		return nil, err
	}
	if ident, ok := r.Schema().Ident(id.(db.ID)); ok {
		return ident, nil
	}
	return nil, nil
}

func (s *state) attribute(r db.Reader, q Question) (any, error) {
	id, err := s.entid(r, q)
	if err != nil || id == nil {
		return nil, err
	}
	a, ok := r.Schema().Attribute(id.(db.ID))
	if !ok {
		return nil, nil
	}
	m := map[string]any{"ident": a.Ident, "value-type": db.Keyword("db.type/" + a.Type.String()), "cardinality": db.Keyword("db.cardinality/one"),
		"unique": nil, "is-component": a.Component, "no-history": a.NoHistory}
	if a.Many {
		m["cardinality"] = db.Keyword("db.cardinality/many")
	}
	switch a.Unique {
	case db.UniqueValue:
		m["unique"] = db.Keyword("db.unique/value")
	case db.UniqueIdentity:
		m["unique"] = db.Keyword("db.unique/identity")
	}
	return m, nil
}

func (s *state) txRange(r db.Reader, q Question) (any, error) {
	start, err := s.bound(q.Start)
	if err != nil {
		return nil, err
	}
	end, err := s.bound(q.End)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for t, err := range r.TxRange(s.ctx, start, end) {
		if err != nil {
			return nil, err
		}
		added, removed := []any{}, []any{}
		for _, d := range t.Datoms {
			if !s.world.counts(r.Schema(), d.A) {
				continue
			}
			if d.Added {
				added = append(added, s.row(r, d, 3))
			} else {
				removed = append(removed, s.row(r, d, 3))
			}
		}
		out = append(out, map[string]any{"tx": t.ID, "added": added, "removed": removed})
	}
	return out, nil
}

// bound reads a transaction number, {"inst": …} or null.
func (s *state) bound(raw json.RawMessage) (db.Moment, error) {
	var n *int
	if len(raw) == 0 || json.Unmarshal(raw, &n) == nil {
		if n == nil {
			return nil, nil
		}
		if *n < len(s.txs) {
			return s.txs[*n], nil
		}
		return s.newest().NextT(), nil
	}
	var inst struct{ Inst string }
	err := json.Unmarshal(raw, &inst)
	return when(inst.Inst), err
}

// row renders a datom: entity, ident of the attribute, value, and on wide rows transaction and whether it was added.
func (s *state) row(r db.Reader, d db.Datom, width int) []any {
	a, _ := r.Schema().Attribute(d.A)
	row := []any{d.E, a.Ident, a.Go(d.V)}
	if width == 5 {
		row = append(row, d.Tx, d.Added)
	}
	return row
}

// datoms answers the raw reads.
func (s *state) datoms(r db.Reader, op string, q Question, want any) (any, error) {
	rows, values := []any{}, []any{}
	width := widthOf(want, r.IsHistory())
	seq, err := s.raw(r, op, q)
	if err != nil {
		return nil, err
	}
	for d, err := range seq {
		if err != nil {
			return nil, err
		}
		if op == "seek-avet" && !s.is(r, q.Attr, d.A) {
			break
		}
		if s.world.counts(r.Schema(), d.A) {
			row := s.row(r, d, width)
			rows, values = append(rows, row), append(values, row[2])
		}
	}
	if op == "dump" {
		return rows, nil
	}
	return map[string]any{"datoms": rows, "vorder": values}, nil
}

func (s *state) is(r db.Reader, name string, a db.ID) bool {
	attr, ok := r.Schema().Named(name)
	return ok && attr.ID == a
}

// widthOf returns how wide the expected rows are.
func widthOf(want any, history bool) int {
	if m, ok := want.(map[string]any); ok {
		for _, key := range []string{"datoms", "s", "bag"} {
			if inner, ok := m[key]; ok {
				return widthOf(inner, history)
			}
		}
	}
	if rows, ok := want.([]any); ok && len(rows) > 0 {
		return len(rows[0].([]any))
	}
	if history {
		return 5
	}
	return 3
}

// matches compares an answer with what is expected of an op.
func (s *state) matches(op string, want, got any) bool {
	l := labeller(s.label)
	switch op {
	case "datoms", "index-range", "seek-avet":
		w, g := want.(map[string]any), got.(map[string]any)
		return l.match(w["datoms"], g["datoms"]) && (w["vorder"] == nil || l.match(w["vorder"], g["vorder"]))
	case "tx-range":
		return l.matchLog(want.([]any), got.([]any))
	}
	return l.match(want, got)
}

func (l labeller) matchLog(want, got []any) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		w, g := want[i].(map[string]any), maps.Clone(got[i].(map[string]any))
		if !l.match(w["tx"], g["tx"]) || !l.matchSet(w["added"].([]any), g["added"].([]any)) || !l.matchSet(w["removed"].([]any), g["removed"].([]any)) {
			return false
		}
	}
	return true
}
