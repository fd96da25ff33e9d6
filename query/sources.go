package query

import (
	"slices"
	"strings"

	"github.com/datolite/datolite/edn"
)

// checkSources checks that every source that the query names is among its inputs, and so are the patterns of its pulls.
func (q *ast) checkSources() error {
	for _, f := range q.find {
		if f.pulls && f.source != "" && !q.hasInput(sourceInput, f.source) {
			return q.unknownSource(f.source, f.pos)
		}
		if f.named != "" && !strings.HasPrefix(f.named, "?") && !q.hasInput(patternInput, f.named) {
			return errorAt(f.pos, ErrUnbound, "the pattern %s is not in :in", f.named)
		}
	}
	var err error
	q.eachExpr(func(e *expr) {
		for _, arg := range e.args {
			if arg.kind == sourceTerm && !q.hasInput(sourceInput, arg.name) {
				err = firstError(err, q.unknownSource(arg.name, arg.pos))
			}
		}
	})
	if !q.hasInput(rulesInput, "%") {
		calls(q.where, false, func(c *ruleClause, _ bool) { err = firstError(err, (*ruleSet)(nil).checkCall(c)) })
	}
	if err != nil {
		return err
	}
	return q.checkSourcesOf(q.where, "$")
}

func (q *ast) hasInput(kind inputKind, name string) bool {
	return slices.ContainsFunc(q.inputs, func(in input) bool { return in.kind == kind && in.name == name })
}

func (q *ast) unknownSource(name string, pos edn.Pos) error {
	var known []string
	for _, in := range q.inputs {
		if in.kind == sourceInput {
			known = append(known, in.name)
		}
	}
	if len(known) == 0 {
		return errorAt(pos, ErrSource, "there is no source %s: :in has none", name)
	}
	return errorAt(pos, ErrSource, "there is no source %s in :in, which has %s", name, strings.Join(known, ", "))
}

// checkSourcesOf checks the sources of clauses, those of rules when their text is known.
func (q *ast) checkSourcesOf(cs []clause, inherited string) error {
	for _, c := range cs {
		for _, u := range usedSources(c, inherited) {
			if !q.hasInput(sourceInput, u.name) {
				return q.unknownSource(u.name, u.pos)
			}
		}
		for _, inner := range bodies(c) {
			if err := q.checkSourcesOf(inner, defaultSource(ownSource(c), inherited)); err != nil {
				return err
			}
		}
	}
	return nil
}

// usedSources returns the sources that a clause itself reads, as source terms.
func usedSources(c clause, inherited string) []term {
	switch c := c.(type) {
	case *patternClause:
		return []term{{name: defaultSource(ownSource(c), inherited), pos: c.at()}}
	case *callClause:
		return slices.DeleteFunc(slices.Clone(c.args), func(t term) bool { return t.kind != sourceTerm })
	}
	if own := ownSource(c); own != "" {
		return []term{{name: own, pos: c.at()}}
	}
	return nil
}

// ownSource returns the source that is written in front of a clause.
func ownSource(c clause) string {
	switch c := c.(type) {
	case *patternClause:
		return c.source
	case *ruleClause:
		return c.source
	case *notClause:
		return c.source
	case *orClause:
		return c.source
	}
	return ""
}

// bodies returns the conjunctions within a clause.
func bodies(c clause) [][]clause {
	switch c := c.(type) {
	case *notClause:
		return [][]clause{c.body}
	case *orClause:
		return c.branches
	}
	return nil
}
