package conformance

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

var orders = map[string]db.Order{"eavt": db.EAVT, "aevt": db.AEVT, "avet": db.AVET, "vaet": db.VAET}

// raw returns the datoms of a raw read.
func (s *state) raw(r db.Reader, op string, q Question) (iter.Seq2[db.Datom, error], error) {
	switch op {
	case "dump":
		return r.Datoms(s.ctx, db.EAVT), nil
	case "datoms":
		form, err := edn.Read(q.Components)
		if err != nil {
			return nil, err
		}
		components := make([]any, len(form.Items))
		for i, item := range form.Items {
			components[i] = s.identifier(item)
		}
		o, ok := orders[q.Index]
		if !ok {
			return nil, fmt.Errorf("no such index: %s", q.Index)
		}
		return r.Datoms(s.ctx, o, components...), nil
	}
	start, err := s.value(q.Start)
	if err != nil {
		return nil, err
	}
	if op == "seek-avet" {
		return r.SeekDatoms(s.ctx, db.AVET, q.Attr, start), nil
	}
	end, err := s.value(q.End)
	return r.IndexRange(s.ctx, q.Attr, start, end), err
}

// value reads EDN in a JSON string.
func (s *state) value(raw json.RawMessage) (any, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	return s.entity(text)
}
