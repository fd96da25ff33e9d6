package query_test

import (
	"context"
	"runtime"
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
		t.Fatal(rows.Len(), err)
	}
}
