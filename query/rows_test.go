package query_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

func TestAllOneEach(t *testing.T) {
	type item struct {
		Key  string `datom:"s"`
		N    int8
		Refs []struct {
			S string `datom:"s"`
		}
	}
	snap, ids := tree(t)
	ctx := context.Background()
	all, err := query.All[item](ctx, snap, `[:find ?s ?n :where [?e :s ?s] [?e :n ?n]]`)
	if diff := cmp.Diff([]item{{Key: "1", N: 5}}, all); diff != "" || err != nil {
		t.Error(diff, err)
	}
	// law: One is the only element of All.
	one, err := query.One[item](ctx, snap, `[:find ?s ?n :where [?e :s ?s] [?e :n ?n]]`)
	if diff := cmp.Diff(all[0], one); diff != "" || err != nil {
		t.Error(diff, err)
	}
	names := `[:find [?s ...] :where [_ :s ?s] :order-by [?s]]`
	list, err := query.All[string](ctx, snap, names)
	if err != nil || strings.Join(list, " ") != "1 11 12 14 15 2 3 4 5 6 7 8" {
		t.Error(list, err)
	}
	// law: Each yields what All returns.
	var each []string
	for s, err := range query.Each[string](ctx, snap, names) {
		if err != nil {
			t.Fatal(err)
		}
		if each = append(each, s); len(each) == 7 {
			break
		}
	}
	if diff := cmp.Diff(list[:7], each); diff != "" {
		t.Error(diff)
	}
	id, err := query.One[db.ID](ctx, snap, `[:find ?e . :in $ ?s :where [?e :s ?s]]`, "12")
	if err != nil || id != ids["12"] {
		t.Error(id, err)
	}
	pair, err := query.One[[]any](ctx, snap, `[:find [?e ?s] :where [?e :s ?s] [?e :r]]`)
	if err != nil || len(pair) != 2 {
		t.Error(pair, err)
	}
	pulled, err := query.One[item](ctx, snap, `[:find (pull ?e [(:s :as :key) {(:rs :as :refs) [:s]}]) . :in $ ?e]`, ids["12"])
	if err != nil || pulled.Key != "12" || len(pulled.Refs) != 2 || pulled.Refs[1].S != "2" {
		t.Error(pulled, err)
	}
	maps, err := query.All[map[string]any](ctx, snap, `[:find ?s ?n :keys key num :where [?e :s ?s] [?e :n ?n]]`)
	if diff := cmp.Diff([]map[string]any{{"key": "1", "num": int64(5)}}, maps); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestPullOfMany(t *testing.T) {
	snap, ids := tree(t)
	rows, err := query.All[[]any](context.Background(), snap, `[:find ?i (pull ?e [:s]) :in $ [[?i ?e]] :order-by [?i]]`,
		[][]any{{0, ids["1"]}, {1, db.ID(999)}, {2, ids["2"]}})
	want := [][]any{{int64(0), map[string]any{"s": "1"}}, {int64(1), nil}, {int64(2), map[string]any{"s": "2"}}}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestRowErrors(t *testing.T) {
	snap, _ := tree(t)
	ctx := context.Background()
	names := `[:find ?s :where [_ :s ?s]]`
	if _, err := query.One[string](ctx, snap, names); !errors.Is(err, query.ErrManyRows) || err.Error() != "query: more than one row: there are 12" {
		t.Error(err)
	}
	if _, err := query.One[string](ctx, snap, `[:find ?s . :where [?e :s ?s] [?e :n 77]]`); !errors.Is(err, query.ErrNoRow) || err.Error() != "query: no such row" {
		t.Error(err)
	}
	if db.CategoryOf(query.ErrNoRow) != db.NotFound {
		t.Error(db.CategoryOf(query.ErrNoRow))
	}
	if none, err := query.All[int](ctx, snap, `[:find (count ?s) . :where [?e :s ?s] [?e :n 77]]`); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
	for _, text := range []string{`[:find ?s`, `[:find ?s :where [_ :t ?s]]`, `[:find ?s ?e :where [?e :s ?s]]`} {
		rows, last := 0, error(nil)
		for _, err := range query.Each[string](ctx, snap, text) {
			if err == nil {
				rows++
			} else if last != nil {
				t.Error("a second error:", err)
			}
			last = err
		}
		if rows > 0 || last == nil || !strings.HasPrefix(last.Error(), "query: ") {
			t.Error(text, rows, last)
		}
	}
	defer func() {
		err, ok := recover().(error)
		if !ok || !strings.HasPrefix(err.Error(), "query: 1:1: ") {
			t.Error(err)
		}
	}()
	query.MustPrepare[string](`[:find ?s`)
}

// A column that fits most rows is told of at the row that it does not fit.
func TestMisfitInTheMiddle(t *testing.T) {
	n := 0
	var last error
	for _, err := range query.Each[int8](context.Background(), nil, `[:find [?n ...] :in [?n ...] :order-by [?n]]`, []int{1, 2, 300, 4}) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 3 || last == nil || last.Error() != "query: column n (int64) does not fit int8: 300 is out of the range of int8" {
		t.Error(n, last)
	}
}

type recorder struct {
	sync.Mutex
	events []db.Event
}

func (r *recorder) Observe(e db.Event) {
	r.Lock()
	defer r.Unlock()
	r.events = append(r.events, e)
}

func TestObserver(t *testing.T) {
	seen := &recorder{}
	ctx := context.Background()
	conn, err := db.Open(ctx, mem.New(), db.Options{Observer: seen})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rep, err := tx.Transact(ctx, conn, tx.EDN(treeSchema))
	if err != nil {
		t.Fatal(err)
	}
	seen.events = nil
	count := query.MustPrepare[int](`[:find (count ?a) . :where [?a :db/valueType]]`)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if n, err := count.One(ctx, rep.After); err != nil || n < 9 {
				t.Error(n, err)
			}
		})
	}
	wait.Wait()
	if _, err := query.Run(ctx, rep.After.AsOf(rep.T), `[:find ?a :where [?a :no/such]]`); err == nil {
		t.Error("no error")
	}
	if len(seen.events) != 9 {
		t.Fatal(seen.events)
	}
	for i, e := range seen.events {
		if e.Kind != "query" || e.T != rep.T || !strings.HasPrefix(e.Text, "[:find") || e.Duration <= 0 || (e.Err != nil) != (i == 8) || (e.Rows == 1) != (i < 8) {
			t.Errorf("%+v", e)
		}
	}
}
