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

// ruleSets are ways to say that ?y can be reached from ?x, and one that is not recursive.
var ruleSets = []string{
	`[[(reach ?x ?y) [?x :r ?y]] [(reach ?x ?y) [?x :r ?z] (reach ?z ?y)]]`,
	`[[(reach ?x ?y) [?x :rs ?y]] [(reach ?x ?y) (reach ?x ?z) [?z :rs ?y]]]`,
	`[[(reach ?x ?y) [?x :part ?y]] [(reach ?x ?y) [?x :rs ?y]] [(reach ?x ?y) (reach ?x ?z) (reach ?z ?y)]]`,
	`[[(reach ?x ?y) [?x :r ?y]] [(reach ?x ?y) [?x :rs ?y] (not [?x :n 1])]]`,
	`[[(even ?x ?y) [?x :r ?z] (odd ?z ?y)] [(odd ?x ?y) [?x :r ?y]] [(odd ?x ?y) [?x :r ?z] (even ?z ?y)] [(reach ?x ?y) (even ?x ?y)] [(reach ?x ?y) [?x :n] [?y :n]]]`,
}

// A question is a random query, as text for both.
type question struct {
	where  []string
	bound  []string // variables
	rules  string
	inputs []string
	values []db.Value
}

// TestQueries compares random queries on random views with the model, in the order that they are written and in another.
func TestQueries(t *testing.T) {
	soak.Run(t, 60, 350, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		for range 7 {
			w.transact(w.ops())
		}
		for range 6 {
			w.compareQuery()
		}
	})
}

func (w *world) compareQuery() {
	w.t.Helper()
	r, v, name := w.view()
	other, v2, name2 := w.view()
	q := w.question(v.History)
	text := q.text(q.where)
	m := &model.Query{Sources: map[string][]db.Datom{"$": w.see(v), "$b": w.see(v2)}, Attrs: map[edn.Keyword]db.ID{}, Inputs: map[string]db.Value{}}
	for _, a := range w.model.Attrs {
		m.Attrs[edn.Keyword(a.Name)] = a.ID
	}
	in := []any{other, query.Rules(q.rules)}
	for i, x := range q.inputs {
		m.Inputs[x] = q.values[i]
		in = append(in, q.values[i].Any())
	}
	m.Rules = w.read(q.rules).Items
	want := m.Ask(q.bound, w.read("["+strings.Join(q.where, " ")+"]").Items)
	shuffled := slices.Clone(q.where)
	w.rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, text := range []string{text, q.text(shuffled)} {
		got := w.run(r, text, in)
		if len(got) != len(want) || slices.ContainsFunc(got, func(row model.Row) bool {
			return !slices.ContainsFunc(want, func(x model.Row) bool { return slices.Equal(x, row) })
		}) {
			w.t.Fatalf("%s\n%s\n$ %s, $b %s, inputs %v\ngot  %v\nwant %v\nof %v", text, q.rules, name, name2, q.values, got, want, w.see(v))
		}
	}
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

func (w *world) run(r db.Reader, text string, in []any) []model.Row {
	w.t.Helper()
	rows, err := query.Run(w.ctx, r, text, in...)
	if err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
	var out []model.Row
	for rows.Next() {
		row := make(model.Row, len(rows.Row()))
		for i, cell := range rows.Row() {
			v, err := index.Of(cell)
			if err != nil {
				w.t.Fatal(err)
			}
			row[i] = v
		}
		out = append(out, row)
	}
	return out
}

func (q *question) text(where []string) string {
	return fmt.Sprintf("[:find %s :in $ $b %% %s :where %s]", strings.Join(q.bound, " "), strings.Join(q.inputs, " "), strings.Join(where, " "))
}

// question makes a random query whose variables are all bound.
func (w *world) question(history bool) *question {
	q := &question{rules: pick(w, ruleSets...)}
	for n := 1 + w.rng.IntN(3); n > 0 || len(q.bound) == 0; n-- {
		q.add(w.pattern(history, "", false))
	}
	if w.rng.IntN(4) == 0 {
		q.input(w)
	}
	extras := []func(*question) string{w.rule, w.test, w.inc, w.not, w.or, w.foreign, w.notRule}
	for range w.rng.IntN(3) {
		if clause := pick(w, extras...)(q); clause != "" {
			q.add(clause)
		}
	}
	return q
}

// add adds a clause, and counts the variables that stand outside negations as bound.
func (q *question) add(clause string) {
	q.where = append(q.where, clause)
	if strings.HasPrefix(clause, "(not") {
		return
	}
	for _, word := range strings.FieldsFunc(clause, func(r rune) bool { return strings.ContainsRune(" ()[]", r) }) {
		if strings.HasPrefix(word, "?") && word != "?mid" && !slices.Contains(q.bound, word) {
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

func (w *world) entityVar() string { return pick(w, "?e1", "?e2", "?e3") }

// pattern returns a data pattern; one of a negation keeps to the variables that are bound, or names new ones of its own.
func (w *world) pattern(history bool, source string, plain bool) string {
	a := pick(w, w.model.Attrs...)
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
	return fmt.Sprintf("(reach %s %s)", pick(w, w.entityVar(), "_"), w.entityVar())
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

// not negates a pattern about a bound entity, whose value is bound, its own, or any.
func (w *world) not(q *question) string {
	e := w.boundVar(q, 'e')
	if e == "" {
		return ""
	}
	a := pick(w, w.model.Attrs...)
	value := pick(w, "_", "?own")
	if a.Ref && w.rng.IntN(2) == 0 {
		value = w.boundVar(q, 'e')
	}
	body := fmt.Sprintf("[%s :%s %s]", e, a.Name, value)
	if w.rng.IntN(3) == 0 {
		return fmt.Sprintf("(not-join [%s] %s)", e, fmt.Sprintf("[%s :%s ?hidden] [_ :%s ?hidden]", e, a.Name, a.Name))
	}
	return fmt.Sprintf("(not %s)", body)
}

func (w *world) notRule(q *question) string {
	if e := w.boundVar(q, 'e'); e != "" {
		return fmt.Sprintf("(not (reach %s %s))", e, pick(w, "_", w.boundVar(q, 'e')))
	}
	return ""
}

func (w *world) or(q *question) string {
	e := w.entityVar()
	branch := func() string {
		a := pick(w, w.model.Attrs...)
		return fmt.Sprintf("[%s :%s %s]", e, a.Name, "_")
	}
	switch w.rng.IntN(3) {
	case 0:
		return fmt.Sprintf("(or %s %s)", branch(), branch())
	case 1:
		return fmt.Sprintf("(or %s (and %s [%s :n ?n2] [(< ?n2 2)]))", fmt.Sprintf("[%s :ks ?n2]", e), branch(), e)
	}
	return fmt.Sprintf("(or-join [%s] %s (and [%s :r ?mid] [?mid :n 1]))", e, branch(), e)
}

func (w *world) foreign(q *question) string { return w.pattern(false, "$b ", true) }
