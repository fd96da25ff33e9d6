package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A Row is the values of the variables of :find.
type Row []db.Value

// A Query answers queries of the plain kind by nested loops: find variables, sources, patterns, the predicates and functions below,
// not, or, and rules. Attribute names stand in patterns as keywords.
type Query struct {
	Sources map[string][]db.Datom // "$" and others, as a view shows them
	Lists   map[string][]Row      // sources that are rows
	Attrs   map[edn.Keyword]db.ID
	Inputs  map[string]db.Value         // variables that are given
	Rules   [][]edn.Node                // in strata: what one negates stands in those before it
	tables  map[string]map[string][]Row // what rules hold of each source, as far as was found out
}

// env is what the variables are, in one answer.
type env map[string]db.Value

// Ask returns the rows of a query's :find variables, without duplicates, in no order.
func (q *Query) Ask(find []string, where []edn.Node) []Row {
	q.tables = map[string]map[string][]Row{}
	for source := range q.Sources {
		q.tables[source] = map[string][]Row{}
		for _, stratum := range q.Rules {
			q.fixpoint(stratum, source)
		}
	}
	start := env{}
	maps.Copy(start, q.Inputs)
	var rows []Row
	for _, e := range q.all(where, []env{start}, "$") {
		rows = addRow(rows, project(e, find))
	}
	return rows
}

func project(e env, vars []string) Row {
	row := make(Row, len(vars))
	for i, v := range vars {
		row[i] = e[v]
	}
	return row
}

func addRow(rows []Row, row Row) []Row {
	if slices.ContainsFunc(rows, func(r Row) bool { return slices.Equal(r, row) }) {
		return rows
	}
	return append(rows, row)
}

// fixpoint finds out what the rules of a stratum hold of a source, by trying all of them until nothing new comes.
func (q *Query) fixpoint(rules []edn.Node, source string) {
	table := q.tables[source]
	for grew := true; grew; {
		grew = false
		for _, rule := range rules {
			head := rule.Items[0].Items
			name := text(head[0])
			for _, e := range q.all(rule.Items[1:], []env{{}}, source) {
				if more := addRow(table[name], project(e, texts(flat(head[1:])))); len(more) > len(table[name]) {
					table[name], grew = more, true
				}
			}
		}
	}
}

// all joins clauses: those that bind first, then ors, then functions as soon as their arguments are bound, and those that test when
// everything is.
func (q *Query) all(clauses []edn.Node, envs []env, source string) []env {
	stages := map[string][]edn.Node{}
	for _, c := range clauses {
		stages[stage(c)] = append(stages[stage(c)], c)
	}
	for _, c := range append(stages["bind"], stages["or"]...) {
		envs = q.one(c, envs, source)
	}
	for waiting := stages["call"]; len(waiting) > 0 && len(envs) > 0; {
		i := slices.IndexFunc(waiting, func(c edn.Node) bool { return ready(c, envs[0]) })
		if i < 0 {
			panic(fmt.Sprintf("%v is never bound", edn.String(waiting[0])))
		}
		envs = q.one(waiting[i], envs, source)
		waiting = slices.Delete(slices.Clone(waiting), i, i+1)
	}
	for _, c := range stages["test"] {
		envs = q.one(c, envs, source)
	}
	return envs
}

func stage(c edn.Node) string {
	switch kind := kindOf(c); kind {
	case "pattern", "rule", "and":
		return "bind"
	case "not":
		return "test"
	default:
		return kind
	}
}

// withoutSource returns a list without the source in front of it, and the source, which is the one around where it names none.
func withoutSource(c edn.Node, source string) (edn.Node, string) {
	if name := text(c.Items[0]); c.Kind == edn.List && strings.HasPrefix(name, "$") {
		c.Items = c.Items[1:]
		return c, name
	}
	return c, source
}

// kindOf tells pattern, test (a predicate), call (a function), not, or, and, rule.
func kindOf(c edn.Node) string {
	if c.Kind == edn.Vector {
		if len(c.Items) == 0 || c.Items[0].Kind != edn.List {
			return "pattern"
		}
		if len(c.Items) == 1 {
			return "test"
		}
		return "call"
	}
	c, _ = withoutSource(c, "")
	switch name := text(c.Items[0]); name {
	case "not", "not-join":
		return "not"
	case "or", "or-join":
		return "or"
	case "and":
		return "and"
	}
	return "rule"
}

func ready(call edn.Node, e env) bool {
	for _, arg := range call.Items[0].Items[1:] {
		if name := text(arg); strings.HasPrefix(name, "?") {
			if _, bound := e[name]; !bound {
				return false
			}
		}
	}
	return true
}

func text(n edn.Node) string {
	if s, ok := n.Value.(edn.Symbol); ok {
		return string(s)
	}
	return ""
}

// flat returns variables of which the first may be a vector of those that must be bound.
func flat(vars []edn.Node) []edn.Node {
	if len(vars) > 0 && vars[0].Kind == edn.Vector {
		return slices.Concat(vars[0].Items, vars[1:])
	}
	return vars
}

func texts(ns []edn.Node) []string {
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = text(n)
	}
	return out
}

// one joins a clause to every answer so far.
func (q *Query) one(c edn.Node, envs []env, source string) []env {
	var out []env
	for _, e := range envs {
		out = append(out, q.extend(c, e, source)...)
	}
	return distinct(out)
}

func distinct(envs []env) []env {
	var out []env
	for _, e := range envs {
		if !slices.ContainsFunc(out, func(x env) bool { return maps.Equal(x, e) }) {
			out = append(out, e)
		}
	}
	return out
}

// extend returns the answers that an answer becomes by a clause.
func (q *Query) extend(c edn.Node, e env, source string) []env {
	c, source = withoutSource(c, source)
	switch kindOf(c) {
	case "pattern":
		return q.pattern(c.Items, e, source)
	case "test":
		if q.test(text(c.Items[0].Items[0]), q.args(c.Items[0].Items[1:], e), source) {
			return []env{e}
		}
		return nil
	case "call":
		return bind(e, c.Items[1], q.call(text(c.Items[0].Items[0]), q.args(c.Items[0].Items[1:], e), source))
	case "not":
		return q.not(c, e, source)
	case "or":
		return q.or(c, e, source)
	case "and":
		return q.all(c.Items[1:], []env{e}, source)
	}
	return q.rule(c, e, source)
}

func (q *Query) pattern(terms []edn.Node, e env, source string) []env {
	if name := text(terms[0]); strings.HasPrefix(name, "$") {
		source, terms = name, terms[1:]
	}
	var out []env
	for _, row := range q.rows(source) {
		if x := q.unify(e, terms, row); x != nil {
			out = append(out, x)
		}
	}
	return out
}

func (q *Query) rows(source string) []Row {
	rows := slices.Clone(q.Lists[source])
	for _, d := range q.Sources[source] {
		rows = append(rows, Row{index.Ref(d.E), index.Ref(d.A), d.V, index.Ref(d.Tx), index.Bool(d.Added)})
	}
	return rows
}

// unify returns the answer in which terms are values, and nil where they are others already.
func (q *Query) unify(e env, terms []edn.Node, values []db.Value) env {
	e = maps.Clone(e)
	for i, term := range terms {
		name := text(term)
		switch {
		case name == "_":
		case strings.HasPrefix(name, "?"):
			if v, bound := e[name]; bound && v != values[i] {
				return nil
			}
			e[name] = values[i]
		case q.constant(term) != values[i]:
			return nil
		}
	}
	return e
}

// constant returns what a constant term stands for: a keyword that names an attribute is its id, a vector a tuple.
func (q *Query) constant(n edn.Node) db.Value {
	if k, ok := n.Value.(edn.Keyword); ok {
		if id, ok := q.Attrs[k]; ok {
			return index.Ref(id)
		}
	}
	if n.Kind == edn.Vector {
		var elems []db.Value
		for _, item := range n.Items {
			elems = append(elems, q.constant(item))
		}
		return index.NewTuple(elems...)
	}
	v, err := index.Of(n.Plain())
	if err != nil {
		panic(err)
	}
	return v
}

func (q *Query) args(terms []edn.Node, e env) []db.Value {
	out := make([]db.Value, len(terms))
	for i, t := range terms {
		switch name := text(t); {
		case strings.HasPrefix(name, "?"):
			out[i] = e[name]
		case !strings.HasPrefix(name, "$"):
			out[i] = q.constant(t)
		}
	}
	return out
}

func (q *Query) test(name string, args []db.Value, source string) bool {
	switch name {
	case "=":
		return args[0] == args[1]
	case "!=":
		return args[0] != args[1]
	case "<":
		return index.Compare(args[0], args[1]) < 0
	case ">=":
		return index.Compare(args[0], args[1]) >= 0
	case "missing?":
		return q.first(source, args[1], args[2]).IsNil()
	}
	panic(name)
}

func (q *Query) call(name string, args []db.Value, source string) db.Value {
	switch name {
	case "inc":
		return index.Long(args[0].Long() + 1)
	case "+":
		return index.Long(args[0].Long() + args[1].Long())
	case "ground", "untuple":
		return args[0]
	case "tuple":
		return index.NewTuple(args...)
	case "get-else":
		if v := q.first(source, args[1], args[2]); !v.IsNil() {
			return v
		}
		return args[3]
	case "get-some":
		for _, a := range args[2:] {
			if v := q.first(source, args[1], a); !v.IsNil() {
				return index.NewTuple(a, v)
			}
		}
		return index.Value{}
	}
	panic(name)
}

// first returns the least value of an attribute that a source shows of an entity, nil where there is none.
func (q *Query) first(source string, e, a db.Value) db.Value {
	var least db.Value
	for _, d := range q.Sources[source] {
		if index.Ref(d.E) == e && index.Ref(d.A) == a && (least.IsNil() || index.Compare(d.V, least) < 0) {
			least = d.V
		}
	}
	return least
}

// bind returns the answers in which a value fits a binding: ?x, _, [?x ?y], [?x ...] or [[?x ?y]]. Nothing fits nil.
func bind(e env, to edn.Node, v db.Value) []env {
	name := text(to)
	switch {
	case v.IsNil():
		return nil
	case name == "_":
		return []env{e}
	case name != "":
		if old, bound := e[name]; bound && old != v {
			return nil
		}
		e = maps.Clone(e)
		e[name] = v
		return []env{e}
	case len(to.Items) == 2 && text(to.Items[1]) == "...", len(to.Items) == 1 && to.Items[0].Kind == edn.Vector:
		var out []env
		for _, elem := range v.Tuple() {
			out = append(out, bind(e, to.Items[0], elem)...)
		}
		return out
	}
	envs := []env{e}
	for i, elem := range v.Tuple()[:len(to.Items)] {
		var next []env
		for _, x := range envs {
			next = append(next, bind(x, to.Items[i], elem)...)
		}
		envs = next
	}
	return envs
}

// not keeps an answer for which the body has none. A variable that is bound outside is the same inside; others are any. A not-join
// hides all but the variables that it lists.
func (q *Query) not(c edn.Node, e env, source string) []env {
	body, inside := c.Items[1:], e
	if text(c.Items[0]) == "not-join" {
		body, inside = c.Items[2:], only(e, c.Items[1].Items)
	}
	if len(q.all(body, []env{inside}, source)) > 0 {
		return nil
	}
	return []env{e}
}

func only(e env, vars []edn.Node) env {
	out := env{}
	for _, v := range vars {
		if x, bound := e[text(v)]; bound {
			out[text(v)] = x
		}
	}
	return out
}

func (q *Query) or(c edn.Node, e env, source string) []env {
	branches := c.Items[1:]
	if text(c.Items[0]) == "or" {
		var out []env
		for _, b := range branches {
			out = append(out, q.all([]edn.Node{b}, []env{e}, source)...)
		}
		return out
	}
	vars := flat(branches[0].Items)
	var out []env
	for _, b := range branches[1:] {
		for _, x := range q.all([]edn.Node{b}, []env{only(e, vars)}, source) {
			joined := maps.Clone(e)
			for _, v := range vars {
				joined[text(v)] = x[text(v)]
			}
			out = append(out, joined)
		}
	}
	return out
}

func (q *Query) rule(c edn.Node, e env, source string) []env {
	var out []env
	for _, row := range q.tables[source][text(c.Items[0])] {
		if x := q.unify(e, c.Items[1:], row); x != nil {
			out = append(out, x)
		}
	}
	return out
}
