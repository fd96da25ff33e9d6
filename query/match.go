package query

import "github.com/datolite/datolite/db"

// A lookup costs about as much as reading this many datoms in sequence.
var lookupCost = 30.0

// samples is how many rows are asked to estimate how many datoms a row leads to.
const samples = 4

// given returns what a scan knows from constants and from groups of one row.
func (s *scan) given(c *conj) probe {
	p := s.consts
	for _, g := range c.groups {
		if g.n == 1 && !g.imagined() {
			s.fill(&p, g, 0)
		}
	}
	return p
}

// fill adds to a probe what a row of a group says of the scan's variables.
func (s *scan) fill(p *probe, g *relation, row int) {
	for i, v := range s.at {
		if v == noVariable {
			continue
		}
		if at := g.column(v); at >= 0 {
			p.set(i, g.cols[at].At(row))
		}
	}
}

// driver returns the group beside which a scan is read: of those that share a variable with it, or where the rest of what is known leads
// nowhere, of those that lead somewhere, the one that leads to the fewest datoms.
func (s *scan) driver(c *conj, p *probe) (*relation, error) {
	useful := s.uses
	if _, parts := s.path(p); parts < 0 {
		useful = s.leading(c)
	}
	var out *relation
	fewest := -1.0
	for _, g := range c.groups {
		switch {
		case !g.set().meets(useful):
		case out == nil:
			out = g
		case out.n == 1 || g.n == 1:
			if g.n < out.n {
				out = g
			}
		default:
			var err error
			if fewest < 0 {
				if fewest, err = s.found(c, out, p); err != nil {
					return nil, err
				}
			}
			n, err := s.found(c, g, p)
			if err != nil {
				return nil, err
			}
			if n < fewest || n == fewest && g.n < out.n {
				out, fewest = g, n
			}
		}
	}
	return out, nil
}

// found estimates how many datoms the rows of a group lead to.
func (s *scan) found(c *conj, g *relation, p *probe) (float64, error) {
	full, err := s.full(c, p)
	if err != nil {
		return 0, err
	}
	fan, err := s.fan(c, g, *p, full)
	return min(fan, full) * float64(g.n), err
}

// leading returns the first of entity, attribute and value that is bound; where none is, all variables of the scan.
func (s *scan) leading(c *conj) varSet {
	bound := c.bound()
	for _, v := range s.at[:3] {
		if bound.has(v) {
			return setOf(v)
		}
	}
	return s.uses
}

// score estimates how many rows there are when the scan has run; one that begins a group of its own counts twice.
func (s *scan) score(c *conj) (float64, error) {
	n, g, err := s.estimate(c)
	if g == nil {
		n *= 2
	}
	return n, err
}

// estimate estimates how many rows there are when the scan has run, and returns the group that it is joined to.
func (s *scan) estimate(c *conj) (float64, *relation, error) {
	p := s.given(c)
	g, err := s.driver(c, &p)
	if err != nil {
		return 0, nil, err
	}
	if g == nil || g.n == 1 && !g.imagined() {
		full, err := s.full(c, &p)
		return full, g, err
	}
	n, err := s.found(c, g, &p)
	return n, g, err
}

// full returns how many datoms a probe leaves: at most one where the schema says so, else as they are counted.
func (s *scan) full(c *conj, p *probe) (float64, error) {
	if s.atMostOne(p) {
		return 1, nil
	}
	return c.run.counted(s, p, s.bounds(c))
}

// atMostOne reports whether at most one datom can meet a probe: it has the value of a unique attribute, or the entity and an attribute of one
// value.
func (s *scan) atMostOne(p *probe) bool {
	if !p.known[1] || s.from.IsHistory() {
		return false
	}
	a, ok := s.from.Schema().Attribute(p.values[1].Ref())
	return ok && (p.known[0] && !a.Many || p.known[2] && a.Unique != db.NotUnique && !a.NilsDistinct)
}

// fan returns how many datoms a row of a group leads to, on average. An attribute of one value leads to one at most, and to one of some
// value as often as that is met among all; else some rows are asked.
func (s *scan) fan(c *conj, g *relation, p probe, full float64) (float64, error) {
	first := p
	for i, v := range s.at {
		first.known[i] = first.known[i] || v != noVariable && g.column(v) >= 0
	}
	if p.known[1] && s.atMostOne(&first) {
		if !p.known[2] {
			return 1, nil
		}
		all := probe{}
		all.set(1, p.values[1])
		n, err := c.run.counted(s, &all, nil)
		return min(1, full/max(n, 1)), err
	}
	if g.imagined() {
		like, err := s.like(c, g.set(), &p)
		if err != nil || like.n == 0 {
			return 1, err
		}
		g = like
	}
	return s.asked(c, g, p)
}

// asked returns how many datoms some rows of a group lead to, on average.
func (s *scan) asked(c *conj, g *relation, p probe) (float64, error) {
	total := 0
	n := min(g.n, samples)
	for i := range n {
		one := p
		s.fill(&one, g, i*(g.n-1)/max(n-1, 1))
		x := s.excerpt(&one, nil)
		k, err := s.count(c.run, &x)
		if err != nil {
			return 0, err
		}
		total += k
	}
	return float64(total) / float64(max(n, 1)), nil
}

// like returns rows as an imagined group may have them, with some variables: what the scan itself reads first.
func (s *scan) like(c *conj, some varSet, p *probe) (*relation, error) {
	out := newRelation(s.uses.and(some).list())
	x := s.excerpt(p, nil)
	cursor, err := s.open(c.run.ctx, &x)
	if err != nil || x.none {
		return out, err
	}
	b, err := cursor.Next()
	if b != nil {
		(&emission{scan: s, excerpt: &x, out: out}).emitAll(b)
	}
	return out, err
}

// A tally is how many datoms a source has of what is known.
type tally struct {
	from   db.Reader
	known  probe
	bounds bounds
	n      float64
}

// counted returns how many datoms a probe leaves. What constants alone leave is counted once in a run.
func (r *run) counted(s *scan, p *probe, b *bounds) (float64, error) {
	key := tally{from: s.from, known: *p}
	if b != nil {
		key.bounds = *b
	}
	once := p.known == s.consts.known || p.known == [maxPattern]bool{1: true}
	if once {
		for i := range r.tallies {
			if t := &r.tallies[i]; t.from == key.from && t.known == key.known && t.bounds == key.bounds {
				return t.n, nil
			}
		}
	}
	x := s.excerpt(p, b)
	n, err := s.count(r, &x)
	key.n = float64(n)
	if once && err == nil {
		if r.tallies == nil {
			r.tallies = make([]tally, 0, 4)
		}
		r.tallies = append(r.tallies, key)
	}
	return key.n, err
}

// An access is the way in which a scan reads, beside what is there.
type access struct {
	probe   probe
	group   *relation // that drives it; nil where it begins a group of its own
	excerpt excerpt   // what is read, unless each row is looked up
	lookUp  bool      // each row of the group is looked up by itself
}

// access decides how a scan reads.
func (s *scan) access(c *conj) (a access, err error) {
	a.probe = s.given(c)
	if a.group, err = s.driver(c, &a.probe); err != nil {
		return a, err
	}
	b := s.bounds(c)
	if a.lookUp, err = s.looksUp(c, a.group, &a.probe); err != nil {
		return a, err
	}
	a.excerpt = s.excerpt(&a.probe, b)
	if a.lookUp {
		if keyed := s.keyed(a.group, &a.probe); keyed != nil {
			a.excerpt, a.lookUp = *keyed, false
		}
	}
	if a.group == nil {
		full, err := s.full(c, &a.probe)
		a.excerpt.facts, a.excerpt.room = int(full), s.roomFor(c.run, &a.excerpt, full)
		a.excerpt.loose = a.excerpt.loose || s.from.IsHistory() && full >= anyOrder
		return a, err
	}
	return a, nil
}

// run joins what matches the pattern to the groups that share its variables. Those of a group of one row are among what is known, and
// need no join.
func (s *scan) run(c *conj) error {
	a, err := s.access(c)
	if err != nil {
		return err
	}
	if s.isLast(c, &a) {
		a.excerpt.enough = c.enough
	}
	x, err := s.extentFor(c, &a)
	if err != nil {
		return err
	}
	if a.group != nil && a.group.n > 1 && !a.lookUp {
		if x != nil {
			if ok, err := c.pipe(s, a.group, x); ok || err != nil {
				return err
			}
		}
		if joined, ok, err := s.joinInto(c, a.group, &a.probe, &a.excerpt); ok || err != nil {
			return firstError(err, c.replace(a.group, joined))
		}
	}
	found := newRelation(s.unknown(&a.probe).list())
	switch {
	case x != nil:
		found = x.rows(s)
	case a.lookUp:
		err = s.readEach(c.run, &a, found)
	default:
		err = s.read(c.run, &a.probe, &a.excerpt, found)
	}
	if err != nil {
		return err
	}
	if found.unique = s.isSet(&a.probe); len(found.vars) == 0 {
		found.n = min(found.n, 1)
	}
	return c.absorb(found)
}

// isLast reports whether each row that comes of a scan is one of what is found in the end: no step follows, no other group restricts it, and
// nothing of it is dropped.
func (s *scan) isLast(c *conj, a *access) bool {
	if len(c.pending) > 0 || !s.isSet(&a.probe) || !s.unknown(&a.probe).within(c.keep) {
		return false
	}
	for _, g := range c.groups {
		if g.n > 1 && g.set().meets(s.uses) && (g != a.group || !g.unique || !g.set().within(c.keep)) {
			return false
		}
	}
	return true
}

// maxRoom is for how many rows room is made before they are there, viewRoom for how many where the count is that of all that a view may show, and
// nowRoom where as many hold now.
// anyOrder is from how many events on they are read in whatever order they lie: to bring the end of each fact to its assertion takes longer than
// to read them.
const (
	anyOrder = 1 << 12
	maxRoom  = 1 << 20
	viewRoom = 1 << 12
	nowRoom  = 1 << 16
)

// roomFor returns for how many rows of an excerpt room is made where so many datoms are counted. A view mostly shows no more than what holds now.
func (s *scan) roomFor(r *run, x *excerpt, full float64) int {
	if _, exact := s.from.(*db.Snapshot); exact || s.from.IsHistory() {
		return int(min(full, maxRoom))
	}
	if full <= viewRoom || x.none {
		return int(min(full, viewRoom))
	}
	now, err := s.from.Snapshot().CountRange(r.ctx, x.order, x.within)
	if err != nil { // who reads what was counted is told
		return viewRoom
	}
	return int(min(full, max(viewRoom, min(float64(now), nowRoom))))
}

// unknown returns the variables of a scan that a probe does not know.
func (s *scan) unknown(p *probe) varSet {
	var out varSet
	for i, v := range s.at {
		if !p.known[i] {
			out.add(v)
		}
	}
	return out
}

// looksUp reports whether it is better to look up each row of a group than to read all that the constants leave.
func (s *scan) looksUp(c *conj, g *relation, p *probe) (bool, error) {
	if g == nil || g.n == 1 && !g.imagined() {
		return false, nil
	}
	if _, parts := s.path(p); parts < 0 {
		return s.leading(c).meets(setOf(s.at[:3]...)), nil
	}
	full, err := s.full(c, p)
	return float64(g.n)*lookupCost < full, err
}

// readEach reads what matches each row of the group.
func (s *scan) readEach(r *run, a *access, out *relation) error {
	keys, err := r.project(a.group, a.group.set().and(s.uses).list())
	if err != nil {
		return err
	}
	for i := range keys.n {
		if err := r.tick(i); err != nil {
			return err
		}
		one := a.probe
		s.fill(&one, keys, i)
		x := s.excerpt(&one, nil)
		if x.enough = a.excerpt.enough; x.ends(out.n) != nil {
			return nil
		}
		if err := s.read(r, &one, &x, out); err != nil {
			return err
		}
	}
	return nil
}
