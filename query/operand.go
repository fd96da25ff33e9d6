package query

import (
	"cmp"
	"math"
	"slices"
)

// fewRows is how many rows a step may leave without a look at what comes behind it: finding an order costs more than joining them.
var fewRows = 256.0

// fewOperands is from how many operands on it matters which comes first; maxLooked is in how many steps they are sought at most.
const (
	fewOperands = 3
	maxLooked   = 40
)

// ahead returns the step to run where best is the one that leaves the fewest rows: another one, if an order that begins with it touches fewer rows
// in the end. It looks ahead only where the relations left are several, and not too many, and rows are. What rules derive is joined without it.
func (c *conj) ahead(best int) (int, error) {
	if c.rec != nil || !isRelation(c.pending[best].operator) || len(c.pending) < fewOperands || len(c.pending) > maxLooked || c.stake(best) <= fewRows {
		return best, nil
	}
	o := &orderer{c: c}
	o.stars()
	if len(o.operands) < fewOperands || len(o.operands) > maxOperands || !o.number() {
		return best, nil
	}
	if err := o.estimate(); err != nil {
		return 0, err
	}
	members := o.operands[o.ordering.best()].members
	return slices.MinFunc(members, func(i, j int) int {
		return cmp.Or(cmp.Compare(c.pending[i].score, c.pending[j].score), cmp.Compare(i, j))
	}), nil
}

// stake returns how many rows the next step may leave, whichever of those it is that join a relation to what is there.
func (c *conj) stake(best int) float64 {
	n := c.pending[best].score
	for i := range c.pending {
		if p := &c.pending[i]; i != best && p.ready && isRelation(p.operator) && c.meets(p.uses) {
			n += p.score
		}
	}
	return n
}

// meets reports whether a group of several rows has some of the variables.
func (c *conj) meets(vs varSet) bool {
	return slices.ContainsFunc(c.groups, func(g *relation) bool { return g.n > 1 && g.set().meets(vs) })
}

// isRelation reports whether a step joins a relation, and does not only test or compute.
func isRelation(s operator) bool {
	switch s.(type) {
	case *callStep, *notStep:
		return false
	}
	return true
}

// An orderer makes an ordering of what is pending in a conjunction.
type orderer struct {
	ordering
	c      *conj
	fixed  varSet      // variables of one value
	shared []*relation // the groups of several rows
	vars   []variable  // by number
}

// stars puts the steps that can run and join a relation into operands. Those that say of one entity what has one value, and nothing that another
// of them asks for, are a star.
func (o *orderer) stars() {
	for _, g := range o.c.groups {
		if g.n == 1 && !g.imagined() {
			o.fixed.addAll(g.set())
		} else {
			o.shared = append(o.shared, g)
		}
	}
	type center struct {
		source string
		entity variable
	}
	of := map[center]int{}
	o.operands = make([]operand, 0, len(o.c.pending))
	room := make([]int, len(o.c.pending))
	for i := range o.c.pending {
		p := &o.c.pending[i]
		if !p.ready || !isRelation(p.operator) || p.uses.within(o.fixed) {
			continue
		}
		if s, ok := p.operator.(*scan); ok && o.isRay(i, s) {
			at := center{s.source, s.at[0]}
			if k, ok := of[at]; ok {
				o.operands[k].members = append(o.operands[k].members, i)
				continue
			}
			of[at] = len(o.operands)
		}
		o.operands = append(o.operands, operand{members: append(room[i:i:i+1], i)})
	}
}

// isRay reports whether a scan says of an entity what has one value, and shares nothing else with what is to be joined.
func (o *orderer) isRay(i int, s *scan) bool {
	p := s.given(o.c)
	if p.known[0] || s.at[0] == noVariable || !s.isOne(&p) {
		return false
	}
	own := s.unknown(&p).minus(setOf(s.at[0]))
	for k := range o.c.pending {
		if k != i && isRelation(o.c.pending[k].operator) && own.meets(o.c.pending[k].uses) {
			return false
		}
	}
	return !slices.ContainsFunc(o.shared, func(g *relation) bool { return own.meets(g.set()) })
}

// isOne reports whether an entity has one datom at most in what a scan reads.
func (s *scan) isOne(p *probe) bool {
	one := *p
	one.known[0], one.known[2] = true, false
	return s.atMostOne(&one)
}

// number numbers the variables, and reports whether there are not too many.
func (o *orderer) number() bool {
	var all varSet
	for i := range o.c.pending {
		all.addAll(o.c.pending[i].uses)
		all.addAll(bindsOf(o.c.pending[i].operator))
	}
	o.vars = all.minus(o.fixed).list()
	names := o.c.plan.check.names
	name := func(v variable) string {
		if int(v) < len(names) {
			return names[v]
		}
		return ""
	}
	slices.SortStableFunc(o.vars, func(v, w variable) int { return cmp.Compare(name(v), name(w)) })
	o.asked = o.bits(o.c.keep)
	o.shared = slices.DeleteFunc(o.shared, func(g *relation) bool { return o.bits(g.set()) == 0 })
	return len(o.vars) <= 64 && len(o.shared)+len(o.operands) <= 64
}

// bits returns a set of variables by their numbers.
func (o *orderer) bits(vs varSet) (out uint64) {
	for i, v := range o.vars {
		if vs.has(v) {
			out |= 1 << i
		}
	}
	return out
}

// domain adds how many values a variable has in an operand.
func (o *orderer) domain(u *operand, v variable, values float64) {
	at := slices.Index(o.vars, v)
	if at < 0 || u.vars>>at&1 == 1 {
		return
	}
	u.vars |= 1 << at
	u.domains = append(u.domains, domain{at, math.Max(values, 1)})
}

// estimate finds out about the groups, the operands, and what else is pending.
func (o *orderer) estimate() error {
	for _, g := range o.shared {
		u := operand{rows: float64(g.n)}
		for i, v := range g.vars {
			o.domain(&u, v, o.c.run.differing(g, i))
		}
		o.groups = append(o.groups, u.sorted())
	}
	for i := range o.operands {
		for _, m := range o.operands[i].members {
			if err := o.include(&o.operands[i], &o.c.pending[m]); err != nil {
				return err
			}
		}
		o.operands[i] = o.operands[i].sorted()
	}
	for i := range o.c.pending {
		switch s := o.c.pending[i].operator.(type) {
		case *callStep:
			if needs := o.bits(s.needs); s.clause.out == nil {
				o.conditions = append(o.conditions, condition{needs, 0.5})
			} else {
				o.functions = append(o.functions, function{needs, o.bits(positiveVars(s.clause)) &^ needs})
			}
		case *notStep:
			o.conditions = append(o.conditions, condition{o.bits(s.join), 0.5})
		}
	}
	return nil
}

// sorted returns an operand whose domains are in the order of the numbers of their variables.
func (u operand) sorted() operand {
	slices.SortFunc(u.domains, func(a, b domain) int { return cmp.Compare(a.v, b.v) })
	return u
}

// include puts a step into an operand.
func (o *orderer) include(u *operand, p *candidate) error {
	switch s := p.operator.(type) {
	case *scan:
		return o.includeScan(u, s, p.score)
	case *rowScan:
		n := float64(len(s.rows))
		u.rows, u.reads, u.lookups = n, n, n
		for v := range s.uses.each {
			o.domain(u, v, n)
		}
	default:
		o.includeAny(u, p)
	}
	return nil
}

// includeAny takes for the rows of a step what it says that it leaves, and where that depends on a group, that it must be joined to that.
func (o *orderer) includeAny(u *operand, p *candidate) {
	u.rows, u.reads, u.lookups = p.score, p.score, 1
	values := p.score
	for _, g := range o.shared {
		if g.set().meets(p.uses) {
			u.reads, values = math.Inf(1), float64(g.n)
			break
		}
	}
	for v := range p.uses.union(bindsOf(p.operator)).each {
		o.domain(u, v, values)
	}
}

// includeScan puts a scan into an operand: alone, or beside others of its star, each of which keeps a part of the entities.
func (o *orderer) includeScan(u *operand, s *scan, score float64) error {
	p := s.given(o.c)
	full, err := s.full(o.c, &p)
	if err != nil {
		return err
	}
	first := u.lookups == 0
	entities := 0.0
	for place, v := range s.at {
		if v == noVariable || p.known[place] || s.place(v) != place {
			continue
		}
		n, err := s.values(o.c, place, full)
		if err != nil {
			return err
		}
		if place == 0 {
			entities = n
		}
		o.domain(u, v, n)
	}
	if u.lookups++; first {
		u.rows, u.reads = full, full
		return o.calibrate(u, s, &p, score)
	}
	u.reads += math.Min(full, lookupCost*u.rows)
	u.rows *= full / math.Max(entities, 1)
	return nil
}

// calibrate makes the rows of a scan such that as many are found beside the group that is there as were found for some of its rows.
func (o *orderer) calibrate(u *operand, s *scan, p *probe, score float64) error {
	g, err := s.driver(o.c, p)
	if err != nil || g == nil || g.n == 1 && !g.imagined() || s.isOne(p) {
		return err
	}
	i := slices.Index(o.shared, g)
	if i < 0 {
		return nil
	}
	expected := o.groups[i].rows * u.rows
	for _, d := range u.domains {
		for _, e := range o.groups[i].domains {
			if d.v == e.v {
				expected /= math.Max(d.values, e.values)
			}
		}
	}
	if expected > 0 {
		u.rows *= math.Max(score, 0.5) / expected
	}
	return nil
}
