package query_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A town is a database of some thousand datoms, of which some are indexed, some in the tail and some past: large enough for batches,
// tables and leaves to end in its midst. Its queries are answered a second time by joins over all datoms of a view, without any index.
type town struct {
	t     *testing.T
	rng   *rand.Rand
	conn  *db.Conn
	ids   []db.ID
	moves []db.T // after each transaction

	view  db.Reader
	facts map[string][][]db.Value // of the view, by attribute; all of them under ""
	rows  [][]any
}

const townSchema = `[
	{:db/ident :n :db/valueType :db.type/long}
	{:db/ident :u :db/valueType :db.type/long :db/index false}
	{:db/ident :ns :db/valueType :db.type/long :db/cardinality :db.cardinality/many}
	{:db/ident :s :db/valueType :db.type/string}
	{:db/ident :tags :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
	{:db/ident :k :db/valueType :db.type/keyword}
	{:db/ident :d :db/valueType :db.type/double}
	{:db/ident :i :db/valueType :db.type/instant}
	{:db/ident :b :db/valueType :db.type/boolean}
	{:db/ident :p :db/valueType :db.type/tuple :db/tupleAttrs [:n :b]}
	{:db/ident :r :db/valueType :db.type/ref}
	{:db/ident :rs :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]`

func newTown(t *testing.T, seed int64) *town {
	store := mem.New()
	conn, err := db.Open(t.Context(), store, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); store.Close() })
	w := &town{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 11)), conn: conn}
	w.write(tx.EDN(townSchema))
	for n := 300 + w.rng.IntN(1200); len(w.ids) < n; {
		w.settle(50 + w.rng.IntN(450))
		if w.rng.IntN(3) == 0 {
			w.index()
		}
	}
	for range 2 + w.rng.IntN(4) {
		w.move()
		if w.rng.IntN(4) == 0 {
			w.index()
		}
	}
	for range 1500 * w.rng.IntN(3) {
		w.rows = append(w.rows, []any{w.anyone(), w.long(), w.text()})
	}
	w.rows = append(w.rows, []any{w.anyone(), int64(1), "a"})
	return w
}

func (w *town) index() {
	if err := w.conn.Index(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) write(data tx.Data) *db.Report {
	rep, err := tx.Transact(w.t.Context(), w.conn, data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.moves = append(w.moves, rep.After.T())
	return rep
}

// settle adds entities.
func (w *town) settle(n int) {
	var data []tx.Data
	for i := range n {
		m := w.claims()
		m["db/id"] = fmt.Sprint("p", i)
		data = append(data, m)
	}
	rep := w.write(tx.All(data...))
	for i := range n {
		w.ids = append(w.ids, rep.TempIDs[fmt.Sprint("p", i)])
	}
}

// move changes some entities, and retracts some of what is known of others.
func (w *town) move() {
	var data []tx.Data
	for i, at := range w.rng.Perm(len(w.ids))[:50+w.rng.IntN(200)] {
		if e := w.ids[at]; i%4 > 0 {
			m := w.claims()
			m["db/id"] = e
			data = append(data, m)
		} else {
			data = append(data, tx.Retract(e, pickOf(w.rng, "n", "u", "ns", "s", "tags", "k", "rs", "r")))
		}
	}
	w.write(tx.All(data...))
}

// claims says something of an entity; small values are much more frequent than others.
func (w *town) claims() tx.Map {
	all := tx.Map{"n": w.long(), "u": w.long(), "ns": []int64{w.long(), w.long()}, "s": w.text(), "tags": []string{w.text(), w.text()},
		"k": pickOf(w.rng, db.Keyword("a"), "b", "c/d"), "d": pickOf(w.rng, -1e300, -0.5, 0, 1, 1e18, 1e300),
		"i": time.UnixMilli(w.long()).UTC(), "b": w.rng.IntN(3) == 0}
	if len(w.ids) > 0 {
		all["r"], all["rs"] = w.anyone(), []db.ID{w.anyone(), w.ids[0], w.anyone()}
	}
	out := tx.Map{"n": all["n"]}
	for _, k := range slices.Sorted(mapKeysOf(all)) {
		if w.rng.IntN(3) > 0 {
			out[k] = all[k]
		}
	}
	return out
}

func mapKeysOf(m tx.Map) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func pickOf[T any](rng *rand.Rand, xs ...T) T { return xs[rng.IntN(len(xs))] }

func (w *town) anyone() db.ID { return w.ids[w.rng.IntN(len(w.ids))] }

func (w *town) long() int64 {
	switch w.rng.IntN(8) {
	case 0:
		return pickOf(w.rng, int64(-1)<<40, -3, 1<<40, 0)
	case 1, 2, 3:
		return int64(w.rng.IntN(3))
	}
	return int64(w.rng.IntN(2000)) - 500
}

func (w *town) text() string {
	switch w.rng.IntN(6) {
	case 0:
		return strings.Repeat("long ", 120) + fmt.Sprint(w.rng.IntN(4))
	case 1, 2:
		return pickOf(w.rng, "a", "b", "")
	}
	return fmt.Sprint("text", w.rng.IntN(400))
}

// look chooses a view, and reads all of it.
func (w *town) look() {
	snap := w.conn.Snapshot()
	early, late := pickOf(w.rng, w.moves...), pickOf(w.rng, w.moves...)
	var hidden db.IDSet
	for range w.rng.IntN(200) {
		hidden.Add(w.anyone())
	}
	w.view = pickOf[db.Reader](w.rng, snap, snap, snap.AsOf(late), snap.Since(early), snap.History(), snap.AsOf(late).Since(early),
		snap.History().AsOf(late), snap.Without(&hidden), snap.Filter(func(_ db.Reader, d db.Datom) bool { return d.E%3 > 0 }))
	w.facts = map[string][][]db.Value{}
	for d, err := range w.view.Datoms(w.t.Context(), db.EAVT) {
		if err != nil {
			w.t.Fatal(err)
		}
		row := []db.Value{index.Ref(d.E), index.Ref(d.A), d.V, index.Ref(d.Tx), index.Bool(d.Added)}
		a, _ := snap.Schema().Attribute(d.A)
		w.facts[string(a.Ident)] = append(w.facts[string(a.Ident)], row)
		w.facts[""] = append(w.facts[""], row)
	}
}

// A joined is a relation: what a query knows after some of its clauses.
type joined struct {
	vars []string
	rows [][]db.Value
}

// tooMany is when the second evaluation gives up.
const tooMany = 60_000

// A townClause is a text and what it does to what is known before it.
type townClause struct {
	text string
	then func(joined) joined
}

// joinRows joins with rows whose columns are variables, _ or constants.
func joinRows(j joined, cells []cell, rows [][]db.Value) joined {
	out := joined{vars: slices.Clone(j.vars)}
	for _, c := range cells {
		if c.text == "" && c.name != "_" && !slices.Contains(out.vars, c.name) {
			out.vars = append(out.vars, c.name)
		}
	}
	table := map[[6]db.Value][]bindings{}
	for _, row := range rows {
		if m := match(cells, row, bindings{}); m != nil {
			k := keyOf(j.vars, m)
			table[k] = append(table[k], m)
		}
	}
	for _, row := range j.rows {
		b := bindings{}
		for i, v := range j.vars {
			if slices.ContainsFunc(cells, func(c cell) bool { return c.text == "" && c.name == v }) {
				b[v] = row[i]
			}
		}
		for _, m := range table[keyOf(j.vars, b)] {
			next := slices.Clone(row)
			for _, v := range out.vars[len(j.vars):] {
				next = append(next, m[v])
			}
			out.rows = append(out.rows, next)
		}
		if len(out.rows) > tooMany {
			break
		}
	}
	return out
}

func keyOf(vars []string, b bindings) (k [6]db.Value) {
	for i, v := range vars {
		k[i] = b[v]
	}
	return k
}

func (j joined) where(keep func(row []db.Value) bool) joined {
	return joined{j.vars, slices.DeleteFunc(slices.Clone(j.rows), func(r []db.Value) bool { return !keep(r) })}
}

// pattern returns a pattern about variable e, whose others may be new.
func (w *town) pattern(e string, values []string) townClause {
	a := pickOf(w.rng, "n", "n", "u", "ns", "s", "tags", "k", "d", "i", "b", "p", "r", "rs")
	attr, _ := w.view.Schema().Named(a)
	cells := []cell{{name: e}, {value: index.Ref(attr.ID), text: ":" + a}, {name: pickOf(w.rng, values...)}}
	rows := w.facts[a]
	switch w.rng.IntN(12) {
	case 0, 1:
		cells[2] = constantOf(w.rng, rows)
	case 2:
		cells[2] = cell{name: "_"}
	case 3:
		cells = append(cells, cell{name: "?t"})
	case 4:
		cells = append(cells, cell{name: "_"}, cell{name: "?op"})
	case 5:
		cells = append(cells, cell{name: "?t"}, cell{name: "?op"})
	}
	return reads("$", cells, rows)
}

// reads returns a pattern with what it joins.
func reads(source string, cells []cell, rows [][]db.Value) townClause {
	return townClause{cond{source: source, cells: cells}.String(), func(j joined) joined { return joinRows(j, cells, rows) }}
}

// row returns a pattern of the rows beside the database.
func (w *town) row(first string) townClause {
	cells := []cell{{name: first}, {name: "_"}, {name: "?z"}}
	return reads("$rows", cells[:1+2*w.rng.IntN(2)], w.rowValues())
}

func (w *town) rowValues() (out [][]db.Value) {
	for _, r := range w.rows {
		out = append(out, []db.Value{index.Ref(r[0].(db.ID)), index.Long(r[1].(int64)), value(w.t, r[2])})
	}
	return out
}

// constantOf returns a constant that some row has as its value, if that is easy to write.
func constantOf(rng *rand.Rand, rows [][]db.Value) cell {
	if len(rows) == 0 {
		return cell{name: "_"}
	}
	v := rows[rng.IntN(len(rows))][2]
	switch x := v.Any().(type) {
	case int64, bool:
		return cell{value: v, text: fmt.Sprint(x)}
	case string:
		return cell{value: v, text: fmt.Sprintf("%q", x)}
	case db.ID:
		return cell{value: v, text: x.String()}
	}
	return cell{name: "_"}
}

// test returns a clause that keeps some of the rows.
func (w *town) test(j joined) townClause {
	v := w.rng.IntN(len(j.vars))
	name := j.vars[v]
	switch w.rng.IntN(5) {
	case 0, 1:
		if len(j.rows) == 0 || slices.ContainsFunc(j.rows, func(r []db.Value) bool { _, is := r[v].Any().(int64); return !is }) {
			break
		}
		n, op := w.long(), pickOf(w.rng, "<", "<=", ">", ">=", "!=", "=")
		return townClause{fmt.Sprintf("[(%s %s %d)]", op, name, n), func(j joined) joined {
			return j.where(func(r []db.Value) bool { return holds(op, cmp.Compare(r[v].Any().(int64), n)) })
		}}
	case 2:
		other := w.rng.IntN(len(j.vars))
		return townClause{fmt.Sprintf("[(!= %s %s)]", name, j.vars[other]), func(j joined) joined {
			return j.where(func(r []db.Value) bool { return r[v] != r[other] })
		}}
	case 3:
		a := pickOf(w.rng, "s", "u", "r", "tags")
		return townClause{fmt.Sprintf("(not [?x :%s])", a), func(j joined) joined { return w.lacks(j, a) }}
	}
	return townClause{"[(missing? $ ?x :k)]", func(j joined) joined { return w.lacks(j, "k") }}
}

// lacks keeps the rows whose ?x, the first variable, has no value of an attribute.
func (w *town) lacks(j joined, a string) joined {
	has := map[db.Value]bool{}
	for _, row := range w.facts[a] {
		has[row[0]] = true
	}
	at := slices.Index(j.vars, "?x")
	return j.where(func(r []db.Value) bool { return !has[r[at]] })
}

func holds(op string, c int) bool {
	return map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "!=": c != 0, "=": c == 0}[op]
}

// or returns an or-join that keeps the rows for whose ?x either of two patterns holds.
func (w *town) or() townClause {
	a, b := w.pattern("?x", []string{"?v"}), w.pattern("?x", []string{"?v"})
	return townClause{"(or-join [?x] " + a.text + " " + b.text + ")", func(j joined) joined {
		seen := map[db.Value]bool{}
		for _, c := range []townClause{a, b} {
			some := c.then(joined{nil, [][]db.Value{{}}})
			at := slices.Index(some.vars, "?x")
			for _, r := range some.rows {
				seen[r[at]] = true
			}
		}
		at := slices.Index(j.vars, "?x")
		return j.where(func(r []db.Value) bool { return seen[r[at]] })
	}}
}

// ask compares one query with its second evaluation, in two orders of its clauses. It returns how many rows that has, and −1 if it is too
// large to be compared.
func (w *town) ask() int {
	first, j := w.fruitful(joined{nil, [][]db.Value{{}}}, func() townClause { return w.pattern("?x", []string{"?v", "?y"}) })
	inputs, in := "", []any{w.rows}
	if w.rng.IntN(3) == 0 {
		var some [][]db.Value
		var passed []any
		for range pickOf(w.rng, 0, 1, 300, 3000) {
			n := w.long()
			some, passed = append(some, []db.Value{index.Long(n)}), append(passed, n)
		}
		given := joinRows(j, []cell{{name: "?v"}}, some)
		if slices.Contains(j.vars, "?v") && (len(given.rows) > 0 || w.rng.IntN(8) == 0) {
			inputs, in, j = " [?v ...]", append(in, passed), given
		}
	}
	clauses := []townClause{first}
	add := func(next func() townClause) {
		var c townClause
		c, j = w.fruitful(j, next)
		clauses = append(clauses, c)
	}
	for range w.rng.IntN(4) {
		add(func() townClause {
			return w.pattern(pickOf(w.rng, "?x", "?x", j.vars[w.rng.IntN(len(j.vars))]), []string{"?v", "?w", "?y"})
		})
		if len(j.vars) > 6 || len(j.rows) > tooMany {
			return -1
		}
	}
	if w.rng.IntN(4) == 0 && len(j.vars) < 6 {
		add(func() townClause { return w.row(j.vars[w.rng.IntN(len(j.vars))]) })
	}
	for range w.rng.IntN(3) {
		if len(j.rows) > tooMany {
			return -1
		}
		add(func() townClause { return w.test(j) })
	}
	if w.rng.IntN(4) == 0 {
		add(w.or)
	}
	if len(j.rows) > tooMany {
		return -1
	}
	w.compare(j, clauses, inputs, in)
	slices.Reverse(clauses)
	w.compare(j, clauses, inputs, in)
	return len(j.rows)
}

// fruitful returns a clause and what it leaves of the rows that are there: mostly one that leaves some, of a few that are tried. Too many rows
// stay as they are, since some of them are missing.
func (w *town) fruitful(j joined, next func() townClause) (c townClause, left joined) {
	for range 6 {
		if c = next(); len(j.rows) > tooMany {
			return c, j
		}
		if left = c.then(j); len(left.rows) > 0 || w.rng.IntN(16) == 0 {
			break
		}
	}
	return c, left
}

// compare asks for some of the variables, and once for a count by one of them.
func (w *town) compare(j joined, clauses []townClause, inputs string, in []any) {
	w.t.Helper()
	find := slices.Clone(j.vars)
	w.rng.Shuffle(len(find), func(i, k int) { find[i], find[k] = find[k], find[i] })
	find = find[:1+w.rng.IntN(len(find))]
	var text []string
	for _, c := range clauses {
		text = append(text, c.text)
	}
	body := fmt.Sprintf(":in $ $rows%s :where %s]", inputs, strings.Join(text, " "))
	got, want := w.answer("[:find "+strings.Join(find, " ")+" "+body, in), map[string]int{}
	for _, r := range j.rows {
		row := make([]any, len(find))
		for i, v := range find {
			row[i] = r[slices.Index(j.vars, v)].Any()
		}
		want[fmt.Sprintln(row...)] = 1
	}
	w.same("[:find "+strings.Join(find, " ")+" "+body, got, want)
	w.limited("[:find "+strings.Join(find, " ")+" "+body, in, want)
	if len(find) < 2 {
		return
	}
	counted := fmt.Sprintf("[:find %s (count %s) %s", find[0], find[1], body)
	if len(find) > 2 {
		counted = fmt.Sprintf("[:find %s (count %s) :with %s %s", find[0], find[1], strings.Join(find[2:], " "), body)
	}
	groups, seen := map[any]int{}, map[string]bool{}
	for _, r := range j.rows {
		row := make([]any, len(find))
		for i, v := range find {
			row[i] = r[slices.Index(j.vars, v)].Any()
		}
		if line := fmt.Sprintln(row...); !seen[line] {
			seen[line] = true
			groups[fmt.Sprint(row[0])]++
		}
	}
	totals := map[string]int{}
	for k, n := range groups {
		totals[fmt.Sprintln(k, n)] = 1
	}
	w.same(counted, w.answer(counted, in), totals)
}

// limited asks for some of the rows, and gets as many of them as there are, none twice.
func (w *town) limited(text string, in []any, want map[string]int) {
	w.t.Helper()
	offset, limit := w.rng.IntN(20)*w.rng.IntN(2), 1+w.rng.IntN(100)
	text = fmt.Sprintf("%s :offset %d :limit %d]", strings.TrimSuffix(text, "]"), offset, limit)
	got := w.answer(text, in)
	few := map[string]int{}
	for k := range got {
		few[k] = want[k]
	}
	w.same(text, got, few)
	if n := min(max(len(want)-offset, 0), limit); len(got) != n {
		w.t.Fatalf("%s on %v: %d rows, want %d", text, w.view, len(got), n)
	}
}

// answer returns how often each row is in the answer.
func (w *town) answer(text string, in []any) map[string]int {
	w.t.Helper()
	rows, err := query.Run(w.t.Context(), w.view, text, in...)
	if err != nil {
		w.t.Fatalf("%s on %v: %v", text, w.view, err)
	}
	out := map[string]int{}
	for rows.Next() {
		out[fmt.Sprintln(rows.Row()...)]++
	}
	return out
}

func (w *town) same(text string, got, want map[string]int) {
	w.t.Helper()
	var wrong []string
	for k, n := range want {
		if got[k] != n {
			wrong = append(wrong, fmt.Sprintf("%d of %d: %s", got[k], n, k))
		}
	}
	for k, n := range got {
		if want[k] == 0 {
			wrong = append(wrong, fmt.Sprintf("%d too many: %s", n, k))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		w.t.Fatalf("%.800s on %v: %d rows, want %d; wrong are %d, as %.1500s", text, w.view, len(got), len(want), len(wrong), wrong[:min(5, len(wrong))])
	}
}

// TestTowns compares queries on some thousand datoms with index-free joins over all datoms of the view.
func TestTowns(t *testing.T) {
	compared, answered := 0, 0
	soak.Run(t, 1, 8, func(t *testing.T, seed int64) {
		w := newTown(t, seed)
		if seed%2 == 0 {
			defer query.LookAhead(0)()
		}
		if seed%3 != 0 {
			defer query.PartSize(100)()
		}
		if seed%5 < 3 {
			defer query.MinExtent(0)()
		}
		for range 3 {
			w.look()
			for range 3 { // a view that shows little has few answers
				if len(w.facts["n"]) < 50 {
					w.look()
				}
			}
			for range 6 {
				if rows := w.ask(); rows >= 0 {
					compared++
					answered += min(rows, 1)
				}
			}
		}
	})
	t.Logf("%d queries compared, of which %d have rows", compared, answered)
	if !t.Failed() && 10*answered < 6*compared || compared == 0 {
		t.Error("too few queries have rows")
	}
}
