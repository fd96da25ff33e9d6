package provenance

import (
	"errors"

	"github.com/datolite/datolite/edn"
)

// A Definition is a pipeline as its author wrote it: read, checked, and every node named by its identity. It is a value that
// any number of submissions may use.
type Definition struct {
	pipeline string
	nodes    []*node // sorted by height, then id: inputs before what rests on them
	labels   map[string]*node
	exports  []export
	version  VersionID
}

// An op is an operation, as a definition declares it.
type op struct {
	name, version, code string
	class               edn.Keyword
	ports               []byte // its canonical interface
	portsText           string
	in, out             map[string]edn.Node // port → type
	digest              [32]byte
}

// A node is a computation, as a definition declares it.
type node struct {
	label  string
	pos    edn.Pos
	op     *op
	params []byte // canonical
	text   string // the parameters as EDN
	source string
	inputs []input
	height int
	id     NodeID
}

// An input says that a port takes an output of another node.
type input struct {
	port, output, label string
	pos                 edn.Pos
	node                *node
}

// An export is an output of a node under a name.
type export struct {
	name, output, label string
	pos                 edn.Pos
	node                *node
}

// Pipeline returns the pipeline's name.
func (d *Definition) Pipeline() string { return d.pipeline }

// Version returns the identity of what the definition exports.
func (d *Definition) Version() VersionID { return d.version }

// Nodes returns the identities of the nodes by the names that the definition gives them.
func (d *Definition) Nodes() map[string]NodeID {
	ids := make(map[string]NodeID, len(d.labels))
	for label, n := range d.labels {
		ids[label] = n.id
	}
	return ids
}

// ParseEDN reads a definition from EDN: one map with :format :pipeline/v1, :pipeline, :ops, :nodes and :targets. All that is
// wrong with it comes back at once, as Problems; where it is no EDN at all, that is the only one.
func ParseEDN(text []byte) (*Definition, error) {
	root, err := edn.Read(string(text))
	if e := (*edn.Error)(nil); errors.As(err, &e) {
		return nil, Problems{{Pos: e.Pos, Text: e.Text}}
	}
	return read(inEDN, root)
}
