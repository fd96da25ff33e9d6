package provenance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/spell"
)

// A reader turns the forms of a definition into nouns and notes everything that is wrong on the way. It lives three stages:
// forms are read, names are bound to what they name, and the graph is checked and named.
type reader struct {
	problems Problems
	ops      map[string]*op
	nodes    map[string]*node
	exports  []export
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
	r.format(root, fields["format"])
	d.pipeline = r.text(fields["pipeline"], "pipeline")
	if d.pipeline == "" {
		r.problem(root, "pipeline", "a definition names its pipeline: :pipeline \"team/name\"")
	}
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
		r.problem(root, "targets", "a definition exports something: :targets {\"name\" [\"node\" :output]}")
	}
	r.bind()
	if len(r.problems) > 0 {
		return d
	}
	d.nodes, d.exports = r.order(), r.exports
	r.reached()
	for _, n := range d.nodes {
		n.id = n.identify()
	}
	slices.SortFunc(d.nodes, byHeight)
	d.version = identifyVersion(d.exports)
	return d
}

func (r *reader) format(root, form edn.Node) {
	if k, ok := form.Value.(edn.Keyword); !ok || k != "pipeline/v1" {
		r.problem(at(form, root), "format", "is :pipeline/v1 in this version, not %s", edn.String(form))
	}
}

// at returns the form, or what stands around it where it is missing.
func at(form, around edn.Node) edn.Node {
	if form.Pos.Line == 0 {
		return around
	}
	return form
}

// fields returns the values of a map whose keys are keywords of a known set.
func (r *reader) fields(form edn.Node, path string, known ...string) map[string]edn.Node {
	out := map[string]edn.Node{}
	if form.Kind != edn.Map {
		r.problem(form, path, "is a map, not %s", edn.String(form))
		return out
	}
	for i := 0; i < len(form.Items); i += 2 {
		key := nameOf(form.Items[i])
		if !slices.Contains(known, key) {
			r.problem(form.Items[i], path, "does not know %s%s", edn.String(form.Items[i]), spell.DidYouMean(key, slices.Values(known)))
			continue
		}
		out[key] = form.Items[i+1]
	}
	return out
}

// entries returns the values of a map by the text of their keys; a missing map is empty.
func (r *reader) entries(form edn.Node, path string) map[string]edn.Node {
	out := map[string]edn.Node{}
	if form.Kind == edn.Nil {
		return out
	}
	if form.Kind != edn.Map {
		r.problem(form, path, "is a map, not %s", edn.String(form))
		return out
	}
	for i := 0; i < len(form.Items); i += 2 {
		name := nameOf(form.Items[i])
		if _, twice := out[name]; twice || name == "" {
			r.problem(form.Items[i], path, "%s is no name, or stands here twice", edn.String(form.Items[i]))
			continue
		}
		out[name] = form.Items[i+1]
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
		r.problem(form, path, "is a string, not %s", edn.String(form))
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
	if o.code == "" {
		r.problem(form, path+".code", "is missing: without the digest of the code, results of other code would be taken for this")
	}
	if form, given := fields["class"]; given {
		o.class = r.class(form, path+".class")
	}
	r.ports(o, form, fields["ports"], path+".ports")
	o.digest = o.identify()
	return o
}

var classes = []string{"deterministic", "recorded", "volatile", "effect"}

func (r *reader) class(form edn.Node, path string) edn.Keyword {
	k, _ := form.Value.(edn.Keyword)
	if !slices.Contains(classes, string(k)) {
		r.problem(form, path, "is :deterministic, :recorded, :volatile or :effect, not %s", edn.String(form))
	}
	return k
}

func (r *reader) ports(o *op, around, form edn.Node, path string) {
	if form.Kind == edn.Nil {
		r.problem(around, path, "is missing: {:in {:rows :table} :out {:model :model}}")
		return
	}
	sides := r.fields(form, path, "in", "out")
	o.in, o.out = r.types(sides["in"], path+".in"), r.types(sides["out"], path+".out")
	o.portsText = edn.String(form)
	var err error
	if o.ports, err = canon(nil, form); err != nil {
		r.problem(form, path, "%v", err)
	}
}

func (r *reader) types(form edn.Node, path string) map[string]string {
	out := map[string]string{}
	for port, kind := range r.entries(form, path) {
		out[port] = edn.String(kind)
	}
	return out
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
	n.source = r.text(fields["source"], path+".source")
	n.op = r.opNamed(at(fields["op"], form), path+".op")
	r.params(n, fields["params"], path+".params")
	for port, form := range r.entries(fields["in"], path+".in") {
		in := input{port: port, pos: form.Pos}
		in.label, in.output = r.output(form, path+".in."+port)
		n.inputs = append(n.inputs, in)
	}
	slices.SortFunc(n.inputs, func(a, b input) int { return strings.Compare(a.port, b.port) })
	if n.source != "" && len(n.inputs) > 0 {
		r.problem(fields["source"], path+".source", "stands on a node with inputs; only what has none comes from outside")
	}
	return n
}

func (r *reader) opNamed(form edn.Node, path string) *op {
	name := nameOf(form)
	o := r.ops[name]
	if o == nil {
		r.problem(form, path, "there is no op %q%s", name, spell.DidYouMean(name, sorted(r.ops)))
	}
	return o
}

func (r *reader) params(n *node, form edn.Node, path string) {
	if form.Kind == edn.Nil {
		form = edn.Node{Kind: edn.Map, Pos: form.Pos}
	}
	if form.Kind != edn.Map {
		r.problem(form, path, "is a map, not %s", edn.String(form))
		return
	}
	var err error
	if n.params, err = canon(nil, form); err != nil {
		r.problem(form, path, "%v", err)
		return
	}
	n.text = edn.String(form)
}

// output reads ["node" :output].
func (r *reader) output(form edn.Node, path string) (label, output string) {
	if form.Kind == edn.Vector && len(form.Items) == 2 {
		label, output = nameOf(form.Items[0]), nameOf(form.Items[1])
	}
	if label == "" || output == "" {
		r.problem(form, path, "is [\"node\" :output], not %s", edn.String(form))
	}
	return label, output
}

func (r *reader) export(form edn.Node, path, name string) {
	e := export{name: name, pos: form.Pos}
	e.label, e.output = r.output(form, path)
	r.exports = append(r.exports, e)
}
