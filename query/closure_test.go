package query_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// A spelling is a way to write a transitive rule of the references :r, :s and :t, and what it says of the pairs of these.
type spelling struct {
	rules string
	says  func(r, s, t pairs) pairs
}

type pairs map[[2]db.ID]bool

// then returns the pairs from the first of one to the second of another that meet.
func (p pairs) then(q pairs) pairs {
	out := pairs{}
	for a := range p {
		for b := range q {
			if a[1] == b[0] {
				out[[2]db.ID{a[0], b[1]}] = true
			}
		}
	}
	return out
}

func (p pairs) and(q pairs) pairs {
	out := pairs{}
	for a := range p {
		out[a] = true
	}
	for a := range q {
		out[a] = true
	}
	return out
}

func (p pairs) turned() pairs {
	out := pairs{}
	for a := range p {
		out[[2]db.ID{a[1], a[0]}] = true
	}
	return out
}

// between returns before* base after*, by adding steps until nothing new comes.
func between(before, base, after pairs) pairs {
	out := base
	for {
		more := out.and(before.then(out)).and(out.then(after))
		if len(more) == len(out) {
			return out
		}
		out = more
	}
}

func plus(p pairs) pairs { return between(p, p, nil) }

var spellings = []spelling{
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) [?a :r ?c] (p ?c ?b)]`, func(r, _, _ pairs) pairs { return plus(r) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?x ?y) (p ?x ?z) [?z :r ?y]]`, func(r, _, _ pairs) pairs { return plus(r) }},
	{`[(p ?a ?b) (p ?a ?c) (p ?c ?b)] [(p ?a ?b) [?b :r ?a]]`, func(r, _, _ pairs) pairs { return plus(r.turned()) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) [?a :s ?c] (p ?c ?b)]`, func(r, s, _ pairs) pairs { return between(s, r, nil) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) (p ?a ?c) [?b :s ?c]]`, func(r, s, _ pairs) pairs { return between(nil, r, s.turned()) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) [?a :s ?c] (p ?c ?b)] [(p ?a ?b) (p ?a ?c) [?c :t ?b]]`, between2},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) (p ?c ?b) (p ?a ?c)] [(p ?a ?b) [?a :s ?c] (p ?c ?b)]`, func(r, s, _ pairs) pairs { return between(r.and(s), r, nil) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) (p ?a ?c) (p ?c ?b)] [(p ?a ?b) (p ?a ?c) [?c :t ?b]]`, func(r, _, t pairs) pairs { return between(nil, r, r.and(t)) }},
	{`[(p ?a ?b) [?a :r ?m] [?m :s ?b]] [(p ?a ?b) [?a :r ?m] [?m :s ?c] (p ?c ?b)]`, func(r, s, _ pairs) pairs { return plus(r.then(s)) }},
	{`[(st ?a ?b) (or [?a :s ?b] [?b :t ?a])] [(p ?a ?b) (st ?a ?b)] [(p ?a ?b) (p ?a ?c) (st ?c ?b)]`, func(_, s, t pairs) pairs { return plus(s.and(t.turned())) }},
	{`[(p ?a ?b) (or-join [?a ?b] [?a :r ?b] [?a :s ?b] (and [?a :r ?c] (p ?c ?b)))]`, func(r, s, _ pairs) pairs { return between(r, r.and(s), nil) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) [?a :s ?c] (p ?c ?b)] [(p ?a ?b) [?a :t ?c] (p ?c ?b)]`, func(r, s, t pairs) pairs { return between(s.and(t), r, nil) }},
	{`[(p ?a ?b) [?a :r ?c] (p ?c ?b)] [(p ?a ?b) [?a :r ?c] (p ?b ?c)]`, func(_, _, _ pairs) pairs { return pairs{} }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) (p ?b ?a)]`, func(r, _, _ pairs) pairs { return r.and(r.turned()) }},
	{`[(p ?a ?b) [?a :r ?b]] [(p ?a ?b) [?a :s ?c] (p ?c ?b) (not [?b :t])]`, func(r, s, t pairs) pairs {
		out := r
		for a := range between(s, without(r, t), nil) {
			out = out.and(pairs{a: true})
		}
		return out
	}},
}

func between2(r, s, t pairs) pairs { return between(s, r, t) }

// without returns the pairs whose second is the first of none of others.
func without(p, others pairs) pairs {
	out := pairs{}
	for a := range p {
		if !slices.ContainsFunc(slices.Collect(mapKeys(others)), func(o [2]db.ID) bool { return o[0] == a[1] }) {
			out[a] = true
		}
	}
	return out
}

func mapKeys(p pairs) func(yield func([2]db.ID) bool) {
	return func(yield func([2]db.ID) bool) {
		for a := range p {
			if !yield(a) {
				return
			}
		}
	}
}

// A web is a few entities that refer to each other, beside so many others that reading all of them seldom pays.
type web struct {
	t     *testing.T
	rng   *rand.Rand
	snap  *db.Snapshot
	nodes []db.ID
	edges [3]pairs
}

const webSchema = `[{:db/ident :r :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
	{:db/ident :s :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
	{:db/ident :t :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
	{:db/ident :kin :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]`

// newWeb adds random references to a database.
func newWeb(t *testing.T, base *db.Snapshot, seed int64) *web {
	w := &web{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 11)), edges: [3]pairs{{}, {}, {}}}
	var data []tx.Data
	for i := range 3 + w.rng.IntN(8) {
		data = append(data, tx.Map{"db/id": fmt.Sprint("n", i), "kin": fmt.Sprint("n", i)})
	}
	rep := with(t, base, data...)
	for i := range data {
		w.nodes = append(w.nodes, rep.TempIDs[fmt.Sprint("n", i)])
	}
	data = nil
	for i, a := range []string{"r", "s", "t"} {
		for range w.rng.IntN(2 * len(w.nodes)) {
			from, to := w.node(), w.node()
			data = append(data, tx.Add(from, a, to))
			w.edges[i][[2]db.ID{from, to}] = true
		}
	}
	w.snap = with(t, rep.After, data...).After
	return w
}

func (w *web) node() db.ID { return w.nodes[w.rng.IntN(len(w.nodes))] }

// TestClosures asks transitive rules in all spellings, with neither, one and both of their arguments bound, in a database in which it
// pays to read all references and in one where it does not.
func TestClosures(t *testing.T) {
	small := with(t, start(t), tx.EDN(webSchema)).After
	var data []tx.Data
	for i := range 2000 {
		data = append(data, tx.Map{"db/id": fmt.Sprint("o", i), "r": fmt.Sprint("o", i), "s": fmt.Sprint("o", i), "t": fmt.Sprint("o", (i+7)%2000)})
	}
	large := with(t, small, data...).After
	soak.Run(t, 20, 100, func(t *testing.T, seed int64) {
		w := newWeb(t, []*db.Snapshot{small, large}[seed%2], seed)
		for _, s := range spellings {
			w.compare(s, seed%2 == 1)
		}
	})
}

func (w *web) compare(s spelling, large bool) {
	w.t.Helper()
	want := s.says(w.edges[0], w.edges[1], w.edges[2])
	rules, a, b := query.Rules("["+s.rules+"]"), w.node(), w.node()
	some := []db.ID{a, b, w.node()}
	type question struct {
		text string
		in   []any
		fits func(p [2]db.ID) bool
	}
	questions := []question{
		{`[:find ?a ?b :in $ % ?a :where (p ?a ?b)]`, []any{a}, func(p [2]db.ID) bool { return p[0] == a }},
		{`[:find ?a ?b :in $ % ?b :where (p ?a ?b)]`, []any{b}, func(p [2]db.ID) bool { return p[1] == b }},
		{`[:find ?a ?b :in $ % ?a ?b :where (p ?a ?b)]`, []any{a, b}, func(p [2]db.ID) bool { return p == [2]db.ID{a, b} }},
		{`[:find ?a ?b :in $ % [?a ...] :where (p ?a ?b)]`, []any{some}, func(p [2]db.ID) bool { return slices.Contains(some, p[0]) }},
		{`[:find ?a ?b :in $ % [?b ...] :where [?a :kin] (p ?a ?b)]`, []any{some}, func(p [2]db.ID) bool { return slices.Contains(some, p[1]) }},
		{`[:find ?a ?b :in $ % :where [?a :kin] (p ?a ?b) [?b :kin]]`, nil, func(p [2]db.ID) bool { return true }},
		{`[:find ?a ?b :in $ % :where [?a :kin ?b] (p ?a ?b)]`, nil, func(p [2]db.ID) bool { return p[0] == p[1] }},
		{`[:find ?a ?b :in $ % ?x :where [?x :kin ?x] (p ?a ?a) [?a :kin ?b]]`, []any{a}, func(p [2]db.ID) bool { return p[0] == p[1] }},
		{`[:find ?a ?b :in $ % :where [?a :kin ?b] (p ?a _)]`, nil, nil},
	}
	if !large {
		questions = append(questions, question{`[:find ?a ?b :in $ % :where (p ?a ?b)]`, nil, func(p [2]db.ID) bool { return true }})
	}
	for _, q := range questions {
		expected := pairs{}
		for p := range want {
			if q.fits == nil {
				expected[[2]db.ID{p[0], p[0]}] = true
			} else if q.fits(p) {
				expected[p] = true
			}
		}
		rows, err := query.All[pair](w.t.Context(), w.snap, q.text, append([]any{rules}, q.in...)...)
		if err != nil {
			w.t.Fatalf("%s %s: %v", q.text, s.rules, err)
		}
		got := pairs{}
		for _, p := range rows {
			got[[2]db.ID{p.A, p.B}] = true
		}
		if len(got) != len(rows) || len(got) != len(expected) || len(got.and(expected)) != len(got) {
			w.t.Fatalf("%s %v\n%s\n%v\ngot  %v\nwant %v", q.text, q.in, s.rules, w.edges, got, expected)
		}
	}
}

// A closure of more pairs than the budget has ends in an error before they are made.
func TestClosureBudget(t *testing.T) {
	snap := with(t, start(t), tx.EDN(webSchema)).After
	var data []tx.Data
	for i := range 3000 {
		data = append(data, tx.Map{"db/id": fmt.Sprint("n", i), "r": fmt.Sprint("n", (i+1)%3000)})
	}
	snap = with(t, snap, data...).After
	rules := query.Rules("[" + spellings[0].rules + "]")
	for _, budget := range []query.Budget{{Rows: 100_000}, {Bytes: 1 << 20}, {Datoms: 2000}} {
		_, err := query.Run(query.WithBudget(t.Context(), budget), snap, `[:find ?a ?b :in $ % :where (p ?a ?b)]`, rules)
		if !errors.Is(err, query.ErrBudget) {
			t.Errorf("%+v: %v", budget, err)
		}
	}
}

// TestClosureOfValues asks for the closure of rows of values of several kinds.
func TestClosureOfValues(t *testing.T) {
	soak.Run(t, 20, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 12))
		values := []any{int64(1), int64(2), "a", "b", db.Keyword("k"), 2.5, true}[:3+rng.IntN(5)]
		var rows [][]any
		want := map[[2]any]bool{}
		for range rng.IntN(10) {
			from, to := values[rng.IntN(len(values))], values[rng.IntN(len(values))]
			rows, want[[2]any{from, to}] = append(rows, []any{from, to}), true
		}
		for n := 0; n != len(want); {
			n = len(want)
			for p := range want {
				for _, row := range rows {
					if row[0] == p[1] {
						want[[2]any{p[0], row[1]}] = true
					}
				}
			}
		}
		rules := query.Rules(`[[(p ?a ?b) [?a ?b]] [(p ?a ?b) [?a ?c] (p ?c ?b)]]`)
		got, err := query.All[[]any](t.Context(), nil, `[:find ?a ?b :in $rows % :where ($rows p ?a ?b)]`, rows, rules)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v: got %v, %v, want %v", rows, got, err, want)
		}
		for _, row := range got {
			if !want[[2]any{row[0], row[1]}] {
				t.Fatalf("%v: got %v, want %v", rows, got, want)
			}
		}
	})
}
