package query

import (
	"fmt"
	"slices"
)

// liftOrs makes a rule of every or through which a rule calls itself, so that such calls stand in no other clause.
func (rs *ruleSet) liftOrs() {
	for i := 0; i < len(rs.names); i++ {
		name := rs.names[i]
		for _, r := range rs.rules[name] {
			for k, c := range r.body {
				if or, ok := c.(*orClause); ok && rs.callsGroup(or, rs.group[name]) {
					r.body[k] = rs.lift(or, r, k)
				}
			}
		}
	}
	rs.findGroups()
}

// callsGroup reports whether a rule of a group is called in an or.
func (rs *ruleSet) callsGroup(or *orClause, group int) bool {
	found := false
	calls([]clause{or}, false, func(c *ruleClause, _ bool) { found = found || rs.group[c.name] == group })
	return found
}

// lift adds the rule of an or, which stands at a place in the body of another, and returns the call of it. Its name is one that cannot
// be written.
func (rs *ruleSet) lift(or *orClause, in *rule, place int) *ruleClause {
	name := fmt.Sprintf("or %d", len(rs.names))
	shared := positiveVars(or)
	if or.join == nil {
		outside := setOf(in.head...)
		outside.addAll(allVarsOf(slices.Delete(slices.Clone(in.body), place, place+1)))
		shared.addAll(or.negated().and(outside))
	}
	head := append(or.required.list(), shared.minus(or.required).list()...)
	call := &ruleClause{place: or.place, source: or.source, name: name}
	for _, v := range head {
		call.args = append(call.args, term{kind: variableTerm, v: v, pos: or.pos})
	}
	for _, b := range or.branches {
		rs.rules[name] = append(rs.rules[name], &rule{name: name, head: head, required: or.required.len(), body: b, names: in.names, pos: or.pos})
	}
	rs.names = append(rs.names, name)
	rs.group[name] = rs.group[in.name]
	return call
}
