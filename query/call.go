package query

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A callStep calls a function for every row. It keeps the row once for each way in which the result fits the binding; without
// a binding, it keeps the rows for which the result is neither nil nor false.
type callStep struct {
	clause *callClause
	args   []callArg
	eval   evaluator
	// The function itself, instead of eval, where it is a builtin one: it depends on nothing of the run.
	builtin func(o *objects, args []index.Value) (index.Value, error)
	needs   varSet
	makes   bool // its results are values of its own
	hosted  bool // it is a function of the host
}

// A callArg is a variable, or where v is noVariable a constant or _.
type callArg struct {
	v     variable
	c     index.Value
	blank bool // _ in the call of a rule
}

// An evaluator computes a function. It must not keep its arguments.
type evaluator func(args []index.Value) (index.Value, error)

func (s *callStep) of() clause   { return s.clause }
func (s *callStep) vars() varSet { return positiveVars(s.clause) }

func (s *callStep) score(c *conj) (float64, error) {
	n, err := filterScore(c, s.needs)
	if s.clause.out == nil {
		n /= 2
	}
	return n, err
}

// callStep finds the function of a call. dollar is the source that $ is.
func (r *run) callStep(c *callClause, dollar string) (operator, error) {
	c = c.within(dollar)
	s := &callStep{clause: c, needs: c.needs(), makes: !slices.Contains(readers, c.name)}
	for i, t := range c.args {
		switch t.kind {
		case variableTerm:
			s.args = append(s.args, callArg{v: t.v})
		case constantTerm:
			v, err := r.objects.value(r.argument(c, i))
			if err != nil {
				return nil, errorAt(t.pos, ErrClause, "%v", err)
			}
			s.args = append(s.args, callArg{v: noVariable, c: v})
		}
	}
	var err error
	if s.builtin, err = r.builtin(c); s.builtin == nil && err == nil {
		s.eval, err = r.evaluator(c, s)
	}
	if err != nil {
		err = placed(c, err)
	}
	return s, err
}

// argument returns a constant argument. Where get-else and its like take an entity, a vector of two is a lookup ref.
func (r *run) argument(c *callClause, i int) any {
	if sourceFunctions[c.name] != nil && c.name != "q" && i == 1 {
		if s := r.sources[c.args[0].name]; s != nil && s.db != nil {
			return lookupWithin(s.db.Schema(), c.args[i].c)
		}
	}
	return c.args[i].c
}

// within returns the call with the name of the source that $ is.
func (c *callClause) within(dollar string) *callClause {
	if dollar == "$" {
		return c
	}
	out := *c
	out.args = slices.Clone(c.args)
	for i := range out.args {
		if out.args[i].kind == sourceTerm && out.args[i].name == "$" {
			out.args[i].name = dollar
		}
	}
	return &out
}

// evaluator returns what computes a call: a variable's function, one that reads a source, a builtin, or one of the host.
func (r *run) evaluator(c *callClause, s *callStep) (evaluator, error) {
	if c.fn != noVariable {
		s.args = append([]callArg{{v: c.fn}}, s.args...)
		return r.applied(c), nil
	}
	if make, ok := sourceFunctions[c.name]; ok {
		return make(r, c)
	}
	if f, ok := r.hostFunc(c.name); ok {
		s.hosted = true
		return r.hostEvaluator(c, f)
	}
	eval, err := r.builtin(c)
	return func(args []index.Value) (index.Value, error) { return eval(r.objects, args) }, err
}

// call computes the function of arguments.
func (s *callStep) call(r *run, args []index.Value) (index.Value, error) {
	if s.builtin != nil {
		return s.builtin(r.objects, args)
	}
	return s.eval(args)
}

// builtin returns the builtin function of a call; nil where the call is of another kind.
func (r *run) builtin(c *callClause) (func(*objects, []index.Value) (index.Value, error), error) {
	if _, hosted := r.hostFunc(c.name); hosted || c.fn != noVariable || sourceFunctions[c.name] != nil {
		return nil, nil
	}
	b, ok := builtins[builtinName(c.name)]
	if !ok {
		return nil, errorAt(c.named, ErrFunction, "%s", unknownFunction(c.name))
	}
	for _, t := range c.args {
		if t.kind == sourceTerm {
			return nil, errorAt(t.pos, ErrFunction, "%s takes no source", c.name)
		}
	}
	if len(c.args) < b.min || b.max >= 0 && len(c.args) > b.max {
		return nil, errorAt(c.named, ErrFunction, "%s takes %s, not %d", c.name, b.arity(), len(c.args))
	}
	if c.name == "ground" && c.args[0].kind != constantTerm {
		return nil, errorAt(c.args[0].pos, ErrFunction, "ground takes a constant; a variable is another name for a value by identity")
	}
	eval := b.eval
	if op, ok := widened[c.name]; ok && len(c.args) > 1 && c.hasBigInt() {
		op.wide = true
		eval = fold(op, index.Long(0))
	}
	return eval, nil
}

// hasBigInt reports whether a bigint stands among the arguments, as in (+ ?x 1N).
func (c *callClause) hasBigInt() bool {
	return slices.ContainsFunc(c.args, func(t term) bool {
		_, ok := t.c.(*big.Int)
		return ok
	})
}

func (s *callStep) run(c *conj) error {
	s = s.given(c)
	g, err := c.take(s.needs)
	if err != nil {
		return err
	}
	if s.clause.out == nil {
		g, err = s.filter(c.run, g)
	} else {
		g, err = s.bindRows(c.run, g)
	}
	if err != nil {
		return err
	}
	return c.absorb(g)
}

// given returns the call with constants in the place of variables that are the same in all rows.
func (s *callStep) given(c *conj) *callStep {
	out := s
	for i, a := range s.args {
		if a.v == noVariable {
			continue
		}
		if v, ok := c.valueOf(a); ok {
			if out == s {
				changed := *s
				changed.args, out = slices.Clone(s.args), &changed
			}
			out.args[i] = callArg{v: noVariable, c: v}
			out.needs = out.needs.minus(setOf(a.v))
		}
	}
	return out
}

// each calls the function for every row of a relation.
func (s *callStep) each(r *run, g *relation, yield func(row int, v index.Value) error) error {
	args := make([]index.Value, len(s.args))
	for row := range g.n {
		if err := r.tick(row); err != nil {
			return err
		}
		for i, a := range s.args {
			args[i] = a.c
			if a.v != noVariable {
				args[i] = g.cols[g.column(a.v)].At(row)
			}
		}
		v, err := s.call(r, args)
		if err != nil {
			return s.clause.failure(err)
		}
		if s.makes {
			if err := r.made(v); err != nil {
				return err
			}
		}
		if err := yield(row, v); err != nil {
			return err
		}
	}
	return nil
}

// failure places the error of a function.
func (c *callClause) failure(err error) error {
	if errors.As(err, new(*Error)) {
		return err
	}
	text := strings.TrimPrefix(err.Error(), "edn: ")
	var kind *db.Kind
	if !errors.As(err, &kind) && db.CategoryOf(err) == db.Fault {
		err = fmt.Errorf("%w: %w", ErrCall, err)
	}
	return errorAt(c.pos, err, "%s: %s", c.key, text)
}

// truthy reports whether a value passes as the result of a predicate.
func truthy(v index.Value) bool { return !v.IsNil() && v != index.Bool(false) }

func (s *callStep) filter(r *run, g *relation) (*relation, error) {
	if rows, ok := s.compareWords(g); ok {
		return g.pick(rows), r.ctx.Err()
	}
	var rows []int32
	err := s.each(r, g, func(row int, v index.Value) error {
		if truthy(v) {
			rows = append(rows, int32(row))
		}
		return nil
	})
	return g.pick(rows), err
}

// bindRows returns the rows with what the results bind; a variable that a row has already must agree.
func (s *callStep) bindRows(r *run, g *relation) (*relation, error) {
	m := newBinder(r.objects, s.clause.out, ErrCall)
	out := newRelation(m.vars)
	var rows []int32
	err := s.each(r, g, func(row int, v index.Value) error {
		if v.IsNil() {
			return nil
		}
		return m.bind(s.clause.out, v, func() error {
			for i, v := range m.vars {
				if at := g.column(v); at >= 0 && g.cols[at].At(row) != m.row[i] {
					return nil
				}
			}
			rows = append(rows, int32(row))
			out.add(m.row)
			return r.fits(out.n, out.width()+g.width())
		})
	})
	return glue(g, rows, out, firstRows(out.n)), err
}
