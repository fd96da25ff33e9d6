package query_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// aged returns a database of n people twice over, those whose numbers are even in the index and the others in memory, whose ages, which are
// indexed, change rounds times: half of the changes come before the index, half behind it.
func aged(ctx context.Context, n, rounds int) (*db.Snapshot, error) {
	conn, err := db.Open(ctx, mem.New(), db.Options{})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Transact(ctx, conn, tx.EDN(`[{:db/ident :num :db/valueType :db.type/long :db/unique :db.unique/identity}
		{:db/ident :age :db/valueType :db.type/long :db/index true}]`)); err != nil {
		return nil, err
	}
	for round := range rounds {
		var data []tx.Data
		for i := range n {
			data = append(data, tx.Map{"num": i, "age": 1000*i + round})
		}
		if _, err := tx.Transact(ctx, conn, tx.All(data...)); err != nil {
			return nil, err
		}
		if round == (rounds-1)/2 {
			if err := conn.Index(ctx); err != nil {
				return nil, err
			}
		}
	}
	data := []tx.Data{}
	for i := range n {
		data = append(data, tx.Map{"num": n + i, "age": 1000*i + 500})
	}
	_, err = tx.Transact(ctx, conn, tx.All(data...))
	return conn.Snapshot(), err
}

// TestValuesInARangeReadBeside: of values in a range, some in the index and some in memory, none is left out where several read them.
func TestValuesInARangeReadBeside(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	defer query.PartSize(100)()
	snap, err := aged(t.Context(), 3000, 1)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := query.Run(t.Context(), snap, `[:find ?e ?a :where [?e :age ?a] [(> ?a 0)]]`)
	if err != nil || rows.Len() != 5999 {
		t.Fatal(rows, err)
	}
}

// TestThePastReadBeside: what several goroutines read of a view, in whatever order, is what the view shows, and so is what one reads.
func TestThePastReadBeside(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	snap, err := aged(t.Context(), 1000, 4)
	if err != nil {
		t.Fatal(err)
	}
	few := new(db.IDSet)
	for d, err := range snap.Datoms(t.Context(), db.AEVT, "num") {
		if err != nil {
			t.Fatal(err)
		}
		if d.V.Long()%7 == 0 {
			few.Add(d.E)
		}
	}
	odd := func(_ db.Reader, d db.Datom) bool { return d.V.Long()%2 == 1 }
	early, late := snap.T()-db.T(3), snap.T()-db.T(1)
	for _, from := range []db.Reader{
		snap.History(), snap.History().AsOf(late), snap.History().Since(early), snap.History().AsOf(late).Since(early), snap.History().Without(few),
		snap.History().Filter(odd), snap.AsOf(early), snap.AsOf(late), snap.Since(early), snap.AsOf(late).Without(few), snap.Filter(odd),
	} {
		var want []string
		for d, err := range from.Datoms(t.Context(), db.AEVT, "age") {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprint(d.E, d.V.Long(), d.Tx, d.Added))
		}
		slices.Sort(want)
		for _, size := range []int{1 << 30, 100} {
			undo := query.PartSize(size)
			rows, err := query.Run(t.Context(), from, `[:find ?e ?a ?tx ?op :where [?e :age ?a ?tx ?op]]`)
			if undo(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for rows.Next() {
				got = append(got, fmt.Sprint(rows.Row()...))
			}
			if slices.Sort(got); !slices.Equal(got, want) || len(got) < 400 {
				t.Errorf("%v in parts of %d: %d rows, and there are %d", from, size, len(got), len(want))
			}
			if n := countOf(t, from, size, `[:find (count ?e) . :with ?tx ?op ?a :where [?e :age ?a ?tx ?op]]`); n != len(want) {
				t.Errorf("%v in parts of %d: %d are counted, and there are %d", from, size, n, len(want))
			}
		}
	}
}

// countOf returns the one number that a query finds, with parts of so many datoms.
func countOf(t *testing.T, from db.Reader, size int, text string) int {
	defer query.PartSize(size)()
	n, err := query.One[int](t.Context(), from, text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
