package query

import (
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// readForward reads the datoms of the entity itself, in one descent. Where many follow that the plan does not ask for, or more
// values than it wants, it descends once more behind them.
func (w *pullWalk) readForward(n *findings) error {
	rng, ok := n.plan.span(n.e)
	for ok {
		cursor, err := w.r.Scan(w.ctx, db.EAVT, rng)
		if err != nil {
			return err
		}
		if rng.Lo, ok, err = w.readUntilSkip(n, cursor); err != nil {
			return err
		}
	}
	return nil
}

// span returns the range of EAVT in which the plan's attributes of an entity lie, and false where it has none.
func (p *pullPlan) span(e db.ID) (index.Range, bool) {
	if p.all {
		return index.Prefix(1, index.Fact{E: e}), true
	}
	if len(p.forward) == 0 {
		return index.Range{}, false
	}
	first, last := p.forward[0].attr.ID, p.forward[len(p.forward)-1].attr.ID
	return index.Range{
		Lo: index.Cut{Parts: 2, Key: index.Fact{E: e, A: first}},
		Hi: index.Cut{Parts: 2, Key: index.Fact{E: e, A: last}, After: true},
	}, true
}

// readUntilSkip reads what a cursor yields, until the end or until it pays to go on from another cut.
func (w *pullWalk) readUntilSkip(n *findings, cursor *index.Cursor) (index.Cut, bool, error) {
	for {
		batch, err := cursor.Next()
		if err != nil || batch == nil {
			return index.Cut{}, false, err
		}
		wanted := false
		for i, a := range batch.A {
			wanted = w.take(n, a, batch, i)
		}
		if last := batch.A[batch.Len()-1]; !wanted && batch.Len() >= worthSkipping {
			return n.plan.after(n.e, last)
		}
	}
}

// worthSkipping is the length of a batch whose end was of no use, from which on another descent is cheaper than to read on.
const worthSkipping = 256

// after returns where the plan's attributes of an entity go on behind an attribute.
func (p *pullPlan) after(e, a db.ID) (index.Cut, bool, error) {
	if p.all {
		return index.Cut{Parts: 2, Key: index.Fact{E: e, A: a}, After: true}, true, nil
	}
	for _, st := range p.forward {
		if st.attr.ID > a {
			return index.Cut{Parts: 2, Key: index.Fact{E: e, A: st.attr.ID}}, true, nil
		}
	}
	return index.Cut{}, false, nil
}

// take hands a datom to the steps that ask for its attribute; it reports whether one of them wanted it.
func (w *pullWalk) take(n *findings, a db.ID, batch *index.Batch, i int) bool {
	wanted, steps := false, n.plan.forward
	for n.step < len(steps) && steps[n.step].attr.ID < a {
		n.step++
	}
	for _, st := range steps[n.step:] {
		if st.attr.ID != a {
			break
		}
		wanted = n.found[st.order].add(w, batch.V.At(i)) || wanted
	}
	if n.plan.all {
		wanted = w.takeAll(n, a, batch.V.At(i)) || wanted
	}
	return wanted
}

// takeAll hands a value to what * found. Attributes come in the order of their ids, so it is the newest finding if it is there.
func (w *pullWalk) takeAll(n *findings, a db.ID, v db.Value) bool {
	attr, ok := w.r.Schema().Attribute(a)
	if !ok {
		return false
	}
	st := w.autoStep(n.plan, attr)
	if st == nil {
		return false
	}
	if last := len(n.found) - 1; last < len(n.plan.steps) || n.found[last].step != st {
		n.found = append(n.found, finding{step: st})
	}
	return n.found[len(n.found)-1].add(w, v)
}

// add adds a value; it reports whether the limit let it.
func (f *finding) add(w *pullWalk, v db.Value) bool {
	if f.count >= f.most() {
		return false
	}
	f.count++
	switch {
	case f.sub != nil:
		o := w.more(f)
		o.kids = w.kids.append(o.kids, v.Ref())
	case f.bare || f.attr.Type != db.TypeRef:
		w.put(f, f.attr.Go(v))
	default:
		w.put(f, stub(w.r.Schema(), v.Ref()))
	}
	return true
}

// most returns how many values are looked at.
func (st *step) most() int {
	switch {
	case !st.list && st.field == nil:
		return 1
	case st.limit == 0:
		return defaultLimit
	}
	return st.limit
}

// readReverse reads what refers to the entity.
func (w *pullWalk) readReverse(n *findings) error {
	for _, st := range n.plan.reverse {
		if err := w.readReferrers(&n.found[st.order], n.e); err != nil {
			return err
		}
	}
	return nil
}

func (w *pullWalk) readReferrers(f *finding, e db.ID) error {
	cursor, err := w.r.Scan(w.ctx, db.VAET, index.Prefix(2, index.Fact{V: index.Ref(e), A: f.attr.ID}))
	if err != nil {
		return err
	}
	for {
		batch, err := cursor.Next()
		if err != nil || batch == nil {
			return err
		}
		for _, from := range batch.E {
			if !f.add(w, index.Ref(from)) {
				return nil
			}
		}
	}
}
