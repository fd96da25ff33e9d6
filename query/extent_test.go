package query_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// path returns a database of entities that lead to the one behind them, every fiftieth to the two behind it, and all of which have a mark that
// some others have; every tenth has none.
func path(t *testing.T, n int) *db.Snapshot {
	t.Helper()
	conn, err := db.Open(t.Context(), mem.New(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Transact(t.Context(), conn, tx.EDN(`[
		{:db/ident :next :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
		{:db/ident :back :db/valueType :db.type/ref}
		{:db/ident :mark :db/valueType :db.type/long}]`)); err != nil {
		t.Fatal(err)
	}
	var data []tx.Data
	name := func(i int) string { return fmt.Sprint("n", i%n) }
	for i := range n {
		m := tx.Map{"db/id": name(i), "next": name(i + 1), "back": name(i * 7)}
		if i%10 != 0 {
			m["mark"] = i / 3
		}
		data = append(data, m)
		if i%50 == 0 {
			data = append(data, tx.Add(name(i), "next", name(i+2)))
		}
	}
	rep, err := tx.Transact(t.Context(), conn, tx.All(data...))
	if err != nil {
		t.Fatal(err)
	}
	return rep.After
}

// TestExtents: what is found in memory, where an attribute is asked for again, is what would have been read, and less is read.
func TestExtents(t *testing.T) {
	snap := path(t, 3000)
	for _, x := range []struct {
		text  string
		rows  int
		saves bool
	}{
		{`[:find ?a ?c :where [?a :next ?b] [?b :next ?c]]`, 3120, true},
		{`[:find ?a ?c :where [?b :next ?a] [?b :next ?c]]`, 3120, true},
		{`[:find ?a ?m :where [?a :next ?b] [?b :mark ?m]]`, 2720, false},
		{`[:find (count ?m) . :with ?a :where [?a :next ?b] [?b :mark ?m]]`, 1, false},
		{`[:find ?a ?b :where [?a :next ?b] [?a :mark ?m] [?b :mark ?m]]`, 1600, true},
		{`[:find ?a ?b :where [?a :next ?b] [?a :mark ?m] [?b :mark ?n] [(!= ?m ?n)]]`, 800, true},
		{`[:find ?a ?b :where [?a :back ?b] [?b :back ?a]]`, 24, true},
		{`[:find ?a ?d :where [?a :back ?b] [?b :back ?c] [?c :back ?d]]`, 3000, true},
		{`[:find ?a :where [?a :back ?b] [?b :back _] [_ :back ?b]]`, 3000, true},
		{`[:find ?a :where [?a :next ?b] [?b :mark _] [?a :mark _]]`, 2400, true},
	} {
		var lines [2][]string
		var read [2]int64
		for i, least := range []float64{math.Inf(1), 0} {
			undo, together := query.MinExtent(least), query.PartSize(1000-900*i)
			rows, err := query.Run(t.Context(), snap, x.text)
			if err != nil {
				t.Fatal(x.text, err)
			}
			for rows.Next() {
				lines[i] = append(lines[i], fmt.Sprint(rows.Row()...))
			}
			slices.Sort(lines[i])
			plan, err := query.Analyze(t.Context(), snap, x.text)
			if err != nil {
				t.Fatal(err)
			}
			read[i] = plan.Datoms
			undo()
			together()
		}
		if !slices.Equal(lines[0], lines[1]) || len(lines[0]) != x.rows {
			t.Errorf("%s: %d rows, of extents %d; want %d", x.text, len(lines[0]), len(lines[1]), x.rows)
		}
		if saves := read[1] < read[0]; saves != x.saves || read[1] > read[0] {
			t.Errorf("%s reads %d datoms, with extents %d", x.text, read[0], read[1])
		}
	}
}
