package provenance

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/spell"
)

// bind ties every name to what it names.
func (r *reader) bind() {
	for _, label := range slices.Sorted(maps.Keys(r.nodes)) {
		n := r.nodes[label]
		for i := range n.inputs {
			in := &n.inputs[i]
			path := "nodes." + label + ".in." + in.port
			in.node = r.outputOf(in.pos, path, in.label, in.output)
			r.fits(n, in, path)
		}
		r.complete(n)
	}
	for i := range r.exports {
		e := &r.exports[i]
		e.node = r.outputOf(e.pos, "targets."+e.name, e.label, e.output)
	}
}

// outputOf returns the node that has an output, and nil with a problem where none has.
func (r *reader) outputOf(pos edn.Pos, path, label, output string) *node {
	if label == "" || output == "" {
		return nil
	}
	n := r.nodes[label]
	if n == nil {
		r.problemAt(pos, path, "there is no node %q%s", label, spell.DidYouMean(label, sorted(r.nodes)))
		return nil
	}
	if n.op == nil {
		return nil
	}
	if _, ok := n.op.out[output]; !ok {
		r.problemAt(pos, path, "op %q has no output %s%s", n.op.name, r.in.name(output), r.meant(output, slices.Sorted(maps.Keys(n.op.out))))
		return nil
	}
	return n
}

// fits checks that an input's port exists and takes what the output is.
func (r *reader) fits(n *node, in *input, path string) {
	if n.op == nil || in.node == nil {
		return
	}
	want, ok := n.op.in[in.port]
	if !ok {
		r.problemAt(in.pos, path, "op %q has no input %s%s", n.op.name, r.in.name(in.port), r.meant(in.port, slices.Sorted(maps.Keys(n.op.in))))
	} else if got := in.node.op.out[in.output]; edn.String(plain(got)) != edn.String(plain(want)) {
		r.problemAt(in.pos, path, "takes %s, and %s is %s", r.in.form(want), r.in.output(in.label, in.output), r.in.form(got))
	}
}

// complete checks that every input port of the node's operation is fed.
func (r *reader) complete(n *node) {
	if n.op == nil {
		return
	}
	for _, port := range slices.Sorted(maps.Keys(n.op.in)) {
		if !slices.ContainsFunc(n.inputs, func(in input) bool { return in.port == port }) {
			r.problemAt(n.pos, "nodes."+n.label+".in."+port, "is not given, and op %q needs it", n.op.name)
		}
	}
}

// order returns the nodes with inputs before what rests on them, heights set, or notes a cycle. It is Kahn's algorithm; what it
// leaves over lies on cycles, or rests on one.
func (r *reader) order() []*node {
	consumers, waiting := map[*node][]*node{}, map[*node]int{}
	var ready, out []*node
	for _, label := range slices.Sorted(maps.Keys(r.nodes)) {
		n := r.nodes[label]
		for _, in := range n.inputs {
			consumers[in.node] = append(consumers[in.node], n)
		}
		if waiting[n] = len(n.inputs); len(n.inputs) == 0 {
			ready = append(ready, n)
		}
	}
	for len(ready) > 0 {
		n := ready[0]
		ready, out = ready[1:], append(out, n)
		for _, c := range consumers[n] {
			c.height = max(c.height, n.height+1)
			if waiting[c]--; waiting[c] == 0 {
				ready = append(ready, c)
			}
		}
	}
	if len(out) < len(r.nodes) {
		r.cycle(waiting)
	}
	return out
}

// cycle notes a cycle among the nodes that still wait for inputs: going from any of them to an input that waits must meet a node again.
func (r *reader) cycle(waiting map[*node]int) {
	var at *node
	for _, label := range slices.Sorted(maps.Keys(r.nodes)) {
		if n := r.nodes[label]; waiting[n] > 0 {
			at = n
			break
		}
	}
	var path []*node
	for !slices.Contains(path, at) {
		path = append(path, at)
		at = at.inputs[slices.IndexFunc(at.inputs, func(in input) bool { return waiting[in.node] > 0 })].node
	}
	var names []string
	for _, n := range append(path[slices.Index(path, at):], at) {
		names = append(names, n.label)
	}
	r.problemAt(at.pos, "nodes."+at.label, "rests on itself: %s", strings.Join(names, " → "))
}

// reached checks that every node is one that an export rests on.
func (r *reader) reached() {
	seen := map[*node]bool{}
	var todo []*node
	for _, e := range r.exports {
		todo = append(todo, e.node)
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; seen[n] {
			continue
		}
		seen[n] = true
		for _, in := range n.inputs {
			todo = append(todo, in.node)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(r.nodes)) {
		if n := r.nodes[label]; !seen[n] {
			r.problemAt(n.pos, "nodes."+label, "is used by nothing that is exported")
		}
	}
}

func byHeight(a, b *node) int { return cmp.Or(cmp.Compare(a.height, b.height), compareIDs(a.id, b.id)) }

func sorted[V any](m map[string]V) iter.Seq[string] {
	return slices.Values(slices.Sorted(maps.Keys(m)))
}
