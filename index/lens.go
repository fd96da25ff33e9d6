package index

// A lens is a view made ready for reading: it says of each part of a run whether it is needed, and of each fact whether it shows.
type lens struct {
	bound, since ID // since < t ≤ bound
	history      bool
	without      *IDSet
	keep         func(Datom) bool
}

func (v View) lens() lens {
	l := lens{bound: v.Basis, since: v.Since, history: v.History, keep: v.Keep}
	if v.AsOf != 0 {
		l.bound = min(v.Basis, v.AsOf)
	}
	if v.Without.Len() > 0 {
		l.without = v.Without
	}
	return l
}

// A role is what a part of a run is read for.
type role uint8

const (
	unread role = iota // it can neither show nor hide anything
	mask               // it only hides the open facts of older runs
	tested             // each fact is tested
	whole              // each fact shows; in a history, each of its events in the part
)

// role returns what the facts of a class are read for in a run or level of what happened from the oldest to the newest transaction.
// Where everything happened before the bound, what ended is over; where everything happened after the bound, or before since, it
// does not matter at all. Of a history that begins before the run, all that happened in it shows.
func (l *lens) role(oldest, newest ID, c class) role {
	switch {
	case oldest > l.bound || newest <= l.since:
		return unread
	case newest > l.bound || l.history && l.since >= oldest:
		return tested
	case l.history:
		return whole
	case c == past:
		return unread
	case c == closing:
		return mask
	case l.since >= oldest:
		return tested
	}
	return whole
}

// plain reports whether facts that lie in a part which is read whole need no further test.
func (l *lens) plain() bool { return l.without == nil && l.keep == nil }

// within reports whether a transaction is seen.
func (l *lens) within(t ID) bool { return l.since < t && t <= l.bound }

// skip returns which parts of a tree can be left out; nil for none.
func (l *lens) skip(r role, k class) func(*summary) bool {
	switch {
	case r != tested:
		return nil
	case k == closing && !l.history:
		return l.missesClosings
	}
	return l.misses
}

// missesClosings reports whether nothing of a part shows, and nor does any of the facts that it ends.
func (l *lens) missesClosings(s *summary) bool { return s.minTx > l.bound || s.maxTx <= l.since }

// misses reports whether nothing of a part shows.
func (l *lens) misses(s *summary) bool {
	asserted := s.minTx <= l.bound && s.maxTx > l.since
	if l.history {
		return !asserted && (s.minEnd > l.bound || s.maxEnd <= l.since)
	}
	return !asserted || s.maxEnd != 0 && s.maxEnd <= l.bound
}

// kept appends to places those of from whose datoms keep approves of.
func (l *lens) kept(places []uint32, c *columns, from []uint32) []uint32 {
	for _, p := range from {
		if l.keep(c.datom(int(p), true)) {
			places = append(places, p)
		}
	}
	return places
}

// ended marks the place of a fact whose end is meant, not its assertion.
const ended = 1 << 31

// events appends to places the events of facts that show, the end of a fact before its assertion, or only their ends.
func (l *lens) events(places []uint32, c *columns, from []uint32, onlyEnds bool) []uint32 {
	for _, p := range from {
		if l.without.Has(c.E[p]) {
			continue
		}
		if end := c.end(int(p)); end != 0 && l.within(end) && l.approves(c, p, false) {
			places = append(places, p|ended)
		}
		if !onlyEnds && l.within(c.Tx[p]) && l.approves(c, p, true) {
			places = append(places, p)
		}
	}
	return places
}

func (l *lens) approves(c *columns, p uint32, added bool) bool {
	return l.keep == nil || l.keep(c.datom(int(p), added))
}
