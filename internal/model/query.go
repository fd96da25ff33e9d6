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
	Attrs   map[edn.Keyword]db.ID
	Inputs  map[string]db.Value // variables that are given
	Rules   []edn.Node          // as in a rule set
	tables  map[string][]Row    // what rules hold, as far as was found out
}

// env is what the variables are, in one answer.
type env map[string]db.Value

// Ask returns the rows of a query's :find variables, without duplicates, in no order.
func (q *Query) Ask(find []string, where []edn.Node) []Row {
	q.fixpoint()
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

// fixpoint finds out what the rules hold, by trying all of them until nothing new comes.
func (q *Query) fixpoint() {
	q.tables = map[string][]Row{}
	for grew := true; grew; {
		grew = false
		for _, rule := range q.Rules {
			head := rule.Items[0].Items
			name := text(head[0])
			for _, e := range q.all(rule.Items[1:], []env{{}}, "$") {
				row := project(e, texts(head[1:]))
				if more := addRow(q.tables[name], row); len(more) > len(q.tables[name]) {
					q.tables[name], grew = more, true
				}
			}
		}
	}
}

// all joins clauses: those that bind first, those that test when everything is bound.
func (q *Query) all(clauses []edn.Node, envs []env, source string) []env {
	late := func(c edn.Node) bool { return kindOf(c) == "test" || kindOf(c) == "not" || kindOf(c) == "call" }
	for _, c := range clauses {
		if !late(c) {
			envs = q.one(c, envs, source)
		}
	}
	waiting := slices.DeleteFunc(slices.Clone(clauses), func(c edn.Node) bool { return !late(c) || kindOf(c) != "call" })
	for len(waiting) > 0 && len(envs) > 0 {
		i := slices.IndexFunc(waiting, func(c edn.Node) bool { return ready(c, envs[0]) })
		if i < 0 {
			panic(fmt.Sprintf("%v is never bound", edn.String(waiting[0])))
		}
		envs = q.one(waiting[i], envs, source)
		waiting = slices.Delete(waiting, i, i+1)
	}
	for _, c := range clauses {
		if kindOf(c) == "test" || kindOf(c) == "not" {
			envs = q.one(c, envs, source)
		}
	}
	return envs
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
	switch kindOf(c) {
	case "pattern":
		return q.pattern(c.Items, e, source)
	case "test":
		if test(text(c.Items[0].Items[0]), q.args(c.Items[0].Items[1:], e)) {
			return []env{e}
		}
		return nil
	case "call":
		v := call(text(c.Items[0].Items[0]), q.args(c.Items[0].Items[1:], e))
		return bind(e, c.Items[1], v)
	case "not":
		return q.not(c, e, source)
	case "or":
		return q.or(c, e, source)
	case "and":
		return q.all(c.Items[1:], []env{e}, source)
	}
	return q.rule(c, e)
}

func (q *Query) pattern(terms []edn.Node, e env, source string) []env {
	if name := text(terms[0]); strings.HasPrefix(name, "$") {
		source, terms = name, terms[1:]
	}
	var out []env
	for _, d := range q.Sources[source] {
		row := []db.Value{index.Ref(d.E), index.Ref(d.A), d.V, index.Ref(d.Tx), index.Bool(d.Added)}
		if x := q.unify(e, terms, row); x != nil {
			out = append(out, x)
		}
	}
	return out
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

// constant returns what a constant term stands for: a keyword that names an attribute is its id.
func (q *Query) constant(n edn.Node) db.Value {
	if k, ok := n.Value.(edn.Keyword); ok {
		if id, ok := q.Attrs[k]; ok {
			return index.Ref(id)
		}
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
		if name := text(t); strings.HasPrefix(name, "?") {
			out[i] = e[name]
		} else {
			out[i] = q.constant(t)
		}
	}
	return out
}

func test(name string, args []db.Value) bool {
	switch name {
	case "=":
		return args[0] == args[1]
	case "!=":
		return args[0] != args[1]
	case "<":
		return index.Compare(args[0], args[1]) < 0
	case ">=":
		return index.Compare(args[0], args[1]) >= 0
	}
	panic(name)
}

func call(name string, args []db.Value) db.Value {
	switch name {
	case "inc":
		return index.Long(args[0].Long() + 1)
	case "+":
		return index.Long(args[0].Long() + args[1].Long())
	case "ground":
		return args[0]
	}
	panic(name)
}

func bind(e env, to edn.Node, v db.Value) []env {
	name := text(to)
	if old, bound := e[name]; bound && old != v {
		return nil
	}
	e = maps.Clone(e)
	if name != "_" {
		e[name] = v
	}
	return []env{e}
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
	vars := branches[0].Items
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

func (q *Query) rule(c edn.Node, e env) []env {
	var out []env
	for _, row := range q.tables[text(c.Items[0])] {
		if x := q.unify(e, c.Items[1:], row); x != nil {
			out = append(out, x)
		}
	}
	return out
}
