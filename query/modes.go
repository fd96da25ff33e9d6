package query

import (
	"fmt"
	"sync"
)

// modes finds out with which arguments bound a rule can be called. What a recursive rule needs is the greatest fixpoint: a
// mode is taken for possible until a body under it turns out to be stuck.
type modes struct {
	rules    *ruleSet
	rows     func(source string) bool
	possible map[string]*mode
	order    []*mode
	settled  int  // of the order, those of which it is known for good
	tooMany  bool // ways to call rules, of which some were not looked at
	settling bool

	kept       *sync.Map       // modeKey → bool, what other runs of the query found out for good; nil where nothing is kept
	explaining map[string]bool // rules of which it is being said why they cannot be called
}

// A modeKey names a way to call a rule of at most 64 arguments.
type modeKey struct {
	name, source string
	args         uint64
}

// maxModes is in how many ways the rules of a query may be called.
const maxModes = 4096

// A mode is a way to call a rule: some arguments bound, the others not.
type mode struct {
	name   string
	source string
	bound  varSet // numbers of arguments
	ok     bool
}

func newModes(rules *ruleSet, rows func(string) bool) *modes {
	if rules == nil {
		return nil
	}
	return &modes{rules: rules, rows: rows, explaining: map[string]bool{}}
}

// boundArgs returns the numbers of the arguments of a call that are bound.
func (c *ruleClause) boundArgs(bound varSet) varSet {
	var s varSet
	for i, t := range c.args {
		if t.kind == constantTerm || bound.has(t.v) {
			s.add(variable(i))
		}
	}
	return s
}

// callable reports whether a call can be run when some variables are bound.
func (m *modes) callable(c *ruleClause, bound varSet, source string) bool {
	return m.possibleMode(c.name, source, c.boundArgs(bound))
}

func (m *modes) possibleMode(name, source string, args varSet) bool {
	if m.kept == nil || args.high != nil {
		return m.tryMode(name, source, args)
	}
	key := modeKey{name, source, args.low}
	if ok, known := m.kept.Load(key); known {
		return ok.(bool)
	}
	ok := m.tryMode(name, source, args)
	if !m.settling && !m.tooMany {
		m.kept.Store(key, ok)
	}
	return ok
}

// tryMode is possibleMode, found out anew.
func (m *modes) tryMode(name, source string, args varSet) bool {
	if m.possible == nil {
		m.possible = map[string]*mode{}
	}
	key := fmt.Sprintf("%s %s %v", name, source, args.list())
	md, known := m.possible[key]
	if !known {
		if len(m.order) >= maxModes {
			m.tooMany = true
			return true
		}
		md = &mode{name, source, args, true}
		m.possible[key] = md
		m.order = append(m.order, md)
	}
	if !m.settling {
		m.settle()
	}
	return md.ok
}

// settle tries the modes that are new until none of them turns out to be impossible any more. Those that they rest on may come up
// meanwhile, behind them, so what is impossible comes to light from the end. Those that are settled rest on settled ones alone.
func (m *modes) settle() {
	m.settling = true
	defer func() { m.settling = false }()
	tried := m.settled
	for changed := true; changed || tried < len(m.order); {
		changed = false
		for ; tried < len(m.order); tried++ {
			changed = m.try(m.order[tried]) || changed
		}
		for i := tried - 1; i >= m.settled; i-- {
			changed = m.try(m.order[i]) || changed
		}
	}
	m.settled = len(m.order)
}

// try reports whether a mode that was taken for possible turns out not to be.
func (m *modes) try(md *mode) bool {
	if !md.ok || m.holds(md) {
		return false
	}
	md.ok = false
	return true
}

// holds reports whether every branch of a rule can be run in a mode, as far as is known.
func (m *modes) holds(md *mode) bool {
	for _, r := range m.rules.rules[md.name] {
		if _, err := m.flowOf(r, md.source, md.bound, true); err != nil {
			return false
		}
	}
	return true
}

// flowOf returns the flow of a branch whose head is bound in part; where it is quiet, its errors do not say why there is none.
func (m *modes) flowOf(r *rule, source string, args varSet, quiet bool) (*flow, error) {
	a := &analyzer{quiet: quiet, rules: m.rules, rows: m.rows, names: r.names, dollar: source, modes: m}
	a.flow = newFlow()
	var before varSet
	for i, v := range r.head {
		if args.has(variable(i)) {
			before.add(v)
		} else if i < r.required {
			return nil, errorAt(r.pos, ErrInsufficient, "rule %s needs %s bound", r.name, r.names[v])
		}
	}
	bound, err := a.conjunction(r.body, before, source)
	if err != nil {
		return nil, err
	}
	for _, v := range r.head {
		if !bound.has(v) {
			return nil, errorAt(r.pos, ErrInsufficient, "rule %s never binds %s", r.name, r.names[v])
		}
	}
	return a.flow, nil
}
