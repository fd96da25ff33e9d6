package query

// A partition is the strongly connected components of what can be reached in a graph, numbered so that edges lead to smaller
// numbers or stay within one.
type partition struct {
	of      []int32 // by node: its component, −1 where it was not reached
	nodes   []int32 // by component
	first   []int32 // by component: where its nodes begin
	circles []bool  // by component: whether its nodes reach themselves
}

func (p *partition) count() int { return len(p.circles) }

// members returns the nodes of a component.
func (p *partition) members(k int32) []int32 {
	if int(k)+1 < len(p.first) {
		return p.nodes[p.first[k]:p.first[k+1]]
	}
	return p.nodes[p.first[k]:]
}

// A visit is a node on the way of a depth-first search, and how many of its edges were followed.
type visit struct{ node, edge int32 }

// components partitions what some nodes reach (Tarjan 1972), without recursion.
func components(g *graph, sources []int32) *partition {
	s := &searcher{g: g, index: make([]int32, g.size), low: make([]int32, g.size)}
	s.of, s.nodes = make([]int32, g.size), make([]int32, 0, g.size)
	s.first, s.circles = make([]int32, 0, g.size), make([]bool, 0, g.size)
	for n := range s.of {
		s.of[n] = -1
	}
	for _, n := range sources {
		if s.index[n] == 0 {
			s.walk(n)
		}
	}
	return &s.partition
}

type searcher struct {
	partition
	g     *graph
	n     int32
	index []int32 // by node: 1 + how many were met before it
	low   []int32
	open  []int32
	path  []visit
}

// walk visits all that a node reaches and that was not visited yet.
func (s *searcher) walk(root int32) {
	s.enter(root)
	for len(s.path) > 0 {
		top := &s.path[len(s.path)-1]
		next := s.g.next(top.node)
		if int(top.edge) == len(next) {
			s.leave(top.node)
			continue
		}
		n := next[top.edge]
		top.edge++
		switch {
		case s.index[n] == 0:
			s.enter(n)
		case s.of[n] < 0:
			s.low[top.node] = min(s.low[top.node], s.index[n])
		}
	}
}

func (s *searcher) enter(n int32) {
	s.n++
	s.index[n], s.low[n] = s.n, s.n
	s.open = append(s.open, n)
	s.path = append(s.path, visit{node: n})
}

// leave ends the visit of a node, and closes its component where it is the first of it.
func (s *searcher) leave(n int32) {
	s.path = s.path[:len(s.path)-1]
	if len(s.path) > 0 {
		above := s.path[len(s.path)-1].node
		s.low[above] = min(s.low[above], s.low[n])
	}
	if s.low[n] != s.index[n] {
		return
	}
	k, from := int32(len(s.circles)), len(s.nodes)
	for {
		m := s.open[len(s.open)-1]
		s.open = s.open[:len(s.open)-1]
		s.of[m] = k
		s.nodes = append(s.nodes, m)
		if m == n {
			break
		}
	}
	s.first = append(s.first, int32(from))
	s.circles = append(s.circles, len(s.nodes)-from > 1 || s.loops(n))
}

// loops reports whether an edge leads from a node to itself.
func (s *searcher) loops(n int32) bool {
	for _, m := range s.g.next(n) {
		if m == n {
			return true
		}
	}
	return false
}

// successors appends the other components to which edges lead from one. What was met is marked with the component's number plus one.
func (p *partition) successors(g *graph, k int32, out, met []int32) []int32 {
	for _, n := range p.members(k) {
		for _, m := range g.next(n) {
			if d := p.of[m]; d != k && met[d] != k+1 {
				met[d] = k + 1
				out = append(out, d)
			}
		}
	}
	return out
}
