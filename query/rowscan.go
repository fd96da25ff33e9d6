package query

import "github.com/datolite/datolite/index"

// A rowScan matches a pattern against rows.
type rowScan struct {
	clause *patternClause
	rows   [][]index.Value
	consts []index.Value
	uses   varSet
}

func (s *rowScan) score(c *conj) (float64, error) {
	for _, g := range c.groups {
		if g.set().meets(s.uses) {
			return float64(max(g.n, len(s.rows))), nil
		}
	}
	return 2 * float64(len(s.rows)), nil
}

func (s *rowScan) run(c *conj) error {
	vars := s.uses.list()
	out := newRelation(vars)
	row := make([]index.Value, len(vars))
	for i, source := range s.rows {
		if err := c.run.tick(i); err != nil {
			return err
		}
		if len(source) < len(s.clause.terms) {
			return errorAt(s.clause.pos, ErrSource, "row %d of the source has %s, and %s asks for %d", i, plural(len(source), "column"), s.clause.key, len(s.clause.terms))
		}
		if s.matches(source, vars, row) {
			out.add(row)
		}
	}
	return c.absorb(out)
}

// matches reports whether a row of the source matches, and puts the values of variables into row.
func (s *rowScan) matches(source []index.Value, vars []variable, row []index.Value) bool {
	var seen varSet
	for i, t := range s.clause.terms {
		switch t.kind {
		case constantTerm:
			if source[i] != s.consts[i] {
				return false
			}
		case variableTerm:
			at := indexOf(vars, t.v)
			if seen.has(t.v) && row[at] != source[i] {
				return false
			}
			seen.add(t.v)
			row[at] = source[i]
		}
	}
	return true
}

func indexOf(vars []variable, v variable) int {
	for i, w := range vars {
		if w == v {
			return i
		}
	}
	return -1
}
