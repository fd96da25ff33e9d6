package query

// A notStep removes the rows for which its body holds.
type notStep struct {
	clause *notClause
	body   *plan
	join   varSet // what the body shares with the rows
}

func (s *notStep) of() clause   { return s.clause }
func (s *notStep) vars() varSet { return s.join }

func (s *notStep) score(c *conj) (float64, error) { return filterScore(c, s.join) }

// filterScore is that of a step that leaves at most the rows that are there; one that needs the product of groups comes last.
func filterScore(c *conj, vs varSet) (float64, error) {
	n, groups := c.rows(vs)
	if groups > 1 {
		return 1e15 * float64(groups), nil
	}
	return n, nil
}

func (s *notStep) run(c *conj) error {
	g, err := c.take(s.join)
	if err != nil {
		return err
	}
	given := g.set().and(s.join)
	rows, err := c.run.project(g, given.list())
	if err != nil {
		return err
	}
	holds, err := c.run.solve(s.body, []*relation{rows}, given, c.rec)
	if err != nil {
		return err
	}
	rest, err := c.run.without(g, holds)
	if err != nil {
		return err
	}
	return c.absorb(rest)
}
