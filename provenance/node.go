package provenance

import (
	"bytes"
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
	Node   NodeID
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
	return readNode(ctx, r, e)
}

func readNode(ctx context.Context, r db.Reader, e db.ID) (*Node, error) {
	ent, err := r.Entity(ctx, e)
	if err != nil {
		return nil, err
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
			return nil, err
		}
	}
	binding, _ := ent.Get("node/binding").(string)
	n.Inputs, err = readInputs(ctx, r, ent.All("node/inputs"), binding)
	return n, err
}

func (n *Node) readOp(ctx context.Context, r db.Reader, o db.ID) error {
	ent, err := r.Entity(ctx, o)
	n.Op, _ = ent.Get("op/name").(string)
	n.Code, _ = ent.Get("op/code").(string)
	return err
}

// readInputs puts ports and inputs together: a binding names an input by its place among those sorted by id.
func readInputs(ctx context.Context, r db.Reader, refs []any, binding string) ([]Port, error) {
	if binding == "" {
		return nil, nil
	}
	ids := make([][]byte, 0, len(refs))
	for _, e := range refs {
		ent, err := r.Entity(ctx, e)
		if err != nil {
			return nil, err
		}
		id, _ := ent.Get("node/id").([]byte)
		ids = append(ids, id)
	}
	slices.SortFunc(ids, bytes.Compare)
	form, err := edn.Read(binding)
	if err != nil {
		return nil, err
	}
	var ports []Port
	for i := 0; i+1 < len(form.Items); i += 2 {
		p := Port{Name: nameOf(form.Items[i])}
		if to := form.Items[i+1].Items; len(to) == 2 {
			p.Output = nameOf(to[1])
			if k, ok := to[0].Value.(int64); ok && 0 <= k && int(k) < len(ids) {
				copy(p.Node[:], ids[k])
			}
		}
		ports = append(ports, p)
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
		n, err := readNode(ctx, r, e)
		if err != nil {
			return nil, err
		}
		out[n.ID] = n
		ent, err := r.Entity(ctx, e)
		if err != nil {
			return nil, err
		}
		todo = append(todo, ent.All("node/inputs")...)
	}
	return out, nil
}
