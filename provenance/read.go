package provenance

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/spell"
)

// A reader turns the forms of a definition into nouns and notes everything that is wrong on the way. It lives three stages:
// forms are read, names are bound to what they name, and the graph is checked and named.
type reader struct {
	in       notation
	problems Problems
	ops      map[string]*op
	nodes    map[string]*node
	exports  []export
}

// What a definition may hold. A node with its inputs, and a version with its targets, is written in one transaction.
const (
	maxNodes   = 1_000_000
	maxInputs  = 90_000  // of a node
	maxTargets = 90_000  // of a definition
	maxParams  = 1 << 16 // bytes of the parameters of a node, as EDN
)

// read returns the definition that a form says, or all that is wrong with it, in the order of the text; some was found before.
func read(in notation, root edn.Node, found ...Problem) (*Definition, error) {
	r := &reader{in: in, problems: found, ops: map[string]*op{}, nodes: map[string]*node{}}
	d := r.definition(root)
	if len(r.problems) == 0 {
		return d, nil
	}
	slices.SortFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Text, b.Text))
	})
	return nil, r.problems
}

func (r *reader) problem(n edn.Node, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{Path: path, Pos: n.Pos, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) problemAt(pos edn.Pos, path, format string, args ...any) {
	r.problem(edn.Node{Pos: pos}, path, format, args...)
}

// definition runs the stages. What it returns counts only where no problem was noted.
func (r *reader) definition(root edn.Node) *Definition {
	d := &Definition{labels: r.nodes}
	fields := r.fields(root, "definition", "format", "pipeline", "ops", "nodes", "targets", "meta", "basis-t")
	if root.Kind != edn.Map {
		return d
	}
	r.format(root, fields["format"])
	d.pipeline = r.pipeline(root, fields["pipeline"])
	r.parts(root, fields)
	r.bounded(fields["nodes"], "nodes", len(r.nodes), maxNodes, "definition")
	r.bounded(fields["targets"], "targets", len(r.exports), maxTargets, "definition")
	if r.bind(); len(r.problems) > 0 {
		return d
	}
	d.nodes, d.exports = r.order(), r.exports
	r.reached()
	for _, n := range d.nodes {
		n.id = n.identify()
	}
	slices.SortFunc(d.nodes, byHeight)
	slices.SortFunc(d.exports, func(a, b export) int { return cmp.Compare(a.name, b.name) })
	d.version = identifyVersion(d.exports)
	return d
}

// parts reads the operations, nodes and targets.
func (r *reader) parts(root edn.Node, fields map[string]edn.Node) {
	for name, form := range r.entries(fields["ops"], "ops") {
		r.ops[name] = r.op(form, "ops."+name)
	}
	for label, form := range r.entries(fields["nodes"], "nodes") {
		r.nodes[label] = r.node(form, "nodes."+label, label)
	}
	for name, form := range r.entries(fields["targets"], "targets") {
		r.export(form, "targets."+name, name)
	}
	if len(r.exports) == 0 && len(r.problems) == 0 {
		r.problem(root, "targets", "a definition exports something%s", r.in.hint(`:targets {"name" ["node" :output]}`, `"targets": {"name": "node.output"}`))
	}
}

func (r *reader) pipeline(root, form edn.Node) string {
	if form.Kind != edn.Nil && form.Value != "" {
		return r.text(form, "pipeline")
	}
	r.problem(at(form, root), "pipeline", "a definition names its pipeline%s", r.in.hint(`:pipeline "team/name"`, `"pipeline": "team/name"`))
	return ""
}

// bounded checks that a definition or node holds no more than it may.
func (r *reader) bounded(form edn.Node, path string, n, most int, of string) {
	if n > most {
		r.problem(form, path, "are %d, and at most %d go into one %s", n, most, of)
	}
}

// format checks that the definition is of the one format there is; a Builder makes no other.
func (r *reader) format(root, form edn.Node) {
	if name := nameOf(form); r.in != inGo && (name != "pipeline/v1" || r.in == inEDN && form.Value == "pipeline/v1") {
		r.problem(at(form, root), "format", "is %s in this version, not %s", r.in.name("pipeline/v1"), r.in.form(form))
	}
}

// at returns the form, or what stands around it where it is missing.
func at(form, around edn.Node) edn.Node {
	if form.Pos.Line == 0 {
		return around
	}
	return form
}

// fields returns the values of a map whose keys are names of a known set.
func (r *reader) fields(form edn.Node, path string, known ...string) map[string]edn.Node {
	out := map[string]edn.Node{}
	if form.Kind != edn.Map {
		r.problem(form, path, "is a map, not %s", r.in.form(form))
		return out
	}
	for i := 0; i < len(form.Items); i += 2 {
		key := nameOf(form.Items[i])
		_, again := out[key]
		switch {
		case !slices.Contains(known, key):
			r.problem(form.Items[i], path, "does not know %s%s", r.in.form(form.Items[i]), r.meant(key, known))
		case again:
			r.problem(form.Items[i], path, "%s stands here twice", r.in.form(form.Items[i]))
		default:
			out[key] = form.Items[i+1]
		}
	}
	return out
}

// meant returns a question that names what is most like an unknown name.
func (r *reader) meant(name string, known []string) string {
	near := spell.Nearest(name, slices.Values(known))
	if near == "" {
		return ""
	}
	return " (did you mean " + r.in.name(near) + "?)"
}

// entries returns the values of a map by the text of their keys; a missing map is empty.
func (r *reader) entries(form edn.Node, path string) map[string]edn.Node {
	out := map[string]edn.Node{}
	if form.Kind == edn.Nil {
		return out
	}
	if form.Kind != edn.Map {
		r.problem(form, path, "is a map, not %s", r.in.form(form))
		return out
	}
	for i := 0; i < len(form.Items); i += 2 {
		name := nameOf(form.Items[i])
		_, again := out[name]
		switch {
		case name == "":
			r.problem(form.Items[i], path, "%s is no name", r.in.form(form.Items[i]))
		case again:
			r.problem(form.Items[i], path, "%s stands here twice", r.in.form(form.Items[i]))
		default:
			out[name] = form.Items[i+1]
		}
	}
	return out
}

// nameOf returns the text of a string or keyword, and "" for anything else.
func nameOf(form edn.Node) string {
	switch v := form.Value.(type) {
	case string:
		return v
	case edn.Keyword:
		return string(v)
	}
	return ""
}

func (r *reader) text(form edn.Node, path string) string {
	if form.Kind == edn.Nil {
		return ""
	}
	s, ok := form.Value.(string)
	if !ok {
		r.problem(form, path, "is a string, not %s", r.in.form(form))
	}
	return s
}

func (r *reader) op(form edn.Node, path string) *op {
	fields := r.fields(form, path, "name", "code", "ports", "class", "version")
	o := &op{name: r.text(fields["name"], path+".name"), code: r.text(fields["code"], path+".code"),
		version: r.text(fields["version"], path+".version"), class: "deterministic"}
	if o.name == "" {
		o.name = strings.TrimPrefix(path, "ops.")
	}
	if o.code == "" && form.Kind == edn.Map {
		r.problem(form, path+".code", "is missing: without the digest of the code, results of other code would be taken for this")
	}
	if form, given := fields["class"]; given {
		o.class = r.class(form, path+".class")
	}
	if form.Kind == edn.Map {
		r.ports(o, form, fields["ports"], path+".ports")
	}
	o.digest = o.identify()
	return o
}

var classes = []string{"deterministic", "recorded", "volatile", "effect"}

func (r *reader) class(form edn.Node, path string) edn.Keyword {
	name := nameOf(form)
	if _, isText := form.Value.(string); isText && r.in == inEDN || !slices.Contains(classes, name) {
		r.problem(form, path, "is %s, not %s%s", r.in.names(classes), r.in.form(form), r.meant(name, classes))
	}
	return edn.Keyword(name)
}

// ports reads the interface of an operation. What is canonical of it has both sides, with ports and types as names.
func (r *reader) ports(o *op, around, form edn.Node, path string) {
	if form.Kind == edn.Nil {
		r.problem(at(form, around), path, "is missing%s", r.in.hint("{:in {:rows :table} :out {:model :model}}", `{"in": {"rows": "table"}, "out": {"model": "model"}}`))
		return
	}
	sides := r.fields(form, path, "in", "out")
	o.in, o.out = r.types(sides["in"], path+".in"), r.types(sides["out"], path+".out")
	whole := plain(edn.Node{Kind: edn.Map, Items: []edn.Node{nameForm("in"), portsForm(o.in), nameForm("out"), portsForm(o.out)}})
	var err error
	if o.ports, err = canon(nil, whole); err != nil {
		r.unencodable(err, path)
	}
	o.portsText = edn.String(whole)
}

// types returns the type of each port. Outside EDN, which has keywords, every string in a type is a name.
func (r *reader) types(form edn.Node, path string) map[string]edn.Node {
	out := r.entries(form, path)
	for port, kind := range out {
		if r.in != inEDN {
			out[port] = named(kind)
		}
	}
	return out
}

func portsForm(types map[string]edn.Node) edn.Node {
	m := edn.Node{Kind: edn.Map}
	for port := range sorted(types) {
		m.Items = append(m.Items, nameForm(port), types[port])
	}
	return m
}

func (r *reader) node(form edn.Node, path, label string) *node {
	n := &node{label: label, pos: form.Pos}
	fields := r.fields(form, path, "op", "params", "source", "in", "hints", "address", "node")
	for _, later := range []string{"address", "node"} {
		if f, given := fields[later]; given {
			r.problem(f, path+"."+later, "is not supported by this version")
			return n
		}
	}
	if form.Kind != edn.Map {
		return n
	}
	n.source = r.text(fields["source"], path+".source")
	n.op = r.opNamed(form, fields["op"], path+".op")
	r.params(n, fields["params"], path+".params")
	for port, form := range r.entries(fields["in"], path+".in") {
		in := input{port: port, pos: form.Pos}
		in.label, in.output = r.output(form, path+".in."+port)
		n.inputs = append(n.inputs, in)
	}
	slices.SortFunc(n.inputs, func(a, b input) int { return strings.Compare(a.port, b.port) })
	r.bounded(fields["in"], path+".in", len(n.inputs), maxInputs, "node")
	if n.source != "" && len(n.inputs) > 0 {
		r.problem(fields["source"], path+".source", "stands on a node with inputs; only what has none comes from outside")
	}
	return n
}

func (r *reader) opNamed(around, form edn.Node, path string) *op {
	name := nameOf(form)
	o := r.ops[name]
	switch {
	case form.Kind == edn.Nil:
		r.problem(at(form, around), path, "is missing: a node names its op")
	case o == nil:
		r.problem(form, path, "there is no op %q%s", name, spell.DidYouMean(name, sorted(r.ops)))
	}
	return o
}

func (r *reader) params(n *node, form edn.Node, path string) {
	if form.Kind == edn.Nil {
		form = edn.Node{Kind: edn.Map, Pos: form.Pos}
	}
	if form.Kind != edn.Map {
		r.problem(form, path, "is a map, not %s", r.in.form(form))
		return
	}
	var err error
	if n.params, err = canon(nil, form); err != nil {
		r.eachUnencodable(form, path, err)
		return
	}
	if err := search(form, misusedBlob); err != nil {
		r.unencodable(err, path)
	}
	if n.text = edn.String(plain(form)); len(n.text) > maxParams {
		r.problem(form, path, "takes %d bytes, and at most %d go into a node: give what is large by its hash%s", len(n.text), maxParams,
			r.in.hint(`{:$blob "sha256:…"}`, `{"$blob": "sha256:…"}`))
	}
}

// eachUnencodable notes which of the parameters have no canonical form: or why all of them have none, where each has one.
func (r *reader) eachUnencodable(form edn.Node, path string, why error) {
	before := len(r.problems)
	for i := 0; i < len(form.Items); i += 2 {
		if _, err := canon(nil, form.Items[i+1]); err != nil {
			r.unencodable(err, path+"."+nameOf(form.Items[i]))
		}
	}
	if len(r.problems) == before {
		r.unencodable(why, path)
	}
}

// unencodable notes what has no canonical form, at its own place.
func (r *reader) unencodable(err error, path string) {
	u, ok := err.(*unencodable)
	if !ok {
		u = &unencodable{text: err.Error()}
	}
	r.problem(u.form, path+u.path, "%s", u.text)
}

var blobName = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// misusedBlob tells of a map with the key $blob that is not exactly {:$blob "sha256:…"}: content is named by its hash and by nothing else.
func misusedBlob(n edn.Node) error {
	if n.Kind != edn.Map {
		return nil
	}
	for i := 0; i < len(n.Items); i += 2 {
		if nameOf(n.Items[i]) != "$blob" {
			continue
		}
		if hash, _ := n.Items[i+1].Value.(string); len(n.Items) != 2 || !blobName.MatchString(hash) {
			return &unencodable{form: n.Items[i], text: "a $blob stands alone, and is sha256: and 64 hex digits"}
		}
	}
	return nil
}

// output reads ["node" :output], or outside EDN also "node.output".
func (r *reader) output(form edn.Node, path string) (label, output string) {
	if form.Kind == edn.Vector && len(form.Items) == 2 {
		label, output = nameOf(form.Items[0]), nameOf(form.Items[1])
	}
	if text, ok := form.Value.(string); ok && r.in != inEDN {
		if dot := strings.LastIndexByte(text, '.'); dot >= 0 {
			label, output = text[:dot], text[dot+1:]
		}
	}
	if label == "" || output == "" {
		r.problem(form, path, "is %s, not %s", r.in.output("node", "output"), r.in.form(form))
	}
	return label, output
}

func (r *reader) export(form edn.Node, path, name string) {
	e := export{name: name, pos: form.Pos}
	e.label, e.output = r.output(form, path)
	r.exports = append(r.exports, e)
}
