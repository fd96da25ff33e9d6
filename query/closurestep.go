package query

import "github.com/datolite/datolite/index"

// A closureStep calls a transitive rule. It starts from the argument that has the fewest values, and where none is bound, from
// every node. Where the steps of the rule cannot be made so, it is called as any rule.
type closureStep struct{ *ruleStep }

// callOf returns the step of a call of rules.
func (r *run) callOf(c *ruleClause, source string, top bool) (operator, error) {
	s, err := r.ruleStep(c, source, top)
	if err == nil && r.rules.transitive[c.name] != nil {
		return &closureStep{s}, nil
	}
	return s, err
}

func (s *closureStep) run(c *conj) error {
	found, side, err := s.pairs(c)
	switch {
	case err != nil:
		return err
	case found == nil:
		return s.ruleStep.run(c)
	}
	if s.args[side].v != noVariable {
		c.forget(s.args[side].v)
	}
	return c.absorb(found)
}

// forget removes a group that has one variable only, whose rows are all among those to be joined.
func (c *conj) forget(v variable) {
	for i, g := range c.groups {
		if len(g.vars) == 1 && g.vars[0] == v {
			c.groups = append(c.groups[:i:i], c.groups[i+1:]...)
			return
		}
	}
}

// pairs returns what the rule holds for the values of one argument, in the variables of the call, and which argument that is. It
// returns nil where that is not to be had.
func (s *closureStep) pairs(c *conj) (*relation, int, error) {
	side := s.side(c)
	for _, backward := range []bool{side == 1, side != 1} {
		cl, err := c.run.closureOf(s.clause.name, s.source, backward)
		if err != nil {
			return nil, side, err
		}
		at := 0
		if backward {
			at = 1
		}
		if cl == nil || side >= 0 && at != side && !s.isBound(c, at) || side < 0 && !cl.scannable() {
			continue
		}
		var sources *relation
		if side >= 0 {
			if sources, err = s.given(c, at); err != nil {
				return nil, at, err
			}
		}
		found, err := cl.reached(sources)
		if err != nil {
			return nil, at, err
		}
		found, err = s.named(c.run, found)
		return found, at, err
	}
	return nil, side, nil
}

// side returns the number of the argument with the fewest values; −1 where none is bound.
func (s *closureStep) side(c *conj) int {
	side, fewest := -1, 0
	for i := range s.args {
		if !s.isBound(c, i) {
			continue
		}
		n := 1
		if v := s.args[i].v; v != noVariable {
			n = c.groupOf(setOf(v)).n
		}
		if side < 0 || n < fewest {
			side, fewest = i, n
		}
	}
	return side
}

// isBound reports whether an argument is a constant or a variable that is bound.
func (s *closureStep) isBound(c *conj, i int) bool {
	a := &s.args[i]
	return a.v == noVariable && !a.blank || a.v != noVariable && c.groupOf(setOf(a.v)) != nil
}

// given returns the values of an argument that is bound.
func (s *closureStep) given(c *conj, i int) (*relation, error) {
	if v := s.args[i].v; v != noVariable {
		return c.run.project(c.groupOf(setOf(v)), []variable{v})
	}
	return &relation{cols: []index.Vector{s.args[i].column(unit())}, n: 1}, nil
}

// named returns the pairs of a rule in the variables of the call, where they fit its arguments.
func (s *closureStep) named(r *run, pairs *relation) (*relation, error) {
	a, b := s.args[0].v, s.args[1].v
	if a == noVariable || b == noVariable || a == b {
		return s.matched(r, pairs)
	}
	return pairs.renamed([]variable{a, b}), nil
}

// scannable reports whether all edges can be read.
func (c *closure) scannable() bool {
	for i := range c.parts {
		for _, l := range c.parts[i].links {
			if l.plans[0] == nil {
				return false
			}
		}
	}
	return true
}

// reached returns the pairs of the rule for the values of the argument that it starts from, or for all, where they are not given.
func (c *closure) reached(given *relation) (*relation, error) {
	sources, err := c.sources(given)
	if err != nil {
		return nil, err
	}
	c.graph.adjacency()
	x := &reach{c: c}
	if few := c.graph.size / 16; len(sources) <= max(few, 1) {
		err = x.search(sources)
	} else {
		err = x.condense(sources)
	}
	if err != nil {
		return nil, err
	}
	return c.emit(x, sources)
}

// sources returns the nodes to start from, with all edges there that may be followed.
func (c *closure) sources(given *relation) ([]int32, error) {
	if given == nil {
		if !c.whole {
			if err := c.everything(); err != nil {
				return nil, err
			}
		}
		all := make([]int32, 0, c.graph.size)
		for n := int32(0); n < int32(c.graph.size); n += c.layers {
			all = append(all, n)
		}
		return all, nil
	}
	values := c.values.column(&given.cols[0], given.n, nil)
	if err := c.from(values); err != nil {
		return nil, err
	}
	for i := range values {
		values[i] *= c.layers
	}
	return values, nil
}

// emit returns the pairs that were found, in the order of the rule's arguments.
func (c *closure) emit(x *reach, sources []int32) (*relation, error) {
	total := 0
	for _, l := range x.lists {
		total += int(l.upto - l.from)
	}
	if err := c.run.fits(total, 16); err != nil {
		return nil, err
	}
	out := &relation{vars: []variable{0, 1}, n: total, unique: true}
	if v := &c.values.values; v.Kinds == nil && v.Texts == nil {
		out.cols = c.emitWords(x, sources, total)
	} else {
		out.cols = c.emitValues(x, sources, total)
	}
	if c.backward {
		out.cols[0], out.cols[1] = out.cols[1], out.cols[0]
	}
	return out, nil
}

// emitWords emits values of a word each.
func (c *closure) emitWords(x *reach, sources []int32, total int) []index.Vector {
	words, kind := c.values.values.Words, c.values.values.Kind
	from, to := make([]uint64, total), make([]uint64, total)
	at := 0
	for i, l := range x.lists {
		source, found := words[sources[i]/c.layers], x.found[l.from:l.upto]
		for k, v := range found {
			from[at+k] = source
			to[at+k] = words[v]
		}
		at += len(found)
	}
	return []index.Vector{{Kind: kind, Words: from}, {Kind: kind, Words: to}}
}

// emitValues emits values of any kind.
func (c *closure) emitValues(x *reach, sources []int32, total int) []index.Vector {
	from, to := make([]int32, 0, total), make([]int32, 0, total)
	for i, l := range x.lists {
		for _, v := range x.found[l.from:l.upto] {
			from, to = append(from, sources[i]/c.layers), append(to, v)
		}
	}
	return []index.Vector{c.values.values.Pick(from), c.values.values.Pick(to)}
}
