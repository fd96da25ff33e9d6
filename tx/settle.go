package tx

import (
	"cmp"
	"slices"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A settlement decides what becomes of each change. Changes are looked at in groups, one for each entity and attribute, and told
// in the order in which they came:
//
//   - equal changes are one, and to assert and to end one value is a contradiction, as it is to assert or to end two values of an
//     attribute with one;
//   - what holds already, or ends what does not hold, is dropped, and the fact keeps its transaction;
//   - a new value of an attribute with one ends the old one.
//
// Then the composites of the entities that are touched are computed from what holds, and what is stated of them is compared.
//
// What is unique, when the transaction happened, and what is schema, is checked on what is left.
type settlement struct {
	*resolution
	changes []change
	order   []int32   // the changes by entity, attribute and value
	fates   []fate    // of the changes
	ends    []implied // in no order
	keys    []int32   // the changes that assert a unique value
	instant time.Time
	touched bool // some change is about a composite or a constituent
}

// A fate is what becomes of a change: nothing, an assertion, or the end of what a transaction asserted.
type fate struct {
	what byte
	tx   db.ID // that asserted what ends
}

const (
	dropped byte = iota
	asserted
	ended
)

// implied is the end of a value that the change replaces.
type implied struct {
	by   int32
	fact index.Fact
}

// settle returns the commit that the changes come to.
func settle(r *resolution, changes []change) (db.Commit, error) {
	s := &settlement{resolution: r, changes: changes, fates: make([]fate, len(changes)), instant: r.snap.Now()}
	s.sort()
	for _, step := range []func() error{s.settleGroups, s.keepComposites, s.checkClaimants, s.checkInstant, s.checkHolders} {
		if err := step(); err != nil {
			return db.Commit{}, err
		}
	}
	facts, err := s.install(s.facts())
	if err != nil {
		return db.Commit{}, err
	}
	return db.Commit{T: r.snap.NextT(), Instant: s.instant, Facts: facts, TempIDs: r.tempIDs(), Created: r.createdIDs(),
		NextT: r.nextT, NextElement: r.nextElement}, nil
}

// sort orders the changes by entity, attribute and value. Mostly entities come one after another, so that few changes of each are sorted.
func (s *settlement) sort() {
	s.order = make([]int32, len(s.changes))
	ascending := true
	for i := range s.order {
		s.order[i] = int32(i)
		ascending = ascending && (i == 0 || s.changes[i-1].e <= s.changes[i].e)
	}
	if !ascending {
		slices.SortFunc(s.order, s.compare)
		return
	}
	for rest := s.order; len(rest) > 0; {
		e, n, ordered := s.changes[rest[0]].e, 1, true
		for n < len(rest) && s.changes[rest[n]].e == e {
			ordered = ordered && s.changes[rest[n-1]].a.ID < s.changes[rest[n]].a.ID
			n++
		}
		if !ordered {
			slices.SortFunc(rest[:n], s.compare)
		}
		rest = rest[n:]
	}
}

func (s *settlement) compare(i, j int32) int {
	c, d := &s.changes[i], &s.changes[j]
	if by := cmp.Compare(c.e, d.e); by != 0 {
		return by
	}
	if by := cmp.Compare(c.a.ID, d.a.ID); by != 0 {
		return by
	}
	if by := index.Compare(c.v, d.v); by != 0 {
		return by
	}
	return cmp.Compare(i, j)
}

// settleGroups settles the changes of each entity and attribute.
func (s *settlement) settleGroups() error {
	var refused *Error
	groups := 0
	for rest := s.order; len(rest) > 0; groups++ {
		if groups&1023 == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		first, n := &s.changes[rest[0]], 1
		for n < len(rest) && s.changes[rest[n]].e == first.e && s.changes[rest[n]].a == first.a {
			n++
		}
		group := s.distinct(rest[:n])
		refused = lesser(refused, s.contradiction(group))
		if refused == nil {
			if err := s.settleGroup(group); err != nil {
				return err
			}
		}
		rest = rest[n:]
	}
	return refused.orNil()
}

// distinct returns the group without repetitions, of which the first is kept.
func (s *settlement) distinct(group []int32) []int32 {
	if len(group) == 1 {
		return group
	}
	out := group[:0]
	for i := 0; i < len(group); {
		v, said := s.changes[group[i]].v, [2]bool{}
		for ; i < len(group) && s.changes[group[i]].v == v; i++ {
			if way := &said[s.changes[group[i]].way()]; !*way {
				*way, out = true, append(out, group[i])
			}
		}
	}
	return out
}

func (c *change) way() int {
	if c.end {
		return 1
	}
	return 0
}

// contradiction refuses a group that asserts and ends one value, or asserts or ends two of an attribute that has one.
func (s *settlement) contradiction(group []int32) *Error {
	last := [2]int{-1, -1}
	if len(group) == 1 {
		return nil
	}
	for i, at := range group {
		c := &s.changes[at]
		if i > 0 && c.v == s.changes[group[i-1]].v {
			return s.clash(group[i-1], at, "is asserted and retracted")
		}
		if c.a.Many {
			continue
		}
		if before := last[c.way()]; before >= 0 {
			return s.clash(group[before], at, "has one value, and two are "+[2]string{"asserted", "retracted"}[c.way()])
		}
		last[c.way()] = i
	}
	return nil
}

func (s *settlement) clash(i, j int32, how string) *Error {
	c, d := &s.changes[i], &s.changes[j]
	text := c.a.Ident.String() + " of " + s.calledNew(c.e) + " " + how + ": " + s.shown(c.a, c.v)
	if c.v != d.v {
		text += " and " + s.shown(d.a, d.v)
	}
	e := ofAttr(c.a, fail(ErrConflict, "%s", text))
	e.Entity, e.Datoms = c.e, []db.Datom{s.datom(c), s.datom(d)}
	return s.items[d.item].place(e)
}

func (s *settlement) datom(c *change) db.Datom {
	return db.Datom{E: c.e, A: c.a.ID, V: c.v, Tx: s.tx, Added: !c.end}
}

// calledNew returns how a message calls an entity that may be new.
func (s *settlement) calledNew(e db.ID) string {
	if s.isNew(e) {
		for i := range s.names.all {
			if s.classes[s.root(i)].bound == e {
				return s.names.called(i)
			}
		}
	}
	return s.called(e)
}

// settleGroup decides the fates of a group without contradictions.
func (s *settlement) settleGroup(group []int32) error {
	first := &s.changes[group[0]]
	s.touched = s.touched || first.a.Composites != nil
	switch {
	case kept(first.a):
		s.touched = true // what is stated of a composite is compared when all else is settled
		return nil
	case s.isNew(first.e):
		for _, i := range group {
			s.decide(i, db.Datom{}, false)
		}
		return nil
	case first.a.Many:
		return s.settleMany(group)
	}
	d, held, err := s.first(db.EAVT, 2, index.Fact{E: first.e, A: first.a.ID})
	if err != nil {
		return err
	}
	goes := false // the old value is retracted expressly
	by := int32(-1)
	for _, i := range group {
		c := &s.changes[i]
		same := held && c.v == d.V
		s.decide(i, d, same)
		goes = goes || (c.end && same)
		if !c.end && !same {
			by = i
		}
	}
	if held && !goes && by >= 0 {
		s.ends = append(s.ends, implied{by, index.Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx, End: s.tx}})
	}
	return nil
}

func (s *settlement) settleMany(group []int32) error {
	for _, i := range group {
		c := &s.changes[i]
		d, held, err := s.first(db.EAVT, 3, index.Fact{E: c.e, A: c.a.ID, V: c.v})
		if err != nil {
			return err
		}
		s.decide(i, d, held)
	}
	return nil
}

// decide gives a change its fate: d is the datom that says the same, if held.
func (s *settlement) decide(i int32, d db.Datom, held bool) {
	c := &s.changes[i]
	switch {
	case c.end && held:
		s.fates[i] = fate{ended, d.Tx}
	case !c.end && !held:
		s.fates[i] = fate{what: asserted}
	}
	if !c.end && c.a.Names(c.v) {
		s.keys = append(s.keys, i)
	}
}

// facts returns what the transaction asserts and ends, in the order of the changes, the end of a value behind what replaces it.
func (s *settlement) facts() []index.Fact {
	slices.SortFunc(s.ends, func(a, b implied) int { return cmp.Compare(a.by, b.by) })
	ends := s.ends
	facts := make([]index.Fact, 0, len(s.changes)+len(ends))
	for i := range s.changes {
		c := &s.changes[i]
		switch f := s.fates[i]; f.what {
		case asserted:
			facts = append(facts, index.Fact{E: c.e, A: c.a.ID, V: c.v, Tx: s.tx})
		case ended:
			facts = append(facts, index.Fact{E: c.e, A: c.a.ID, V: c.v, Tx: f.tx, End: s.tx})
		}
		if len(ends) > 0 && ends[0].by == int32(i) {
			facts, ends = append(facts, ends[0].fact), ends[1:]
		}
	}
	return facts
}
