package query

import "github.com/datolite/datolite/db"

// newWalk returns the walk of a template, and nil where it has none: what is asked for is one argument of a transitive rule whose steps are hops, and
// the other is an input, or is found by a unique value.
func (r *run) newWalk(t *template) *walk {
	q := r.q
	x := &walk{q: q, names: q.columns(), inputs: len(q.inputs) - 1, at: -1, layers: 2, from: pointRead{input: -1}}
	given := x.given()
	if given == nil || x.at < 0 || r.sources["$"] == nil || !q.plainRows() || q.most() >= 0 || len(q.find) != 1 {
		return nil
	}
	x.rules, x.schema = r.rules.text, r.sources["$"].db.Schema()
	call, unique := t.plan.callAndScan()
	if call == nil || !x.starts(given, call, unique, q.find[0].v) || len(given) > 1 || len(given) == 1 && x.from.input < 0 {
		return nil
	}
	cl, err := r.closureOf(call.clause.name, "$", call.args[0].v == q.find[0].v)
	if err != nil || cl == nil || !x.strides(cl) {
		return nil
	}
	x.ids = t.entities.has(q.find[0].v)
	return x
}

// given returns which variables the inputs beside $ give, by number, and notes which of them are the rules; nil where each does not give one.
func (x *walk) given() map[variable]int {
	given, n := map[variable]int{}, 0
	for _, in := range x.q.inputs {
		switch {
		case in.kind == sourceInput && in.name == "$":
			continue
		case in.kind == rulesInput:
			x.at = n
		case in.kind == bindingInput && in.binding.kind == scalarBinding:
			given[in.binding.v] = n
		default:
			return nil
		}
		n++
	}
	if n != x.inputs {
		return nil
	}
	return given
}

// callAndScan returns the steps of a plan that calls a transitive rule, and matches one pattern at most.
func (p *plan) callAndScan() (call *closureStep, unique *scan) {
	for _, step := range p.steps {
		switch s := step.(type) {
		case *closureStep:
			call = s
		case *scan:
			unique = s
		}
	}
	if n := len(p.steps); call == nil || n > 2 || n == 2 && unique == nil || call.source != "$" {
		return nil, nil
	}
	return call, unique
}

// starts notes from where the walk starts, and reports whether that is one value at most.
func (x *walk) starts(given map[variable]int, call *closureStep, unique *scan, asked variable) bool {
	start := call.args[0].v
	if start == asked {
		start = call.args[1].v
	}
	if call.args[0].v != asked && call.args[1].v != asked || start == asked || start == noVariable {
		return false
	}
	at, isGiven := given[start]
	if _, twice := given[asked]; twice || isGiven == (unique != nil) {
		return false
	}
	if isGiven {
		x.from.input = at
		return true
	}
	return x.finds(given, unique, start)
}

// finds notes how the entity is found from which the walk starts, and reports whether it is, by a unique value.
func (x *walk) finds(given map[variable]int, s *scan, entity variable) bool {
	a, ok := x.schema.Attribute(s.consts.values[1].Ref())
	if !ok || s.never || s.byValue || s.source != "$" || len(s.clause.terms) != 3 || s.at[0] != entity || !s.consts.known[1] ||
		a.Unique == db.NotUnique || !a.Indexed || a.Type == db.TypeTuple || a.Type == db.TypeRef {
		return false
	}
	x.from.attr, x.from.value = a.ID, s.consts.values[2]
	if at, input := given[s.at[2]]; input {
		x.from.input = at
		return true
	}
	return s.consts.known[2]
}

// strides notes the edges of a closure, and reports whether all of them are paths of hops in $.
func (x *walk) strides(c *closure) bool {
	x.layers = c.layers
	for i := range c.parts {
		for _, l := range c.parts[i].links {
			if l.hops == nil {
				return false
			}
			s := stride{layer: l.layer}
			for _, h := range l.hops {
				if h.source != "$" {
					return false
				}
				h.scan = nil
				s.hops = append(s.hops, h)
			}
			x.links[i] = append(x.links[i], s)
		}
	}
	return true
}
