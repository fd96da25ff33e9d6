package query

import (
	"cmp"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// Findings are what a plan found of an entity itself. They are made for many entities at once: all those to which trees come by the
// same steps are read together, before the first of them is entered. What is entered again is read again, with its siblings.
type findings struct {
	plan  *pullPlan
	e     db.ID
	found []finding // by the order of the plan's steps, then what all found
	step  int       // of the plan's forward steps, the first that is not behind what was read
}

// A wave is the entities at which trees arrive by the same steps.
type wave struct {
	by      *step // nil where trees begin
	plan    *pullPlan
	budgets []int
	of      []*finding // that refer to them
	waiting []awaited
}

// An awaited entity is one to be read, with the place for its findings.
type awaited struct {
	e    db.ID
	into **findings
}

func (n *findings) begin() {
	for i, st := range n.plan.steps {
		n.found[i].step = st
	}
}

// read makes the findings of an entity, and those of what lies below it if it is where a tree begins.
func (w *pullWalk) read(plan *pullPlan, e db.ID, root bool) (n *findings, err error) {
	if root {
		err = w.readAhead(wave{plan: plan, budgets: plan.budgets, waiting: []awaited{{e, &n}}})
		return n, err
	}
	n = &findings{plan: plan, e: e, found: make([]finding, len(plan.steps))}
	n.begin()
	return n, w.readOne(n)
}

// readKids makes the findings of the entities that are to be pulled next, where that was not done from further above.
func (w *pullWalk) readKids(f *finding) error {
	if f.others.ahead != nil || len(f.others.kids) < 2 {
		return nil
	}
	v := wave{plan: f.sub, of: []*finding{f}}
	v.gather()
	_, err := w.readWave(&v, &numbering{})
	return err
}

// gather adds to a wave the entities to which its findings refer.
func (v *wave) gather() {
	n := 0
	for _, f := range v.of {
		n += len(f.others.kids)
	}
	ahead := make([]*findings, n)
	v.waiting = make([]awaited, 0, n)
	for _, f := range v.of {
		o := f.others
		n := len(o.kids)
		o.ahead, ahead = ahead[:n:n], ahead[n:]
		for i, e := range o.kids {
			v.waiting = append(v.waiting, awaited{e, &o.ahead[i]})
		}
	}
}

// readAhead makes the findings of a wave, and of the waves that follow from it.
func (w *pullWalk) readAhead(first wave) error {
	seen := map[*pullPlan]*numbering{}
	for waves := []wave{first}; len(waves) > 0; waves = waves[1:] {
		next := &waves[0]
		if seen[next.plan] == nil {
			seen[next.plan] = &numbering{}
		}
		all, err := w.readWave(next, seen[next.plan])
		if err != nil {
			return err
		}
		waves = append(waves, next.following(all)...)
	}
	return nil
}

// readWave makes the findings of a wave: of each entity that was not seen before.
func (w *pullWalk) readWave(v *wave, seen *numbering) ([]findings, error) {
	byEntity := func(a, b awaited) int { return cmp.Compare(a.e, b.e) }
	if !slices.IsSortedFunc(v.waiting, byEntity) {
		slices.SortStableFunc(v.waiting, byEntity)
	}
	v.waiting = slices.DeleteFunc(v.waiting, func(a awaited) bool {
		n := seen.count()
		return int(seen.long(uint64(a.e))) < n
	})
	all := make([]findings, len(v.waiting))
	width, steps := len(v.plan.steps), len(v.plan.steps)
	if v.plan.all {
		width += roomForAll
	}
	found := make([]finding, len(v.waiting)*width)
	for i, a := range v.waiting {
		all[i] = findings{plan: v.plan, e: a.e, found: found[i*width : i*width+steps : (i+1)*width]}
		all[i].begin()
	}
	if w.nodes += len(all); len(all) == 1 {
		*v.waiting[0].into = &all[0]
		return all, firstError(w.ctx.Err(), w.readOne(&all[0]))
	}
	if ok, err := w.readTogether(v, all); !ok {
		return nil, err
	}
	for i, a := range v.waiting {
		*a.into = &all[i]
	}
	return all, nil
}

// roomForAll is for how many attributes that * finds there is room at first.
const roomForAll = 5

// readOne reads an entity by itself.
func (w *pullWalk) readOne(n *findings) error {
	if n.e == noEntity {
		return nil
	}
	return firstError(w.readForward(n), w.readReverse(n))
}

// perEntity is how many datoms of an entity may be read together with those of others. More may be values that the plan does not ask
// for, or more than it wants, which are passed where an entity is read by itself.
const perEntity = 32

// readTogether makes the findings of entities that ascend; it reports false where it is better to read each by itself.
func (w *pullWalk) readTogether(v *wave, all []findings) (bool, error) {
	if len(all) == 0 {
		return false, nil
	}
	keys := index.Keys{E: make([]db.ID, len(all))}
	entities := index.Vector{Kind: index.KindLong, Words: make([]uint64, len(all))}
	for i, a := range v.waiting {
		keys.E[i], entities.Words[i] = a.e, uint64(a.e)
	}
	left := (len(all) + 8) * perEntity
	if v.plan.all || len(v.plan.forward) > 0 {
		if len(v.plan.forward) == 1 && !v.plan.all {
			keys.A = v.plan.forward[0].attr.ID
		}
		ok, err := w.drain(db.EAVT, keys, left, func(k uint32, b *index.Batch, i int) { w.take(&all[k], b.A[i], b, i) })
		if !ok || err != nil {
			return false, err
		}
	}
	for _, st := range v.plan.reverse {
		keys := index.Keys{A: st.attr.ID, V: entities}
		ok, err := w.drain(db.VAET, keys, left, func(k uint32, b *index.Batch, i int) { all[k].found[st.order].add(w, index.Ref(b.E[i])) })
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// drain hands on what is known of keys; it reports false where there are more datoms than are wanted.
func (w *pullWalk) drain(o db.Order, keys index.Keys, most int, take func(k uint32, b *index.Batch, i int)) (bool, error) {
	cursor, err := w.r.ScanKeys(w.ctx, o, keys)
	if err != nil {
		return false, err
	}
	for {
		b, err := cursor.Next()
		if err != nil || b == nil {
			return err == nil, err
		}
		if most -= b.Len(); most < 0 {
			return false, nil
		}
		for i, k := range b.Of {
			take(k, b, i)
		}
	}
}

// following returns the waves of the entities to which some refer, as far as their budgets go.
func (v *wave) following(all []findings) (waves []wave) {
	for i := range all {
		found := all[i].found
		for k := range found {
			f := &found[k]
			if !f.hasKids() || f.budget >= 0 && v.budgets[f.budget] <= 0 {
				continue
			}
			at := slices.IndexFunc(waves, func(w wave) bool { return w.by == f.step })
			if at < 0 {
				at, waves = len(waves), append(waves, wave{by: f.step, plan: f.sub, budgets: f.budgetsFrom(v.budgets)})
			}
			waves[at].of = append(waves[at].of, f)
		}
	}
	for i := range waves {
		waves[i].gather()
	}
	return waves
}

// budgetsFrom returns the budgets with which a step's entities are pulled, of those of the entity that refers to them.
func (st *step) budgetsFrom(budgets []int) []int {
	if st.budget < 0 {
		return st.sub.budgets
	}
	budgets = slices.Clone(budgets)
	budgets[st.budget]--
	return budgets
}
