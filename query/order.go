package query

import (
	"math"
	"math/bits"
)

// An ordering is what is known of the relations that a conjunction is still to join, in numbers: enough to find the order in which joining
// them touches the fewest rows. Its variables have numbers of its own, by their names, and a set of them is the bits of a word.
type ordering struct {
	groups     []operand // that are there already
	operands   []operand // to be joined, at most maxOperands
	conditions []condition
	functions  []function
	asked      uint64 // variables that are asked for in the end

	states   []state   // by the set of operands that are joined
	clusters []cluster // of the states
}

// maxOperands is of how many operands every order is looked at.
const maxOperands = 10

// A operand is a relation: a group, or what a step joins to the groups, or the steps of a star together.
type operand struct {
	vars    uint64
	rows    float64 // that it has by itself
	domains []domain
	reads   float64 // datoms that are read where it begins a group, or is read beside one
	lookups float64 // for each row where rows are looked up instead
	members []int   // the steps, by their numbers among those that are pending
}

// A domain is how many values a variable has in an operand, or would have were these not restricted to one value of another component.
type domain struct {
	v      int
	values float64
}

// A condition keeps a part of the rows that have its variables.
type condition struct {
	vars  uint64
	keeps float64
}

// A function gives rows that have some variables others.
type function struct{ needs, makes uint64 }

// A state is a set of operands that are joined: the cost of the best order, and the operand that comes first in it.
type state struct {
	cost     float64
	first    int
	from, to int     // its clusters
	rows     float64 // of all clusters together
}

// A cluster is operands that are connected by variables, joined.
type cluster struct {
	vars, members uint64
	rows          float64
}

// best returns the operand with which the cheapest of all orders begins. Of orders that cost the same it is the first.
func (o *ordering) best() int {
	n := len(o.operands)
	o.states = make([]state, 1<<n)
	for set := range o.states {
		o.enter(uint64(set))
	}
	o.states[0].cost = 0
	for set := range o.states {
		s := &o.states[set]
		for i := range o.operands {
			if set>>i&1 == 1 {
				continue
			}
			next := &o.states[set|1<<i]
			cost := s.cost + o.cost(s, next, &o.operands[i])
			if cost >= next.cost {
				continue
			}
			if next.cost, next.first = cost, s.first; set == 0 {
				next.first = i
			}
		}
	}
	return o.states[len(o.states)-1].first
}

// cost estimates how many rows are touched where an operand is joined to those of a state: what is read of it, what is found beside the one of
// the clusters that share variables with it which leads to the fewest, the rows of the others, and what comes of it.
func (o *ordering) cost(s, next *state, u *operand) float64 {
	driver, total, found := 0.0, 0.0, math.Inf(1)
	clusters := 0
	for i := s.from; i < s.to; i++ {
		p := &o.clusters[i]
		if p.vars&u.vars == 0 {
			continue
		}
		clusters++
		total += p.rows
		if n := p.rows * u.fan(p.vars); n < found {
			driver, found = p.rows, n
		}
	}
	made := math.Max(next.rows-(s.rows-total), 0)
	switch clusters {
	case 0:
		return u.reads + made
	case 1:
		return u.beside(driver, found) + made
	}
	return u.beside(driver, found) + found + total - driver + made
}

// fan returns how many rows of an operand have the same values in some variables, on average.
func (u *operand) fan(vars uint64) float64 {
	n := u.rows
	for _, d := range u.domains {
		if vars>>d.v&1 == 1 {
			n /= d.values
		}
	}
	return n
}

// beside returns how much is read of an operand beside so many rows, by which so many of its own are found.
func (u *operand) beside(rows, found float64) float64 {
	return math.Min(u.reads, u.lookups*rows*lookupCost+found)
}

// enter finds out what a state consists of.
func (o *ordering) enter(set uint64) {
	s := &o.states[set]
	s.cost, s.from = math.Inf(1), len(o.clusters)
	rest := o.asked
	for i := range o.groups {
		o.connect(s.from, cluster{vars: o.groups[i].vars, members: 1 << i})
	}
	for i := range o.operands {
		if set>>i&1 == 0 {
			rest |= o.operands[i].vars
			continue
		}
		o.connect(s.from, cluster{vars: o.operands[i].vars, members: 1 << (len(o.groups) + i)})
	}
	called := o.call(s.from)
	for i := range o.functions {
		if called>>i&1 == 0 {
			rest |= o.functions[i].needs
		}
	}
	for _, c := range o.conditions {
		if !o.within(s.from, c.vars) {
			rest |= c.vars
		}
	}
	s.to = len(o.clusters)
	for i := s.from; i < s.to; i++ {
		o.clusters[i].rows = o.rowsOf(&o.clusters[i], rest)
		s.rows += o.clusters[i].rows
	}
}

// connect puts a cluster among those from one on, together with those that it shares variables with.
func (o *ordering) connect(from int, p cluster) {
	kept := o.clusters[:from]
	for _, other := range o.clusters[from:] {
		if other.vars&p.vars == 0 {
			kept = append(kept, other)
			continue
		}
		p.vars, p.members = p.vars|other.vars, p.members|other.members
	}
	o.clusters = append(kept, p)
}

// call puts in what the functions make that can be called, and returns which these are.
func (o *ordering) call(from int) (called uint64) {
	for again := true; again; {
		again = false
		for i, f := range o.functions {
			if called>>i&1 == 1 || !o.within(from, f.needs) {
				continue
			}
			called, again = called|1<<i, true
			o.connect(from, cluster{vars: f.needs | f.makes})
		}
	}
	return called
}

// within reports whether one of the clusters from one on has all of some variables.
func (o *ordering) within(from int, vars uint64) bool {
	for i := from; i < len(o.clusters); i++ {
		if vars&^o.clusters[i].vars == 0 {
			return true
		}
	}
	return false
}

// rowsOf estimates how many rows a cluster has, of which distinct ones in the variables that are needed further on are left: for each variable,
// two operands agree as often as the greater of their domains says.
func (o *ordering) rowsOf(p *cluster, needed uint64) float64 {
	var values [64]float64
	rows := 1.0
	for at := p.members; at != 0; at &= at - 1 {
		u := o.member(bits.TrailingZeros64(at))
		rows *= u.rows
		for _, d := range u.domains {
			if known := values[d.v]; known == 0 {
				values[d.v] = d.values
			} else {
				rows /= math.Max(known, d.values)
				values[d.v] = math.Min(known, d.values)
			}
		}
	}
	rows *= o.kept(p.vars, &values)
	most := 1.0
	for at := p.vars & needed; at != 0 && most < rows; at &= at - 1 {
		if n := values[bits.TrailingZeros64(at)]; n > 0 {
			most *= n
		} else {
			return rows
		}
	}
	return math.Min(rows, most)
}

// kept returns which part of the rows that have some variables is left by the conditions, and by the functions whose results they have already.
func (o *ordering) kept(vars uint64, values *[64]float64) float64 {
	keeps := 1.0
	for _, c := range o.conditions {
		if c.vars&^vars == 0 {
			keeps *= c.keeps
		}
	}
	for _, f := range o.functions {
		if f.needs&^vars != 0 {
			continue
		}
		results := 1.0
		for at := f.needs; at != 0; at &= at - 1 {
			results = math.Max(results, values[bits.TrailingZeros64(at)])
		}
		for at := f.makes; at != 0; at &= at - 1 {
			if known := &values[bits.TrailingZeros64(at)]; *known == 0 {
				*known = results
			} else {
				keeps /= math.Max(*known, results)
			}
		}
	}
	return keeps
}

// member returns a group, or behind those an operand.
func (o *ordering) member(i int) *operand {
	if i < len(o.groups) {
		return &o.groups[i]
	}
	return &o.operands[i-len(o.groups)]
}
