package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/provenance"
	"github.com/datolite/datolite/query"
)

// rules say what it means that a node rests on another, and that a version has a node.
const rules query.Rules = `[
	[(rests-on ?n ?m) [?n :node/inputs ?m]]
	[(rests-on ?n ?m) [?n :node/inputs ?x] (rests-on ?x ?m)]
	[(has ?v ?n) [?v :version/targets ?n]]
	[(has ?v ?n) [?v :version/targets ?t] (rests-on ?t ?n)]]`

// A row is a node as the tables show it.
type row struct {
	Name      string
	Operation string
	Height    int
}

// A question is asked with the names of nodes beside the database: [id name] pairs.
type question struct {
	title string
	text  string
	about string // the name of the node that ?about is
}

var questions = []question{
	{"What is downstream of the plays of the US?", `[:find ?name ?operation ?height :in $ % ?about [[?id ?name]]
		:where [?s :node/id ?about] (rests-on ?n ?s) [?n :node/id ?id]
		       [?n :node/op ?o] [?o :op/name ?operation] [?n :node/height ?height]
		:order-by [?height ?name]]`, "us"},
	{"Which nodes has only the new version?", `[:find ?name ?operation ?height :in $ % ?about [[?id ?name]] ?old ?new
		:where [?a :version/id ?old] [?b :version/id ?new] (has ?b ?n) (not (has ?a ?n)) [?n :node/id ?id]
		       [?n :node/op ?o] [?o :op/name ?operation] [?n :node/height ?height]
		:order-by [?height ?name]]`, "bundle"},
	{"What does the model rest on?", `[:find ?name ?operation ?height :in $ % ?about [[?id ?name]]
		:where [?m :node/id ?about] (rests-on ?m ?n) [?n :node/id ?id]
		       [?n :node/op ?o] [?o :op/name ?operation] [?n :node/height ?height]
		:order-by [?height ?name]]`, "model"},
}

// ask asks the questions where both versions are whole, and prints the tables.
func (s *story) ask() error {
	past, when, err := s.past()
	if err != nil {
		return err
	}
	fmt.Fprintln(s.w, "\n2. Three questions,", when)
	text, err := s.answers(past, s.v1, s.v2)
	fmt.Fprint(s.w, text)
	return err
}

// answers asks the questions of a reader, naming nodes as the definitions do; where several give a name, the last counts.
func (s *story) answers(r db.Reader, defs ...*provenance.Definition) (string, error) {
	last := defs[len(defs)-1]
	var b strings.Builder
	for _, q := range questions {
		about := last.Nodes()[q.about]
		in := []any{rules, about[:], names(defs)}
		if strings.Contains(q.text, "?old") {
			old, is := s.v1.Version(), s.v2.Version()
			in = append(in, old[:], is[:])
		}
		rows, err := query.All[row](s.ctx, r, q.text, in...)
		if err != nil {
			return "", err
		}
		table(&b, q.title, rows)
	}
	return b.String(), nil
}

// names returns [id name] for every node of the definitions.
func names(defs []*provenance.Definition) [][]any {
	var out [][]any
	seen := map[provenance.NodeID]bool{}
	for _, def := range slices.Backward(defs) {
		nodes := def.Nodes()
		for _, name := range slices.Sorted(maps.Keys(nodes)) {
			if id := nodes[name]; !seen[id] {
				seen[id] = true
				out = append(out, []any{id[:], name})
			}
		}
	}
	return out
}

func table(b *strings.Builder, title string, rows []row) {
	fmt.Fprintf(b, "   %s\n", title)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "      %s\t%s\t%d\n", r.Name, r.Operation, r.Height)
	}
	t.Flush()
}

// past returns the reader on which both versions are whole: the snapshot while the first lives, then the view of when it was tombstoned.
func (s *story) past() (r db.Reader, when string, err error) {
	snap := s.conn.Snapshot()
	id := s.v1.Version()
	t, err := query.One[db.T](s.ctx, snap, `[:find ?t . :in $ ?id :where [?v :version/id ?id] [?v :tombstone/at _ ?t]]`, id[:])
	if errors.Is(err, query.ErrNoRow) {
		return snap, "now", nil
	}
	if err != nil {
		return nil, "", err
	}
	return snap.AsOf(t), fmt.Sprintf("as of t %d", t), nil
}

// hidden returns the names of the nodes that a snapshot shows and a view of it does not.
func (s *story) hidden(snap, view db.Reader) ([]string, error) {
	shown, err := s.nodes(view)
	if err != nil {
		return nil, err
	}
	there, err := s.nodes(snap)
	var out []string
	for _, n := range there {
		if !slices.Contains(shown, n) {
			out = append(out, n.Name)
		}
	}
	return out, err
}

// A node is one that a reader shows, with its name.
type node struct {
	ID   db.ID
	Name string
}

func (s *story) nodes(r db.Reader) ([]node, error) {
	return query.All[node](s.ctx, r, `[:find ?id ?name :in $ [[?hash ?name]] :where [?id :node/id ?hash] :order-by [?name]]`,
		names([]*provenance.Definition{s.v1, s.v2}))
}

// only returns the names of the nodes of a definition that a snapshot has and another definition does without.
func (s *story) only(def, other *provenance.Definition, snap db.Reader) []string {
	others := map[provenance.NodeID]bool{}
	for _, id := range other.Nodes() {
		others[id] = true
	}
	var out []string
	for name, id := range def.Nodes() {
		if _, err := provenance.FindNode(s.ctx, snap, id); err == nil && !others[id] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// dangling counts the references to nodes that are gone.
func (s *story) dangling() (int, error) {
	n, err := query.One[int](s.ctx, s.conn.Snapshot(), `[:find (count ?m) . :where
		(or [_ :node/inputs ?m] [_ :version/targets ?m]) (not [?m :node/id])]`)
	if errors.Is(err, query.ErrNoRow) {
		return 0, nil
	}
	return n, err
}
