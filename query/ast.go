package query

import (
	"sync/atomic"
	"time"

	"github.com/datolite/datolite/edn"
)

// An ast is a query that was read and checked as far as it can be without rules and without a database. It never changes, but for the
// plan that it keeps.
type ast struct {
	names  []string // the names of the variables
	find   []findElem
	shape  findShape
	keys   []string // of :keys, :strs or :syms; nil without them
	with   []term
	inputs []input
	inPos  edn.Pos
	where  []clause
	having []*expr
	order  []orderTerm
	offset int
	limit  int // −1 is none

	timeout   time.Duration // 0 is none
	asWritten bool          // clauses are run in the order in which they stand
	fullScans bool          // a pattern of which nothing is bound reads everything

	kept *atomic.Pointer[template] // what was planned last, where that can be used again
}

// A variable is a number within the text that it stands in. Where a variable is local to a not-join or or-join, it has a
// number of its own, so that equal numbers mean equal variables everywhere.
type variable int

// noVariable is the number of _ and of what is no variable.
const noVariable variable = -1

// A term is what stands in a place of a pattern or call: a constant, a variable, _ or a source.
type term struct {
	kind termKind
	v    variable
	c    any    // the plain value of a constant
	name string // of a source
	pos  edn.Pos
}

type termKind uint8

const (
	blankTerm termKind = iota
	variableTerm
	constantTerm
	sourceTerm
)

// A bindForm says how a value becomes variables.
type bindForm struct {
	kind  bindingKind
	v     variable
	items []bindForm // of a tuple; the one form that each element of a collection takes
	pos   edn.Pos
}

type bindingKind uint8

const (
	blankBinding      bindingKind = iota // _
	scalarBinding                        // ?x
	tupleBinding                         // [?x ?y]
	collectionBinding                    // [?x ...], and [[?x ?y]] as a collection of tuples
)

// vars adds the variables of the binding to a set.
func (b *bindForm) vars(s *varSet) {
	if b.kind == scalarBinding {
		s.add(b.v)
	}
	for i := range b.items {
		b.items[i].vars(s)
	}
}

// An input is a place of :in.
type input struct {
	kind    inputKind
	name    string // of a source or pattern
	binding bindForm
	pos     edn.Pos
}

type inputKind uint8

const (
	bindingInput inputKind = iota
	sourceInput
	rulesInput
	patternInput
)

// A clause is a condition of :where or of a rule.
type clause interface {
	at() edn.Pos
	text() string // canonical, by which clauses are put in order
}

// A place is what every clause has.
type place struct {
	pos edn.Pos
	key string
}

func (p *place) at() edn.Pos  { return p.pos }
func (p *place) text() string { return p.key }

// The clauses. A source that is empty is the default source of where the clause stands.
type (
	patternClause struct {
		place
		source string
		terms  []term
	}
	callClause struct {
		place
		name  string
		named edn.Pos  // where the name stands
		fn    variable // the variable that holds the function, where it has no name
		args  []term
		out   *bindForm // nil for a predicate
	}
	ruleClause struct {
		place
		source string
		name   string
		args   []term
	}
	notClause struct {
		place
		source string
		join   *varSet // of not-join; nil for not
		body   []clause
	}
	orClause struct {
		place
		source   string
		required varSet
		join     *varSet // of or-join; nil for or
		branches [][]clause
	}
)

// A findElem is a column of the find clause: a variable as it is, what is pulled of it, or what an expr computes.
type findElem struct {
	name    string
	v       variable // noVariable for an expr
	expr    *expr
	pull    *pattern
	pulls   bool
	named   string // the pattern's name among the inputs, where it has no literal
	source  string // of a pull
	pos     edn.Pos
	written string // canonical text
}

// An expr is computed of each group of rows: an aggregate of a variable, a function of other exprs, a constant, or a variable in which
// the rows of a group agree.
type expr struct {
	kind    exprKind
	name    string   // of the function or aggregate
	fn      variable // that holds it, where it has no name
	args    []term   // of an aggregate, before its variable
	v       variable // of an aggregate or variable
	c       any      // a constant
	parts   []*expr  // the arguments of a function
	pos     edn.Pos
	written string // canonical text
}

type exprKind uint8

const (
	constantExpr exprKind = iota
	variableExpr
	aggregateExpr
	functionExpr
)

// An orderTerm is a column by which rows are sorted.
type orderTerm struct {
	column int
	desc   bool
}

// A rule is one head and body; the rules of one name are its branches.
type rule struct {
	name     string
	head     []variable
	required int // how many of the head, from the left, must be bound
	body     []clause
	names    []string // of its variables
	pos      edn.Pos
}
