package query

import (
	"slices"
)

// A plan is a conjunction ready to be run, against sources that are known. Its steps are in an order that does not depend on
// how the query was written, so neither does what comes of it.
type plan struct {
	steps  []operator
	check  *analyzer
	source string

	asWritten bool // steps are run in the order in which their clauses stand
}

// An operator is a clause ready to be run.
type operator interface {
	of() clause
	// vars returns the variables that the step reads or binds.
	vars() varSet
	// score estimates how many rows there are when the step has run next.
	score(c *conj) (float64, error)
	run(c *conj) error
}

// A conj is a plan being run. Its groups are relations of different variables, and what holds so far is their product. Each
// step joins something to them; the next step is the one that leaves the fewest rows, by counts of what is there.
type conj struct {
	run     *run
	plan    *plan
	groups  []*relation
	pending []operator

	comparing []*callStep // of them, those that compare two values
	known     varSet      // variables that are bound, dropped columns included
	keep      varSet      // variables that are asked for in the end
	rec       *recursion
	held      int64 // bytes of the groups
}

// solve runs a plan on groups, and returns what holds of some variables, as distinct rows.
func (r *run) solve(p *plan, groups []*relation, keep varSet, rec *recursion) (*relation, error) {
	c := &conj{run: r, plan: p, pending: slices.Clone(p.steps), keep: keep, rec: rec}
	defer c.release()
	for _, s := range p.steps {
		if call, ok := s.(*callStep); ok && call.isComparison() {
			c.comparing = append(c.comparing, call)
		}
	}
	for _, g := range groups {
		c.known.addAll(g.set())
		if err := c.absorb(g); err != nil {
			return nil, err
		}
	}
	if err := c.drop(); err != nil {
		return nil, err
	}
	c.account()
	for len(c.pending) > 0 && !c.failed() {
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	return c.result()
}

// isPending reports whether a step is still to be run.
func (c *conj) isPending(s operator) bool { return slices.Contains(c.pending, s) }

// failed reports whether a group has come out empty, so that nothing holds.
func (c *conj) failed() bool {
	return slices.ContainsFunc(c.groups, func(g *relation) bool { return g.n == 0 })
}

// advance runs the best step.
func (c *conj) advance() error {
	best, err := c.next()
	if err != nil {
		return err
	}
	s := c.pending[best]
	c.pending = slices.Delete(c.pending, best, best+1)
	if err := s.run(c); err != nil {
		return err
	}
	c.known.addAll(bindsOf(s))
	err = c.drop()
	c.account()
	return err
}

// next returns the number of the step to run: of those that can run, the one after which the fewest rows are left, or the first where
// the query is run as written; one that would have to multiply groups comes last.
func (c *conj) next() (int, error) {
	best, bestScore := -1, 0.0
	for i, s := range c.pending {
		if _, always := s.(growing); !always && !c.plan.check.ready(s.of(), c.known, c.plan.source) {
			continue
		}
		if c.plan.asWritten {
			return i, nil
		}
		score, err := s.score(c)
		if err != nil {
			return 0, err
		}
		if best < 0 || score < bestScore {
			best, bestScore = i, score
		}
	}
	if best < 0 {
		return 0, c.plan.check.stuck(c.pending[0].of(), c.known, c.plan.source)
	}
	return best, nil
}

func (c *conj) bound() varSet {
	var s varSet
	for _, g := range c.groups {
		s.addAll(g.set())
	}
	return s
}

// absorb joins a relation to the groups that share variables with it.
func (c *conj) absorb(found *relation) error {
	var rest []*relation
	for _, g := range c.groups {
		if !g.set().meets(found.set()) {
			rest = append(rest, g)
			continue
		}
		var err error
		if found, err = c.run.join(g, found); err != nil {
			return err
		}
	}
	c.groups = append(rest, found)
	return nil
}

// take removes the groups that have some of the variables, and returns their product.
func (c *conj) take(vs varSet) (*relation, error) {
	out := unit()
	var rest []*relation
	for _, g := range c.groups {
		if !g.set().meets(vs) {
			rest = append(rest, g)
			continue
		}
		var err error
		if out, err = c.run.cross(g, out); err != nil {
			return nil, err
		}
	}
	c.groups = rest
	return out, nil
}

// rows returns how many rows take would return, and how many groups it would multiply.
func (c *conj) rows(vs varSet) (n float64, groups int) {
	n = 1
	for _, g := range c.groups {
		if g.set().meets(vs) {
			n *= float64(g.n)
			if g.n > 1 {
				groups++
			}
		}
	}
	return n, groups
}

// drop removes the columns that nobody asks for any more.
func (c *conj) drop() error {
	needed := c.keep
	for _, s := range c.pending {
		needed.addAll(s.vars())
	}
	for i, g := range c.groups {
		if g.set().within(needed) {
			continue
		}
		rest, err := c.run.project(g, slices.DeleteFunc(slices.Clone(g.vars), func(v variable) bool { return !needed.has(v) }))
		if err != nil {
			return err
		}
		c.groups[i] = rest
	}
	return nil
}

// result returns the product of the groups, for the variables that are asked for.
func (c *conj) result() (*relation, error) {
	if c.failed() {
		return newRelation(c.keep.list()), nil
	}
	out, err := c.take(c.keep)
	if err != nil {
		return nil, err
	}
	return c.run.project(out, c.keep.list())
}
