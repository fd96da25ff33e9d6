package query_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// small returns a database of two people who know each other.
func small(t testing.TB) (snap *db.Snapshot, ada, bob db.ID) {
	rep := with(t, with(t, start(t), tx.EDN(`[
		{:db/ident :name :db/valueType :db.type/string :db/unique :db.unique/identity}
		{:db/ident :born :db/valueType :db.type/long}
		{:db/ident :knows :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]`)).After,
		tx.EDN(`[{:db/id "ada" :name "Ada" :born 1815 :knows "bob"} {:db/id "bob" :name "Bob" :born 1900 :knows "ada"}]`))
	return rep.After, rep.TempIDs["ada"], rep.TempIDs["bob"]
}

// TestInputs gives inputs of many Go types to one place of :in each.
func TestInputs(t *testing.T) {
	snap, ada, bob := small(t)
	type pair struct {
		Name string
		Rank int
	}
	for _, c := range []struct {
		name, text string
		in         []any
		want       [][]any
	}{
		{"an id", `[:find ?n :in $ ?e :where [?e :name ?n]]`, []any{ada}, [][]any{{"Ada"}}},
		{"an id as an integer", `[:find ?e :in $ ?e :where [?e :name]]`, []any{int64(ada)}, [][]any{{ada}}},
		{"an id that no clause knows", `[:find ?e :in ?e]`, []any{ada}, [][]any{{ada}}},
		{"ids", `[:find ?e :in $ [?e ...] :where [?e :name]]`, []any{[]db.ID{ada, bob, 77}}, [][]any{{ada}, {bob}}},
		{"integers of every width", `[:find ?x :in [?x ...]]`, []any{[]any{1, int8(1), uint16(1), uint64(1), big.NewInt(1)}}, [][]any{{int64(1)}}},
		{"a keyword that is data", `[:find ?k :in ?k]`, []any{db.Keyword("a/b")}, [][]any{{db.Keyword("a/b")}}},
		{"a lookup ref", `[:find ?e ?b :in $ ?e :where [?e :born ?b]]`, []any{db.Lookup("name", "Ada")}, [][]any{{db.Lookup("name", "Ada"), int64(1815)}}},
		{"one entity twice", `[:find ?e ?b :in $ [?e ...] :where [?e :born ?b]]`, []any{[]any{db.Lookup(":name", "Ada"), ada}},
			[][]any{{db.Lookup("name", "Ada"), int64(1815)}, {ada, int64(1815)}}},
		{"bytes are a value", `[:find ?x :in ?x]`, []any{[]byte("x")}, [][]any{{[]byte("x")}}},
		{"a tuple", `[:find ?x :in ?x]`, []any{db.Tuple{int64(1), nil}}, [][]any{{db.Tuple{int64(1), nil}}}},
		{"a time", `[:find ?x :in ?x]`, []any{time.UnixMicro(1_500)}, [][]any{{time.UnixMilli(1).UTC()}}},
		{"structs", `[:find ?n ?r :in [[?n ?r]]]`, []any{[]pair{{"Ada", 1}, {"Bob", 2}}}, [][]any{{"Ada", int64(1)}, {"Bob", int64(2)}}},
		{"a struct", `[:find ?r :in [_ ?r]]`, []any{pair{"Ada", 1}}, [][]any{{int64(1)}}},
		{"rows", `[:find ?b :in $ $rows :where [?e :born ?b] [?e :name ?n] [$rows ?n]]`, []any{[][]any{{"Bob"}, {"Eve"}}}, [][]any{{int64(1900)}}},
		{"structs as a source", `[:find ?b :in $ $rows :where [?e :born ?b] [?e :name ?n] [$rows ?n 2]]`, []any{[]pair{{"Bob", 2}, {"Ada", 1}}}, [][]any{{int64(1900)}}},
		{"a map as a source", `[:find ?b :in $ $m :where [$m ?n 2] [?e :name ?n] [?e :born ?b]]`, []any{map[string]int{"Bob": 2, "Ada": 1}}, [][]any{{int64(1900)}}},
		{"a column", `[:find ?x :in $ $xs :where [$xs ?x] [_ :born ?x]]`, []any{[]int{1815, 7}}, [][]any{{int64(1815)}}},
		{"a sequence as a source", `[:find ?b :in $ $xs :where [$xs ?n] [?e :name ?n] [?e :born ?b]]`, []any{slices.Values([]string{"Ada", "Eve"})}, [][]any{{int64(1815)}}},
		{"pairs of a sequence", `[:find ?b :in $ $xs :where [$xs ?n 2] [?e :name ?n] [?e :born ?b]]`, []any{maps.All(map[string]int{"Bob": 2})}, [][]any{{int64(1900)}}},
		{"a sequence", `[:find ?x :in $ [?x ...] :where [_ :born ?x]]`, []any{slices.Values([]int{1815, 7})}, [][]any{{int64(1815)}}},
		{"pointers to structs", `[:find ?n :in $ $xs :where [$xs ?n 1]]`, []any{[]*pair{{"Ada", 1}, {"Bob", 2}}}, [][]any{{"Ada"}}},
		{"arrays as rows", `[:find ?n :in $ $xs :where [$xs ?n "x"]]`, []any{[][2]string{{"a", "x"}, {"b", "y"}}}, [][]any{{"a"}}},
		{"lookup refs and ids as rows", `[:find ?b :in $ [[?e ?x]] :where [?e :born ?b] [(= ?x 1)]]`, []any{[][]any{{db.Lookup("name", "Ada"), 1}, {bob, 2}}}, [][]any{{int64(1815)}}},
		{"an aggregate", `[:find (?f ?x) :in $ ?f :where [_ :born ?x]]`, []any{func(xs []int) int { return slices.Max(xs) - slices.Min(xs) }}, [][]any{{int64(85)}}},
		{"an aggregate by Func", `[:find (aggregate ?f 2 ?x) :in $ ?f :where [_ :born ?x]]`,
			[]any{query.Func("f", func(by int, xs ...int) int { return by * len(xs) })}, [][]any{{int64(4)}}},
		{"a function", `[:find ?x :in ?f [?x ...] :where [(?f ?x)]]`, []any{func(x int64) bool { return x > 1 }, []int{1, 2}}, [][]any{{int64(2)}}},
		{"another database", `[:find ?n :in $ $b :where [?e :name ?n] [$b ?e :born 1815]]`, []any{snap.AsOf(snap.T())}, [][]any{{"Ada"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := query.Run(t.Context(), snap, c.text, c.in...)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]any
			for rows.Next() {
				got = append(got, append([]any(nil), rows.Row()...))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestLookupsInTwoSources resolves one input in each database for itself.
func TestLookupsInTwoSources(t *testing.T) {
	snap, _, _ := small(t)
	later := with(t, snap, tx.EDN(`[[:db/retract [:name "Ada"] :name "Ada"]]`)).After
	later = with(t, later, tx.EDN(`[{:name "Ada" :born 2000}]`)).After
	got, err := query.All[[]any](t.Context(), snap, `[:find ?old ?new :in $ $b ?e :where [?e :born ?old] [$b ?e :born ?new]]`, later, db.Lookup("name", "Ada"))
	if err != nil || cmp.Diff([][]any{{int64(1815), int64(2000)}}, got) != "" {
		t.Error(got, err)
	}
}

// TestCancel ends a query that multiplies its rows.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	many := make([]int, 4000)
	for i := range many {
		many[i] = i
	}
	begin := time.Now()
	_, err := query.Run(ctx, nil, `[:find (count ?x) . :with ?y :in [?x ...] [?y ...] :where [(< ?x ?y)]]`, many, many)
	if !errors.Is(err, context.DeadlineExceeded) || db.CategoryOf(err) != db.Interrupted {
		t.Error(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it went on for %v", took)
	}
}

// TestBudget refuses a product that is too large to be held.
func TestBudget(t *testing.T) {
	many := make([]int, 20_000)
	for i := range many {
		many[i] = i
	}
	_, err := query.Run(t.Context(), nil, `[:find ?x ?y :in [?x ...] [?y ...]]`, many, many)
	if !errors.Is(err, query.ErrBudget) {
		t.Error(err)
	}
}

// TestTogether asks one query of many goroutines.
func TestTogether(t *testing.T) {
	snap, _, _ := small(t)
	rules := query.Rules(`[[(reach ?a ?b) [?a :knows ?b]] [(reach ?a ?b) (reach ?a ?c) (reach ?c ?b)]]`)
	q := query.MustPrepare[string](`[:find [?n ...] :in $ % ?from :where [?a :name ?from] (reach ?a ?b) [?b :name ?n]]`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got, err := q.All(t.Context(), snap, rules, "Ada")
				if err != nil || len(got) != 2 {
					t.Error(got, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestFunc says what is wrong with a function of the host when it is called, and hands its error on.
func TestFunc(t *testing.T) {
	for _, f := range []any{nil, 7, func() {}, func() (int, int) { return 0, 0 }, func(int) int { return 0 }} {
		_, err := query.Run(t.Context(), nil, `[:find ?x :in ?f :where [(?f) ?x]]`, query.Func("f", f))
		if err == nil {
			t.Errorf("%T can be called", f)
		}
	}
	n, err := query.One[int](t.Context(), nil, `[:find ?x . :in ?f :where [(?f 2) ?x]]`, query.Func("f", func(n int) int { return n + 1 }))
	if err != nil || n != 3 {
		t.Error(n, err)
	}
	broken := errors.New("broken")
	_, err = query.Run(t.Context(), nil, `[:find ?x :in ?f :where [(?f 1) ?x]]`, func(int) (int, error) { return 0, broken })
	var at *query.Error
	if !errors.Is(err, broken) || !errors.Is(err, query.ErrCall) || !errors.As(err, &at) || at.Pos.Col != 25 {
		t.Error(err)
	}
}

// TestChainsAreNoStack follows a chain that is longer than a stack would be deep.
func TestChainsAreNoStack(t *testing.T) {
	const length = 3000
	rows := make([][]any, length)
	for i := range rows {
		rows[i] = []any{i, i + 1}
	}
	rules := query.Rules(`[[(reach ?a ?b) [?a ?b]] [(reach ?a ?b) [?c ?b] (reach ?a ?c)]]`)
	n, err := query.One[int64](t.Context(), nil, `[:find (count ?b) . :in $ % :where (reach 0 ?b)]`, rows, rules)
	if err != nil || n != length {
		t.Error(n, err)
	}
}

// TestManyClauses reads queries that are large in every direction.
func TestManyClauses(t *testing.T) {
	snap, _, _ := small(t)
	deep := strings.Repeat("(not [?e :name ?n] ", 60) + strings.Repeat(")", 60)
	wide := strings.Repeat("[?e :name ?n] ", 500)
	var vars, chain strings.Builder
	for i := range 300 {
		fmt.Fprintf(&vars, "?x%d ", i)
		fmt.Fprintf(&chain, "[(ground %d) ?x%d] ", i, i)
	}
	ors := strings.Repeat("(or [?e :born 1815] (and [?e :born ?b] ", 40) + "[?e :name ?n]" + strings.Repeat("))", 40)
	for _, text := range []string{
		"[:find ?n :where [?e :name ?n] " + deep + "]",
		"[:find ?n :where " + wide + "]",
		"[:find " + vars.String() + " :where " + chain.String() + "]",
		"[:find ?n :where [?e :name ?n] [?e :born ?b] " + ors + "]",
	} {
		begin := time.Now()
		if _, err := query.Run(t.Context(), snap, text); err != nil {
			t.Errorf("%.60s…: %v", text, err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%.60s… takes %v", text, took)
		}
	}
}

// TestHostAtOpen refuses what is no function when the database is opened.
func TestHostAtOpen(t *testing.T) {
	_, err := db.Open(t.Context(), mem.New(), db.Options{Host: []db.Named{query.Func("test/seven", 7)}})
	if !errors.Is(err, db.ErrHost) || !strings.Contains(err.Error(), "test/seven is no function") {
		t.Error(err)
	}
	for _, name := range []string{"", "two words", ":key", "7", "a(b"} {
		if _, err := db.Open(t.Context(), mem.New(), db.Options{Host: []db.Named{query.Func(name, strings.ToUpper)}}); !errors.Is(err, db.ErrHost) {
			t.Errorf("a function is called %q: %v", name, err)
		}
	}
}

// TestSourcesThatAreNone refuses what cannot be read twice, and says which input it is.
func TestSourcesThatAreNone(t *testing.T) {
	snap, _, _ := small(t)
	for _, x := range []any{make(chan int), 7, "text", []byte("x"), struct{ A int }{1}, func() {}} {
		_, err := query.Run(t.Context(), snap, `[:find ?x :in $ $xs :where [$xs ?x]]`, x)
		if !errors.Is(err, query.ErrSource) || !strings.Contains(err.Error(), "1:17: $xs takes a database, rows or a map") {
			t.Errorf("%T: %v", x, err)
		}
	}
}

// TestSourcesAreRead once, when the query is asked.
func TestSourcesAreRead(t *testing.T) {
	snap, _, _ := small(t)
	reads := 0
	seq := func(yield func(int) bool) {
		reads++
		yield(1815)
	}
	got, err := query.All[int](t.Context(), snap, `[:find ?x :in $ $xs :where [$xs ?x] [$xs ?y] [_ :born ?x]]`, seq)
	if len(got) != 1 || err != nil || reads != 1 {
		t.Error(got, err, reads)
	}
}

// TestNilReaders asks readers that are nil, of a type too: that is an error where the query needs one, and no panic.
func TestNilReaders(t *testing.T) {
	for _, r := range []db.Reader{nil, (*db.Snapshot)(nil), (*db.View)(nil)} {
		if _, err := query.All[db.ID](t.Context(), r, `[:find ?e :where [?e :name]]`); !errors.Is(err, query.ErrTooFew) {
			t.Errorf("%T: %v", r, err)
		}
		if n, err := query.One[int](t.Context(), r, `[:find ?x . :in ?x]`, 3); n != 3 || err != nil {
			t.Errorf("%T: %d, %v", r, n, err)
		}
	}
}

type place struct{ X, Y int }

type stop struct {
	place
	At   *int
	line int
}

// TestEmbedded gives and returns structs of which one is embedded in the other: its fields count as those of the struct around it.
func TestEmbedded(t *testing.T) {
	at := 3
	rows := []stop{{place{1, 2}, &at, 0}, {place{4, 5}, nil, 0}}
	snap := hosted(t, query.Func("my/stop", func() stop { return rows[0] }), query.Func("my/stops", func() []stop { return rows }))
	want := "[[1 2 3] [4 5 <nil>]]"
	for _, c := range []struct {
		text string
		want string
		in   []any
	}{
		{`[:find ?x ?y ?at :in $ $s :where [$s ?x ?y ?at] :order-by [?x]]`, want, []any{rows}},
		{`[:find ?x ?y ?at :in $ [[?x ?y ?at]] :order-by [?x]]`, want, []any{rows}},
		{`[:find ?x ?y ?at :in $ [[?x ?y ?at]] :order-by [?x]]`, want, []any{[]*stop{&rows[0], &rows[1]}}},
		{`[:find ?x ?y ?at :in $ [?x ?y ?at]]`, "[[1 2 3]]", []any{&rows[0]}},
		{`[:find ?x ?y ?at :where [(my/stops) [[?x ?y ?at]]] :order-by [?x]]`, want, nil},
		{`[:find ?x ?y ?at :where [(my/stop) [?x ?y ?at]]]`, "[[1 2 3]]", nil},
	} {
		if got, err := query.All[[]any](t.Context(), snap, c.text, c.in...); fmt.Sprint(got) != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
}

// TestIDsOfGo reads what Go calls an ID as one, where a function returns it and where a struct holds it.
func TestIDsOfGo(t *testing.T) {
	snap := hosted(t, query.Func("my/twin", func(e db.ID) db.ID { return e }), query.Func("my/twins", func(e db.ID) []db.ID { return []db.ID{e} }))
	for _, c := range []struct {
		text string
		in   []any
	}{
		{`[:find [?y ...] :in $ ?x :where [(my/twin ?x) ?y]]`, []any{7}},
		{`[:find [?y ...] :in $ ?x :where [(my/twins ?x) [?y ...]]]`, []any{7}},
		{`[:find [?y ...] :in $ [[?y _]]]`, []any{[]struct {
			E db.ID
			N int
		}{{7, 8}}}},
	} {
		if got, err := query.All[db.ID](t.Context(), snap, c.text, c.in...); len(got) != 1 || got[0] != 7 || err != nil {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
}

// hosted returns an empty database that has some functions.
func hosted(t *testing.T, host ...db.Named) *db.Snapshot {
	t.Helper()
	conn, err := db.Open(t.Context(), mem.New(), db.Options{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.Snapshot()
}
