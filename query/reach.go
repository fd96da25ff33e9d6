package query

import "slices"

// A graph is nodes and the edges between them, as they were found.
type graph struct {
	size     int // of nodes
	from, to []int32

	sorted  int     // edges that are among the targets
	offsets []int32 // by node: where its targets begin
	targets []int32
}

// adjacency sorts the edges by the nodes that they leave, unless that was done.
func (g *graph) adjacency() {
	if g.sorted == len(g.to) && len(g.offsets) == g.size+1 {
		return
	}
	g.offsets = make([]int32, g.size+2)
	for _, n := range g.from {
		g.offsets[n+2]++
	}
	for n := 2; n < len(g.offsets); n++ {
		g.offsets[n] += g.offsets[n-1]
	}
	g.targets = make([]int32, len(g.to))
	for i, n := range g.from {
		g.targets[g.offsets[n+1]] = g.to[i]
		g.offsets[n+1]++
	}
	g.offsets, g.sorted = g.offsets[:g.size+1], len(g.to)
}

// next returns the nodes to which edges lead from a node.
func (g *graph) next(n int32) []int32 { return g.targets[g.offsets[n]:g.offsets[n+1]] }

// A reach tells what can be reached from nodes, by one edge or more: for each node asked for a stretch of the found values.
type reach struct {
	c     *closure
	found []int32 // numbers of values
	lists []stretch
	seen  []int32 // by value: 1 + the component in whose list it was put last
}

// A stretch of what was found.
type stretch struct{ from, upto int32 }

// search walks from each node for itself, breadth first.
func (x *reach) search(sources []int32) error {
	g := &x.c.graph
	visited := make([]int32, g.size)
	var queue []int32
	for i, source := range sources {
		mark, from := int32(i)+1, len(x.found)
		queue = append(queue[:0], source)
		for at := 0; at < len(queue); at++ {
			for _, n := range g.next(queue[at]) {
				if visited[n] == mark {
					continue
				}
				visited[n] = mark
				queue = append(queue, n)
				if v, ok := x.c.answer(n); ok {
					x.found = append(x.found, v)
				}
			}
		}
		x.lists = append(x.lists, stretch{int32(from), int32(len(x.found))})
		if err := x.fits(i); err != nil {
			return err
		}
	}
	return nil
}

// fits returns an error where too much was found.
func (x *reach) fits(i int) error {
	return firstError(x.c.run.tick(i), x.c.run.fits(len(x.found), 4))
}

// answer returns the value of a node that is an answer.
func (c *closure) answer(n int32) (int32, bool) {
	if c.layers == 1 {
		return n, true
	}
	return n >> 1, n&1 == 1
}

// condense finds what each component of the graph reaches, after those that it leads to. Nodes that reach each other share one
// list, which begins with them; a node that does not reach itself leaves itself out.
func (x *reach) condense(sources []int32) error {
	p := components(&x.c.graph, sources)
	x.found = make([]int32, 0, 4*x.c.graph.size)
	x.lists = make([]stretch, 0, len(sources))
	x.seen = make([]int32, x.c.values.count())
	lists := make([]stretch, p.count())
	met := make([]int32, p.count())
	var after []int32
	for k := range lists {
		after = p.successors(&x.c.graph, int32(k), after[:0], met)
		lists[k] = x.unite(p.members(int32(k)), after, lists, int32(k)+1)
		if err := x.fits(k); err != nil {
			return err
		}
	}
	for _, n := range sources {
		k := p.of[n]
		list := lists[k]
		if !p.circles[k] {
			list.from += int32(x.answers(p.members(k)))
		}
		x.lists = append(x.lists, list)
	}
	return nil
}

// answers returns how many of some nodes are answers.
func (x *reach) answers(nodes []int32) (n int) {
	for _, m := range nodes {
		if _, ok := x.c.answer(m); ok {
			n++
		}
	}
	return n
}

// unite puts into one list the nodes of a component and what those that it leads to reach.
func (x *reach) unite(own, after []int32, lists []stretch, mark int32) stretch {
	from := len(x.found)
	for _, n := range own {
		if v, ok := x.c.answer(n); ok {
			x.seen[v] = mark
			x.found = append(x.found, v)
		}
	}
	if len(after) == 1 {
		x.found = append(x.found, x.found[lists[after[0]].from:lists[after[0]].upto]...)
		return stretch{int32(from), int32(len(x.found))}
	}
	for _, d := range after {
		x.found = slices.Grow(x.found, int(lists[d].upto-lists[d].from))
		for _, v := range x.found[lists[d].from:lists[d].upto] {
			if x.seen[v] != mark {
				x.seen[v] = mark
				x.found = append(x.found, v)
			}
		}
	}
	return stretch{int32(from), int32(len(x.found))}
}
