package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A catalogue is a small database with a past, of which all, or nothing, lies in the index.
type catalogue struct {
	snap           *db.Snapshot
	ann, bob, cid  db.ID
	first, changed db.T
}

func newCatalogue(t *testing.T, indexed bool) *catalogue {
	t.Helper()
	ctx := context.Background()
	conn, err := db.Open(ctx, mem.New(), db.Options{Clock: func() time.Time { return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	write := func(text string) *db.Report {
		rep, err := tx.Transact(ctx, conn, tx.EDN(text))
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	write(`[{:db/ident :id :db/valueType :db.type/string :db/unique :db.unique/identity}
		{:db/ident :n :db/valueType :db.type/long} {:db/ident :m :db/valueType :db.type/long :db/index false}
		{:db/ident :tag :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
		{:db/ident :likes :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
		{:db/ident :at :db/valueType :db.type/instant} {:db/ident :cost :db/valueType :db.type/bigdec}
		{:db/ident :hash :db/valueType :db.type/bytes} {:db/ident :flag :db/valueType :db.type/boolean}]`)
	rep := write(`[{:db/id "ann" :id "ann" :n 5 :m 5 :tag ["x" "y"] :likes ["ann" "bob"] :at #inst "2020-01-01" :cost 1.0M :flag false}
		{:db/id "bob" :id "bob" :n 6 :m 6 :tag "x" :likes "cid" :at #inst "2020-01-02" :cost 1.00M}
		{:db/id "cid" :id "cid" :n 7 :likes "bob"}]`)
	c := &catalogue{ann: rep.TempIDs["ann"], bob: rep.TempIDs["bob"], cid: rep.TempIDs["cid"], first: rep.T}
	if _, err := tx.Transact(ctx, conn, tx.Add(c.ann, "hash", []byte{1, 2}), tx.Add(c.bob, "hash", []byte{1, 2})); err != nil {
		t.Fatal(err)
	}
	c.changed = write(`[{:id "ann" :n 15} [:db/retract [:id "bob"] :tag "x"]]`).T
	if indexed {
		if err := conn.Index(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c.snap = conn.Snapshot()
	return c
}

// answers returns the rows of a query as sorted text, ids by the names of their entities.
func (c *catalogue) answers(t *testing.T, r db.Reader, text string, in ...any) string {
	t.Helper()
	rows, err := query.All[[]any](t.Context(), r, text, in...)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, row := range rows {
		var cells []string
		for _, cell := range row {
			switch cell {
			case c.ann:
				cell = "ann"
			case c.bob:
				cell = "bob"
			case c.cid:
				cell = "cid"
			}
			cells = append(cells, fmt.Sprint(cell))
		}
		out = append(out, strings.Join(cells, " "))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestCatalogue asks what planners of other engines got wrong.
func TestCatalogue(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		c := newCatalogue(t, indexed)
		for _, x := range c.cases() {
			t.Run(fmt.Sprintf("%s/indexed %v", x.name, indexed), func(t *testing.T) {
				r := x.from
				if r == nil {
					r = c.snap
				}
				if got := c.answers(t, r, x.text, x.in...); got != x.want {
					t.Errorf("%s\ngot  %s\nwant %s", x.text, got, x.want)
				}
			})
		}
	}
}

type catalogued struct {
	name string
	from db.Reader // nil is the present
	text string
	in   []any
	want string
}

func (c *catalogue) cases() []catalogued {
	now, history, was := c.snap, c.snap.History(), c.snap.AsOf(c.first)
	lookup := db.Lookup("id", "ann")
	return []catalogued{
		{"1 get-else keeps those without", nil, `[:find ?e ?m :where [?e :id] [(get-else $ ?e :m 0) ?m]]`, nil, "ann 5, bob 6, cid 0"},
		{"1 get-else is the only other occurrence", nil, `[:find ?e ?m :in $ [?e ...] :where [(get-else $ ?e :m 0) ?m]]`, []any{[]db.ID{c.ann, c.cid}}, "ann 5, cid 0"},
		{"1 get-else into what is bound", nil, `[:find ?e :in $ ?m :where [?e :id] [(get-else $ ?e :m 0) ?m]]`, []any{0}, "cid"},
		{"1 get-else on history has one value", history, `[:find ?e (count ?n) :where [?e :id] [(get-else $ ?e :n 0) ?n]]`, nil, "ann 1, bob 1, cid 1"},
		{"2 a variable twice in a pattern", nil, `[:find ?e :where [?e :likes ?e]]`, nil, "ann"},
		{"2 a variable twice in a call", nil, `[:find ?e :in $ % :where (likes ?e ?e)]`, []any{`[[(likes ?a ?b) [?a :likes ?b]]]`}, "ann"},
		{"3 a negation of inputs", nil, `[:find ?e :in $ ?n :where [?e :id] (not [(= ?n 1)])]`, []any{1}, ""},
		{"3 a not-join on an input", nil, `[:find ?e :in $ ?n :where [?e :id] (not-join [?n] [?x :n ?n])]`, []any{8}, "ann, bob, cid"},
		{"3 a not within an or", nil, `[:find ?e :where [?e :id] (or [?e :n 6] (not [?e :m]))]`, nil, "bob, cid"},
		{"3 a blank within an or", nil, `[:find ?e :where (or [?e :m _] [?e :n 7])]`, nil, "ann, bob, cid"},
		{"3 an empty negation", nil, `[:find ?e :where [?e :id] (not [?e :n 99])]`, nil, "ann, bob, cid"},
		{"4 an aggregate beside a negation", nil, `[:find (sum ?n) :with ?e :where [?e :n ?n] (not [?e :m])]`, nil, "7"},
		{"4 an aggregate beside a predicate", nil, `[:find (sum ?n) (max ?n) :where [?e :n ?n] [(< ?n 15)]]`, nil, "13 7"},
		{"4 an aggregate with :with", nil, `[:find (sum ?one) :with ?e :where [?e :n] [(ground 1) ?one]]`, nil, "3"},
		{"4 an aggregate on a filtered view", now.Filter(func(_ db.Reader, d db.Datom) bool { return d.E != c.ann }), `[:find (sum ?n) :where [_ :n ?n]]`, nil, "13"},
		{"5 a predicate on what is joined away", nil, `[:find ?f :where [?e :n ?n] [?e :likes ?f] [(> ?n 10)]]`, nil, "ann, bob"},
		{"5 two parts that share nothing", nil, `[:find ?x ?a ?y :where [?a :n 7] [?b :id "bob"] [?b :n ?y] [?a :id ?x]]`, nil, "cid cid 6"},
		{"6 a merge over values", nil, `[:find ?e ?f :where [?e :likes ?f] [?f :m ?m] [?e :n ?n]]`, nil, "ann ann, ann bob, cid bob"},
		{"6 as of, the older value of one", was, `[:find ?e ?n ?m :where [?e :n ?n] [?e :m ?m]]`, nil, "ann 5 5, bob 6 6"},
		{"6 as of, what was retracted later", was, `[:find ?e ?tag :where [?e :n ?n] [?e :tag ?tag]]`, nil, "ann x, ann y, bob x"},
		{"6 history has both of a pair", history, `[:find ?n ?op :in $ ?e :where [?e :n ?n _ ?op]]`, []any{c.ann}, "15 true, 5 false, 5 true"},
		{"8 an argument that the rule changes", nil, `[:find ?x :in $ % :where (down 3 ?x)]`, []any{`[[(down [?n] ?x) [(identity ?n) ?x]] [(down [?n] ?x) [(> ?n 0)] [(dec ?n) ?m] (down ?m ?x)]]`}, "0, 1, 2, 3"},
		{"8 a rule called with other places bound", nil, `[:find ?e ?f :in $ % :where [?e :n 7] (reach ?e ?f) (reach ?f ?e)]`,
			[]any{`[[(reach ?a ?b) [?a :likes ?b]] [(reach ?a ?b) (reach ?a ?c) (reach ?c ?b)]]`}, "cid bob, cid cid"},
		{"8 false as an argument", nil, `[:find ?e :in $ % :where (flagged ?e false)]`, []any{`[[(flagged ?e ?f) [?e :flag ?f]]]`}, "ann"},
		{"9 a lookup ref stays what was given", nil, `[:find ?e ?n :in $ ?e :where [?e :n ?n]]`, []any{lookup}, fmt.Sprint(lookup, " 15")},
		{"9 and is resolved in each source", nil, `[:find ?n ?o :in $ $old ?e :where [?e :n ?n] [$old ?e :n ?o]]`, []any{was, lookup}, "15 5"},
		{"10 variables of a query within", nil, `[:find ?e ?x :where [?e :n 7] [(q [:find (max ?n) . :where [?e :n ?n]] $) ?x]]`, nil, "cid 15"},
		{"11 bytes join by value", nil, `[:find ?e ?f :where [?e :hash ?h] [?f :hash ?h] [(!= ?e ?f)]]`, nil, "ann bob, bob ann"},
		{"11 integers of any width", nil, `[:find ?n :in [?n ...] [?m ...] :where [(= ?n ?m)]]`, []any{[]int32{1, 2}, []int64{2, 3}}, "2"},
		{"11 scales of decimals", nil, `[:find ?e ?f :where [?e :cost ?c] [?f :cost ?c]]`, nil, "ann ann, bob bob"},
		{"12 a variable attribute in two sources", nil, `[:find ?a ?v :in $ $old ?e :where [?e ?x ?v] [$old ?e ?x ?v] [?x :db/ident ?a] [(= ?a :n)]]`, []any{was, c.bob}, ":n 6"},
		{"12 any attribute on history", history, `[:find (count ?v) :in $ ?e :where [?e _ ?v]]`, []any{c.bob}, "7"},
		{"13 open and closed ends", nil, `[:find ?n :where [_ :n ?n] [(< 6 ?n)] [(<= ?n 15)]]`, nil, "15, 7"},
		{"13 the other way round", nil, `[:find ?n :where [_ :n ?n] [(>= 7 ?n)] [(< ?n 7)]]`, nil, "6"},
		{"13 equal to an input", nil, `[:find ?e :in $ ?x :where [?e :n ?n] [(= ?n ?x)]]`, []any{7}, "cid"},
		{"13 instants", nil, `[:find ?e :where [?e :at ?t] [(> ?t #inst "2020-01-01")]]`, nil, "bob"},
		{"13 without AVET", nil, `[:find ?e :where [?e :m ?m] [(> ?m 5)]]`, nil, "bob"},
		{"13 in one branch of an or alone", nil, `[:find ?e :where (or-join [?e] (and [?e :n ?n] [(< ?n 7)]) [?e :n 15])]`, nil, "ann, bob"},
		{"13 numbers of another kind", nil, `[:find ?n :where [_ :n ?n] [(< ?n 6.5)]]`, nil, "6"},
		{"13 of the past", was, `[:find ?e ?n :where [?e :n ?n] [(< ?n 7)]]`, nil, "ann 5, bob 6"},
		{"14 a view that hides most", now.Without(idSet(c.ann, c.bob)), `[:find ?e ?n :where [?e :likes ?f] [?e :n ?n]]`, nil, "cid 7"},
		{"14 since", now.Since(c.first), `[:find ?e ?n :where [?e :n ?n]]`, nil, "ann 15"},
	}
}

func idSet(ids ...db.ID) *db.IDSet {
	var s db.IDSet
	for _, id := range ids {
		s.Add(id)
	}
	return &s
}

// A plan that is kept is of a schema, and of no input: 7 in the catalogue.
func TestKeptPlans(t *testing.T) {
	c := newCatalogue(t, false)
	text := `[:find ?e :in $ ?n :where [?e :n ?v] [(< ?v ?n)] (not [?e :m ?v])]`
	for range 2 {
		for n, want := range map[int]string{7: "", 8: "cid", 16: "ann, cid", 0: ""} {
			if got := c.answers(t, c.snap, text, n); got != want {
				t.Errorf("%d: %s, want %s", n, got, want)
			}
		}
	}
	kind := `[:find ?e :in $ ?x :where [?e :likes ?x]]`
	for _, x := range []any{c.bob, db.Lookup("id", "bob"), c.bob} {
		if got := c.answers(t, c.snap, kind, x); got != "ann, cid" {
			t.Errorf("%v: %s", x, got)
		}
	}
	born := `[:find ?e :where [?e :born 1]]`
	other := with(t, with(t, c.snap, tx.EDN(`[{:db/ident :born :db/valueType :db.type/long}]`)).After, tx.EDN(`[{:db/id "e" :born 1}]`)).After
	third := with(t, with(t, c.snap, tx.EDN(`[{:db/ident :other :db/valueType :db.type/long} {:db/ident :born :db/valueType :db.type/long :db/index false}]`)).After,
		tx.EDN(`[{:db/id "e" :other 1 :born 2} {:db/id "f" :born 1}]`)).After
	for range 2 {
		for i, r := range []db.Reader{other, third, c.snap} {
			rows, err := query.All[db.ID](t.Context(), r, born)
			if want := []int{1, 1, 0}[i]; len(rows) != want || (err == nil) != (i < 2) {
				t.Errorf("%d: %v %v", i, rows, err)
			}
		}
	}
}

// Whoever stops reading early leaves nothing open, and the rows that were not read were never made: 16 in the catalogue.
func TestRowsAreMadeWhenAsked(t *testing.T) {
	snap, err := crowd(2_000, true)
	if err != nil {
		t.Fatal(err)
	}
	q := query.MustPrepare[db.ID](`[:find ?e :where [?e :age]]`)
	each := testing.AllocsPerRun(10, func() {
		for range q.Each(context.Background(), snap) {
			return
		}
	})
	all := testing.AllocsPerRun(10, func() {
		n := 0
		for range q.Each(context.Background(), snap) {
			n++
		}
		if n != 2_000 {
			t.Error(n)
		}
	})
	if each > 100 || all > each+1 {
		t.Errorf("%v allocations for one row, %v for all", each, all)
	}
}

// A pattern of which nothing is bound is an error, unless the query says that it may read everything.
func TestFullScans(t *testing.T) {
	c := newCatalogue(t, true)
	all := 0
	for range c.snap.Datoms(t.Context(), db.EAVT) {
		all++
	}
	for _, x := range []struct{ text, want string }{
		{`[:find (count ?v) . :with ?e ?a :where [?e ?a ?v]]`, "query: 1:40: [?e ?a ?v]: neither its entity nor its attribute nor its value is bound; :scan :full lets it read everything"},
		{`[:find (count ?v) :with ?e ?a :scan :full :where [?e ?a ?v]]`, fmt.Sprint(all)},
		{`[:find ?e ?a :scan :full :where [?e ?x "ann"] [?x :db/ident ?a]]`, "ann :id"},
		{`[:find ?e :scan :full :where [?tx :db/txInstant] [?e _ 15 ?tx]]`, "0, ann"}, // 15 is also an attribute, which the partition 0 installs
		{`[:find ?e :scan :full :where (or [?e _ "ann"] [?e _ "cid"])]`, "ann, cid"},
		{`[:find ?e ?f :scan :full :where [?e :n 7] [?e ?x ?f] [?f _ ?e]]`, "cid bob"},
		{`[:find ?e :scan :some :where [?e :n]]`, "query: 1:11: :scan takes :full; without it, a pattern of which nothing is bound is an error"},
	} {
		if got := c.answers(t, c.snap, x.text); got != x.want {
			t.Errorf("%s\ngot  %s\nwant %s", x.text, got, x.want)
		}
	}
}

// A Prepared is asked by many goroutines at once, of different databases and with different inputs.
func TestPreparedByMany(t *testing.T) {
	c := newCatalogue(t, true)
	more := with(t, c.snap, tx.EDN(`[{:db/ident :late :db/valueType :db.type/long} {:id "dan" :n 1}]`)).After
	q := query.MustPrepare[string](`[:find [?id ...] :in $ ?most :where [?e :id ?id] [?e :n ?n] [(< ?n ?most)]
		(or [?e :n 1] [?e :n 6] [?e :n 7]) (not [?e :m 7])]`)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for k := range 50 {
				r, want := db.Reader(c.snap), []string{"bob"}
				if (i+k)%2 == 0 {
					r, want = more, []string{"bob", "dan"}
				}
				most := 7 + (i+k)%3/2*10
				if most > 7 {
					want = append(want, "cid")
				}
				got, err := q.All(t.Context(), r, most)
				slices.Sort(got)
				slices.Sort(want)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%v %v, want %v", got, err, want)
				}
			}
		})
	}
	wait.Wait()
}
