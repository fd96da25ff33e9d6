package query

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/datolite/datolite/db"
)

// A Plan tells how a query is answered: which clause is run after which, how it reads, and how many rows were expected of it. The next clause
// is chosen while the query runs, by counts of what is there and of what would follow, and never by the order in which clauses are written.
type Plan struct {
	Text     string // of the query
	Steps    []Step
	Ran      bool // what follows was measured: the plan is one of Analyze
	Rows     int
	Datoms   int64 // that were read
	Duration time.Duration
}

// A Step is a clause of a Plan. The steps within a negation, or a branch of an or, are its own.
type Step struct {
	Clause   string
	How      string // what is read, and beside what
	Expected int    // rows when the step has run; −1 where nothing is said
	Rows     int    // that there were, and what follows: of a plan of Analyze
	Datoms   int64  // that were read; none where a step before it has read the same
	Duration time.Duration
	Steps    []Step
}

// Explain returns how a query would be answered, without running it. r and in are those of Run. The numbers of rows are exact counts where
// a clause is the first to read something of the present, and estimates else. It fails where the query would before it reads.
func Explain(ctx context.Context, r db.Reader, text string, in ...any) (*Plan, error) {
	q, err := parse(text)
	if err != nil {
		return nil, err
	}
	p := &Plan{Text: text}
	x, groups, plan, err := prepared(ctx, q, r, in, nil)
	if err != nil {
		return nil, err
	}
	x.trace = &trace{imagines: true, steps: &p.Steps}
	c := x.conj(plan, q.asked(), nil)
	if err := c.begin(groups); err != nil {
		return nil, err
	}
	return p, c.imagineAll()
}

// Analyze runs a query, and returns how it was answered, with how many rows and datoms and how much time each step took. r and in are those
// of Run. Aggregates that Run computes while it reads several clauses beside each other are computed behind the last one.
func Analyze(ctx context.Context, r db.Reader, text string, in ...any) (*Plan, error) {
	q, err := parse(text)
	if err != nil {
		return nil, err
	}
	ctx, cancel := q.within(ctx)
	defer cancel()
	p := &Plan{Text: text, Ran: true}
	start := time.Now()
	x, groups, plan, err := prepared(ctx, q, r, in, nil)
	if err != nil {
		return nil, err
	}
	x.trace = &trace{steps: &p.Steps}
	a, err := x.answer(plan, groups)
	if err != nil {
		return nil, err
	}
	p.Rows, p.Datoms, p.Duration = a.n, x.datoms, time.Since(start)
	return p, nil
}

// String returns the plan as lines of text, a step each.
func (p *Plan) String() string {
	var b strings.Builder
	p.each(p.Steps, nil, func(path []int, s *Step) {
		fmt.Fprintf(&b, "%s%s %s", strings.Repeat("  ", len(path)-1), dotted(path), s.Clause)
		if s.How != "" {
			fmt.Fprintf(&b, ": %s", s.How)
		}
		fmt.Fprintf(&b, "%s\n", s.counts(p.Ran))
	})
	if p.Ran {
		fmt.Fprintf(&b, "%s, %s read, %s\n", plural(p.Rows, "row"), plural(int(p.Datoms), "datom"), p.Duration)
	}
	return b.String()
}

// counts tells how many rows are expected, and what was measured.
func (s *Step) counts(ran bool) string {
	expected := "~" + plural(s.Expected, "row")
	switch {
	case !ran && s.Expected < 0:
		return ""
	case !ran:
		return " (" + expected + ")"
	case s.Expected < 0:
		return fmt.Sprintf(" (%s, %s)", plural(s.Rows, "row"), s.Duration)
	}
	return fmt.Sprintf(" (%s, %s, %s read, %s)", expected, plural(s.Rows, "row"), plural(int(s.Datoms), "datom"), s.Duration)
}

// each yields steps and those within them, with their numbers.
func (p *Plan) each(steps []Step, path []int, yield func(path []int, s *Step)) {
	for i := range steps {
		own := append(path[:len(path):len(path)], i+1)
		yield(own, &steps[i])
		p.each(steps[i].Steps, own, yield)
	}
}

func dotted(path []int) string {
	var parts []string
	for _, n := range path {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, ".")
}

// DOT returns the plan as a graph in the language of Graphviz: a node for each step, and an edge to the one after it.
func (p *Plan) DOT() string {
	var b strings.Builder
	b.WriteString("digraph plan {\n  node [shape=box];\n")
	p.each(p.Steps, nil, func(path []int, s *Step) {
		label := s.Clause
		if s.How != "" {
			label += "\n" + s.How
		}
		label += "\n" + strings.TrimSpace(s.counts(p.Ran))
		fmt.Fprintf(&b, "  %s [label=%s];\n", node(path), strconv.Quote(label))
		last := len(path) - 1
		if path[last] > 1 {
			before := append(path[:last:last], path[last]-1)
			fmt.Fprintf(&b, "  %s -> %s;\n", node(before), node(path))
		} else if last > 0 {
			fmt.Fprintf(&b, "  %s -> %s [style=dashed];\n", node(path[:last]), node(path))
		}
	})
	b.WriteString("}\n")
	return b.String()
}

func node(path []int) string { return strconv.Quote(dotted(path)) }
