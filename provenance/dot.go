package provenance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
)

// DOTOptions say how WriteDOT draws. The zero DOTOptions draw everything alike.
type DOTOptions struct {
	Highlight []NodeID // drawn filled: what changed, for one
}

// WriteDOT writes what a version rests on as a graph in DOT, the language of Graphviz: a box for every node with its name,
// operation and parameters, an arrow from every input to what takes it, sources left. The same version gives the same text.
func WriteDOT(ctx context.Context, w io.Writer, r db.Reader, v VersionID, o DOTOptions) error {
	s, err := readSide(ctx, r, v)
	if err != nil {
		return err
	}
	nodes := make([]*Node, 0, len(s.nodes))
	for _, n := range s.nodes {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *Node) int { return compareIDs(a.ID, b.ID) })
	filled := make(map[NodeID]bool, len(o.Highlight))
	for _, id := range o.Highlight {
		filled[id] = true
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "digraph %s {\n\trankdir=LR\n\tnode [shape=box style=\"rounded,filled\" fillcolor=white fontname=Helvetica fontsize=10]\n", quote(v.String()))
	for _, n := range nodes {
		s.writeNode(out, n, filled[n.ID])
	}
	for _, n := range nodes {
		for _, p := range n.Inputs {
			fmt.Fprintf(out, "\t%s -> %s [label=%s fontsize=8]\n", dotName(p.Node), dotName(n.ID), quote(p.Name))
		}
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

func (s *side) writeNode(w io.Writer, n *Node, highlight bool) {
	lines := []string{s.names[n.ID], n.Op}
	if n.Params != "{}" {
		lines = append(lines, shorten(n.Params, 40))
	}
	color := ""
	if highlight {
		color = " fillcolor=\"#ffd9a0\""
	}
	fmt.Fprintf(w, "\t%s [label=%s tooltip=%s%s]\n", dotName(n.ID), quote(strings.Join(lines, "\n")), quote(n.ID.String()), color)
}

// dotName returns a short name that is a plain identifier of DOT; 80 bits of a hash do not meet by chance.
func dotName(id NodeID) string { return id.String()[:len(nodePrefix)+16] }

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// shorten cuts a text to n characters.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
