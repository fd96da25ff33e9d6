package query

// An orStep joins what holds in any of its branches.
type orStep struct {
	clause   *orClause
	branches []*plan
	out      varSet // what it binds
	shared   varSet // what its branches may take from the rows that are there
}

func (s *orStep) of() clause   { return s.clause }
func (s *orStep) vars() varSet { return s.out.union(s.shared) }

// score is the sum over the branches of what their best clause leaves.
func (s *orStep) score(c *conj) (float64, error) {
	total := 0.0
	for _, b := range s.branches {
		inner := &conj{run: c.run, plan: b, groups: c.groups, rec: c.rec}
		best := 1e12
		for _, st := range b.steps {
			if !b.check.ready(st.of(), c.known.and(visible(s.clause)), b.source) {
				continue
			}
			score, err := st.score(inner)
			if err != nil {
				return 0, err
			}
			best = min(best, score)
		}
		total += best
	}
	return total, nil
}

// run runs the branches on what they share with the rows that are there, and joins what comes of it to these.
func (s *orStep) run(c *conj) error {
	var given []*relation
	for _, g := range c.groups {
		if shared := g.set().and(s.shared); !shared.empty() {
			rows, err := c.run.project(g, shared.list())
			if err != nil {
				return err
			}
			given = append(given, rows)
		}
	}
	var found []*relation
	for _, b := range s.branches {
		done := c.run.trace.branch()
		rel, err := c.run.solve(b, given, s.out, c.rec)
		if err != nil {
			return err
		}
		done(rel.n)
		found = append(found, rel)
	}
	all, err := c.run.union(s.out.list(), found)
	if err != nil {
		return err
	}
	return c.absorb(all)
}
