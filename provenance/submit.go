package provenance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/tx"
)

// Submitted tells what a submission did.
type Submitted struct {
	Version VersionID
	Nodes   map[string]NodeID // by the names of the definition
	New     int               // nodes that were not there
	Shared  int               // nodes that were
	Revived bool              // the version was tombstoned, and no longer is
	T       db.T              // the transaction that has it all; the basis where nothing was written
}

// chunk is the most nodes that one transaction of a submission brings, and chunkDatoms how many datoms they come to, which is well below
// what a transaction may have.
const (
	chunk       = 5000
	chunkDatoms = 50_000
)

// Submit makes a definition part of the database: its nodes and operations as far as they are new, and its version, which becomes the
// head of its pipeline. Doing it again writes nothing; a tombstoned version is revived. A definition of up to 5,000 new nodes
// is one transaction; a larger one goes in chunks, inputs first and the version last, so that an interrupted submission leaves only nodes
// that nothing live rests on.
func Submit(ctx context.Context, conn *db.Conn, d *Definition) (*Submitted, error) {
	snap := conn.Snapshot()
	s := &submission{d: d, nodes: distinct(d.nodes)}
	sub := &Submitted{Version: d.version, Nodes: d.Nodes(), T: snap.T()}
	missing, err := s.missing(ctx, snap, s.nodes)
	if err != nil {
		return nil, err
	}
	sub.New, sub.Shared = len(missing), len(s.nodes)-len(missing)
	state, err := versionState(ctx, snap, d.version)
	if err != nil {
		return nil, err
	}
	sub.Revived = state.tombstoned()
	if done, err := s.done(ctx, snap, state, missing); done || err != nil {
		return sub, err
	}
	for err = errMissing; errors.Is(err, errMissing); {
		sub.T, err = s.write(ctx, conn)
	}
	return sub, err
}

// write brings what is missing, in chunks, and then the version. It is errMissing where nodes of an earlier chunk were archived meanwhile.
func (s *submission) write(ctx context.Context, conn *db.Conn) (db.T, error) {
	missing, err := s.missing(ctx, conn.Snapshot(), s.nodes)
	if err != nil {
		return 0, err
	}
	for !s.fits(missing) {
		n := head(missing)
		_, err := tx.Transact(ctx, conn, tx.All(s.add(missing[:n])...))
		if errors.Is(err, db.ErrNotAnEntity) {
			return 0, errMissing
		}
		if err != nil {
			return 0, err
		}
		missing = missing[n:]
	}
	rep, err := tx.Transact(ctx, conn, s.finish())
	if err != nil {
		return 0, err
	}
	return rep.T, nil
}

// weight returns how many datoms a node comes to at most, with its operation.
func (n *node) weight() int { return 13 + len(n.inputs) }

// head returns how many of the nodes go into one transaction: one, and as many more as are within the bounds.
func head(nodes []*node) int {
	n, datoms := 1, nodes[0].weight()
	for n < min(chunk, len(nodes)) && datoms+nodes[n].weight() <= chunkDatoms {
		datoms += nodes[n].weight()
		n++
	}
	return n
}

// fits reports whether the transaction that brings the version can bring the nodes too.
func (s *submission) fits(nodes []*node) bool {
	return len(nodes) == 0 || head(nodes) == len(nodes) && len(s.d.exports) <= chunkDatoms/2
}

// errMissing tells that more nodes are missing than one transaction takes.
var errMissing = errors.New("nodes are missing")

// A submission is a definition on its way into a database.
type submission struct {
	d     *Definition
	nodes []*node // distinct, inputs first
}

// distinct drops nodes that are the same computation under another name.
func distinct(nodes []*node) []*node {
	seen := make(map[NodeID]bool, len(nodes))
	return slices.DeleteFunc(slices.Clone(nodes), func(n *node) bool {
		again := seen[n.id]
		seen[n.id] = true
		return again
	})
}

// missing returns the nodes that are not in a snapshot, inputs first.
func (s *submission) missing(ctx context.Context, snap *db.Snapshot, nodes []*node) ([]*node, error) {
	var out []*node
	for _, n := range nodes {
		_, found, err := entity(ctx, snap, "node/id", n.id[:])
		if err != nil {
			return nil, err
		}
		if !found {
			out = append(out, n)
		}
	}
	return out, nil
}

// done reports whether the database has all of the definition already.
func (s *submission) done(ctx context.Context, snap *db.Snapshot, state version, missing []*node) (bool, error) {
	if len(missing) > 0 || state.entity == 0 || state.tombstoned() || !state.whole() {
		return false, nil
	}
	p, found, err := entity(ctx, snap, "pipeline/name", s.d.pipeline)
	if err != nil || !found {
		return false, err
	}
	e, err := snap.Entity(ctx, p)
	return e.Get("pipeline/head") == state.entity && state.labels == s.labels(), err
}

// add returns the data of nodes whose inputs are there, or among them.
func (s *submission) add(nodes []*node) []tx.Data {
	data := make([]tx.Data, 0, 2*len(nodes))
	ops, added := map[[32]byte]bool{}, map[NodeID]bool{}
	for _, n := range nodes {
		if !ops[n.op.digest] {
			data = append(data, opData(n.op))
			ops[n.op.digest] = true
		}
		data = append(data, nodeData(n, added))
		added[n.id] = true
	}
	return data
}

// ref returns what names a node in a transaction that adds some: its tempid where it is among those, else its identity.
func ref(id NodeID, added map[NodeID]bool) any {
	if added[id] {
		return id.String()
	}
	return db.Lookup("node/id", id[:])
}

// finish returns the function that adds what is missing still, and the version. It looks again in the writer, so a concurrent
// archiver cannot take away what the version rests on.
func (s *submission) finish() tx.Func {
	return func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		missing, err := s.missing(ctx, before, s.nodes)
		if err != nil {
			return nil, err
		}
		if !s.fits(missing) {
			return nil, errMissing
		}
		state, err := versionState(ctx, before, s.d.version)
		if err != nil {
			return nil, err
		}
		data := append(s.add(missing), s.versionData(missing)...)
		if state.tombstoned() {
			data = append(data, tx.Retract(state.entity, "tombstone/at"), tx.Retract(state.entity, "tombstone/reason"))
		}
		return tx.All(data...), nil
	}
}

func opData(o *op) tx.Data {
	m := tx.Map{"db/id": o.tempid(), "op/digest": o.digest[:], "op/name": o.name, "op/code": o.code, "op/ports": o.portsText, "op/class": o.class}
	if o.version != "" {
		m["op/version"] = o.version
	}
	return m
}

func (o *op) tempid() string { return "op " + base.EncodeToString(o.digest[:]) }

// nodeData returns the map of a node in a transaction that adds some others before it.
func nodeData(n *node, added map[NodeID]bool) tx.Data {
	m := tx.Map{"db/id": n.id.String(), "node/id": n.id[:], "node/op": n.op.tempid(), "node/params": n.text, "node/height": n.height}
	if n.source != "" {
		m["node/source"] = n.source
	}
	if len(n.inputs) > 0 {
		inputs := n.sortedInputs()
		refs := make([]any, len(inputs))
		for i, in := range inputs {
			refs[i] = ref(in, added)
		}
		m["node/inputs"], m["node/binding"] = refs, n.binding(inputs)
	}
	return m
}

// sortedInputs returns the distinct inputs in the order of their ids.
func (n *node) sortedInputs() []NodeID {
	ids := make([]NodeID, len(n.inputs))
	for i, in := range n.inputs {
		ids[i] = in.node.id
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

// binding returns {:port [k :output] …} as EDN, k the place of the input among the sorted ones.
func (n *node) binding(inputs []NodeID) string {
	m := edn.MapValue{}
	for _, in := range n.inputs {
		k, _ := slices.BinarySearchFunc(inputs, in.node.id, compareIDs)
		m = append(m, edn.MapEntry{Key: nameForm(in.port).Value, Value: []any{int64(k), nameForm(in.output).Value}})
	}
	return edn.String(m)
}

func (s *submission) versionData(missing []*node) []tx.Data {
	added := map[NodeID]bool{}
	for _, n := range missing {
		added[n.id] = true
	}
	targets := make([]any, len(s.d.exports))
	exports := edn.MapValue{}
	for i, e := range s.d.exports {
		targets[i] = ref(e.node.id, added)
		exports = append(exports, edn.MapEntry{Key: e.name, Value: []any{e.node.id.String(), nameForm(e.output).Value}})
	}
	return []tx.Data{
		tx.Map{"db/id": "version", "version/id": s.d.version[:], "version/of": "pipeline", "version/targets": targets,
			"version/exports": edn.String(exports), "version/labels": s.labels()},
		tx.Map{"db/id": "pipeline", "pipeline/name": s.d.pipeline, "pipeline/head": "version"}}
}

func (s *submission) labels() string {
	m := edn.MapValue{}
	for label, n := range s.d.labels {
		m = append(m, edn.MapEntry{Key: label, Value: n.id.String()})
	}
	slices.SortFunc(m, func(a, b edn.MapEntry) int { return cmp.Compare(a.Key.(string), b.Key.(string)) })
	return edn.String(m)
}

// String tells what the submission did, for people.
func (s *Submitted) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d nodes new, %d shared", s.Version, s.New, s.Shared)
	if s.Revived {
		b.WriteString(", revived")
	}
	return b.String()
}
