package query_test

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/query"
)

// A pastByHand is the history of an attribute in arrays: the versions of the i-th entity lie from begins[i] up to begins[i+1], the oldest first.
type pastByHand struct {
	entities []db.ID
	begins   []int
	tx       []db.ID
	values   []int64
	ivans    []int // the entities of the name, by number
}

func newPastByHand(ctx context.Context, snap *db.Snapshot) (*pastByHand, error) {
	type version struct {
		E, Tx db.ID
		A     int64
	}
	all, err := query.MustPrepare[version](`[:find ?e ?tx ?a :where [?e :age ?a ?tx true]]`).All(ctx, snap.History())
	if err != nil {
		return nil, err
	}
	named, err := query.MustPrepare[db.ID](`[:find [?e ...] :where [?e :name "Ivan"]]`).All(ctx, snap)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(x, y version) int { return cmp.Or(cmp.Compare(x.E, y.E), cmp.Compare(x.Tx, y.Tx)) })
	p := &pastByHand{}
	for i, v := range all {
		if i == 0 || v.E != all[i-1].E {
			if slices.Contains(named, v.E) {
				p.ivans = append(p.ivans, len(p.entities))
			}
			p.entities, p.begins = append(p.entities, v.E), append(p.begins, i)
		}
		p.tx, p.values = append(p.tx, v.Tx), append(p.values, v.A)
	}
	p.begins = append(p.begins, len(all))
	return p, nil
}

// at returns the place of the version of an entity that held at a moment; −1 where none did.
func (p *pastByHand) at(i int, t db.ID) int {
	found := -1
	for k := p.begins[i]; k < p.begins[i+1] && p.tx[k] <= t; k++ {
		found = k
	}
	return found
}

// rows returns entities and their values at a moment: those of some entities, or of all where of is nil.
func (p *pastByHand) rows(of []int, t db.ID) (entities []db.ID, values []int64) {
	n := len(of)
	if of == nil {
		n = len(p.entities)
	}
	entities, values = make([]db.ID, 0, n), make([]int64, 0, n)
	for k := range n {
		i := k
		if of != nil {
			i = of[k]
		}
		if at := p.at(i, t); at >= 0 {
			entities, values = append(entities, p.entities[i]), append(values, p.values[at])
		}
	}
	return entities, values
}

// BenchmarkTimeByHand answers the questions of BenchmarkTime as loops over arrays that hold the history of ages, and whose names are Ivan.
func BenchmarkTimeByHand(b *testing.B) {
	snap, err := aging()
	if err != nil {
		b.Fatal(err)
	}
	p, err := newPastByHand(b.Context(), snap)
	if err != nil {
		b.Fatal(err)
	}
	now, moment := index.TxID(snap.T()), index.TxID(snap.T()-50)
	for _, c := range []struct {
		name string
		t    db.ID
		of   []int
		rows int
	}{
		{"join", now, p.ivans, len(p.ivans)},
		{"join as of", moment, p.ivans, len(p.ivans)},
		{"ages as of", moment, nil, 20_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if entities, _ := p.rows(c.of, c.t); len(entities) != c.rows {
					b.Fatalf("%d rows, want %d", len(entities), c.rows)
				}
			}
			b.ReportMetric(float64(c.rows), "rows")
		})
	}
}
