package query

import (
	"math"
	"strings"
	"time"

	"github.com/datolite/datolite/index"
)

// A trace notes the steps by which a query is answered, or where it imagines them, those by which it would be.
type trace struct {
	imagines bool
	values   map[variable]float64 // how many different ones a variable may have, where that was estimated
	steps    *[]Step              // of the conjunction that is being run
}

// execute runs a step, and notes it where that is asked for.
func (c *conj) execute(s *candidate) error {
	t := c.run.trace
	if t == nil {
		return s.operator.run(c)
	}
	step, err := c.describe(s)
	if err != nil {
		return err
	}
	around := t.steps
	defer func() { t.steps = around }()
	if t.steps = &step.Steps; !t.imagines && !s.isOpen() {
		c.run.trace = nil // what rules derive, they derive in many rounds
		defer func() { c.run.trace = t }()
	}
	start, read := time.Now(), c.run.datoms
	if t.imagines {
		err = c.imagine(s, step.Expected)
	} else {
		err = s.operator.run(c)
	}
	step.Duration, step.Datoms = time.Since(start), c.run.datoms-read
	rows, _ := c.rows(s.uses)
	step.Rows = int(rows)
	if c.piped != nil {
		*around = c.piped.note(step, *around)
		return err
	}
	*around = append(*around, *step)
	return err
}

// isOpen reports whether the steps within a step are noted too.
func (p *candidate) isOpen() bool {
	switch p.operator.(type) {
	case *notStep, *orStep:
		return true
	}
	return false
}

// branch notes that a branch of an or begins; what comes back is called at its end.
func (t *trace) branch() func(rows int) {
	if t == nil {
		return func(int) {}
	}
	around, branch := t.steps, Step{Clause: "branch"}
	t.steps = &branch.Steps
	start := time.Now()
	return func(rows int) {
		branch.Rows, branch.Expected, branch.Duration = rows, -1, time.Since(start)
		for _, s := range branch.Steps {
			branch.Datoms += s.Datoms
		}
		*around, t.steps = append(*around, branch), around
	}
}

// describe returns what is known of a step before it runs.
func (c *conj) describe(s *candidate) (*Step, error) {
	out := &Step{Clause: "what is asked of the rule"}
	if clause := s.of(); clause != nil {
		out.Clause = clause.text()
	}
	expected := s.score
	switch op := s.operator.(type) {
	case *scan:
		n, _, err := op.estimate(c)
		if err != nil {
			return nil, err
		}
		expected = n
		if out.How, err = op.how(c); err != nil {
			return nil, err
		}
	case *rowScan:
		out.How = "read rows of " + defaultSource(op.clause.source, c.plan.source)
	case *callStep:
		if out.How = "bind"; op.clause.out == nil {
			out.How = "filter"
		}
	case *notStep:
		out.How = "remove the rows for which holds"
	case *orStep:
		out.How = "join what holds in a branch"
	default:
		out.How = "join what the rule derives"
	}
	out.Expected = int(min(math.Round(expected), 1e15))
	return out, nil
}

// how says in which way a scan reads.
func (s *scan) how(c *conj) (string, error) {
	a, err := s.access(c)
	if err != nil {
		return "", err
	}
	by := s.sharedNames(c, a.group)
	if a.lookUp {
		return "look up each " + by, nil
	}
	x := &a.excerpt
	out := x.order.String()
	if a.probe.known[1] {
		out += " of " + s.attributeName(a.probe.values[1])
	}
	switch {
	case x.none:
		return "nothing can match", nil
	case x.keys != nil:
		out = "look up all " + by + " in " + out
	case a.group == nil || a.group.n == 1 && !a.group.imagined():
		out = "read " + out
	default:
		out = "read " + out + " beside " + by
	}
	if x.order == index.AVET && !a.probe.known[2] && x.keys == nil {
		out += " within bounds"
	}
	return out, nil
}

// sharedNames returns the variables that a scan shares with a group, as they are written.
func (s *scan) sharedNames(c *conj, g *relation) string {
	if g == nil {
		return ""
	}
	var names []string
	for v := range s.uses.and(g.set()).each {
		name := "a hidden variable"
		if known := c.plan.check.names; int(v) < len(known) {
			name = known[v]
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// attributeName returns the ident of an attribute.
func (s *scan) attributeName(id index.Value) string {
	if a, ok := s.from.Schema().Attribute(id.Ref()); ok {
		return a.Ident.String()
	}
	return id.Ref().String()
}

// imagine puts an estimate in the place of what a step would leave.
func (c *conj) imagine(s *candidate, expected int) error {
	binds, rest := bindsOf(s.operator), []*relation(nil)
	before := 1
	for _, g := range c.groups {
		if !g.set().meets(s.uses) {
			rest = append(rest, g)
			continue
		}
		binds.addAll(g.set())
		before = max(before, g.n)
	}
	switch op := s.operator.(type) {
	case *scan:
		if err := op.imagineValues(c); err != nil {
			return err
		}
	case *notStep:
		if err := c.imagineBody(op.body, op.join, before); err != nil {
			return err
		}
	case *orStep:
		for _, b := range op.branches {
			done := c.run.trace.branch()
			if err := c.imagineBody(b, op.shared, before); err != nil {
				return err
			}
			done(0)
		}
	}
	c.groups = append(rest, &relation{vars: binds.list(), n: min(max(expected, 1), math.MaxInt32)})
	c.touched.addAll(binds)
	return nil
}

// imagineValues estimates how many different values an attribute has, where the scan binds them.
func (s *scan) imagineValues(c *conj) error {
	p, v := s.given(c), s.at[2]
	if !p.known[1] || p.known[2] || v == noVariable || c.known.has(v) {
		return nil
	}
	one := probe{}
	one.set(1, p.values[1])
	full, err := c.run.counted(s, &one, nil)
	if err != nil {
		return err
	}
	like, err := s.like(c, setOf(v), &one)
	if err != nil || like.n == 0 {
		return err
	}
	each, err := s.asked(c, like, one)
	if c.run.trace.values == nil {
		c.run.trace.values = map[variable]float64{}
	}
	c.run.trace.values[v] = full / max(each, 1)
	return err
}

// projected estimates how many different rows are left of n where only some variables are.
func (t *trace) projected(vars []variable, n int) int {
	most := 1.0
	for _, v := range vars {
		values, ok := t.values[v]
		if !ok {
			return n
		}
		most *= values
	}
	return int(min(float64(n), max(most, 1)))
}

// imagineBody goes through a body of which some variables are bound outside.
func (c *conj) imagineBody(body *plan, shared varSet, n int) error {
	inner := c.run.conj(body, varSet{}, c.rec)
	given := c.bound().and(shared)
	if !given.empty() {
		inner.groups = []*relation{{vars: given.list(), n: n}}
	}
	inner.known = given
	return inner.imagineAll()
}

// imagineAll goes through the steps in the order in which they would be run.
func (c *conj) imagineAll() error {
	for len(c.pending) > 0 {
		if err := c.advance(); err != nil {
			return err
		}
	}
	return nil
}
