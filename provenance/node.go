package provenance

import (
	"context"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// A Node is what a database knows of a computation.
type Node struct {
	ID     NodeID
	Entity db.ID
	Op     string // the operation's name
	Code   string // and the digest of its code
	Params string // EDN
	Source string // the external version, of a source
	Height int    // the longest way down to a source
	Inputs []Port // by port
}

// A Port says what feeds an input.
type Port struct {
	Name   string
	Node   NodeID // zero where the reader hides some of the inputs
	Output string
}

// FindNode returns what a reader knows of a node, and ErrNoNode where it knows nothing.
func FindNode(ctx context.Context, r db.Reader, id NodeID) (*Node, error) {
	e, found, err := entity(ctx, r, "node/id", id[:])
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &NodeError{Node: id, Kind: ErrNoNode}
	}
	n, _, err := readNode(ctx, r, e)
	return n, err
}

// readNode returns a node, and the entities that it rests on.
func readNode(ctx context.Context, r db.Reader, e db.ID) (*Node, []any, error) {
	ent, err := r.Entity(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	n := &Node{Entity: e}
	id, _ := ent.Get("node/id").([]byte)
	copy(n.ID[:], id)
	n.Params, _ = ent.Get("node/params").(string)
	n.Source, _ = ent.Get("node/source").(string)
	height, _ := ent.Get("node/height").(int64)
	n.Height = int(height)
	if o, ok := ent.Get("node/op").(db.ID); ok {
		if err := n.readOp(ctx, r, o); err != nil {
			return nil, nil, err
		}
	}
	binding, _ := ent.Get("node/binding").(string)
	inputs := ent.All("node/inputs")
	n.Inputs, err = readInputs(ctx, r, inputs, binding)
	return n, inputs, err
}

func (n *Node) readOp(ctx context.Context, r db.Reader, o db.ID) error {
	ent, err := r.Entity(ctx, o)
	n.Op, _ = ent.Get("op/name").(string)
	n.Code, _ = ent.Get("op/code").(string)
	return err
}

// readInputs puts ports and inputs together: a binding names an input by its place among those sorted by id. Where a reader hides some of
// them, the places tell nothing, and the ports name no node.
func readInputs(ctx context.Context, r db.Reader, refs []any, binding string) ([]Port, error) {
	if binding == "" {
		return nil, nil
	}
	ids := make([]NodeID, 0, len(refs))
	for _, e := range refs {
		ent, err := r.Entity(ctx, e)
		if err != nil {
			return nil, err
		}
		if id, ok := ent.Get("node/id").([]byte); ok && len(id) == len(NodeID{}) {
			ids = append(ids, NodeID(id))
		}
	}
	slices.SortFunc(ids, compareIDs)
	form, err := edn.Read(binding)
	if err != nil {
		return nil, err
	}
	var ports []Port
	places := make([]int, 0, len(form.Items)/2)
	for i := 0; i+1 < len(form.Items); i += 2 {
		p, k := Port{Name: nameOf(form.Items[i])}, int64(-1)
		if to := form.Items[i+1].Items; len(to) == 2 {
			k, _ = to[0].Value.(int64)
			p.Output = nameOf(to[1])
		}
		ports, places = append(ports, p), append(places, int(k))
	}
	if len(places) == 0 || slices.Max(places)+1 != len(ids) || slices.Min(places) < 0 {
		return ports, nil
	}
	for i, k := range places {
		ports[i].Node = ids[k]
	}
	return ports, nil
}

// closure returns the nodes that targets rest on, the targets included, by their identity.
func closure(ctx context.Context, r db.Reader, targets []any) (map[NodeID]*Node, error) {
	out := map[NodeID]*Node{}
	seen := &db.IDSet{}
	todo := slices.Clone(targets)
	for len(todo) > 0 {
		e := todo[len(todo)-1].(db.ID)
		if todo = todo[:len(todo)-1]; seen.Has(e) {
			continue
		}
		seen.Add(e)
		n, inputs, err := readNode(ctx, r, e)
		if err != nil {
			return nil, err
		}
		out[n.ID] = n
		todo = append(todo, inputs...)
	}
	return out, nil
}
