package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datolite/datolite/edn"
)

// A transitive rule is one of two arguments that says nothing but before* base after*: a pair of the base, after any number of
// steps of one relation and before any number of steps of another. Each relation is the union of rules that do not call
// the transitive one. Where the steps are the base itself, the rule says base+, and is plain.
//
//	[(reach ?a ?b) [?a :follows ?b]]                       base
//	[(reach ?a ?b) [?a :follows ?c] (reach ?c ?b)]         before, by recursion to the right
//	[(reach ?a ?b) (reach ?a ?c) [?c :follows ?b]]         after, by recursion to the left
//	[(reach ?a ?b) (reach ?a ?c) (reach ?c ?b)]            base is a step
type transitive struct {
	before, base, after []*rule
	plain               bool
}

// findTransitive notes the rules that are transitive.
func (rs *ruleSet) findTransitive() {
	for _, name := range rs.names {
		if len(rs.rules[name][0].head) == 2 && rs.inventor[rs.group[name]] == nil && rs.alone(name) {
			if t := rs.asTransitive(name); t != nil {
				rs.transitive[name] = t
			}
		}
	}
}

// alone reports whether no other rule is in a circle with this one.
func (rs *ruleSet) alone(name string) bool {
	for other, group := range rs.group {
		if group == rs.group[name] && other != name {
			return false
		}
	}
	return true
}

// asTransitive returns a rule as a transitive one; nil where it is none.
func (rs *ruleSet) asTransitive(name string) *transitive {
	t, doubled := &transitive{}, false
	for _, r := range rs.rules[name] {
		for _, b := range r.spread() {
			if !t.take(name, b, &doubled) {
				return nil
			}
		}
	}
	switch {
	case !doubled && t.before == nil && t.after == nil, doubled && t.before != nil && t.after != nil:
		return nil
	case doubled && t.before != nil:
		t.before = append(t.before, t.base...)
	case doubled:
		t.after = append(t.after, t.base...)
	}
	steps := slices.Concat(t.before, t.after)
	t.plain = (t.before == nil || t.after == nil) && slices.Equal(likenesses(steps), likenesses(t.base))
	return t
}

// spread returns the branches of an or as bodies of their own, where it is all that a body consists of.
func (r *rule) spread() []*rule {
	or, ok := r.body[0].(*orClause)
	if !ok || len(r.body) > 1 || or.source != "" || !setOf(r.head...).within(visible(or)) || or.join != nil && or.join.len() != len(r.head) {
		return []*rule{r}
	}
	var out []*rule
	for _, body := range or.branches {
		branch := *r
		branch.body = body
		out = append(out, branch.spread()...)
	}
	return out
}

// take puts a body where it belongs, and reports whether it belongs anywhere.
func (t *transitive) take(name string, r *rule, doubled *bool) bool {
	var own []*ruleClause
	part := &rule{name: name, head: r.head, names: r.names, pos: r.pos}
	for _, c := range r.body {
		if call, ok := c.(*ruleClause); ok && call.name == name {
			own = append(own, call)
		} else if slices.Contains(called(c), name) {
			return false
		} else {
			part.body = append(part.body, c)
		}
	}
	switch from, to := r.head[0], r.head[1]; len(own) {
	case 0:
		t.base = append(t.base, part)
		return true
	case 1:
		return t.takeStep(own[0], part, from, to)
	case 2:
		*doubled = true
		middle, ok := own[0].args[1].v, own[0].joins(from, own[0].args[1].v) && own[1].joins(own[0].args[1].v, to)
		if !ok {
			middle = own[1].args[1].v
			ok = own[1].joins(from, middle) && own[0].joins(middle, to)
		}
		return ok && len(part.body) == 0 && middle != from && middle != to
	}
	return false
}

// takeStep puts the body of a rule that calls itself once among the steps before or after.
func (t *transitive) takeStep(own *ruleClause, part *rule, from, to variable) bool {
	first, second := own.args[0].v, own.args[1].v
	switch {
	case own.joins(first, to) && first != from && first != to:
		part.head = []variable{from, first}
		t.before = append(t.before, part)
		return part.binds() && !allVarsOf(part.body).has(to)
	case own.joins(from, second) && second != from && second != to:
		part.head = []variable{second, to}
		t.after = append(t.after, part)
		return part.binds() && !allVarsOf(part.body).has(from)
	}
	return false
}

// joins reports whether a call of the default source has just these arguments, which are variables.
func (c *ruleClause) joins(from, to variable) bool {
	return c.source == "" && from != noVariable && to != noVariable && c.args[0].v == from && c.args[1].v == to
}

// called returns the names of the rules that a clause calls.
func called(c clause) (names []string) {
	calls([]clause{c}, false, func(c *ruleClause, _ bool) { names = append(names, c.name) })
	return names
}

// binds reports whether the body of a rule has all of its head.
func (r *rule) binds() bool {
	var s varSet
	for _, c := range r.body {
		s.addAll(positiveVars(c))
	}
	return setOf(r.head...).within(s)
}

// likenesses returns texts of bodies that are equal where the bodies say the same in other variables, sorted.
func likenesses(rules []*rule) []string {
	var out []string
	for _, r := range rules {
		out = append(out, r.likeness())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// likeness returns the text of a body with its variables numbered as they come.
func (r *rule) likeness() string {
	numbers := map[variable]int{noVariable: -1, r.head[0]: 0, r.head[1]: 1}
	var text strings.Builder
	for _, c := range r.body {
		switch c := c.(type) {
		case *patternClause:
			fmt.Fprintf(&text, "[%s", c.source)
			writeTerms(&text, c.terms, numbers)
		case *ruleClause:
			fmt.Fprintf(&text, "(%s %s", c.source, c.name)
			writeTerms(&text, c.args, numbers)
		default:
			fmt.Fprintf(&text, "%p", c)
		}
	}
	return text.String()
}

func writeTerms(text *strings.Builder, terms []term, numbers map[variable]int) {
	for _, t := range terms {
		if t.kind != variableTerm {
			fmt.Fprintf(text, " %d %s%s", t.kind, t.name, edn.String(t.c))
			continue
		}
		if _, known := numbers[t.v]; !known {
			numbers[t.v] = len(numbers)
		}
		fmt.Fprintf(text, " ?%d", numbers[t.v])
	}
}
