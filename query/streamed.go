package query

import (
	"context"
	"slices"
	"sync"

	"github.com/datolite/datolite/index"
)

// A streamed is a query that is answered while attributes are read beside each other: each clause is all that holds of an attribute, or all that
// has a value of one, of the same entity. It aggregates, or asks for the first few rows in an order, and no other rows are ever made.
type streamed struct {
	run     *run
	scans   []*scan
	entity  variable
	several bool         // the first scan may find several values of an entity
	keys    []laneColumn // of what is grouped by, or else of :find
	folds   []laneColumn // by column of :find; what is aggregated
	datoms  []int        // of each scan, about
}

// stream answers a query while it reads; it returns nil where it must be answered in another way.
func (r *run) stream(p *plan, groups []*relation) (*answer, error) {
	s, err := r.streaming(p, groups)
	if s == nil || err != nil {
		return nil, err
	}
	before := r.datoms
	columns := s.columns
	if !r.q.aggregates() {
		columns = s.firstRows
	}
	cols, n, ok, err := columns()
	if err != nil {
		return nil, err
	}
	if !ok {
		r.datoms = before
		return nil, nil
	}
	return r.present(cols, n)
}

// streaming returns how a query is answered while it reads; nil where it cannot be.
func (r *run) streaming(p *plan, groups []*relation) (*streamed, error) {
	if p.asWritten || r.trace != nil || !(r.q.aggregates() && r.foldable() || r.asksFirst()) ||
		slices.ContainsFunc(groups, func(g *relation) bool { return g.n != 1 || len(g.vars) > 0 }) {
		return nil, nil
	}
	s := &streamed{run: r}
	for _, op := range p.steps {
		scan, ok := op.(*scan)
		if !ok || !scan.streams() {
			return nil, nil
		}
		s.scans = append(s.scans, scan)
	}
	if len(s.scans) == 0 || !s.joins() || !s.isBag() || !s.place() {
		return nil, nil
	}
	worth, err := s.worth()
	if !worth || err != nil {
		return nil, err
	}
	return s, nil
}

// streams reports whether a scan reads nothing but what it finds, in the order of entities, and finds each of them once.
func (s *scan) streams() bool {
	known := s.consts.known
	if s.never || s.from.IsHistory() || !known[1] || known[0] || known[3] || known[4] || s.at[1] != noVariable || s.at[3] != noVariable || s.at[4] != noVariable {
		return false
	}
	x := s.excerpt(&s.consts, nil)
	return !x.none && x.entitiesAscend() && s.coversAll(&s.consts, &x)
}

// joins reports whether the scans have nothing in common but their entity.
func (s *streamed) joins() bool {
	s.entity = s.scans[0].at[0]
	values := varSet{}
	for _, scan := range s.scans {
		v := scan.at[2]
		if scan.at[0] != s.entity || v != noVariable && (v == s.entity || values.has(v)) {
			return false
		}
		values.add(v)
	}
	return len(s.scans) == 1 || s.entity != noVariable
}

// isBag reports whether each entity, with the values of the first scan, stands for one row of what is asked for: the entity is among that, or
// aggregates do not depend on how often a row comes. A scan that may find several values comes first; of others there is none.
func (s *streamed) isBag() bool {
	asked := s.run.q.asked()
	idempotent := s.run.q.aggregates() && !slices.ContainsFunc(s.run.q.find, func(f findElem) bool { return f.expr != nil && f.expr.name != "min" && f.expr.name != "max" })
	if !idempotent && (s.entity == noVariable || !asked.has(s.entity)) {
		return false
	}
	slices.SortStableFunc(s.scans, func(a, b *scan) int { return a.several() - b.several() })
	slices.Reverse(s.scans)
	first := s.scans[0]
	s.several = first.several() > 0
	return !s.several || (len(s.scans) == 1 || s.scans[1].several() == 0) && (idempotent || first.at[2] != noVariable && asked.has(first.at[2]))
}

// several returns 1 where an entity may have several values of the attribute, and 0 else.
func (s *scan) several() int {
	if a, ok := s.from.Schema().Attribute(s.consts.values[1].Ref()); s.consts.known[2] || ok && !a.Many {
		return 0
	}
	return 1
}

// place finds the columns of what is grouped by and of what is aggregated, or of what is found.
func (s *streamed) place() bool {
	if !s.run.q.aggregates() {
		for _, f := range s.run.q.find {
			s.keys = append(s.keys, s.columnOf(f.v))
		}
		return !slices.ContainsFunc(s.keys, func(at laneColumn) bool { return at.lane < 0 })
	}
	for _, v := range s.run.q.grouping().list() {
		s.keys = append(s.keys, s.columnOf(v))
	}
	for i := range s.run.q.find {
		at := laneColumn{}
		if e := s.run.q.find[i].expr; e != nil && e.name != "count" {
			at = s.columnOf(e.v)
		}
		s.folds = append(s.folds, at)
	}
	missing := func(at laneColumn) bool { return at.lane < 0 }
	return !slices.ContainsFunc(s.keys, missing) && !slices.ContainsFunc(s.folds, missing)
}

// columnOf returns where a variable stands; lane −1 where it does not.
func (s *streamed) columnOf(v variable) laneColumn {
	if v == s.entity && v != noVariable {
		return laneColumn{}
	}
	for i, scan := range s.scans {
		if scan.at[2] == v {
			return laneColumn{i, 2}
		}
	}
	return laneColumn{-1, 0}
}

// streamRatio is how many times more datoms than another one a scan may have for both to be read whole.
const streamRatio = 4

// worth reports whether it pays to read all scans whole.
func (s *streamed) worth() (bool, error) {
	for _, scan := range s.scans {
		n, err := s.run.counted(scan, &scan.consts, nil)
		if err != nil {
			return false, err
		}
		s.datoms = append(s.datoms, int(n))
	}
	return slices.Max(s.datoms) <= streamRatio*slices.Min(s.datoms), nil
}

// columns computes what is found, and how many groups there are. It reports false where that must be done in another way: what is aggregated are
// no longs, or a sum is none.
func (s *streamed) columns() ([]index.Vector, int, bool, error) {
	parts, err := s.divided()
	if err != nil {
		return nil, 0, false, err
	}
	ctx, cancel := context.WithCancel(s.run.ctx)
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed error
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil && err != nil {
			failed = err
			cancel()
		}
	}
	for _, f := range parts {
		f.mu = &mu
	}
	for _, f := range parts[1:] {
		group.Go(func() { fail(f.fold(ctx)) })
	}
	fail(parts[0].fold(ctx))
	group.Wait()
	switch {
	case failed == errNoLongs:
		return nil, 0, false, nil
	case failed != nil:
		return nil, 0, false, failed
	}
	for _, f := range parts[1:] {
		if !parts[0].join(f) {
			return nil, 0, false, nil
		}
	}
	return parts[0].columns()
}

// divided returns foldings that together read all, in as many parts as are worth a goroutine.
func (s *streamed) divided() ([]*folding, error) {
	first := s.scans[0]
	rd := &readout{scan: first, run: s.run, probe: &first.consts}
	x := first.excerpt(&first.consts, nil)
	rd.excerpt = &x
	ranges, err := rd.split(s.datoms[0], x.within, nil)
	if err != nil {
		return nil, err
	}
	if len(ranges) < 2 {
		ranges = []index.Range{x.within}
	}
	out := make([]*folding, len(ranges))
	for i, within := range ranges {
		out[i] = s.folding(within, x.within)
	}
	return out, nil
}

// folding returns what computes the aggregates of the entities of a range of all that the first scan reads.
func (s *streamed) folding(within, all index.Range) *folding {
	f := &folding{streamed: s, groups: newGroupKeys(len(s.keys)), folds: make([]accumulator, len(s.folds))}
	for i, at := range s.keys {
		f.groups.keys[i].ascends = at.place == 0
	}
	for i := range s.folds {
		if e := s.run.q.find[i].expr; e != nil {
			f.folds[i].name = e.name
		}
	}
	for _, scan := range s.scans {
		x := scan.excerpt(&scan.consts, nil)
		if within.Lo.Parts > all.Lo.Parts {
			x.within.Lo = atEntity(x.within.Lo, within.Lo)
		}
		if within.Hi.Parts > all.Hi.Parts {
			x.within.Hi = atEntity(x.within.Hi, within.Hi)
		}
		f.excerpts = append(f.excerpts, x)
	}
	return f
}

// atEntity returns an end of what a scan reads, moved to the entity at which another one is cut.
func atEntity(end, cut index.Cut) index.Cut {
	end.Parts, end.Key.E, end.After = end.Parts+1, cut.Key.E, cut.After
	return end
}

// value reports whether the values of a scan are needed.
func (s *streamed) value(lane int) bool {
	at := laneColumn{lane, 2}
	return slices.Contains(s.keys, at) || slices.Contains(s.folds, at)
}

// open opens the scans of some excerpts.
func (s *streamed) open(ctx context.Context, excerpts []excerpt) ([]lane, error) {
	lanes := make([]lane, len(s.scans))
	for i, scan := range s.scans {
		cursor, err := scan.open(ctx, &excerpts[i])
		if err != nil {
			return nil, err
		}
		if !s.value(i) {
			cursor.SkipValues()
		}
		lanes[i] = lane{cursor: cursor}
	}
	return lanes, nil
}
