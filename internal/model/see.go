package model

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A View says what of a database is seen. The zero View is the present.
type View struct {
	AsOf    db.ID // transactions after it are not seen; 0 is no bound
	Since   db.ID // nor is what was asserted in it or before; 0 is no bound
	History bool
	Without *db.IDSet
	Keep    func(db.Datom) bool
}

// See returns the datoms that a view shows of events, which are all assertions and retractions there were, oldest first.
func See(events []db.Datom, v View) []db.Datom {
	var out []db.Datom
	for i, d := range events {
		if v.sees(d) && (v.History || d.Added && !ended(events[i+1:], d, v)) {
			out = append(out, d)
		}
	}
	return out
}

func (v View) sees(d db.Datom) bool {
	return (v.AsOf == 0 || d.Tx <= v.AsOf) && d.Tx > v.Since && !v.Without.Has(d.E) && (v.Keep == nil || v.Keep(d))
}

// ended reports whether a later event within the bound retracts what d asserts.
func ended(later []db.Datom, d db.Datom, v View) bool {
	return slices.ContainsFunc(later, func(x db.Datom) bool {
		return !x.Added && x.E == d.E && x.A == d.A && x.V == d.V && (v.AsOf == 0 || x.Tx <= v.AsOf)
	})
}

// Sort orders datoms as an index does: by its letters, then newest first, a retraction before the assertion of one transaction.
func Sort(o db.Order, datoms []db.Datom) {
	slices.SortStableFunc(datoms, func(a, b db.Datom) int {
		return o.Compare(index.Fact{E: a.E, A: a.A, V: a.V, Tx: a.Tx}, index.Fact{E: b.E, A: b.A, V: b.V, Tx: b.Tx})
	})
}
