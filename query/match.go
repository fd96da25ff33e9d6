package query

import (
	"github.com/datolite/datolite/index"
)

// A lookup costs about as much as reading this many datoms in sequence.
const lookupCost = 24

// samples is how many rows are asked to estimate how many datoms a row leads to.
const samples = 4

// given returns what a scan knows from constants and from groups of one row.
func (s *scan) given(c *conj) probe {
	p := s.consts
	for _, g := range c.groups {
		if g.n == 1 {
			s.fill(&p, g, 0)
		}
	}
	return p
}

// fill adds to a probe what a row of a group says of the scan's variables.
func (s *scan) fill(p *probe, g *relation, row int) {
	for i, v := range s.at {
		if at := g.column(v); v != noVariable && at >= 0 {
			p.set(i, g.cols[at].At(row))
		}
	}
}

// driver returns the smallest group that shares a variable with the scan; where the rest of what is known leads nowhere, the
// smallest that leads somewhere.
func (s *scan) driver(c *conj, p *probe) *relation {
	useful := s.uses
	if _, parts := s.path(p); parts < 0 {
		useful = s.leading(c)
	}
	var out *relation
	for _, g := range c.groups {
		if g.set().meets(useful) && (out == nil || g.n < out.n) {
			out = g
		}
	}
	return out
}

// leading returns the first of entity, attribute and value that is bound.
func (s *scan) leading(c *conj) varSet {
	for _, v := range s.at[:3] {
		if c.bound().has(v) {
			return setOf(v)
		}
	}
	return s.uses
}

// score estimates how many rows there are when the scan has run.
func (s *scan) score(c *conj) (float64, error) {
	p := s.given(c)
	full, err := s.fullCount(c, &p)
	g := s.driver(c, &p)
	if err != nil || g == nil || g.n == 1 {
		if g == nil {
			return 2 * float64(full), err // begins a group of its own
		}
		return float64(full), err
	}
	fan, err := s.fan(c, g, p)
	return min(fan*float64(g.n), float64(g.n)*float64(full)), err
}

// fullCount returns how many datoms a probe leaves. What the constants alone leave is counted once.
func (s *scan) fullCount(c *conj, p *probe) (int, error) {
	if p.known != s.consts.known {
		return s.count(c.run, p)
	}
	if s.size < 0 {
		n, err := s.count(c.run, p)
		if err != nil {
			return 0, err
		}
		s.size = n
	}
	return s.size, nil
}

// fan returns how many datoms a row of a group leads to, on average of some rows.
func (s *scan) fan(c *conj, g *relation, p probe) (float64, error) {
	total := 0
	n := min(g.n, samples)
	for i := range n {
		probe := p
		s.fill(&probe, g, i*(g.n-1)/max(n-1, 1))
		k, err := s.count(c.run, &probe)
		if err != nil {
			return 0, err
		}
		total += k
	}
	return float64(total) / float64(max(n, 1)), nil
}

// run joins what matches the pattern to the groups that share its variables.
func (s *scan) run(c *conj) error {
	p := s.given(c)
	found := newRelation(s.uses.list())
	g := s.driver(c, &p)
	looksUp, err := s.looksUp(c, g, &p)
	switch {
	case err != nil:
		return err
	case looksUp:
		err = s.readEach(c.run, g, p, found)
	default:
		err = s.read(c.run, &p, found)
	}
	if err != nil {
		return err
	}
	return c.absorb(found)
}

// looksUp reports whether it is better to look up each row of a group than to read all that the constants leave.
func (s *scan) looksUp(c *conj, g *relation, p *probe) (bool, error) {
	if g == nil || g.n == 1 {
		return false, nil
	}
	if _, parts := s.path(p); parts < 0 {
		return true, nil
	}
	full, err := s.fullCount(c, p)
	return g.n*lookupCost < full, err
}

// readEach reads what matches each row of a group.
func (s *scan) readEach(r *run, g *relation, p probe, out *relation) error {
	keys, err := r.project(g, g.set().and(s.uses).list())
	if err != nil {
		return err
	}
	for i := range keys.n {
		if err := r.tick(i); err != nil {
			return err
		}
		probe := p
		s.fill(&probe, keys, i)
		if err := s.read(r, &probe, out); err != nil {
			return err
		}
	}
	return nil
}

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
