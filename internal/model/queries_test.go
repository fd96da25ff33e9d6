package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/model"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
)

// ruleSets are ways to say that ?y can be reached from ?x, recursive to the left, to the right, on both sides, through each other, through
// an or and not at all, with other steps than the first. A set is strata, of which each negates only those before it.
var ruleSets = [][]string{
	{`[(reach ?x ?y) [?x :r ?y]] [(reach ?x ?y) [?x :r ?z] (reach ?z ?y)]`},
	{`[(reach ?x ?y) [?x :rs ?y]] [(reach ?x ?y) (reach ?x ?z) [?z :rs ?y]]`},
	{`[(reach ?x ?y) [?x :part ?y]] [(reach ?x ?y) [?x :rs ?y]] [(reach ?x ?y) (reach ?x ?z) (reach ?z ?y)]`},
	{`[(reach ?x ?y) [?x :r ?y]] [(reach ?x ?y) [?x :rs ?y] (not [?x :n 1])]`},
	{`[(even ?x ?y) [?x :r ?z] (odd ?z ?y)] [(odd ?x ?y) [?x :r ?y]] [(odd ?x ?y) [?x :r ?z] (even ?z ?y)] [(reach ?x ?y) (even ?x ?y)] [(reach ?x ?y) [?x :n] [?y :n]]`},
	{`[(reach ?x ?y) (or [?x :rs ?y] [?y :r ?x])] [(reach ?x ?y) (or-join [?x ?y] (and (reach ?x ?z) [?z :rs ?y]) (and [?y :r ?z] (reach ?x ?z)))]`},
	{`[(linked ?x ?y) [?x :rs ?y]] [(linked ?x ?y) (linked ?y ?x)]`, `[(reach ?x ?y) [?x] [?x :rs] [?y :rs] (not (linked ?x ?y))]`},
	{`[(low ?x) [?x :n ?n] [(< ?n 2)]]`, `[(reach ?x ?y) [?x :rs ?y] (not (low ?y))] [(reach ?x ?y) (reach ?x ?z) (reach ?z ?y) (not-join [?z] [?z :n ?q] [(= ?q 0)])]`},
	{`[(reach ?x ?y) [?x :r ?y] [(get-else $ ?y :n 1) ?n] [(= ?n 1)]] [(reach ?x ?y) [?x :rs ?z] [(missing? $ ?z :n)] (reach ?z ?y)]`},
	{`[(reach [?x] ?y) [?x :rs ?y]] [(reach ?x ?y) [?x :r ?z] (reach ?z ?y)]`},
	{`[(reach ?x ?y) [?y :rs ?x]] [(reach ?x ?y) [?z :rs ?x] (reach ?z ?y)]`},
	{`[(reach ?x ?y) [?x :part ?y]] [(reach ?a ?b) [?a :rs ?c] (reach ?c ?b)] [(reach ?x ?y) (reach ?x ?z) [?z :r ?y]]`},
	{`[(reach ?x ?y) [?x :r ?y]] [(reach ?a ?b) (reach ?c ?b) (reach ?a ?c)] [(reach ?x ?y) (reach ?x ?z) [?z :part ?y]]`},
	{`[(near ?x ?y) [?x :rs ?m] [?y :r ?m]]`, `[(reach ?x ?y) (near ?x ?y) (not [?x :part])] [(reach ?x ?y) (near ?x ?z) (not [?x :part]) (reach ?z ?y)]`},
	{`[(reach ?x ?y) [?x :n ?y]] [(reach ?x ?y) [?x :rs ?z] (reach ?z ?y)]`},
	{`[(reach ?x ?y) (or-join [?x ?y] [?x :rs ?y] (and [?x :rs ?z] (reach ?z ?y)))]`},
	{`[(child ?x ?y) [?x :rs ?y]] [(child ?x ?y) [?x :part ?y]] [(kin ?x ?y) (child ?z ?x) (child ?z ?y)]`, `[(reach ?x ?y) (kin ?x ?y) (not (child ?x ?y))]`},
	{`[(low ?x) [?x :n ?n] [(< ?n 2)]] [(leaf ?x) [?y :rs ?x] (not-join [?x] [?x :rs ?z])]`, `[(reach ?x ?y) (or (and (low ?x) [?x :r ?y]) [?x :rs ?y]) (or-join [?y] (leaf ?y) (low ?y))]`},
	{`[(same ?x ?y) [?x :n ?v] [?y :n ?v]] [(same ?x ?y) (same ?x ?z) (same ?z ?y)]`, `[(reach ?x ?y) (same ?x ?y) [?y :rs]] [(reach ?x ?y) [?z :r ?y] (reach ?x ?z) [?z :rs]]`},
}

// A question is a random query, as text for both.
type question struct {
	where  []string
	bound  []string // variables
	fixed  []string // those that patterns bind
	rules  []string
	inputs []string
	values []db.Value
	rows   [][]any
}

// TestQueries compares random queries on random views with the model, in the order that they are written and in another; and what they
// aggregate. Of half of the databases most lies in the index.
func TestQueries(t *testing.T) {
	asked, found := 0, 0
	soak.Run(t, 40, 510, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		w.commits = seed%2 == 0
		w.fill(20)
		if w.commits {
			w.index() // of the rest, some lies above the index
		}
		w.fill(10)
		for range 6 {
			asked++
			if w.compareQuery() > 0 {
				found++
			}
		}
	})
	t.Logf("%d queries, %d of them find something", asked, found)
	if found < asked/5 {
		t.Error("too few find something")
	}
}

// fill transacts a few items at a time, since many together contradict each other.
func (w *world) fill(n int) {
	for range n {
		ops := w.ops()
		w.transact(ops[:min(2, len(ops))])
	}
}

// fullView returns a view that shows something, if chance allows.
func (w *world) fullView() (r db.Reader, v model.View, name string) {
	for range 4 {
		if r, v, name = w.view(); len(w.see(v)) > 8 {
			break
		}
	}
	return r, v, name
}

func (w *world) compareQuery() int {
	w.t.Helper()
	r, v, name := w.fullView()
	other, v2, name2 := w.fullView()
	q := w.question(v.History)
	m := &model.Query{Sources: map[string][]db.Datom{"$": w.see(v), "$b": w.see(v2)}, Lists: map[string][]model.Row{"$rows": rowsOf(w, q.rows)},
		Attrs: map[edn.Keyword]db.ID{}, Inputs: map[string]db.Value{}}
	for _, a := range w.model.Attrs {
		m.Attrs[edn.Keyword(a.Name)] = a.ID
	}
	in := []any{other, q.rows, query.Rules("[" + strings.Join(q.rules, " ") + "]")}
	for i, x := range q.inputs {
		m.Inputs[x] = q.values[i]
		in = append(in, q.values[i].Any())
	}
	for _, stratum := range q.rules {
		m.Rules = append(m.Rules, w.read("["+stratum+"]").Items)
	}
	where := w.read("[" + strings.Join(q.where, " ") + "]").Items
	a := w.aggregation(q)
	want := a.of(m.Ask(a.asked(), where))
	for _, text := range []string{a.text(q, where, ""), a.text(q, w.shuffled(where), ""), a.text(q, w.shuffled(where), ":order :as-written")} {
		got := w.run(r, text, in)
		if len(got) != len(want) || slices.ContainsFunc(got, func(row model.Row) bool {
			return !slices.ContainsFunc(want, func(x model.Row) bool { return slices.Equal(x, row) })
		}) {
			w.t.Fatalf("%s\n%s\n$ %s, $b %s, $rows %v, inputs %v\ngot  %v\nwant %v\nof %v", text, q.rules, name, name2, q.rows, q.values, got, want, w.see(v))
		}
	}
	return len(want)
}

// TestOrderOfErrors drops clauses of random queries, so that some cannot be bound: whether they have an answer, and which, does not depend
// on the order of the clauses.
func TestOrderOfErrors(t *testing.T) {
	answered, refused := 0, 0
	soak.Run(t, 30, 150, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		w.fill(10)
		r, v, _ := w.view()
		for range 8 {
			q := w.question(v.History)
			where := w.read("[" + strings.Join(q.where, " ") + "]").Items
			where = slices.Delete(where, 0, 1+w.rng.IntN(max(len(where)-1, 1)))
			a := &aggregation{vars: []string{pick(w, q.bound...)}}
			in := append([]any{w.snap, q.rows, query.Rules("[" + strings.Join(q.rules, " ") + "]")}, anys(q.values)...)
			first, err := w.rows(r, a.text(q, where, ""), in)
			for range 3 {
				text := a.text(q, w.shuffled(where), pick(w, "", ":order :as-written"))
				got, again := w.rows(r, text, in)
				if (err == nil) != (again == nil) || len(got) != len(first) {
					t.Fatalf("%s: %v, %v\nand in another order %v, %v", text, got, again, first, err)
				}
			}
			if err == nil {
				answered++
			} else {
				refused++
			}
		}
	})
	t.Logf("%d answered, %d refused", answered, refused)
	if answered == 0 || refused == 0 {
		t.Error("all queries come to the same")
	}
}

func anys(vs []db.Value) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		out[i] = v.Any()
	}
	return out
}

func rowsOf(w *world, rows [][]any) []model.Row {
	out := make([]model.Row, len(rows))
	for i, row := range rows {
		for _, x := range row {
			out[i] = append(out[i], w.valueOf(x))
		}
	}
	return out
}

func (w *world) valueOf(x any) db.Value {
	w.t.Helper()
	v, err := index.Of(x)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// see returns what a view shows of the attributes that the model knows.
func (w *world) see(v model.View) []db.Datom { return model.See(w.model.Events, v) }

func (w *world) read(text string) edn.Node {
	w.t.Helper()
	n, err := edn.Read(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// shuffled returns clauses in another order, those within others too.
func (w *world) shuffled(clauses []edn.Node) []edn.Node {
	out := slices.Clone(clauses)
	w.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i, c := range out {
		if c.Kind != edn.List {
			continue
		}
		head := 1
		if s, ok := c.Items[0].Value.(edn.Symbol); ok && strings.HasPrefix(string(s), "$") {
			head = 2
		}
		switch name, _ := c.Items[head-1].Value.(edn.Symbol); name {
		case "not-join", "or-join":
			head++
		case "not", "or", "and":
		default:
			continue
		}
		out[i].Items = append(slices.Clone(c.Items[:head]), w.shuffled(c.Items[head:])...)
	}
	return out
}

func (w *world) run(r db.Reader, text string, in []any) []model.Row {
	w.t.Helper()
	out, err := w.rows(r, text, in)
	if err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
	return out
}

func (w *world) rows(r db.Reader, text string, in []any) ([]model.Row, error) {
	w.t.Helper()
	rows, err := query.Run(w.ctx, r, text, in...)
	if err != nil {
		return nil, err
	}
	var out []model.Row
	for rows.Next() {
		row := make(model.Row, len(rows.Row()))
		for i, cell := range rows.Row() {
			row[i] = w.valueOf(cell)
		}
		out = append(out, row)
	}
	return out, nil
}

// An aggregation is what a question finds: variables, or an aggregate of one by another.
type aggregation struct {
	vars []string // that are found
	name string   // of the aggregate; empty for none
	of1  string   // what is aggregated
	with []string
}

// aggregation returns all variables of a question, or an aggregate of one of them.
func (w *world) aggregation(q *question) *aggregation {
	n := w.boundVar(q, 'n')
	if n == "" || w.rng.IntN(3) > 0 {
		return &aggregation{vars: q.bound}
	}
	a := &aggregation{name: pick(w, "count", "count-distinct", "sum", "min", "max", "avg", "min 2", "max 2"), of1: n}
	for _, v := range q.bound {
		switch {
		case v == n:
		case len(a.vars) == 0 && w.rng.IntN(3) == 0:
			a.vars = []string{v}
		case w.rng.IntN(2) == 0:
			a.with = append(a.with, v)
		}
	}
	return a
}

// asked returns the variables of the rows that are aggregated.
func (a *aggregation) asked() []string {
	if a.name == "" {
		return a.vars
	}
	return slices.Concat(a.vars, []string{a.of1}, a.with)
}

func (a *aggregation) text(q *question, where []edn.Node, more string) string {
	find := strings.Join(a.vars, " ")
	if a.name != "" {
		find += fmt.Sprintf(" (%s %s)", a.name, a.of1)
	}
	if len(a.with) > 0 {
		find += " :with " + strings.Join(a.with, " ")
	}
	var clauses []string
	for _, c := range where {
		clauses = append(clauses, edn.String(c))
	}
	return fmt.Sprintf("[:find %s %s :in $ $b $rows %% %s :where %s]", find, more, strings.Join(q.inputs, " "), strings.Join(clauses, " "))
}

// of returns what the aggregate makes of rows without duplicates.
func (a *aggregation) of(rows []model.Row) []model.Row {
	if a.name == "" {
		return rows
	}
	var out []model.Row
	groups := map[db.Value][]db.Value{}
	for _, row := range rows {
		var key db.Value
		if len(a.vars) > 0 {
			key = row[0]
		}
		groups[key] = append(groups[key], row[len(a.vars)])
	}
	for key, bag := range groups {
		row := model.Row{aggregated(a.name, bag)}
		if len(a.vars) > 0 {
			row = model.Row{key, row[0]}
		}
		out = append(out, row)
	}
	return out
}

// aggregated computes an aggregate of longs.
func aggregated(name string, bag []db.Value) db.Value {
	slices.SortFunc(bag, index.Compare)
	n, sum := len(bag), int64(0)
	for _, v := range bag {
		sum += v.Long()
	}
	switch name {
	case "count":
		return index.Long(int64(n))
	case "count-distinct":
		return index.Long(int64(len(slices.Compact(slices.Clone(bag)))))
	case "sum":
		return index.Long(sum)
	case "min":
		return bag[0]
	case "max":
		return bag[n-1]
	case "min 2":
		return index.NewTuple(bag[:min(2, n)]...)
	case "max 2":
		slices.Reverse(bag)
		return index.NewTuple(bag[:min(2, n)]...)
	}
	mean, _ := index.Double(float64(sum) / float64(n))
	return mean
}

// question makes a random query whose variables are all bound.
func (w *world) question(history bool) *question {
	q := &question{rules: pick(w, ruleSets...)}
	for range w.rng.IntN(4) {
		q.rows = append(q.rows, []any{pick(w, append(w.ids, 1)...), int64(w.rng.IntN(3))})
	}
	for n := 1 + w.rng.IntN(3); n > 0 || len(q.bound) == 0; n-- {
		q.add(w.pattern(history, "", false))
	}
	if w.rng.IntN(4) == 0 {
		q.input(w)
	}
	q.fixed = slices.Clone(q.bound)
	extras := []func(*question) string{w.rule, w.test, w.inc, w.not, w.or, w.foreign, w.notRule, w.getElse, w.missing, w.ground, w.pair, w.list, w.notOr,
		w.someOf, w.foreignRule, w.notNot}
	for range w.rng.IntN(4) {
		if clause := pick(w, extras...)(q); clause != "" {
			q.add(clause)
		}
	}
	return q
}

// add adds a clause, and counts the variables that stand outside negations as bound.
func (q *question) add(clause string) {
	q.where = append(q.where, clause)
	if strings.HasPrefix(clause, "(not") || strings.HasPrefix(clause, "($b not") {
		return
	}
	for _, word := range strings.FieldsFunc(clause, func(r rune) bool { return strings.ContainsRune(" ()[]", r) }) {
		if strings.HasPrefix(word, "?") && word != "?mid" && word != "?own" && !slices.Contains(q.bound, word) {
			q.bound = append(q.bound, word)
		}
	}
}

func (q *question) input(w *world) {
	for _, v := range q.bound {
		if v[1] == 'n' {
			q.inputs, q.values = append(q.inputs, v), append(q.values, index.Long(int64(w.rng.IntN(3))))
			return
		}
	}
}

// attr returns an attribute, most often of a fact that there is.
func (w *world) attr() model.Attr {
	if now := w.model.Now(); len(now) > 0 && w.rng.IntN(4) > 0 {
		a := pick(w, now...).A
		return w.model.Attrs[slices.IndexFunc(w.model.Attrs, func(x model.Attr) bool { return x.ID == a })]
	}
	return pick(w, w.model.Attrs...)
}

func (w *world) entityVar() string { return pick(w, "?e1", "?e2", "?e3") }

// pattern returns a data pattern; one of a negation keeps to the variables that are bound, or names new ones of its own.
func (w *world) pattern(history bool, source string, plain bool) string {
	a := w.attr()
	value := pick(w, "_", "?v")
	if value == "?v" {
		switch {
		case a.Ref:
			value = w.entityVar()
		case a.Name == "n" || a.Name == "ks":
			value = pick(w, "?n1", "?n2", "1", "2")
		default:
			value = pick(w, "?s1", "?s2", `"a"`, `"b"`)
		}
	}
	tail := ""
	if !plain && w.rng.IntN(5) == 0 {
		tail = " ?t1"
		if history {
			tail += pick(w, " true", " ?added", "")
		}
	}
	return fmt.Sprintf("[%s%s :%s %s%s]", source, pick(w, w.entityVar(), w.entityVar(), "_"), a.Name, value, tail)
}

func (w *world) rule(q *question) string {
	first := pick(w, w.entityVar(), "_")
	if strings.Contains(q.rules[0], "[?x]") { // it must be bound
		if first = w.boundVar(q, 'e'); first == "" {
			return ""
		}
	}
	return fmt.Sprintf("(reach %s %s)", first, w.entityVar())
}

// foreignRule asks a rule of another database.
func (w *world) foreignRule(q *question) string {
	if c := w.rule(q); c != "" {
		return "($b " + c[1:]
	}
	return ""
}

func (w *world) boundVar(q *question, letter byte) string {
	var vars []string
	for _, v := range q.bound {
		if v[1] == letter {
			vars = append(vars, v)
		}
	}
	if len(vars) == 0 {
		return ""
	}
	return pick(w, vars...)
}

func (w *world) test(q *question) string {
	if n := w.boundVar(q, 'n'); n != "" {
		return fmt.Sprintf("[(%s %s %s)]", pick(w, "=", "!=", "<", ">="), n, pick(w, "1", w.boundVar(q, 'n')))
	}
	if e := w.boundVar(q, 'e'); e != "" {
		return fmt.Sprintf("[(%s %s %s)]", pick(w, "=", "!="), e, w.boundVar(q, 'e'))
	}
	return ""
}

func (w *world) inc(q *question) string {
	if n := w.boundVar(q, 'n'); n != "" {
		return fmt.Sprintf("[(inc %s) %s]", n, pick(w, "?n1", "?n3"))
	}
	return ""
}

func (w *world) getElse(q *question) string {
	if e := w.boundVar(q, 'e'); e != "" {
		return fmt.Sprintf("[(get-else $ %s :n %d) %s]", e, w.rng.IntN(3), pick(w, "?n1", "?n4"))
	}
	return ""
}

func (w *world) someOf(q *question) string {
	if e := w.boundVar(q, 'e'); e != "" {
		return fmt.Sprintf("[(get-some $ %s %s) [?a1 _]]", e, pick(w, ":n :k1", ":uv :r :n"))
	}
	return ""
}

func (w *world) missing(q *question) string {
	if e := w.boundVar(q, 'e'); e != "" {
		return fmt.Sprintf("[(missing? $ %s :%s)]", e, w.attr().Name)
	}
	return ""
}

func (w *world) ground(*question) string {
	return pick(w, "[(ground [1 2 1]) [?n1 ...]]", "[(ground [0 2]) [?n2 ...]]", "[(ground [[1 2] [2 2] [0 1]]) [[?n1 ?n5]]]", "[(ground [[1 1] [1 2]]) [[?n2 ?n2]]]")
}

// pair puts two values into one, and takes them apart again.
func (w *world) pair(q *question) string {
	n, e := w.boundVar(q, 'n'), w.boundVar(q, 'e')
	if n == "" || e == "" {
		return ""
	}
	return fmt.Sprintf("[(tuple %s %s) %s]", n, e, pick(w, "[?n6 ?e1]", "[?n1 _]", "?p1"))
}

func (w *world) list(*question) string {
	return pick(w, "[$rows ?e1 ?n1]", "[$rows ?e2 _]", "[$rows _ ?n2]", "[$rows ?e3 1]", "[$rows ?e1]")
}

// not negates a pattern about a bound entity, whose value is bound, its own, or any.
func (w *world) not(q *question) string {
	e := w.boundVar(q, 'e')
	if e == "" {
		return ""
	}
	a := w.attr()
	value := pick(w, "_", "?own")
	if a.Ref && w.rng.IntN(2) == 0 {
		value = w.boundVar(q, 'e')
	}
	body := fmt.Sprintf("[%s :%s %s]", e, a.Name, value)
	if w.rng.IntN(3) == 0 {
		return fmt.Sprintf("(not-join [%s] %s)", e, fmt.Sprintf("[%s :%s ?hidden] [_ :%s ?hidden]", e, a.Name, a.Name))
	}
	return pick(w, "(", "(", "($b ") + fmt.Sprintf("not %s)", body)
}

func (w *world) notRule(q *question) string {
	if e := w.boundVar(q, 'e'); e != "" {
		return fmt.Sprintf("(not (reach %s %s))", e, pick(w, "_", w.boundVar(q, 'e')))
	}
	return ""
}

// notOr negates an or, and a function of what it binds.
func (w *world) notOr(q *question) string {
	e := w.boundVar(q, 'e')
	if e == "" {
		return ""
	}
	return pick(w,
		fmt.Sprintf("(not (or [%s :n 1] (and [%[1]s :r _] [%[1]s :ks _])))", e),
		fmt.Sprintf("(not-join [%s] (or-join [%[1]s ?x] [%[1]s :n ?x] [%[1]s :ks ?x]) [(inc ?x) ?y] [(= ?y 2)])", e),
		fmt.Sprintf("(not [%s :n ?own] [(>= ?own 1)])", e))
}

// notNot negates a negation.
func (w *world) notNot(q *question) string {
	e := w.boundVar(q, 'e')
	if e == "" {
		return ""
	}
	return fmt.Sprintf("(not [%s :%s] (not [%[1]s :n %[3]d]))", e, w.attr().Name, w.rng.IntN(3))
}

func (w *world) or(q *question) string {
	e := w.entityVar()
	branch := func() string {
		a := w.attr()
		return fmt.Sprintf("[%s :%s %s]", e, a.Name, "_")
	}
	switch w.rng.IntN(6) {
	case 0:
		return fmt.Sprintf("(or %s %s)", branch(), branch())
	case 1:
		return fmt.Sprintf("(or %s (and %s [%s :n ?n2] [(< ?n2 2)]))", fmt.Sprintf("[%s :ks ?n2]", e), branch(), e)
	case 2:
		return fmt.Sprintf("(or %s (and %s (not [%s :n 1])))", branch(), branch(), e)
	case 3:
		return fmt.Sprintf("(or %s (and %s (or-join [%s] [?mid :r %[3]s] (and [?mid :rs %[3]s] [?mid :n _]))))", branch(), branch(), e)
	case 4:
		if !slices.Contains(q.fixed, e) {
			return ""
		}
		return fmt.Sprintf("(or-join [[%s]] %s (and (not [%[1]s :n 1]) [%[1]s :ks]))", e, branch())
	}
	return fmt.Sprintf("(or-join [%s] %s (and [%s :r ?mid] [?mid :n 1]))", e, branch(), e)
}

func (w *world) foreign(q *question) string { return w.pattern(false, "$b ", true) }
