package query

import "slices"

// A growing step reads a set that grows while rules are run.
type growing interface {
	operator
	set() *rowSet
}

// A recursiveStep joins what was derived so far by a rule in the same circle.
type recursiveStep struct {
	*ruleStep
	t *answers
}

func (s *recursiveStep) set() *rowSet { return s.t.derived }

func (s *recursiveStep) score(c *conj) (float64, error) { return growingScore(c, s, s.keys()) }

// growingScore is the number of rows of the set, or fewer where what is there can be looked up in it.
func growingScore(c *conj, s growing, keys varSet) (float64, error) {
	if c.rec.delta == operator(s) {
		return float64(s.set().recent - s.set().settled), nil
	}
	n := float64(s.set().rows.n)
	if g := c.groupOf(keys); g != nil {
		return min(float64(g.n), n), nil
	}
	return n, nil
}

// groupOf returns the group that has all of some variables, which are not none.
func (c *conj) groupOf(vs varSet) *relation {
	i := slices.IndexFunc(c.groups, func(g *relation) bool { return !vs.empty() && vs.within(g.set()) })
	if i < 0 {
		return nil
	}
	return c.groups[i]
}

// keys returns the variables by which rows can be looked up; none where a constant stands among them too.
func (s *recursiveStep) keys() varSet { return s.variables(setOf(s.t.bound...)) }

func (s *recursiveStep) run(c *conj) error {
	set := s.set()
	var found *relation
	var err error
	switch g := c.groupOf(s.keys()); {
	case c.rec.delta == operator(s):
		found, err = s.matched(c.run, set.between(set.settled, set.recent))
	case g != nil:
		var rows *relation
		if rows, err = c.run.project(g, s.keys().list()); err == nil {
			found, err = s.found(c.run, s.t, rows)
		}
	default:
		found, err = s.matched(c.run, set.between(0, set.rows.n))
	}
	if err != nil {
		return err
	}
	return c.absorb(found)
}

// An askedStep restricts the head of a rule to what is asked for.
type askedStep struct {
	t    *answers
	args []variable
}

func (s *askedStep) of() clause   { return nil }
func (s *askedStep) vars() varSet { return setOf(s.args...) }
func (s *askedStep) set() *rowSet { return s.t.asked }

func (s *askedStep) score(c *conj) (float64, error) { return growingScore(c, s, s.vars()) }

func (s *askedStep) run(c *conj) error {
	set := s.set()
	if c.rec.delta == operator(s) {
		return c.absorb(set.between(set.settled, set.recent).renamed(s.args))
	}
	g := c.groupOf(s.vars())
	if g == nil {
		return c.absorb(set.between(0, set.rows.n).renamed(s.args))
	}
	probe := g.columnsOf(s.args)
	var rows []int32
	for i, h := range hashRows(probe, 0, g.n) {
		if set.all.has(h, probe, int32(i)) {
			rows = append(rows, int32(i))
		}
	}
	c.groups[slices.Index(c.groups, g)] = g.pick(rows)
	return nil
}

// bindsOf returns the variables that are bound when a step has run.
func bindsOf(s operator) varSet {
	if c := s.of(); c != nil {
		return positiveVars(c)
	}
	return s.vars()
}
