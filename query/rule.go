package query

import (
	"slices"

	"github.com/datolite/datolite/edn"
)

// A ruleSet is what was read from the text of rules. It never changes.
type ruleSet struct {
	text  Rules
	rules map[string][]*rule // by name, in the order of the text
	group map[string]int     // rules of one number call each other in a circle
	names []string           // sorted

	inventor map[int]*rule // by group: one that makes values which are in no source

	transitive map[string]*transitive // by name: rules that are closures
	looksUp    bool                   // a constant in them may be a lookup ref
}

var parsedRules memo[*ruleSet]

// parseRules returns the rules of a text. What was read lately is kept.
func parseRules(text string) (*ruleSet, error) {
	if rs, ok := parsedRules.get(text); ok {
		return rs, nil
	}
	rs, err := readRules(text)
	if err != nil {
		return nil, inRules(err)
	}
	parsedRules.put(text, rs)
	return rs, nil
}

// inRules marks the place of an error as one in the text of rules.
func inRules(err error) error { return within("rules ", err) }

func readRules(text string) (*ruleSet, error) {
	n, err := readForm(text)
	if err != nil {
		return nil, err
	}
	if n.Kind != edn.Vector && n.Kind != edn.List {
		return nil, errorAt(n.Pos, ErrRule, "rules are a vector of rules, not %s", edn.String(n))
	}
	rs := &ruleSet{text: Rules(text), rules: map[string][]*rule{}, group: map[string]int{}, inventor: map[int]*rule{}, transitive: map[string]*transitive{}}
	for _, item := range n.Items {
		r, err := readRule(item)
		if err != nil {
			return nil, err
		}
		if err := rs.add(r); err != nil {
			return nil, err
		}
	}
	slices.Sort(rs.names)
	if err := rs.checkCalls(); err != nil {
		return nil, err
	}
	rs.findGroups()
	if err := rs.checkStrata(); err != nil {
		return nil, err
	}
	if err := rs.checkBodies(); err != nil {
		return nil, err
	}
	rs.looksUp = rs.findVectors()
	rs.inline()
	rs.findTransitive()
	rs.liftOrs()
	return rs, nil
}

// add adds a branch, whose head must be as long as those before it.
func (rs *ruleSet) add(r *rule) error {
	have := rs.rules[r.name]
	if len(have) == 0 {
		rs.names = append(rs.names, r.name)
	} else if len(have[0].head) != len(r.head) {
		return errorAt(r.pos, ErrRule, "rule %s has %s here and %d above", r.name, plural(len(r.head), "argument"), len(have[0].head))
	}
	rs.rules[r.name] = append(have, r)
	return nil
}

// readRule reads [(name ?x …) clause …] or [(name [?required …] ?x …) clause …].
func readRule(n edn.Node) (*rule, error) {
	if n.Kind != edn.Vector || len(n.Items) == 0 || n.Items[0].Kind != edn.List || len(n.Items[0].Items) == 0 {
		return nil, errorAt(n.Pos, ErrRule, "a rule is written [(name ?x) clause …], not %s", edn.String(n))
	}
	head := n.Items[0]
	r := &rule{name: symbol(head.Items[0]), pos: n.Pos}
	switch {
	case r.name == "" || isVariable(head.Items[0]) || isSource(head.Items[0]) || slices.Contains(reserved, r.name):
		return nil, errorAt(head.Pos, ErrRule, "%s is no name for a rule", edn.String(head.Items[0]))
	case len(n.Items) == 1:
		return nil, errorAt(n.Pos, ErrRule, "rule %s has no body", r.name)
	}
	p := newParser()
	if err := p.head(r, head); err != nil {
		return nil, err
	}
	var err error
	r.body, err = p.clauses(n.Items[1:])
	r.names = p.names
	return r, err
}

var reserved = []string{"not", "not-join", "or", "or-join", "and", "_", "%"}

// head reads the variables of a rule's head.
func (p *parser) head(r *rule, head edn.Node) error {
	items := head.Items[1:]
	if len(items) > 0 && items[0].Kind == edn.Vector {
		r.required = len(items[0].Items)
		items = append(slices.Clone(items[0].Items), items[1:]...)
	}
	for _, n := range items {
		if !isVariable(n) {
			return errorAt(n.Pos, ErrRule, "the head of rule %s takes variables, not %s", r.name, edn.String(n))
		}
		v := p.variable(symbol(n))
		if slices.Contains(r.head, v) {
			return errorAt(n.Pos, ErrRule, "%s stands twice in the head of rule %s", symbol(n), r.name)
		}
		r.head = append(r.head, v)
	}
	if len(r.head) == 0 {
		return errorAt(head.Pos, ErrRule, "rule %s has no arguments", r.name)
	}
	return nil
}

// calls yields the calls of rules among some clauses, with whether a negation is around them.
func calls(cs []clause, negated bool, yield func(c *ruleClause, negated bool)) {
	for _, c := range cs {
		switch c := c.(type) {
		case *ruleClause:
			yield(c, negated)
		case *notClause:
			calls(c.body, true, yield)
		case *orClause:
			for _, b := range c.branches {
				calls(b, negated, yield)
			}
		}
	}
}

// checkCall checks that a called rule exists, and that the number of arguments is right.
func (rs *ruleSet) checkCall(c *ruleClause) error {
	_, isFunction := builtins[builtinName(c.name)]
	isFunction = isFunction || sourceFunctions[c.name] != nil
	if isFunction && (rs == nil || len(rs.rules[c.name]) == 0) {
		return errorAt(c.pos, ErrClause, "the call of a function is written in brackets: [%s], or [%[1]s ?result]", c.key)
	}
	if rs == nil {
		return errorAt(c.pos, ErrRule, "%s calls a rule, and :in has no %%", c.key)
	}
	branches := rs.rules[c.name]
	if len(branches) == 0 {
		return errorAt(c.pos, ErrRule, "unknown rule %s%s", c.name, didYouMean(c.name, rs.names, ""))
	}
	if n := len(branches[0].head); n != len(c.args) {
		return errorAt(c.pos, ErrRule, "rule %s takes %s, not %d", c.name, plural(n, "argument"), len(c.args))
	}
	return nil
}

func (rs *ruleSet) checkCalls() error {
	var err error
	for _, name := range rs.names {
		for _, r := range rs.rules[name] {
			calls(r.body, false, func(c *ruleClause, _ bool) {
				if err == nil {
					err = rs.checkCall(c)
				}
			})
		}
	}
	return err
}

// checkBodies checks every body as far as that goes without sources: with all arguments bound, and calls that bind theirs.
func (rs *ruleSet) checkBodies() error {
	for _, name := range rs.names {
		for _, r := range rs.rules[name] {
			a := &analyzer{names: r.names, dollar: "$", rows: anyRows, flow: newFlow()}
			if _, err := a.conjunction(r.body, setOf(r.head...), "$"); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkStrata checks that no rule rests on its own negation.
func (rs *ruleSet) checkStrata() error {
	var err error
	for _, name := range rs.names {
		for _, r := range rs.rules[name] {
			calls(r.body, false, func(c *ruleClause, negated bool) {
				if negated && err == nil && rs.group[c.name] == rs.group[name] {
					err = errorAt(c.pos, ErrRule, "rule %s rests on the negation of itself", name)
				}
			})
		}
	}
	return err
}

// findGroups numbers the strongly connected components of the calls (Tarjan 1972).
func (rs *ruleSet) findGroups() {
	g := &grouper{rs: rs, index: map[string]int{}, low: map[string]int{}, open: map[string]bool{}}
	for _, name := range rs.names {
		if g.index[name] == 0 {
			g.visit(name)
		}
	}
}

type grouper struct {
	rs    *ruleSet
	n     int
	index map[string]int
	low   map[string]int
	open  map[string]bool
	stack []string
}

func (g *grouper) visit(name string) {
	g.n++
	g.index[name], g.low[name] = g.n, g.n
	g.stack, g.open[name] = append(g.stack, name), true
	for _, r := range g.rs.rules[name] {
		calls(r.body, false, func(c *ruleClause, _ bool) {
			if g.index[c.name] == 0 {
				g.visit(c.name)
				g.low[name] = min(g.low[name], g.low[c.name])
			} else if g.open[c.name] {
				g.low[name] = min(g.low[name], g.index[c.name])
			}
		})
	}
	if g.low[name] != g.index[name] {
		return
	}
	at := slices.Index(g.stack, name)
	members := slices.Clone(g.stack[at:])
	g.stack = g.stack[:at]
	for _, m := range members {
		g.open[m], g.rs.group[m] = false, g.index[name]
	}
	g.rs.findInventor(g.index[name], members)
}

// findInventor notes the first rule of a group that makes values which are in no source, itself or by calling others. The groups
// that it calls were looked at before.
func (rs *ruleSet) findInventor(group int, names []string) {
	slices.Sort(names)
	for _, name := range names {
		for _, r := range rs.rules[name] {
			makes := makesValues(r.body)
			calls(r.body, false, func(c *ruleClause, _ bool) { makes = makes || rs.inventor[rs.group[c.name]] != nil })
			if makes {
				rs.inventor[group] = r
				return
			}
		}
	}
}

// findVectors reports whether a constant of the rules may be a lookup ref.
func (rs *ruleSet) findVectors() bool {
	for _, name := range rs.names {
		for _, r := range rs.rules[name] {
			if hasVector(r.body) {
				return true
			}
		}
	}
	return false
}

func hasVector(cs []clause) bool {
	return slices.ContainsFunc(cs, func(c clause) bool {
		switch c := c.(type) {
		case *patternClause:
			return slices.ContainsFunc(c.terms, term.isVector)
		case *ruleClause:
			return slices.ContainsFunc(c.args, term.isVector)
		case *callClause:
			return slices.ContainsFunc(c.args, term.isVector)
		}
		return slices.ContainsFunc(bodies(c), hasVector)
	})
}

func makesValues(cs []clause) bool {
	return slices.ContainsFunc(cs, func(c clause) bool {
		if call, ok := c.(*callClause); ok {
			return call.out != nil
		}
		return slices.ContainsFunc(bodies(c), makesValues)
	})
}
