package query

import (
	"context"

	"github.com/datolite/datolite/db"
)

// rowBudget is how many rows a relation may come to hold.
const rowBudget = 1 << 26

// A run is a query being answered.
type run struct {
	ctx      context.Context
	q        *ast
	ids      varSet // variables to which the inputs give IDs
	others   varSet // variables to which they give something else
	sources  map[string]*source
	rules    *ruleSet
	modes    *modes
	objects  *objects
	hidden   *hidden
	host     []*db.Snapshot // those that know functions of the host
	patterns map[string]*pattern
	tables   map[string]*answers
	order    []*answers // the tables, as they were made
}

// execute answers a query. r is what $ stands for, and in are the other inputs in the order of :in.
func execute(ctx context.Context, q *ast, r db.Reader, in []any) (*answer, error) {
	x := &run{ctx: ctx, q: q, sources: map[string]*source{}, objects: newObjects(), tables: map[string]*answers{}, patterns: map[string]*pattern{}}
	x.hidden = &hidden{run: x}
	groups, err := x.bind(r, in)
	if err != nil {
		return nil, err
	}
	x.hidden.prepare(groups)
	p, err := x.top()
	if err != nil {
		return nil, err
	}
	if groups, err = x.hidden.extend(groups); err != nil {
		return nil, err
	}
	basis, err := x.solve(p, groups, q.asked(), nil)
	if err != nil {
		return nil, err
	}
	return x.find(basis)
}

// asked returns the variables of :find, :with, and the arguments of aggregates.
func (q *ast) asked() varSet {
	var s varSet
	termVars(q.with, &s)
	for _, f := range q.find {
		s.add(f.v)
	}
	return s
}

// top returns the plan of :where.
func (r *run) top() (*plan, error) {
	if r.rules != nil {
		if err := r.checkRuleSources(); err != nil {
			return nil, err
		}
		for _, c := range r.q.where {
			var err error
			calls([]clause{c}, false, func(c *ruleClause, _ bool) {
				if err == nil {
					err = r.rules.checkCall(c)
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	f, err := r.q.analyze(r.rules, r.isRows)
	if err != nil {
		return nil, err
	}
	r.modes = newModes(r.rules, r.isRows)
	a := &analyzer{rules: r.rules, rows: r.isRows, names: r.q.names, dollar: "$", flow: f, modes: r.modes}
	return r.plan(r.q.where, a, "$", true)
}

// tick returns the error of the context at every 1,024th row.
func (r *run) tick(i int) error {
	if i%1024 != 0 {
		return nil
	}
	return r.ctx.Err()
}

// fits returns an error where a relation comes to hold too many rows.
func (r *run) fits(n int) error {
	if n > rowBudget {
		return &Error{Text: "an intermediate result has more than 67 million rows", Kind: ErrBudget}
	}
	return nil
}
