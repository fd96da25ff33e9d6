package query_test

import (
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
)

// ageWords is an event of the age of somebody, with fields that take whole words between others. ageCells holds the same in
// fields that do not.
type ageWords struct {
	Note string
	Op   bool
	E    db.ID
	stamped
	A int
}

type stamped struct{ Tx int64 }

type ageCells struct {
	A  int32
	Op any
	E  db.ID
	Tx db.ID
}

// TestWordRows: rows that are stored column by column are those that are stored cell by cell, all of them or some.
func TestWordRows(t *testing.T) {
	snap, err := aged(t.Context(), 500, 3)
	if err != nil {
		t.Fatal(err)
	}
	text := `[:find ?e ?a ?tx ?op :where [?e :age ?a ?t ?op] [(- ?t 0) ?tx]]`
	rows, err := query.Run(t.Context(), snap.History(), text)
	if err != nil {
		t.Fatal(err)
	}
	if !query.StoresWords[ageWords](t.Context(), snap.History(), text) || query.StoresWords[ageCells](t.Context(), snap.History(), text) {
		t.Error("rows are stored by words in fields that do not take them, or not in those that do")
	}
	fast, err := query.All[ageWords](t.Context(), snap.History(), text)
	if err != nil || len(fast) != rows.Len() || len(fast) < 1000 {
		t.Fatal(len(fast), err)
	}
	slow, err := query.All[ageCells](t.Context(), snap.History(), `[:find ?e ?a ?tx ?op :where [?e :age ?a ?tx ?op]]`)
	if err != nil || len(slow) != len(fast) {
		t.Fatal(len(slow), err)
	}
	var each []ageWords
	for row, err := range query.Each[ageWords](t.Context(), snap.History(), text) {
		if err != nil {
			t.Fatal(err)
		}
		if each = append(each, row); len(each) == 300 {
			break
		}
	}
	if !slices.Equal(each, fast[:300]) {
		t.Errorf("Each yields %v first, All has %v", each[0], fast[0])
	}
	seen := map[ageWords]bool{}
	for i, row := range fast {
		rows.Next()
		if cells := rows.Row(); cells[0] != row.E || cells[1] != int64(row.A) || cells[2] != row.Tx || cells[3] != row.Op || row.Note != "" {
			t.Fatalf("row %d: %v, and by cells %v", i, row, cells)
		}
		seen[row] = true
	}
	for _, row := range slow {
		if !seen[ageWords{Op: row.Op.(bool), E: row.E, stamped: stamped{int64(row.Tx)}, A: int(row.A)}] {
			t.Fatalf("%v is missing", row)
		}
	}
}
