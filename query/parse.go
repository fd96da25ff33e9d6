package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/datolite/datolite/edn"
)

var parsed memo[*ast]

// parse returns the ast of a text. What was read lately is kept.
func parse(text string) (*ast, error) {
	if q, ok := parsed.get(text); ok {
		return q, nil
	}
	q, err := parseQuery(text)
	if err != nil {
		return nil, err
	}
	parsed.put(text, q)
	return q, nil
}

// parseQuery reads and checks a query in the form of a vector, of a map, or of a string that holds one of these.
func parseQuery(text string) (*ast, error) {
	n, err := readForm(text)
	if err != nil {
		return nil, err
	}
	s, err := sections(n)
	if err != nil {
		return nil, err
	}
	p := newParser()
	q, err := p.query(s, n.Pos)
	if err != nil {
		return nil, err
	}
	q.kept = &atomic.Pointer[template]{}
	return q, q.check()
}

// readForm reads the one form of a text; a string stands for the form in it, and a quote before it means nothing.
func readForm(text string) (edn.Node, error) {
	n, err := edn.Read(text)
	if err != nil {
		return n, syntaxError(err)
	}
	if s, ok := n.Value.(string); ok {
		return readForm(s)
	}
	n, _ = unquote(n)
	return n, nil
}

// syntaxError returns the error of a text that is no EDN as an error of this package.
func syntaxError(err error) error {
	var e *edn.Error
	if errors.As(err, &e) {
		return &Error{Pos: e.Pos, Text: e.Text, Kind: fmt.Errorf("%w: %w", ErrSyntax, e.Kind)}
	}
	return &Error{Text: err.Error(), Kind: ErrSyntax}
}

// A section is a key of a query with its forms.
type section struct {
	pos   edn.Pos
	items []edn.Node
}

var sectionNames = []string{"find", "keys", "strs", "syms", "with", "in", "where", "having", "order-by", "limit", "offset", "timeout", "order", "scan"}

// scalarSections are those whose value is one form.
var scalarSections = []string{"order-by", "limit", "offset", "timeout", "order", "scan"}

// sections splits a query into its sections by name.
func sections(n edn.Node) (map[string]section, error) {
	switch n.Kind {
	case edn.Vector, edn.List:
		return vectorSections(n)
	case edn.Map:
		return mapSections(n)
	}
	return nil, errorAt(n.Pos, ErrSyntax, "a query is a vector or a map, not %s", edn.String(n))
}

func vectorSections(n edn.Node) (map[string]section, error) {
	out := map[string]section{}
	for i := 0; i < len(n.Items); {
		name, err := sectionName(n.Items[i], out)
		if err != nil {
			return nil, err
		}
		end := i + 1
		for end < len(n.Items) && (!isKeyword(n.Items[end]) || end == i+1 && slices.Contains(scalarSections, name)) {
			end++
		}
		out[name] = section{n.Items[i].Pos, n.Items[i+1 : end]}
		i = end
	}
	return out, nil
}

func mapSections(n edn.Node) (map[string]section, error) {
	out := map[string]section{}
	for i := 0; i < len(n.Items); i += 2 {
		name, err := sectionName(n.Items[i], out)
		if err != nil {
			return nil, err
		}
		v := n.Items[i+1]
		switch {
		case slices.Contains(scalarSections, name):
			out[name] = section{n.Items[i].Pos, []edn.Node{v}}
		case v.Kind == edn.Vector || v.Kind == edn.List:
			out[name] = section{n.Items[i].Pos, v.Items}
		default:
			return nil, errorAt(v.Pos, ErrSyntax, ":%s takes a vector, not %s", name, edn.String(v))
		}
	}
	return out, nil
}

// sectionName returns the name of the section that a form opens.
func sectionName(n edn.Node, have map[string]section) (string, error) {
	k, ok := n.Value.(edn.Keyword)
	name := string(k)
	switch {
	case !ok:
		return "", errorAt(n.Pos, ErrSyntax, "%s stands before the first section such as :find", edn.String(n))
	case !slices.Contains(sectionNames, name):
		return "", errorAt(n.Pos, ErrSyntax, "unknown section :%s%s", name, didYouMean(name, sectionNames, ":"))
	}
	if _, twice := have[name]; twice {
		return "", errorAt(n.Pos, ErrSyntax, ":%s stands twice", name)
	}
	return name, nil
}

func isKeyword(n edn.Node) bool {
	_, ok := n.Value.(edn.Keyword)
	return ok
}

// symbol returns the symbol that a form is, and "" where it is none.
func symbol(n edn.Node) string {
	s, _ := n.Value.(edn.Symbol)
	return string(s)
}

func isVariable(n edn.Node) bool { return strings.HasPrefix(symbol(n), "?") }
func isSource(n edn.Node) bool   { return strings.HasPrefix(symbol(n), "$") }

// A parser turns forms into the parts of an ast, or of a rule.
type parser struct {
	names []string            // of the variables
	scope map[string]variable // what a name means here
}

func newParser() *parser { return &parser{scope: map[string]variable{}} }

// variable returns the variable of a name.
func (p *parser) variable(name string) variable {
	v, ok := p.scope[name]
	if !ok {
		v = variable(len(p.names))
		p.names = append(p.names, name)
		p.scope[name] = v
	}
	return v
}

// query puts the sections of a query together.
func (p *parser) query(s map[string]section, pos edn.Pos) (*ast, error) {
	q := &ast{limit: -1, inPos: pos}
	if in, ok := s["in"]; ok {
		q.inPos = in.pos
	}
	for _, step := range []struct {
		name string
		read func(*ast, section) error
	}{
		{"in", p.inputs}, {"find", p.findClause}, {"with", p.withClause}, {"where", p.whereClause},
		{"having", p.havingClause}, {"keys", p.keys}, {"strs", p.keys}, {"syms", p.keys},
		{"order-by", p.orderBy}, {"limit", p.limit}, {"offset", p.offset}, {"timeout", p.timeout}, {"order", p.order}, {"scan", p.scan},
	} {
		sec, ok := s[step.name]
		if !ok {
			continue
		}
		if err := step.read(q, sec); err != nil {
			return nil, err
		}
	}
	if _, ok := s["in"]; !ok {
		q.inputs = []input{{kind: sourceInput, name: "$", pos: pos}}
	}
	q.names = p.names
	return q, requireSections(q, s, pos)
}

// requireSections checks that a query asks for something, of something.
func requireSections(q *ast, s map[string]section, pos edn.Pos) error {
	_, in := s["in"]
	_, where := s["where"]
	switch {
	case len(q.find) == 0:
		return errorAt(pos, ErrSyntax, "nothing to find: :find is missing or empty")
	case !in && !where:
		return errorAt(pos, ErrSyntax, "a query needs :where, :in or both")
	}
	return nil
}

func (p *parser) whereClause(q *ast, s section) (err error) {
	q.where, err = p.clauses(s.items)
	return err
}

func (p *parser) withClause(q *ast, s section) error {
	for _, n := range s.items {
		if !isVariable(n) {
			return errorAt(n.Pos, ErrSyntax, ":with takes variables, not %s", edn.String(n))
		}
		v := p.variable(symbol(n))
		if slices.ContainsFunc(q.with, func(t term) bool { return t.v == v }) {
			return errorAt(n.Pos, ErrSyntax, "%s stands twice in :with", symbol(n))
		}
		if q.found().has(v) {
			return errorAt(n.Pos, ErrSyntax, "%s stands in :find and in :with", symbol(n))
		}
		q.with = append(q.with, term{kind: variableTerm, v: v, pos: n.Pos})
	}
	return nil
}
