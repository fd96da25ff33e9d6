package query_test

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// TestStreamed compares aggregates of what is known of entities, by other things that are known of them, with sums over the rows of index-free
// joins. Most of them can be computed while attributes are read beside each other.
func TestStreamed(t *testing.T) {
	asked, streamed := 0, 0
	soak.Run(t, 1, 2, func(t *testing.T, seed int64) {
		w := newTown(t, seed)
		w.enlarge()
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
		defer query.PartSize(pickOf(w.rng, 40, 300, 1<<14))()
		for range 4 {
			w.look()
			for range 6 {
				asked++
				if w.aggregate() {
					streamed++
				}
				w.first()
			}
		}
	})
	t.Logf("%d queries, %d of them streamed", asked, streamed)
	if 8*streamed < asked {
		t.Error("too few are streamed")
	}
}

// enlarge makes some numbers so large that few of them add up to more than a long, and to less again.
func (w *town) enlarge() {
	var data []tx.Data
	for range w.rng.IntN(3) * 5 {
		data = append(data, tx.Map{"db/id": w.anyone(), "u": pickOf[int64](w.rng, math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MinInt64)})
	}
	w.write(tx.All(data...))
}

// TestStreamedEdges asks where streaming has to take care, or cannot go on.
func TestStreamedEdges(t *testing.T) {
	snap := with(t, start(t), tx.EDN(`[{:db/ident :one :db/valueType :db.type/long} {:db/ident :level :db/valueType :db.type/long}
		{:db/ident :twice :db/valueType :db.type/long :db/cardinality :db.cardinality/many}
		{:db/ident :many :db/valueType :db.type/long :db/cardinality :db.cardinality/many}]`)).After
	var data []tx.Data
	sum := 0
	for i := range 2000 { // every third has two values, and the next one none
		twice := [][]int{{i, i + 10_000}, {}, {i}}[i%3]
		data, sum = append(data, tx.Map{"db/id": fmt.Sprint(i), "one": i, "level": i % 2, "many": i, "twice": twice}), sum+i*len(twice)
	}
	made := with(t, snap, tx.All(data...))
	snap = with(t, made.After, tx.Add(made.TempIDs["1000"], "many", 5000)).After
	large := with(t, snap, tx.All(tx.Map{"one": int64(math.MaxInt64)}, tx.Map{"one": int64(math.MaxInt64)})).After
	for _, c := range []struct {
		name, text, want string
		from             db.Reader
		streams          bool
	}{
		{"one of several values ends a batch", `[:find (count ?m) (sum ?m) :with ?e :where [?e :one] [?e :many ?m]]`, "2001 2004000", snap, true},
		{"as many values as entities", `[:find (count ?e) (sum ?n) :with ?m :where [?e :one ?n] [?e :twice ?m]]`, fmt.Sprint(2000, " ", sum), snap, true},
		{"a sum is no long", `[:find (sum ?n) :with ?e :where [?e :one ?n]]`, "18446744073711550614", large, false},
		{"nor is that of an average", `[:find (avg ?n) :with ?e :where [?e :one ?n] [(< 1999 ?n)]]`, "9.223372036854776e+18", large, false},
		{"a value twice counts once", `[:find (count ?m) :where [_ :many ?m]]`, "2001", snap, false},
		{"but for the greatest", `[:find (max ?m) (min ?m) :where [_ :many ?m]]`, "5000 0", snap, true},
		{"the first in an order", `[:find ?n ?e :where [?e :one ?n] [?e :one _] :order-by [?n :desc] :limit 1]`, fmt.Sprint(1999, " ", made.TempIDs["1999"]), snap, true},
		{"the last that came of equal ones", `[:find ?l ?e :where [?e :level ?l] :order-by [?l :desc ?e :desc] :limit 1]`, fmt.Sprint(1, " ", made.TempIDs["1999"]), snap, true},
		{"without what tells rows apart", `[:find ?m :where [_ :many ?m] :order-by [?m :desc] :limit 1]`, "5000", snap, false},
		{"a history", `[:find (count ?e) :where [?e :many 5000]]`, "1", snap.History(), false},
	} {
		rows, err := query.Run(t.Context(), c.from, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if rows.Next(); strings.TrimSpace(fmt.Sprintln(rows.Row()...)) != c.want {
			t.Errorf("%s: %v, want %s", c.name, rows.Row(), c.want)
		}
		if query.Streams(t.Context(), c.from, c.text) != c.streams {
			t.Errorf("%s: streams is not %v", c.name, c.streams)
		}
	}
}

// A starQuery asks for aggregates of what is known of entities.
type starQuery struct {
	where []string
	keys  []string // that are grouped by
	folds [][2]string
	with  []string
}

// aggregate asks a query, and reports whether it was streamed.
func (w *town) aggregate() bool {
	w.t.Helper()
	q, rows := w.star()
	text := q.String()
	want := map[string]int{}
	for _, line := range q.of(rows) {
		want[line]++
	}
	w.same(text, w.answer(text, nil), want)
	return query.Streams(w.t.Context(), w.view, text)
}

// first asks for the first few rows in an order: by a number, or anything, and then by all else or nothing.
func (w *town) first() {
	w.t.Helper()
	q, rows := w.star()
	by := w.rng.IntN(len(rows.vars))
	desc, all := w.rng.IntN(2) == 0, w.rng.IntN(2) == 0
	order := append([]int{by}, w.rng.Perm(len(rows.vars))...)
	if !all {
		order = order[:1]
	}
	compare := func(a, b []db.Value) int {
		for i, at := range order {
			if c := index.Compare(a[at], b[at]); c != 0 && i == 0 && desc {
				return -c
			} else if c != 0 {
				return c
			}
		}
		return 0
	}
	slices.SortStableFunc(rows.rows, func(a, b []db.Value) int { return cmp.Or(compare(a, b), slices.CompareFunc(a, b, index.Compare)) })
	want := slices.CompactFunc(rows.rows, slices.Equal)
	offset, limit := w.rng.IntN(3), 1+w.rng.IntN(40)
	want = want[min(offset, len(want)):min(offset+limit, len(want))]
	text := fmt.Sprintf("[:find %s :where %s :order-by [%s %s", strings.Join(rows.vars, " "), strings.Join(q.where, " "), rows.vars[by], map[bool]string{true: ":desc", false: ":asc"}[desc])
	for _, at := range order[1:] {
		if at != by {
			text += " " + rows.vars[at]
		}
	}
	w.inOrder(fmt.Sprintf("%s] :offset %d :limit %d]", text, offset, limit), want, order, rows)
}

// inOrder asks a query, and compares what orders its rows, or all of them where that tells them apart.
func (w *town) inOrder(text string, want [][]db.Value, order []int, all joined) {
	w.t.Helper()
	got, err := query.Run(w.t.Context(), w.view, text)
	if err != nil {
		w.t.Fatalf("%s on %v: %v", text, w.view, err)
	}
	if got.Len() != len(want) {
		w.t.Fatalf("%s on %v: %d rows, want %d", text, w.view, got.Len(), len(want))
	}
	known := map[string]bool{}
	for _, row := range all.rows {
		known[fmt.Sprintln(anyOf(row)...)] = true
	}
	for _, row := range want {
		got.Next()
		have := got.Row()
		for _, at := range order {
			if fmt.Sprint(have[at]) != fmt.Sprint(row[at].Any()) {
				w.t.Fatalf("%s on %v: %v, want %v", text, w.view, have, anyOf(row))
			}
		}
		if line := fmt.Sprintln(have...); !known[line] {
			w.t.Fatalf("%s on %v: there is no row %s", text, w.view, line)
		}
		delete(known, fmt.Sprintln(have...))
	}
}

func anyOf(row []db.Value) (out []any) {
	for _, v := range row {
		out = append(out, v.Any())
	}
	return out
}

// star returns a query with its rows.
func (w *town) star() (*starQuery, joined) {
	q, rows := &starQuery{}, joined{}
	var longs []string
	for i := range 1 + w.rng.IntN(3) {
		a := pickOf(w.rng, "n", "n", "u", "ns", "s", "tags", "k", "i", "b", "d", "r", "rs")
		attr, _ := w.view.Schema().Named(a)
		cells := []cell{{name: "?e"}, {value: db.Value{}, text: ":" + a}, {name: fmt.Sprint("?v", i)}}
		cells[1].value = value(w.t, attr.ID)
		switch w.rng.IntN(8) {
		case 0:
			cells[2] = constantOf(w.rng, w.facts[a])
		case 1:
			cells[2] = cell{name: "_"}
		default:
			if slices.Contains([]string{"n", "u", "ns"}, a) {
				longs = append(longs, cells[2].name)
			}
		}
		q.where, rows = append(q.where, cond{source: "$", cells: cells}.String()), rows.beside(cells[2], w.facts[a])
	}
	q.choose(w, rows.vars, longs)
	return q, rows
}

// beside joins rows, whose first column is an entity, with facts, whose values stand in a cell. Where there are no columns yet, the facts are all.
func (j joined) beside(c cell, facts [][]db.Value) joined {
	byEntity := map[db.Value][][]db.Value{}
	for _, row := range j.rows {
		byEntity[row[0]] = append(byEntity[row[0]], row)
	}
	first, out := len(j.vars) == 0, joined{vars: slices.Clone(j.vars)}
	if first {
		out.vars = []string{"?e"}
	}
	if c.text == "" && c.name != "_" {
		out.vars = append(out.vars, c.name)
	}
	for _, f := range facts {
		before := byEntity[f[0]]
		if first {
			before = [][]db.Value{f[:1:1]}
		}
		for _, row := range before {
			switch {
			case c.text != "" && c.value != f[2]:
			case c.text != "" || c.name == "_":
				out.rows = append(out.rows, row)
			default:
				out.rows = append(out.rows, append(slices.Clone(row), f[2]))
			}
		}
	}
	return out
}

// choose chooses what is found of some variables, of which some are numbers.
func (q *starQuery) choose(w *town, vars, longs []string) {
	for _, v := range vars {
		switch w.rng.IntN(4) {
		case 0:
			q.keys = append(q.keys, v)
		case 1, 2:
			q.with = append(q.with, v)
		}
	}
	for range 1 + w.rng.IntN(2) {
		if v := pickOf(w.rng, vars...); slices.Contains(longs, v) {
			q.folds = append(q.folds, [2]string{pickOf(w.rng, "sum", "avg", "min", "max"), v})
		} else {
			q.folds = append(q.folds, [2]string{"count", v})
		}
	}
	q.with = slices.DeleteFunc(q.with, func(v string) bool {
		return slices.ContainsFunc(q.folds, func(f [2]string) bool { return f[1] == v })
	})
}

func (q *starQuery) String() string {
	found := slices.Clone(q.keys)
	for _, f := range q.folds {
		found = append(found, fmt.Sprintf("(%s %s)", f[0], f[1]))
	}
	if len(q.with) > 0 {
		found = append(found, ":with "+strings.Join(q.with, " "))
	}
	return fmt.Sprintf("[:find %s :where %s]", strings.Join(found, " "), strings.Join(q.where, " "))
}

// of returns what is found as lines.
// Texts have no line end in them.
func (q *starQuery) of(j joined) []string {
	asked := slices.Concat(q.keys, q.with)
	for _, f := range q.folds {
		asked = append(asked, f[1])
	}
	at := func(row []db.Value, vars []string) (out []any) {
		for _, v := range vars {
			out = append(out, row[slices.Index(j.vars, v)].Any())
		}
		return out
	}
	seen, groups, keys := map[string]bool{}, map[string][][]db.Value{}, map[string][]any{}
	for _, row := range j.rows {
		all := fmt.Sprintln(at(row, asked)...)
		if seen[all] {
			continue
		}
		seen[all] = true
		key := at(row, q.keys)
		line := fmt.Sprintln(key...)
		keys[line], groups[line] = key, append(groups[line], row)
	}
	var out []string
	for line, rows := range groups {
		cells := keys[line]
		for _, f := range q.folds {
			cells = append(cells, foldOf(f[0], rows, slices.Index(j.vars, f[1])))
		}
		out = append(out, fmt.Sprintln(cells...))
	}
	return out
}

// foldOf computes an aggregate of a column of some rows.
func foldOf(name string, rows [][]db.Value, column int) any {
	if name == "count" {
		return len(rows)
	}
	sum, longs := new(big.Int), []int64{}
	for _, row := range rows {
		longs = append(longs, row[column].Long())
		sum.Add(sum, big.NewInt(row[column].Long()))
	}
	switch name {
	case "min":
		return slices.MinFunc(longs, cmp.Compare)
	case "max":
		return slices.MaxFunc(longs, cmp.Compare)
	case "avg":
		f, _ := new(big.Float).SetInt(sum).Float64()
		return f / float64(len(rows))
	}
	return sum
}
