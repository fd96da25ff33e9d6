package provenance

import (
	"context"
	"maps"
	"slices"

	"github.com/datolite/datolite/db"
)

// A Change says in what a node differs from the one of the same name in another version.
type Change string

// The changes. A node whose operation, parameters or source changed is a cause; one that only has other inputs is a consequence.
const (
	ChangedOp        Change = "operation"
	ChangedParams    Change = "parameters"
	ChangedSource    Change = "source"
	ChangedStructure Change = "structure" // other ports, or another node behind a port
	ChangedInputs    Change = "inputs"    // the same names behind the same ports, which changed themselves
)

// A Delta tells two versions apart. Nodes are paired by their names.
type Delta struct {
	A, B     VersionID
	Shared   int        // nodes that both rest on
	Added    []Labelled // names that only B has
	Removed  []Labelled // names that only A has
	Modified []Modified // names that both have, for different nodes
}

// A Labelled is a node and its name.
type Labelled struct {
	Label string
	Node  NodeID
}

// A Modified is a name that stands for different nodes.
type Modified struct {
	Label   string
	A, B    NodeID
	Changes []Change
}

// Root reports whether the node changed by itself, not only because its inputs did.
func (m Modified) Root() bool { return !slices.Equal(m.Changes, []Change{ChangedInputs}) }

// RootCauses returns what changed by itself: everything else that was modified only rests on it.
func (d *Delta) RootCauses() []Modified {
	return slices.DeleteFunc(slices.Clone(d.Modified), func(m Modified) bool { return !m.Root() })
}

// Empty reports whether the versions are made of the same nodes under the same names.
func (d *Delta) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Modified) == 0 }

// Compare returns what differs between two versions, both of which the reader must show whole: what was archived can be compared
// on a view of before.
func Compare(ctx context.Context, r db.Reader, a, b VersionID) (*Delta, error) {
	before, err := readSide(ctx, r, a)
	if err != nil {
		return nil, err
	}
	after, err := readSide(ctx, r, b)
	if err != nil {
		return nil, err
	}
	d := &Delta{A: a, B: b}
	for id := range after.nodes {
		if before.nodes[id] != nil {
			d.Shared++
		}
	}
	d.Added, d.Removed = after.without(before), before.without(after)
	for _, label := range slices.Sorted(maps.Keys(before.labels)) {
		was, is := before.labels[label], after.labels[label]
		if is != (NodeID{}) && was != is {
			d.Modified = append(d.Modified, Modified{label, was, is, changes(before, after, was, is)})
		}
	}
	return d, nil
}

// A side is one of two versions.
type side struct {
	labels map[string]NodeID
	names  map[NodeID]string
	nodes  map[NodeID]*Node
}

func readSide(ctx context.Context, r db.Reader, id VersionID) (*side, error) {
	v, err := versionState(ctx, r, id)
	if err != nil {
		return nil, err
	}
	if v.entity == 0 || !v.whole() {
		return nil, &VersionError{Version: id, Kind: ErrNoVersion}
	}
	s := &side{names: map[NodeID]string{}}
	if s.labels, err = readLabels(v.labels); err != nil {
		return nil, err
	}
	for _, label := range slices.Backward(slices.Sorted(maps.Keys(s.labels))) {
		s.names[s.labels[label]] = label
	}
	if s.nodes, err = closure(ctx, r, v.targets); err != nil {
		return nil, err
	}
	for _, label := range slices.Sorted(maps.Keys(s.labels)) {
		if s.nodes[s.labels[label]] == nil {
			return nil, &NodeError{Node: s.labels[label], Name: label, Kind: ErrNoNode}
		}
	}
	return s, nil
}

// without returns the names that another side does not have.
func (s *side) without(other *side) []Labelled {
	var out []Labelled
	for _, label := range slices.Sorted(maps.Keys(s.labels)) {
		if _, both := other.labels[label]; !both {
			out = append(out, Labelled{label, s.labels[label]})
		}
	}
	return out
}

// changes returns in what two nodes differ.
func changes(before, after *side, was, is NodeID) []Change {
	a, b := before.nodes[was], after.nodes[is]
	var out []Change
	note := func(differs bool, c Change) {
		if differs {
			out = append(out, c)
		}
	}
	note(a.Op != b.Op || a.Code != b.Code, ChangedOp)
	note(a.Params != b.Params, ChangedParams)
	note(a.Source != b.Source, ChangedSource)
	structure := !slices.EqualFunc(a.Inputs, b.Inputs, func(p, q Port) bool { return samePlace(before, after, p, q) })
	note(structure, ChangedStructure)
	note(!structure && !slices.Equal(a.Inputs, b.Inputs), ChangedInputs)
	if len(out) == 0 {
		out = []Change{ChangedOp} // its interface or class
	}
	return out
}

// samePlace reports whether two ports are one, fed by the same node or by one of the same name.
func samePlace(before, after *side, p, q Port) bool {
	return p.Name == q.Name && p.Output == q.Output && (p.Node == q.Node || before.names[p.Node] == after.names[q.Node])
}
