package conformance

import (
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/query"
)

// query runs a query and shapes its answer: rows, the cells of a column, one row, or one cell.
func (s *state) query(r db.Reader, q Question, want any) (any, error) {
	form, err := edn.Read(q.Query)
	if err != nil {
		return nil, err
	}
	if text, ok := form.Value.(string); ok {
		q.Query = text
		if form, err = edn.Read(text); err != nil {
			return nil, err
		}
	}
	source, in, err := s.inputs(r, q, section(form, "in"))
	if err != nil {
		return nil, err
	}
	rows, err := query.Run(s.ctx, source, q.Query, in...)
	if err != nil {
		return nil, err
	}
	maps := slices.ContainsFunc([]string{"keys", "strs", "syms"}, func(k string) bool { return len(section(form, k)) > 0 })
	return shape(section(form, "find"), rows, maps), nil
}

// section returns the forms of a section of a query, in list or map form.
func section(form edn.Node, name string) []edn.Node {
	if form.Kind == edn.Map {
		for i := 0; i < len(form.Items); i += 2 {
			if form.Items[i].Value == edn.Keyword(name) {
				return form.Items[i+1].Items
			}
		}
		return nil
	}
	var out []edn.Node
	in := false
	for _, item := range form.Items {
		if k, ok := item.Value.(edn.Keyword); ok {
			in = string(k) == name
		} else if in {
			out = append(out, item)
		}
	}
	return out
}

// shape gives an answer the form that its :find asks for.
func shape(find []edn.Node, rows *query.Rows, maps bool) any {
	all := []any{}
	for rows.Next() {
		if maps {
			all = append(all, asMap(rows.Columns(), rows.Row()))
			continue
		}
		all = append(all, slices.Clone(rows.Row()))
	}
	scalar := len(find) == 2 && find[1].Value == edn.Symbol(".")
	if scalar || len(find) == 1 && find[0].Kind == edn.Vector {
		items := find[0].Items
		collection := !scalar && len(items) == 2 && items[1].Value == edn.Symbol("...")
		return single(all, scalar, collection)
	}
	return all
}

func single(rows []any, scalar, collection bool) any {
	if collection {
		for i, row := range rows {
			rows[i] = row.([]any)[0]
		}
		return rows
	}
	if len(rows) == 0 {
		return nil
	}
	if scalar {
		return rows[0].([]any)[0]
	}
	return rows[0]
}

func asMap(columns []string, row []any) map[string]any {
	m := map[string]any{}
	for i, name := range columns {
		m[name] = row[i]
	}
	return m
}

// inputs returns the reader for $ and the other inputs.
func (s *state) inputs(r db.Reader, q Question, in []edn.Node) (db.Reader, []any, error) {
	dollar := slices.IndexFunc(in, func(n edn.Node) bool { return n.Value == edn.Symbol("$") })
	if len(in) == 0 {
		dollar = 0
	}
	var source db.Reader
	var out []any
	for i, input := range q.Inputs {
		var place edn.Node
		if i < len(in) {
			place = in[i]
		}
		x, err := s.input(r, q, input, place)
		if err != nil {
			return nil, nil, err
		}
		if reader, ok := x.(db.Reader); ok && i == dollar {
			source = reader
			continue
		}
		out = append(out, x)
	}
	return source, out, nil
}

func (s *state) input(r db.Reader, q Question, in Input, place edn.Node) (any, error) {
	switch in.T {
	case "db":
		if in.At == nil && len(in.View) == 0 {
			return r, nil
		}
		snap := s.newest()
		if in.At != nil {
			snap = s.world.snaps[*in.At]
		}
		return s.look(snap, in.View, nil), nil
	case "rules":
		return s.rules(in.Edn)
	case "eid":
		return s.labelled(in.ID), nil
	case "eids":
		out := make([]any, len(in.IDs))
		for i, label := range in.IDs {
			out[i] = s.labelled(label)
		}
		return out, nil
	case "tx":
		return s.txs[in.N], nil
	case "log":
		return s.newest(), nil
	case "src":
		return s.rows(in.Edn)
	}
	form, err := edn.Read(in.Edn)
	if err != nil {
		return nil, err
	}
	return s.fitted(place, form), nil
}

func (s *state) beginsUnique(form edn.Node) bool {
	if form.Kind != edn.Vector || len(form.Items) == 0 {
		return false
	}
	k, _ := form.Items[0].Value.(edn.Keyword)
	a, ok := s.snap.Schema().Named(string(k))
	return ok && a.Unique != db.NotUnique
}

// fitted returns an input for a place of :in: where a variable takes one value, a vector that begins with a unique attribute is a
// lookup ref, and any other a tuple.
func (s *state) fitted(place, form edn.Node) any {
	if name, ok := place.Value.(edn.Symbol); ok && strings.HasPrefix(string(name), "?") && s.beginsUnique(form) {
		return s.identifier(form)
	}
	if place.Kind != edn.Vector || len(place.Items) == 0 || form.Kind != edn.Vector {
		return plain(form)
	}
	many := len(place.Items) == 1 || place.Items[1].Value == edn.Symbol("...")
	out := make([]any, len(form.Items))
	for i, item := range form.Items {
		inner := place.Items[0]
		if !many {
			inner = place.Items[min(i, len(place.Items)-1)]
		}
		out[i] = s.fitted(inner, item)
	}
	return out
}

// rows reads a relation.
func (s *state) rows(text string) (any, error) {
	form, err := edn.Read(text)
	rows := make([][]any, len(form.Items))
	for i, item := range form.Items {
		if cells, ok := plain(item).([]any); ok {
			rows[i] = cells
		} else {
			return plain(form), err
		}
	}
	return rows, err
}

func (s *state) rules(text string) (any, error) {
	form, err := edn.Read(text)
	if quoted, ok := form.Value.(string); ok {
		text = quoted
	}
	return query.Rules(text), err
}

// labelled returns the entity that has a label, and an id that nobody has where none does.
func (s *state) labelled(label string) db.ID {
	s.label(0)
	for e, l := range s.labels {
		if l == label {
			return e
		}
	}
	if e, err := s.newest().EntID(s.ctx, db.Keyword(label)); err == nil {
		return e
	}
	return 1 << 40
}
