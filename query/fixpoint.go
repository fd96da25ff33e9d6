package query

import (
	"cmp"
	"fmt"
	"slices"
)

// Rules are evaluated bottom-up and on demand, after the supplementary magic sets of Beeri and Ramakrishnan (1987): for each way
// in which a rule is called, answers holds what is asked for and what was derived for it. Rules that call each other in a circle
// are run together, semi-naively, until nothing new comes; those beneath them are complete whenever they are read, which
// makes negation sound.
type answers struct {
	rule     string
	source   string
	group    int
	bound    []variable // numbers of the arguments that are asked for
	asked    *rowSet
	derived  *rowSet
	branches []*ruleBranch
}

// A ruleBranch is one body of a rule, ready to be run for answers.
type ruleBranch struct {
	head    []variable
	body    *plan
	demands []*demand
}

// A demand is what a branch asks of a rule in its own circle.
type demand struct {
	call   *recursiveStep
	prefix *plan // what must hold before the call
}

// maxRounds is how many rounds rules may take that make values which are in no source; maxInvented how many rows.
const (
	maxRounds   = 50_000
	maxInvented = 4_000_000
)

// answersOf returns the answers for a way to call a rule.
func (r *run) answersOf(name, source string, bound varSet) (*answers, error) {
	key := fmt.Sprintf("%s %s %v", name, source, bound.list())
	if t, ok := r.tables[key]; ok {
		return t, nil
	}
	vars := numbers(r.rules.rules[name][0].head)
	t := &answers{rule: name, source: source, group: r.rules.group[name], bound: bound.list()}
	t.asked = newRowSet(t.bound, nil)
	t.derived = newRowSet(vars, t.bound)
	r.tables[key] = t
	r.order = append(r.order, t)
	for _, rl := range r.rules.rules[name] {
		b, err := r.branch(t, rl, bound)
		if err != nil {
			return nil, err
		}
		t.branches = append(t.branches, b)
	}
	return t, nil
}

// checkRules checks the rules that some clauses call, and those that these call: that every name in them is known, whatever rows
// reach them.
func (r *run) checkRules(cs []clause, dollar, source string, seen map[string]bool) error {
	for _, c := range cs {
		at := &analyzer{dollar: dollar}
		own := at.sourceOf(ownSource(c), source)
		if call, ok := c.(*ruleClause); ok {
			if err := r.checkRule(call.name, own, seen); err != nil {
				return err
			}
		}
		for _, b := range bodies(c) {
			if err := r.checkRules(b, dollar, own, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) checkRule(name, source string, seen map[string]bool) error {
	if seen[name+" "+source] {
		return nil
	}
	seen[name+" "+source] = true
	for _, rl := range r.rules.rules[name] {
		f, err := r.modes.flowOf(rl, source, setOf(numbers(rl.head)...), false)
		if err != nil {
			return inRules(err)
		}
		a := &analyzer{rules: r.rules, rows: r.isRows, names: rl.names, flow: f, modes: r.modes, dollar: source}
		if _, err := r.plan(rl.body, a, source, false); err != nil {
			return inRules(err)
		}
		if err := r.checkRules(rl.body, source, source, seen); err != nil {
			return err
		}
	}
	return nil
}

// numbers returns the numbers of arguments as variables.
func numbers(head []variable) []variable {
	out := make([]variable, len(head))
	for i := range head {
		out[i] = variable(i)
	}
	return out
}

// branch makes a body ready: the steps of its clauses, what is asked, and the calls in the rule's own circle.
func (r *run) branch(t *answers, rl *rule, bound varSet) (*ruleBranch, error) {
	f, err := r.modes.flowOf(rl, t.source, bound, false)
	if err != nil {
		return nil, inRules(err)
	}
	a := &analyzer{rules: r.rules, rows: r.isRows, names: rl.names, flow: f, modes: r.modes, dollar: t.source}
	var rest []clause
	var calls []*ruleClause
	for _, c := range rl.body {
		if call, ok := c.(*ruleClause); ok && r.rules.group[call.name] == t.group {
			calls = append(calls, call)
		} else {
			rest = append(rest, c)
		}
	}
	b := &ruleBranch{head: rl.head}
	if b.body, err = r.plan(rest, a, t.source, false); err != nil {
		return nil, inRules(err)
	}
	given := varSet{}
	if len(t.bound) > 0 {
		ask := &askedStep{t: t}
		for _, i := range t.bound {
			ask.args = append(ask.args, rl.head[i])
			given.add(rl.head[i])
		}
		b.body.steps = append(b.body.steps, ask)
	}
	return b, inRulesIf(r.sequence(t, b, a, calls, given))
}

func inRulesIf(err error) error {
	if err == nil {
		return nil
	}
	return inRules(err)
}

// sequence finds an order for the calls in a rule's own circle, each asked with what those before it and the clauses connected to
// them bind.
func (r *run) sequence(t *answers, b *ruleBranch, a *analyzer, calls []*ruleClause, known varSet) error {
	before := &plan{check: a, source: t.source}
	rest := slices.Clone(b.body.steps)
	free := known.empty()
	slices.SortStableFunc(calls, func(x, y *ruleClause) int { return cmp.Compare(x.key, y.key) })
	for len(calls) > 0 {
		if !free {
			rest = before.gather(rest, &known, false)
		}
		i := r.bestCall(a, calls, known, free, t.source)
		if i < 0 && !free {
			rest = before.gather(rest, &known, true)
			i = max(0, r.bestCall(a, calls, known, free, t.source))
		} else if i < 0 {
			free = false
			continue
		}
		call := calls[i]
		calls = slices.Delete(calls, i, i+1)
		args := call.boundArgs(known)
		if free {
			args = call.boundArgs(varSet{})
		}
		if err := r.demand(b, a, before, call, args, t.source); err != nil {
			return err
		}
		known.addAll(positiveVars(call))
	}
	return nil
}

// gather moves to the plan the steps that can be run with what is known and are connected to it, or any that can be run.
func (p *plan) gather(rest []operator, known *varSet, any bool) []operator {
	for changed := true; changed; {
		changed = false
		rest = slices.DeleteFunc(rest, func(s operator) bool {
			c := s.of()
			if _, asked := s.(*askedStep); !asked && (!p.check.ready(c, *known, p.source) || !any && !allVars(c).meets(*known)) {
				return false
			}
			p.steps = append(p.steps, s)
			known.addAll(bindsOf(s))
			changed = true
			return true
		})
	}
	return rest
}

// bestCall returns the number of the call with the most arguments bound, of those that can be made; −1 if there is none.
func (r *run) bestCall(a *analyzer, calls []*ruleClause, known varSet, free bool, source string) int {
	best, most := -1, -1
	if free {
		known = varSet{}
	}
	for i, c := range calls {
		args := c.boundArgs(known)
		if args.len() > most && r.modes.possibleMode(c.name, a.sourceOf(c.source, source), args) {
			best, most = i, args.len()
		}
	}
	return best
}

// demand adds a call in the rule's own circle to a branch, and to what comes before the next call.
func (r *run) demand(b *ruleBranch, a *analyzer, before *plan, call *ruleClause, args varSet, source string) error {
	inner, err := r.ruleStep(call, a.sourceOf(call.source, source), false)
	if err != nil {
		return err
	}
	t, err := r.answersOf(call.name, inner.source, args)
	if err != nil {
		return err
	}
	s := &recursiveStep{ruleStep: inner, t: t}
	b.demands = append(b.demands, &demand{s, &plan{steps: slices.Clone(before.steps), check: a, source: source}})
	before.steps = append(before.steps, s)
	b.body.steps = append(b.body.steps, s)
	return nil
}

// ask makes sure that all is derived for some arguments. The demand has the columns of what the answers are asked with.
func (r *run) ask(t *answers, want *relation) error {
	had := t.asked.rows.n
	if err := t.asked.add(r, want); err != nil {
		return err
	}
	if t.asked.rows.n == had {
		return nil
	}
	return r.fixpoint(t.group)
}

// fixpoint runs the rules of a circle until nothing new comes.
func (r *run) fixpoint(group int) error {
	for round := 0; ; round++ {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := r.budget(group, round); err != nil {
			return err
		}
		moved := false
		for _, t := range r.order {
			if t.group == group {
				asked, derived := t.asked.advance(), t.derived.advance()
				moved = moved || asked || derived
			}
		}
		if !moved {
			return nil
		}
		for i := 0; i < len(r.order); i++ {
			if t := r.order[i]; t.group == group {
				if err := r.round(t); err != nil {
					return err
				}
			}
		}
	}
}

// budget returns an error where rules that make values go on making them.
func (r *run) budget(group, round int) error {
	inventor := r.rules.inventor[group]
	if round == 0 || inventor == nil {
		return nil
	}
	rows := 0
	for _, t := range r.order {
		if t.group == group {
			rows += t.derived.rows.n
		}
	}
	if round > maxRounds || rows > maxInvented {
		return inRules(errorAt(inventor.pos, ErrBudget, "the recursive rule %s goes on making new values", inventor.name))
	}
	return nil
}

// round derives what follows from the rows that are recent.
func (r *run) round(t *answers) error {
	for _, b := range t.branches {
		if err := r.derive(t, b); err != nil {
			return err
		}
		for _, d := range b.demands {
			if err := r.demandMore(t, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// derive runs a body once for each of its relations that has recent rows.
func (r *run) derive(t *answers, b *ruleBranch) error {
	return r.eachDelta(t, b.body, func(rec *recursion) error {
		found, err := r.solve(b.body, nil, setOf(b.head...), rec)
		if err != nil {
			return err
		}
		return t.derived.add(r, &relation{vars: t.derived.rows.vars, cols: found.columnsOf(b.head), n: found.n})
	})
}

// demandMore asks for what a call needs, after what is recent.
func (r *run) demandMore(t *answers, d *demand) error {
	bound := setOf(d.call.t.bound...)
	vars := d.call.variables(bound)
	return r.eachDelta(t, d.prefix, func(rec *recursion) error {
		if vars.empty() {
			return d.call.t.asked.add(r, d.call.demand(unit(), bound))
		}
		found, err := r.solve(d.prefix, nil, vars, rec)
		if err != nil {
			return err
		}
		return d.call.t.asked.add(r, d.call.demand(found, bound))
	})
}

// eachDelta calls run for each step of a plan that has recent rows; with nothing to ask, the first round has them.
func (r *run) eachDelta(t *answers, p *plan, run func(*recursion) error) error {
	if len(t.bound) == 0 && t.asked.hasRecent() {
		if err := run(&recursion{}); err != nil {
			return err
		}
	}
	for _, s := range p.steps {
		if g, ok := s.(growing); ok && g.set().hasRecent() {
			if err := run(&recursion{delta: s}); err != nil {
				return err
			}
		}
	}
	return nil
}

// A recursion says which step of a body is to be run on recent rows only.
type recursion struct{ delta operator }
