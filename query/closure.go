package query

import (
	"slices"

	"github.com/datolite/datolite/index"
)

// A closure is a transitive rule being computed over a source, from its first argument on or, backward, from its second. It is a
// graph that grows as far as is asked for, and is kept until the query ends. Where a rule is plain, a node is a value; where it
// is not, each value has one node that lies before the base and one that lies after it, and only the latter is an answer.
type closure struct {
	run      *run
	backward bool
	parts    [2]linkage // the edges that leave nodes before the base, and those that leave nodes after it
	layers   int32
	graph    graph
	values   numbering
	expanded []bool // by node
	whole    bool   // all edges are there
	spent    int    // on looking for edges
	size     int    // about how many edges there are; −1 where it is not known yet
}

// A linkage is the edges that leave nodes of one layer.
type linkage struct {
	links []*link
}

// A link is a rule whose pairs are edges, and the layer to which they lead.
type link struct {
	rule     *rule
	from, to variable
	layer    int32
	plans    [2]*plan      // with nothing bound, and with from bound; nil where that cannot be
	open     bool          // the plans are those of a template, and get their sources when one is first run
	hops     []hop         // the latter as hops; nil where it is not such
	at, next []index.Value // room for walks along them
}

// closureOf returns the closure of a rule over a source; nil where its steps cannot be made in that direction.
func (r *run) closureOf(name, source string, backward bool) (*closure, error) {
	key := closureKey{name, source, backward}
	if c, ok := r.closures[key]; ok {
		return c, nil
	}
	if r.closures == nil {
		r.closures = map[closureKey]*closure{}
	}
	c, err := r.newClosure(key)
	r.closures[key] = c
	return c, err
}

// newClosure returns a closure of which nothing is known, with the plans of the template where those are there.
func (r *run) newClosure(key closureKey) (*closure, error) {
	t := r.rules.transitive[key.name]
	c := &closure{run: r, backward: key.backward, layers: 2, size: -1}
	if t.plain {
		c.layers = 1
	}
	if r.template != nil {
		if kept, ok := r.template.closures.Load(key); ok && c.take(kept.([2]linkage)) {
			return c, nil
		}
	}
	c.parts = t.parts(key.backward)
	for i := range c.parts {
		for _, l := range c.parts[i].links {
			if ok, err := c.ready(l, key.source); !ok || err != nil {
				return nil, err
			}
		}
	}
	if r.template != nil && c.keepable() {
		r.template.closures.Store(key, eachLink(c.parts, (*plan).open))
	}
	return c, nil
}

// parts returns the edges of a transitive rule, in one direction.
func (t *transitive) parts(backward bool) (parts [2]linkage) {
	before, after := t.before, t.after
	switch {
	case t.plain:
		parts[0].add(t.base, backward, 0)
		return parts
	case backward:
		before, after = after, before
	}
	parts[0].add(before, backward, 0)
	parts[0].add(t.base, backward, 1)
	parts[1].add(after, backward, 1)
	return parts
}

// eachLink returns linkages with other plans.
func eachLink(parts [2]linkage, change func(*plan) *plan) (out [2]linkage) {
	for i := range parts {
		links := make([]link, len(parts[i].links))
		for j, l := range parts[i].links {
			n := &links[j]
			*n = link{rule: l.rule, from: l.from, to: l.to, layer: l.layer, hops: l.hops}
			for k, p := range l.plans {
				if p != nil {
					n.plans[k] = change(p)
				}
			}
			out[i].links = append(out[i].links, n)
		}
	}
	return out
}

// take takes the plans of a template, as they are; it reports false where some would mean another function.
func (c *closure) take(parts [2]linkage) bool {
	ok := true
	c.parts = eachLink(parts, func(p *plan) *plan {
		ok = ok && !p.hosted(c.run)
		return p
	})
	for i := range c.parts {
		for _, l := range c.parts[i].links {
			l.open = true
		}
	}
	return ok
}

// planOf returns a plan of a link, with its sources.
func (c *closure) planOf(l *link, bound int) *plan {
	if l.open {
		l.open = false
		for k, p := range l.plans {
			if p != nil {
				l.plans[k] = p.instance(c.run, c.run.instanceOf(p.check))
			}
		}
	}
	return l.plans[bound]
}

// keepable reports whether the plans of the closure depend on nothing but schemas.
func (c *closure) keepable() bool {
	ok := true
	eachLink(c.parts, func(p *plan) *plan {
		ok = ok && p.keepable()
		return p
	})
	return ok
}

// A closureKey tells closures apart.
type closureKey struct {
	name, source string
	backward     bool
}

func (l *linkage) add(rules []*rule, backward bool, layer int32) {
	for _, r := range rules {
		from, to := r.head[0], r.head[1]
		if backward {
			from, to = to, from
		}
		l.links = append(l.links, &link{rule: r, from: from, to: to, layer: layer})
	}
}

// ready makes the plans of a link, and reports whether it can be run from given nodes.
func (c *closure) ready(l *link, source string) (bool, error) {
	bound := varSet{}
	for i := range l.plans {
		if i == 1 {
			bound.add(variable(indexOf(l.rule.head, l.from)))
		}
		f, err := c.run.modes.flowOf(l.rule, source, bound, true)
		if err != nil {
			continue
		}
		a := &analyzer{rules: c.run.rules, rows: c.run.isRows, names: l.rule.names, flow: f, modes: c.run.modes, dollar: source}
		if l.plans[i], err = c.run.plan(l.rule.body, a, source, false); err != nil {
			return false, inRules(err)
		}
	}
	if l.plans[1] != nil {
		l.hops = l.plans[1].hops(l.from, l.to)
	}
	return l.plans[1] != nil, nil
}

// from makes sure that all edges are there which can be reached from some values.
func (c *closure) from(values []int32) error {
	c.grow()
	var frontier []int32
	for _, v := range values {
		if n := v * c.layers; !c.expanded[n] {
			c.expanded[n] = true
			frontier = append(frontier, n)
		}
	}
	for len(frontier) > 0 && !c.whole {
		if err := c.run.ctx.Err(); err != nil {
			return err
		}
		all, err := c.scanPays(len(frontier))
		if err != nil {
			return err
		}
		if all {
			return c.everything()
		}
		if frontier, err = c.expand(frontier); err != nil {
			return err
		}
	}
	return nil
}

// The cost of looking up the edges of a node, and of another round of doing so, in edges that a scan reads meanwhile.
const (
	edgesCost   = 40
	roundCost   = 150
	measureCost = 2000 // that of finding out how many edges there are is not worth it before so much was spent
)

// scanPays reports whether it is cheaper to read all edges than to go on looking for those of so many nodes.
func (c *closure) scanPays(nodes int) (bool, error) {
	if c.spent += roundCost + nodes*edgesCost; c.spent <= measureCost {
		return false, nil
	}
	if c.size < 0 {
		if err := c.measure(); err != nil {
			return false, err
		}
	}
	return c.spent > c.size, nil
}

// measure finds out about how many edges there are: as many as the largest pattern has datoms.
func (c *closure) measure() error {
	c.size = 0
	for i := range c.parts {
		for _, l := range c.parts[i].links {
			most := 0
			if l.plans[0] == nil {
				most = maxInvented * edgesCost
			} else {
				for _, s := range c.planOf(l, 0).steps {
					n, err := c.run.extent(s)
					if err != nil {
						return err
					}
					most = max(most, n)
				}
			}
			c.size += most
		}
	}
	return nil
}

// extent returns about how many rows a step reads where nothing is bound.
func (r *run) extent(s operator) (int, error) {
	switch s := s.(type) {
	case *scan:
		x := s.excerpt(&s.consts, nil)
		return s.count(r, &x)
	case *rowScan:
		return len(s.rows), nil
	case *ruleStep, *closureStep, *orStep:
		return maxInvented, nil
	}
	return 0, nil
}

// everything reads all edges.
func (c *closure) everything() error {
	for i := range c.parts {
		for _, l := range c.parts[i].links {
			if err := c.follow(l, int32(i), nil); err != nil {
				return err
			}
		}
	}
	c.whole = true
	return nil
}

// expand reads the edges that leave some nodes, and returns the nodes to which they lead and whose edges were not asked for yet.
func (c *closure) expand(frontier []int32) ([]int32, error) {
	at := len(c.graph.to)
	for i := range c.parts {
		var places []int32
		for _, n := range frontier {
			if n%c.layers == int32(i) {
				places = append(places, n/c.layers)
			}
		}
		if len(places) == 0 {
			continue
		}
		for _, l := range c.parts[i].links {
			if err := c.leave(l, int32(i), places); err != nil {
				return nil, err
			}
		}
	}
	frontier = frontier[:0]
	for _, n := range c.graph.to[at:] {
		if !c.expanded[n] {
			c.expanded[n] = true
			frontier = append(frontier, n)
		}
	}
	return frontier, nil
}

// leave adds the edges of a link that leave some values.
func (c *closure) leave(l *link, layer int32, places []int32) error {
	if len(places) > fewNodes || !c.isHops(l) {
		given := &relation{vars: []variable{l.from}, cols: []index.Vector{c.values.values.Pick(places)}, n: len(places)}
		return c.follow(l, layer, given)
	}
	before := len(c.graph.to)
	if err := c.walk(l, layer, places); err != nil {
		return err
	}
	return c.added(len(c.graph.to) - before)
}

// follow adds the edges of a link that leave given values, or all.
func (c *closure) follow(l *link, layer int32, given *relation) error {
	found, err := c.pairs(l, given)
	if err != nil {
		return err
	}
	c.graph.from = c.nodes(found, l.from, layer, c.graph.from)
	c.graph.to = c.nodes(found, l.to, l.layer, c.graph.to)
	return c.added(found.n)
}

// added accounts for new edges.
func (c *closure) added(edges int) error {
	c.run.held += int64(edges) * edgeBytes
	c.grow()
	return c.run.fits(len(c.graph.to), 0)
}

// edgeBytes is about how many bytes an edge takes, with its share of the nodes.
const edgeBytes = 32

// pairs runs a link. Pairs may come twice.
func (c *closure) pairs(l *link, given *relation) (*relation, error) {
	if given != nil {
		return c.run.solve(c.planOf(l, 1), []*relation{given}, setOf(l.from, l.to), nil)
	}
	if s, ok := c.planOf(l, 0).only().(*scan); ok {
		out := newRelation([]variable{l.from, l.to})
		x := s.excerpt(&s.consts, nil)
		return out, s.read(c.run, &s.consts, &x, out)
	}
	return c.run.solve(c.planOf(l, 0), nil, setOf(l.from, l.to), nil)
}

// isHops reports whether a link is a path of hops, none of which goes through history.
func (c *closure) isHops(l *link) bool {
	return l.hops != nil && !slices.ContainsFunc(l.hops, func(h hop) bool { return c.run.sources[h.source].db.IsHistory() })
}

// only returns the step of a plan that has one.
func (p *plan) only() operator {
	if len(p.steps) != 1 {
		return nil
	}
	return p.steps[0]
}

// nodes appends the nodes of a column in a layer.
func (c *closure) nodes(g *relation, v variable, layer int32, out []int32) []int32 {
	at := len(out)
	out = c.values.column(&g.cols[g.column(v)], g.n, slices.Grow(out, g.n))
	if c.layers == 2 {
		for i := at; i < len(out); i++ {
			out[i] = 2*out[i] + layer
		}
	}
	return out
}

// grow makes room for the nodes of all values.
func (c *closure) grow() {
	n := c.values.count() * int(c.layers)
	if n > len(c.expanded) {
		c.expanded = append(c.expanded, make([]bool, n-len(c.expanded))...)
	}
	c.graph.size = n
}
