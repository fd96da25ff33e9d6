package query

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/spell"
	"github.com/datolite/datolite/internal/tag"
)

// A pattern says what a pull reads of an entity. It lives twice: parsePattern makes it of a text, or typePattern of a Go type; then
// bind makes a plan of it for a schema. A pattern is not changed once it is made, but for the plan that it keeps.
type pattern struct {
	pos   edn.Pos
	all   bool // *
	id    bool // :db/id
	specs []*spec
	typed bool // of the tags of a Go type

	bound atomic.Pointer[boundPattern] // the plan that was made last; nil where there is none to keep
}

// A boundPattern is the plan of a pattern for a schema.
type boundPattern struct {
	schema *db.Schema
	plan   *pullPlan
}

// A spec says what a pull reads of one attribute.
type spec struct {
	pos     edn.Pos
	name    string // as written, without colon
	attr    string // that without the underscore of a reversed one
	reverse bool
	key     string // in the map that is pulled
	limit   int    // of the values that are looked at; 0 is defaultLimit
	absent  any    // :default
	xform   string // the name of a function, or ""
	// What to read of the entities that the attribute refers to: sub, or the pattern around once more, depth times along a path.
	sub   *pattern
	depth int
	field *tag.Field // that the values are for, in the pattern of a Go type
}

const (
	defaultLimit = 1000
	unlimited    = math.MaxInt
)

// parsePattern reads a pull pattern, such as [:person/name {:person/friend [*]}].
func parsePattern(n edn.Node) (*pattern, error) {
	if n.Kind != edn.Vector {
		return nil, errorAt(n.Pos, ErrPattern, "a pull pattern is a vector, not %s", edn.String(n))
	}
	if len(n.Items) == 0 {
		return nil, errorAt(n.Pos, ErrPattern, "the pull pattern is empty")
	}
	p := &pattern{pos: n.Pos}
	for _, item := range n.Items {
		if err := p.add(item); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// add reads one element of a pattern.
func (p *pattern) add(n edn.Node) error {
	switch {
	case n.Kind == edn.Scalar && (n.Value == edn.Symbol("*") || n.Value == "*"):
		p.all = true
		return nil
	case n.Kind == edn.Map:
		return p.addMap(n)
	}
	s, err := parseSpec(n)
	if err != nil {
		return err
	}
	return p.addSpec(s)
}

func (p *pattern) addSpec(s *spec) error {
	for _, other := range p.specs {
		if other.name == s.name {
			return errorAt(s.pos, ErrDuplicate, ":%s stands twice in the pattern", s.name)
		}
	}
	if s.attr != "db/id" {
		p.specs = append(p.specs, s)
		return nil
	}
	if p.id {
		return errorAt(s.pos, ErrDuplicate, ":db/id stands twice in the pattern")
	}
	p.id = true
	return nil
}

// addMap reads {attribute pattern-or-depth …}.
func (p *pattern) addMap(n edn.Node) error {
	if len(n.Items) == 0 {
		return errorAt(n.Pos, ErrPattern, "the map is empty; it takes an attribute and a pattern")
	}
	for i := 0; i < len(n.Items); i += 2 {
		s, err := parseSpec(n.Items[i])
		if err != nil {
			return err
		}
		if s.attr == "db/id" {
			return errorAt(s.pos, ErrAttrSpec, ":db/id is not a reference")
		}
		if err := s.parseSub(n.Items[i+1]); err != nil {
			return err
		}
		if err := p.addSpec(s); err != nil {
			return err
		}
	}
	return nil
}

// parseSub reads what stands behind an attribute in a map: a pattern, a depth or ....
func (s *spec) parseSub(n edn.Node) (err error) {
	if n.Kind == edn.Vector {
		s.sub, err = parsePattern(n)
		return err
	}
	depth, ok := n.Value.(int64)
	switch {
	case n.Kind == edn.Scalar && (n.Value == edn.Symbol("...") || n.Value == "..."):
		s.depth = unlimited
	case ok && depth > 0:
		s.depth = int(min(depth, unlimited))
	default:
		return errorAt(n.Pos, ErrRecurLimit, ":%s takes a pattern, a depth above 0 or ..., not %s", s.name, edn.String(n))
	}
	return nil
}

// parseSpec reads an attribute, alone or with options: :a, [:a :limit 2], (:a :limit 2), (limit :a 2), (default :a 0).
func parseSpec(n edn.Node) (*spec, error) {
	switch {
	case n.Kind == edn.Scalar:
		return parseAttr(n)
	case n.Kind != edn.Vector && n.Kind != edn.List:
		return nil, errorAt(n.Pos, ErrAttrSpec, "%s is not an attribute", edn.String(n))
	case len(n.Items) == 0:
		return nil, errorAt(n.Pos, ErrAttrSpec, "an attribute is missing")
	case n.Kind == edn.List && (n.Items[0].Value == edn.Symbol("limit") || n.Items[0].Value == edn.Symbol("default")):
		return parseLegacy(n)
	}
	s, err := parseSpec(n.Items[0])
	if err != nil {
		return nil, err
	}
	return s, s.parseOptions(n)
}

// parseAttr reads :ns/name or :ns/_name, or a string of one of them.
func parseAttr(n edn.Node) (*spec, error) {
	name, ok := n.Value.(edn.Keyword)
	if text, isText := n.Value.(string); isText {
		name, ok = edn.Keyword(strings.TrimPrefix(text, ":")), text != "" && text != ":"
	}
	if !ok {
		return nil, errorAt(n.Pos, ErrAttrSpec, "%s is not an attribute", edn.String(n))
	}
	s := &spec{pos: n.Pos, name: string(name), attr: string(name), key: string(name)}
	if local, ok := strings.CutPrefix(name.Name(), "_"); ok {
		s.reverse = true
		s.attr = strings.TrimSuffix(s.name, name.Name()) + local
	}
	return s, nil
}

// parseLegacy reads the older form of two options.
func parseLegacy(n edn.Node) (*spec, error) {
	if len(n.Items) != 3 {
		return nil, errorAt(n.Pos, ErrAttrSpec, "%s takes an attribute and a value", n.Items[0].Value)
	}
	s, err := parseSpec(n.Items[1])
	if err != nil {
		return nil, err
	}
	option := n.Items[0]
	option.Value = edn.Keyword(option.Value.(edn.Symbol))
	return s, s.parseOption(option, n.Items[2])
}

// parseOptions reads what stands behind the attribute in a vector or list.
func (s *spec) parseOptions(n edn.Node) error {
	options := n.Items[1:]
	if len(options)%2 != 0 {
		return errorAt(n.Pos, ErrAttrSpec, "the option %s of :%s has no value", edn.String(options[len(options)-1]), s.name)
	}
	for i := 0; i < len(options); i += 2 {
		if err := s.parseOption(options[i], options[i+1]); err != nil {
			return err
		}
	}
	return nil
}

var pullOptions = []string{":as", ":limit", ":default", ":xform"}

func (s *spec) parseOption(name, value edn.Node) error {
	switch name.Value {
	case edn.Keyword("as"):
		return s.parseAs(value)
	case edn.Keyword("limit"):
		return s.parseLimit(value)
	case edn.Keyword("default"):
		s.absent = value.Plain()
		return nil
	case edn.Keyword("xform"):
		f, ok := value.Value.(edn.Symbol)
		if !ok {
			return errorAt(value.Pos, ErrAttrSpec, ":xform takes the name of a function, not %s", edn.String(value))
		}
		s.xform = string(f)
		return nil
	}
	text := edn.String(name)
	return errorAt(name.Pos, ErrAttrSpec, "unknown option %s%s", text, spell.DidYouMean(text, slices.Values(pullOptions)))
}

func (s *spec) parseAs(n edn.Node) error {
	switch as := n.Value.(type) {
	case edn.Keyword:
		s.key = string(as)
	case edn.Symbol:
		s.key = string(as)
	case string:
		s.key = as
	default:
		if n.Kind != edn.Nil {
			return errorAt(n.Pos, ErrAttrSpec, ":as takes a keyword, symbol or string, not %s", edn.String(n))
		}
	}
	return nil
}

func (s *spec) parseLimit(n edn.Node) error {
	limit, ok := n.Value.(int64)
	switch {
	case n.Kind == edn.Nil:
		s.limit = unlimited
	case ok && limit > 0:
		s.limit = int(min(limit, unlimited))
	default:
		return errorAt(n.Pos, ErrAttrSpec, ":limit takes a number above 0 or nil, not %s", edn.String(n))
	}
	return nil
}
