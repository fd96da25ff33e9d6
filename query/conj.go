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
	// score estimates how many rows there are when the step has run next. It depends on the groups that have some of its variables.
	score(c *conj) (float64, error)
	run(c *conj) error
}

// A conj is a plan being run. Its groups are relations of different variables, and what holds so far is their product. Each
// step joins something to them; the next step is the one that leaves the fewest rows, by counts of what is there, or that with which the order begins that touches the fewest.
type conj struct {
	run     *run
	plan    *plan
	groups  []*relation
	pending []candidate
	touched varSet // variables whose groups changed since the candidates were judged

	comparing []*callStep // those that compare two values, of the pending
	uses      []int32     // by variable: how many of the pending read or bind it
	known     varSet      // variables that are bound, dropped columns included
	keep      varSet      // variables that are asked for in the end
	enough    int         // rows of them, where any will do; 0 where all are needed
	rec       *recursion
	piped     *pipeline // what the last step has run with others
	held      int64     // bytes of the groups
}

// A candidate is a step that is still to be run, and what was found out about it since its variables changed.
type candidate struct {
	operator
	uses  varSet
	ready bool
	score float64
	stale bool
}

// solve runs a plan on groups, and returns what holds of some variables, as distinct rows.
func (r *run) solve(p *plan, groups []*relation, keep varSet, rec *recursion) (*relation, error) {
	return r.conj(p, keep, rec).solve(groups)
}

// solve runs the plan on groups.
func (c *conj) solve(groups []*relation) (*relation, error) {
	defer c.release()
	if err := c.begin(groups); err != nil {
		return nil, err
	}
	for len(c.pending) > 0 && !c.failed() {
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	return c.result()
}

// conj returns a plan about to be run.
func (r *run) conj(p *plan, keep varSet, rec *recursion) *conj {
	c := &conj{run: r, plan: p, keep: keep, rec: rec, pending: make([]candidate, len(p.steps)), uses: make([]int32, len(r.q.names))}
	for i, s := range p.steps {
		c.pending[i] = candidate{operator: s, uses: s.vars(), stale: true}
		c.count(c.pending[i].uses, 1)
		if call, ok := s.(*callStep); ok && call.isComparison() {
			c.comparing = append(c.comparing, call)
		}
	}
	return c
}

// count notes that steps that use some variables came or went.
func (c *conj) count(vs varSet, by int32) {
	for v := range vs.each {
		c.uses = padded(c.uses, int(v)+1)
		c.uses[v] += by
	}
}

// begin puts in the groups that are there before the first step.
func (c *conj) begin(groups []*relation) error {
	var all varSet
	for _, g := range groups {
		all.addAll(g.set())
		if err := c.absorb(g); err != nil {
			return err
		}
	}
	c.known.addAll(all)
	err := c.drop(all)
	c.account()
	return err
}

// isPending reports whether a step is still to be run.
func (c *conj) isPending(s operator) bool {
	return slices.ContainsFunc(c.pending, func(p candidate) bool { return p.operator == s })
}

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
	if err := c.execute(&s); err != nil {
		return err
	}
	c.piped = nil
	c.known.addAll(bindsOf(s.operator))
	c.touched.addAll(s.uses)
	c.count(s.uses, -1)
	err = c.drop(s.uses)
	c.account()
	return err
}

// next returns the number of the step to run: of those that can run, the first that leaves one row or none, or the one after which the fewest
// rows are left, or the first where the query is run as written; one that would have to multiply groups comes last.
func (c *conj) next() (int, error) {
	best := -1
	for i := range c.pending {
		p := &c.pending[i]
		if err := c.judge(p); err != nil {
			return 0, err
		}
		switch {
		case !p.ready:
		case c.plan.asWritten:
			c.leave(i + 1)
			return i, nil
		case p.score <= 1:
			c.leave(i + 1)
			return i, nil
		case best < 0 || p.score < c.pending[best].score:
			best = i
		}
	}
	c.touched = varSet{}
	if best < 0 {
		return 0, c.plan.check.stuck(c.pending[0].of(), c.known, c.plan.source)
	}
	return c.ahead(best)
}

// leave leaves the candidates from one on to be judged the next time.
func (c *conj) leave(from int) {
	for i := range c.pending[from:] {
		c.pending[from+i].stale = true
	}
	c.touched = varSet{}
}

// judge finds out whether a step can run, and what would be left then, where its variables have changed. What rules derive changes
// without them.
func (c *conj) judge(p *candidate) (err error) {
	if !p.stale && c.rec == nil && !p.uses.meets(c.touched) {
		return nil
	}
	p.stale = false
	_, always := p.operator.(growing)
	if p.ready = always || c.plan.check.ready(p.of(), c.known, c.plan.source); p.ready && !c.plan.asWritten && (len(c.pending) > 1 || c.run.trace != nil) {
		p.score, err = p.operator.score(c)
	}
	return err
}

func (c *conj) bound() varSet {
	var s varSet
	for _, g := range c.groups {
		s.addAll(g.set())
	}
	return s
}

// absorb joins a relation to the groups that share variables with it.
func (c *conj) absorb(found *relation) error { return c.replace(nil, found) }

// replace joins a relation to the groups that share variables with it, in the place of one that it has all the variables of.
func (c *conj) replace(joined, found *relation) error {
	rest := make([]*relation, 0, len(c.groups)+1)
	for _, g := range c.groups {
		if g == joined {
			continue
		}
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
	c.touched.addAll(found.set())
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

// drop removes the columns of those of some variables that nobody asks for any more.
func (c *conj) drop(some varSet) error {
	var unused varSet
	for v := range some.minus(c.keep).each {
		if int(v) >= len(c.uses) || c.uses[v] == 0 {
			unused.add(v)
		}
	}
	if unused.empty() {
		return nil
	}
	for i, g := range c.groups {
		if !g.set().meets(unused) {
			continue
		}
		vars := slices.DeleteFunc(slices.Clone(g.vars), unused.has)
		var rest *relation
		var err error
		if g.imagined() {
			rest = &relation{vars: vars, n: c.run.trace.projected(vars, g.n)}
		} else if rest, err = c.run.thin(g, vars); err != nil {
			return err
		}
		c.groups[i] = rest
		c.touched.addAll(rest.set())
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
