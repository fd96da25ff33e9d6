package query

import (
	"errors"
	"fmt"
	"slices"

	"github.com/datolite/datolite/index"
)

// A computed is an expr ready to be computed of the rows of a group, which are not none.
type computed func(basis *relation, rows []int32) (index.Value, error)

// prepare makes the exprs of :find and :having ready, so that what is wrong with them is told before the query runs.
func (r *run) prepare() error {
	for i := range r.q.find {
		f := &r.q.find[i]
		if f.expr == nil {
			r.computes = append(r.computes, nil)
			continue
		}
		c, err := r.computed(f.expr)
		if err != nil {
			return err
		}
		r.computes = append(r.computes, c)
	}
	for _, e := range r.q.having {
		c, err := r.computed(e)
		if err != nil {
			return err
		}
		r.conditions = append(r.conditions, c)
	}
	return nil
}

func (r *run) computed(e *expr) (computed, error) {
	switch e.kind {
	case constantExpr:
		v, err := r.objects.value(e.c)
		return func(*relation, []int32) (index.Value, error) { return v, nil }, errorAtIf(term{pos: e.pos}, err)
	case variableExpr:
		return r.computedVariable(e)
	case aggregateExpr:
		return r.computedAggregate(e)
	}
	return r.computedFunction(e)
}

// computedVariable returns the value in which the rows of a group agree, or that the inputs give.
func (r *run) computedVariable(e *expr) (computed, error) {
	if r.q.grouping().has(e.v) {
		return func(basis *relation, rows []int32) (index.Value, error) {
			return basis.cols[basis.column(e.v)].At(int(rows[0])), nil
		}, nil
	}
	col, n, _ := r.hidden.column(e.v)
	if n != 1 {
		return nil, errorAt(e.pos, ErrInputs, "%s has %s in :in; beside groups it can have one", r.q.names[e.v], plural(n, "value"))
	}
	v := col.At(0)
	return func(*relation, []int32) (index.Value, error) { return v, nil }, nil
}

func (r *run) computedFunction(e *expr) (computed, error) {
	if sourceFunctions[e.name] != nil {
		return nil, errorAt(e.pos, ErrFunction, "%s stands only in :where", e.name)
	}
	call := &callClause{place: place{e.pos, e.written}, name: e.name, named: e.pos, fn: noVariable}
	parts := make([]computed, len(e.parts))
	for i, part := range e.parts {
		call.args = append(call.args, term{kind: variableTerm, v: noVariable, c: part.c, pos: part.pos})
		var err error
		if parts[i], err = r.computed(part); err != nil {
			return nil, err
		}
	}
	eval, err := r.evaluator(call, &callStep{clause: call})
	if err != nil {
		return nil, placed(call, err)
	}
	return func(basis *relation, rows []int32) (index.Value, error) {
		args := make([]index.Value, len(parts))
		for i, part := range parts {
			var err error
			if args[i], err = part(basis, rows); err != nil {
				return args[i], err
			}
		}
		v, err := eval(args)
		if err != nil {
			err = call.failure(err)
		}
		return v, err
	}, nil
}

func (r *run) computedAggregate(e *expr) (computed, error) {
	eval, err := r.aggregator(e)
	if err != nil {
		return nil, err
	}
	return func(basis *relation, rows []int32) (index.Value, error) {
		values := &basis.cols[basis.column(e.v)]
		if err := r.fits(len(rows), valueBytes); err != nil {
			return index.Value{}, err
		}
		bag := make([]index.Value, len(rows))
		for i, row := range rows {
			bag[i] = values.At(int(row))
		}
		v, err := eval(bag)
		if err != nil {
			err = errorAt(e.pos, fmt.Errorf("%w: %w", ErrCall, err), "%s: %v", e.written, err)
		}
		return v, err
	}, nil
}

// aggregator returns what computes an aggregate: one of the host, the function that an input holds, or a builtin.
func (r *run) aggregator(e *expr) (func(bag []index.Value) (index.Value, error), error) {
	if h, err := r.hostAggregate(e); h != nil || err != nil {
		return h, err
	}
	a, ok := aggregates[e.name]
	if !ok {
		return nil, errorAt(e.pos, ErrAggregate, "unknown aggregate %s%s", e.name, didYouMean(e.name, aggregateNames(), ""))
	}
	args, err := r.aggregateArgs(e)
	if err != nil {
		return nil, err
	}
	for _, arg := range e.args {
		if arg.kind == sourceTerm {
			return nil, errorAt(arg.pos, ErrAggregate, "%s: %s takes no source", e.written, e.name)
		}
	}
	if len(args) < a.min || len(args) > a.max {
		return nil, errorAt(e.pos, ErrAggregate, "%s: %s takes %s before its variable, not %d", e.written, e.name, builtin{min: a.min, max: a.max}.arity(), len(args))
	}
	return func(bag []index.Value) (index.Value, error) { return a.eval(r.objects, args, bag) }, nil
}

// hostAggregate returns what calls a function of the host with a bag, nil where the name is none of the host.
func (r *run) hostAggregate(e *expr) (func(bag []index.Value) (index.Value, error), error) {
	h, ok := r.hostFunc(e.name)
	if e.fn != noVariable {
		col, n, _ := r.hidden.column(e.fn)
		if n != 1 {
			return nil, errorAt(e.pos, ErrAggregate, "%s must be one value of :in", e.name)
		}
		h, ok = r.heldFunc(e.name, col.At(0)), true
	}
	if !ok {
		return nil, nil
	}
	if err := h.checkAggregate(len(e.args)); err != nil {
		return nil, errorAt(e.pos, err, "%s: %v", e.written, err)
	}
	values, err := r.aggregateArgs(e)
	if err != nil {
		return nil, err
	}
	args, err := r.arguments(&callClause{args: e.args}, values)
	if err != nil {
		return nil, err
	}
	return func(bag []index.Value) (index.Value, error) {
		all := make([]any, len(bag))
		for i, v := range bag {
			all[i] = r.objects.plain(v)
		}
		given := slices.Clone(args)
		if h.fn.Type().IsVariadic() {
			given = append(given, all...)
		} else {
			given = append(given, all)
		}
		out, err := h.call(r.ctx, given)
		if err != nil {
			return index.Value{}, err
		}
		return r.result(out)
	}, nil
}

// aggregateArgs returns the arguments before the variable that are no sources: constants, and inputs of one value.
func (r *run) aggregateArgs(e *expr) ([]index.Value, error) {
	var out []index.Value
	for _, t := range e.args {
		switch t.kind {
		case constantTerm:
			v, err := r.objects.value(t.c)
			if err != nil {
				return nil, errorAt(t.pos, ErrAggregate, "%v", err)
			}
			out = append(out, v)
		case variableTerm:
			col, n, ok := r.hidden.column(t.v)
			if !ok || n != 1 {
				return nil, errorAt(t.pos, ErrAggregate, "%s must be one value of :in", r.q.names[t.v])
			}
			out = append(out, col.At(0))
		}
	}
	return out, nil
}

// grouping returns the variables by which rows are grouped: those of :find that are not aggregated.
func (q *ast) grouping() varSet {
	var s varSet
	for _, f := range q.find {
		s.add(f.v)
		if f.expr != nil {
			f.expr.each(func(e *expr) {
				if e.kind == variableExpr {
					s.add(e.v)
				}
			})
		}
	}
	return s
}

// columns returns the columns that are found, and how many rows they have: a row for each group of rows, or for each row where nothing
// is aggregated.
func (r *run) columns(basis *relation) ([]index.Vector, int, error) {
	var groups [][]int32
	switch {
	case r.q.aggregates():
		return r.aggregated(basis)
	case slices.ContainsFunc(r.computes, func(c computed) bool { return c != nil }) || len(r.conditions) > 0:
		groups = single(basis.n)
	default:
		return r.plainColumns(basis), basis.n, nil
	}
	return r.computedOf(basis, groups)
}

// aggregated returns the columns that are found where something is aggregated.
func (r *run) aggregated(basis *relation) ([]index.Vector, int, error) {
	g, err := r.groups(basis, r.q.grouping().list())
	if err != nil {
		return nil, 0, err
	}
	if basis.n > 0 && r.foldable() {
		if cols, ok, err := r.folded(basis, g); ok || err != nil {
			return cols, len(g.firsts), err
		}
	}
	return r.computedOf(basis, g.rows())
}

// computedOf returns the columns that are found of groups of rows.
func (r *run) computedOf(basis *relation, groups [][]int32) ([]index.Vector, int, error) {
	groups, err := r.having(basis, groups)
	if err != nil {
		return nil, 0, err
	}
	cols, err := r.groupColumns(basis, groups)
	return cols, len(groups), err
}

// plainColumns returns the columns of :find where all of them are variables or pulls.
func (r *run) plainColumns(basis *relation) []index.Vector {
	cols := make([]index.Vector, len(r.q.find))
	for i, f := range r.q.find {
		cols[i] = basis.cols[basis.column(f.v)]
	}
	return cols
}

// single returns groups of one row each.
func single(n int) [][]int32 {
	groups := make([][]int32, n)
	for i := range groups {
		groups[i] = []int32{int32(i)}
	}
	return groups
}

// having returns the groups for which all conditions hold.
func (r *run) having(basis *relation, groups [][]int32) ([][]int32, error) {
	if len(r.conditions) == 0 {
		return groups, nil
	}
	var out [][]int32
	for i, rows := range groups {
		if err := r.tick(i); err != nil {
			return nil, err
		}
		holds := true
		for _, c := range r.conditions {
			v, err := c(basis, rows)
			if err != nil {
				return nil, err
			}
			holds = holds && truthy(v)
		}
		if holds {
			out = append(out, rows)
		}
	}
	return out, nil
}

func (r *run) groupColumns(basis *relation, groups [][]int32) ([]index.Vector, error) {
	firsts := make([]int32, len(groups))
	for i, g := range groups {
		firsts[i] = g[0]
	}
	cols := make([]index.Vector, len(r.q.find))
	for i, f := range r.q.find {
		if r.computes[i] == nil {
			cols[i] = basis.cols[basis.column(f.v)].Pick(firsts)
			continue
		}
		for k, rows := range groups {
			if err := r.tick(k); err != nil {
				return nil, err
			}
			v, err := r.computes[i](basis, rows)
			if err != nil {
				return nil, err
			}
			cols[i].Append(v)
		}
	}
	return cols, nil
}

// picked reports whether a column holds values of its variable; several of them where it can have several.
func (r *run) picked(f *findElem) (yes, several bool) {
	e := f.expr
	if e == nil {
		return true, false
	}
	if _, host := r.hostFunc(e.name); host || e.kind != aggregateExpr || !slices.Contains(picks, e.name) {
		return false, false
	}
	return true, len(e.args) > 0 || e.name == "distinct"
}

// placed returns an error at the place of a call, unless it has one.
func placed(c *callClause, err error) error {
	if errors.As(err, new(*Error)) {
		return err
	}
	return errorAt(c.pos, err, "%s: %v", c.key, err)
}
