package query

import (
	"context"
	"slices"

	"github.com/datolite/datolite/db"
)

// A run is a query being answered.
type run struct {
	ctx      context.Context
	q        *ast
	names    []string // of the variables of the query and of the rules that stand in it
	ids      varSet   // variables to which the inputs give IDs
	others   varSet   // variables to which they give something else
	sources  map[string]*source
	rules    *ruleSet
	modes    *modes
	objects  *objects
	hidden   *hidden
	host     []*db.Snapshot // those that know functions of the host
	patterns map[string]*pattern
	tables   map[string]*answers
	closures map[closureKey]*closure
	extents  []heldExtent
	order    []*answers      // the tables, as they were made
	params   map[string]bool // whether arguments of rules stand for entities, as far as that is known

	template  *template // that the plan is an instance of; nil where it is none
	tallies   []tally   // of what was counted
	varieties []variety // of what values were counted

	trace *trace // nil where nobody asks how the query is answered

	limits Budget
	held   int64 // bytes of intermediate results
	datoms int64 // that were read

	computes   []computed // by column of :find, nil where it is a variable or a pull
	conditions []computed // of :having
}

// execute answers a query. r is what $ stands for, and in are the other inputs in the order of :in. A query within another shares its
// budget, and the functions of its host.
func execute(ctx context.Context, q *ast, r db.Reader, in []any, outer *run) (a *answer, datoms int64, err error) {
	ctx, cancel := q.within(ctx)
	defer cancel()
	x, groups, p, err := prepared(ctx, q, r, in, outer)
	if err == nil {
		a, err = x.answer(p, groups)
	}
	if outer != nil {
		outer.datoms = x.datoms
	}
	return a, x.datoms, err
}

// within returns a context that ends when the time of the query is over.
func (q *ast) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if q.timeout > 0 {
		return context.WithTimeout(ctx, q.timeout)
	}
	return ctx, func() {}
}

// prepared returns the run of a query, with its plan and what the inputs bind.
func prepared(ctx context.Context, q *ast, r db.Reader, in []any, outer *run) (*run, []*relation, *plan, error) {
	of := &struct {
		run
		objects objects
		hidden  hidden
	}{}
	x := &of.run
	*x = run{ctx: ctx, q: q, sources: map[string]*source{}, objects: &of.objects, limits: budgetOf(ctx), hidden: &of.hidden}
	of.hidden.run = x
	if outer != nil {
		x.host, x.held, x.datoms = slices.Clone(outer.host), outer.held+outer.objects.kept, outer.datoms
	}
	groups, err := x.bind(r, in)
	if err != nil {
		return x, nil, nil, err
	}
	x.hidden.prepare(groups)
	p, err := x.planned()
	if err != nil {
		return x, nil, nil, err
	}
	if err := x.prepare(); err != nil {
		return x, nil, nil, err
	}
	groups, err = x.hidden.extend(groups)
	return x, groups, p, err
}

// answer runs the plan of a query, and finds what is asked for.
func (r *run) answer(p *plan, groups []*relation) (*answer, error) {
	if a, err := r.stream(p, groups); a != nil || err != nil {
		return a, err
	}
	c := r.conj(p, r.q.asked(), nil)
	c.enough = r.q.enough()
	basis, err := c.solve(groups)
	if err != nil {
		return nil, err
	}
	return r.find(basis)
}

// asked returns the variables of :find and :with, and those that are aggregated.
func (q *ast) asked() varSet {
	s := q.found()
	termVars(q.with, &s)
	for _, condition := range q.having {
		condition.each(func(e *expr) {
			if e.kind == aggregateExpr {
				s.add(e.v)
			}
		})
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
	if err := r.checkRules(r.q.where, "$", "$", map[string]bool{}); err != nil {
		return nil, err
	}
	q := r.q
	if in := r.inlined(); in != nil {
		if better, err := in.analyze(r.rules, r.isRows); err == nil {
			q, f = in, better
		}
	}
	r.names = q.names
	a := &analyzer{rules: r.rules, rows: r.isRows, names: q.names, dollar: "$", flow: f, modes: r.modes, full: q.fullScans}
	return r.plan(q.where, a, "$", true)
}
