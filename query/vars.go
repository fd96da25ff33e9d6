package query

// allVars returns the variables that a clause shares with those beside it, those in its negations included. The variables that
// are local to a not-join or or-join are not among them.
func allVars(c clause) varSet {
	if n, ok := c.(*notClause); ok {
		if n.join != nil {
			return *n.join
		}
		return allVarsOf(n.body)
	}
	if o, ok := c.(*orClause); ok && o.join == nil {
		var s varSet
		for _, b := range o.branches {
			s.addAll(allVarsOf(b))
		}
		return s
	}
	return positiveVars(c)
}

func allVarsOf(cs []clause) varSet {
	var s varSet
	for _, c := range cs {
		s.addAll(allVars(c))
	}
	return s
}

// positiveVars returns the variables that are bound wherever a clause holds: all but those that only a negation has.
func positiveVars(c clause) varSet {
	var s varSet
	switch c := c.(type) {
	case *patternClause:
		termVars(c.terms, &s)
	case *ruleClause:
		termVars(c.args, &s)
	case *callClause:
		s = c.needs()
		if c.out != nil {
			c.out.vars(&s)
		}
	case *orClause:
		if c.join != nil {
			return *c.join
		}
		for _, b := range c.branches {
			for _, inner := range b {
				s.addAll(positiveVars(inner))
			}
		}
	}
	return s
}

func termVars(ts []term, s *varSet) {
	for _, t := range ts {
		s.add(t.v)
	}
}

// needs returns the variables that a call takes.
func (c *callClause) needs() varSet {
	s := setOf(c.fn)
	termVars(c.args, &s)
	return s
}

// negated returns the variables that occur in negations within an or.
func (c *orClause) negated() varSet {
	var s varSet
	for _, b := range c.branches {
		for _, inner := range b {
			switch inner := inner.(type) {
			case *notClause:
				s.addAll(allVars(inner))
			case *orClause:
				s.addAll(inner.negated())
			}
		}
	}
	if c.join != nil {
		return s.and(*c.join)
	}
	return s
}
