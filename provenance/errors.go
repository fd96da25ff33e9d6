package provenance

import (
	"fmt"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// The kinds of errors of this package.
var (
	ErrDefinition = db.NewKind("", db.Incorrect, "not a pipeline definition")
	ErrNoVersion  = db.NewKind("", db.NotFound, "no such version")
	ErrNoNode     = db.NewKind("", db.NotFound, "no such node")
	ErrID         = db.NewKind("", db.Incorrect, "not an id")
	ErrHeld       = db.NewKind("", db.Conflict, "version is held")
)

// A Problem is one thing that is wrong with a definition.
type Problem struct {
	Path string  // where, as in nodes.model.in.rows; "" where the text cannot be read at all
	Pos  edn.Pos // in the text; zero where the definition did not come from text
	Text string
}

// problemIn returns what is wrong with a text at a place.
func problemIn(pos edn.Pos, format string, args ...any) *Problem {
	return &Problem{Pos: pos, Text: fmt.Sprintf(format, args...)}
}

func (p Problem) String() string {
	text := p.Text
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Pos.Line == 0 {
		return text
	}
	return p.Pos.String() + ": " + text
}

// Problems are all that is wrong with a definition, in the order of the text. They unwrap to ErrDefinition.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return "provenance: " + strings.Join(lines, "\n\t")
}

// Unwrap returns ErrDefinition.
func (ps Problems) Unwrap() error { return ErrDefinition }

// A VersionError tells which version an operation failed on. It unwraps to its kind.
type VersionError struct {
	Version VersionID
	Kind    error
}

func (e *VersionError) Error() string {
	return "provenance: " + e.Version.String() + ": " + e.Kind.Error()
}

// Unwrap returns the kind.
func (e *VersionError) Unwrap() error { return e.Kind }

// A NodeError tells which node an operation failed on: by its id, or by the name that was asked for. It unwraps to its kind.
type NodeError struct {
	Node NodeID
	Name string // as asked for; "" where the node was given by its id
	Near string // the nearest name there is
	Kind error
}

func (e *NodeError) Error() string {
	if e.Name == "" {
		return "provenance: " + e.Node.String() + ": " + e.Kind.Error()
	}
	text := fmt.Sprintf("provenance: %q: %v", e.Name, e.Kind)
	if e.Near != "" {
		text += fmt.Sprintf(" (did you mean %q?)", e.Near)
	}
	return text
}

// Unwrap returns the kind.
func (e *NodeError) Unwrap() error { return e.Kind }

// errNoSchema tells that the attributes of pipelines were never installed.
var errNoSchema = fmt.Errorf("provenance: %w :node/id: transact provenance.Schema() first", db.ErrUnknownAttribute)
