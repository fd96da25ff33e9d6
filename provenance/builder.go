package provenance

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/datolite/datolite/edn"
)

// A Builder writes a definition in Go. What is wrong is kept until Definition tells all of it at once. It is for one goroutine.
type Builder struct {
	pipeline            string
	ops, nodes, targets []edn.Node // the entries of the maps that a text would hold
	problems            Problems   // values that no text can hold
}

// An Op is an operation. Its digest makes of equal code equal computations, and of other code other ones.
type Op struct {
	Name    string            // by which the operation is known; that of the definition where empty
	Code    string            // the digest of an image, or commit and path, the modules that it uses and their versions included
	Version string            // for people
	Class   string            // deterministic, which "" means too, recorded, volatile or effect
	In, Out map[string]string // port → type
}

// A Step is a node: an operation, its parameters, and what feeds its inputs.
type Step struct {
	Op string // as the Builder was told
	// Params are plain values: nil, bool, integers, *big.Int, floats, db.Decimal, string, db.Keyword, db.Symbol, db.URI, db.UUID, time.Time
	// to the millisecond, []byte, and slices and maps of these. A key of a map is a keyword where it can be written as one, and else a
	// string, as in JSON.
	Params map[string]any
	Source string            // the external version of a node without inputs
	In     map[string]Output // port → what feeds it
}

// A Label is the name of a node within a definition. It is no part of the node's identity.
type Label string

// Out returns what the node gives at a port.
func (l Label) Out(port string) Output { return Output{l, port} }

// An Output is what a node gives at a port.
type Output struct {
	Node Label
	Port string
}

// NewBuilder returns a Builder of a version of a pipeline, which has neither operations nor nodes yet.
func NewBuilder(pipeline string) *Builder { return &Builder{pipeline: pipeline} }

// Op adds an operation under a name, for nodes to use.
func (b *Builder) Op(name string, o Op) {
	ports := mapForm(entry{"in", typesForm(o.In)}, entry{"out", typesForm(o.Out)})
	fields := []entry{{"code", textForm(o.Code)}, {"ports", ports}}
	for _, f := range []struct{ name, text string }{{"name", o.Name}, {"version", o.Version}, {"class", o.Class}} {
		if f.text != "" {
			fields = append(fields, entry{f.name, textForm(f.text)})
		}
	}
	b.ops = append(b.ops, textForm(name), mapForm(fields...))
}

// Node adds a node under a name, and returns the name.
func (b *Builder) Node(label string, s Step) Label {
	inputs := edn.Node{Kind: edn.Map}
	for _, port := range slices.Sorted(maps.Keys(s.In)) {
		inputs.Items = append(inputs.Items, textForm(port), outputForm(s.In[port]))
	}
	fields := []entry{{"op", textForm(s.Op)}, {"params", b.params(label, s.Params)}, {"in", inputs}}
	if s.Source != "" {
		fields = append(fields, entry{"source", textForm(s.Source)})
	}
	b.nodes = append(b.nodes, textForm(label), mapForm(fields...))
	return Label(label)
}

// Export makes what a node gives a target of the pipeline, under a name.
func (b *Builder) Export(name string, o Output) {
	b.targets = append(b.targets, textForm(name), outputForm(o))
}

// Definition returns what was built, or all that is wrong with it, as Problems. The Builder can go on.
func (b *Builder) Definition() (*Definition, error) {
	root := mapForm(
		entry{"pipeline", textForm(b.pipeline)},
		entry{"ops", edn.Node{Kind: edn.Map, Items: b.ops}},
		entry{"nodes", edn.Node{Kind: edn.Map, Items: b.nodes}},
		entry{"targets", edn.Node{Kind: edn.Map, Items: b.targets}})
	found := slices.Clone(b.problems)
	if u := (*unencodable)(nil); errors.As(search(root, invalidText), &u) {
		found = append(found, Problem{Path: strings.TrimPrefix(u.path, "."), Text: u.text})
	}
	return read(inGo, root, found...)
}

// invalidText tells of a string that no text can hold.
func invalidText(n edn.Node) error {
	if s, ok := n.Value.(string); ok {
		_, err := textOf(s, s)
		return err
	}
	return nil
}

// params returns the form of parameters; a value that has none is noted, and left out.
func (b *Builder) params(label string, params map[string]any) edn.Node {
	m := edn.Node{Kind: edn.Map}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		v, err := formOf(params[name], 0)
		var u *unencodable
		if errors.As(err, &u) {
			b.problems = append(b.problems, Problem{Path: "nodes." + label + ".params." + name + u.path, Text: u.text})
			continue
		}
		m.Items = append(m.Items, nameForm(name), v)
	}
	return m
}

// An entry is a field of a map that a text would hold.
type entry struct {
	name  string
	value edn.Node
}

func mapForm(entries ...entry) edn.Node {
	m := edn.Node{Kind: edn.Map}
	for _, e := range entries {
		m.Items = append(m.Items, textForm(e.name), e.value)
	}
	return m
}

func textForm(s string) edn.Node { return edn.Node{Kind: edn.Scalar, Value: s} }

func outputForm(o Output) edn.Node {
	return edn.Node{Kind: edn.Vector, Items: []edn.Node{textForm(string(o.Node)), textForm(o.Port)}}
}

func typesForm(types map[string]string) edn.Node {
	m := edn.Node{Kind: edn.Map}
	for _, port := range slices.Sorted(maps.Keys(types)) {
		m.Items = append(m.Items, textForm(port), textForm(types[port]))
	}
	return m
}
