package query

import "github.com/datolite/datolite/index"

// A rowSet is a set of rows that grows. Its rows live three rounds: they are fresh when they come; the next round they are
// recent, and rules are run on them; after that they are settled.
type rowSet struct {
	rows    *relation
	all     *table
	keys    []variable // the columns of the index
	index   *table
	settled int
	recent  int // settled and recent ones together
}

// newRowSet returns an empty set, with an index on some of its columns.
func newRowSet(vars, keys []variable) *rowSet {
	s := &rowSet{rows: newRelation(vars), keys: keys}
	s.all = newTable(s.rows.cols, 0)
	s.index = newTable(s.rows.columnsOf(keys), 0)
	return s
}

// add puts in the rows of a relation that are not there yet; they are fresh. The relation has the columns of the set.
func (s *rowSet) add(r *run, g *relation) error {
	if len(g.cols) == 0 {
		s.rows.n = max(s.rows.n, min(g.n, 1))
		return nil
	}
	g, err := r.distinct(g)
	if err != nil {
		return err
	}
	var rows []int32
	for i, h := range hashRows(g.cols, 0, g.n) {
		if !s.all.has(h, g.cols, int32(i)) {
			rows = append(rows, int32(i))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	news := g.pick(rows)
	for i := range s.rows.cols {
		extend(&s.rows.cols[i], s.rows.n, &news.cols[i], news.n)
	}
	s.rows.n += news.n
	s.all.follow(s.rows.cols, s.rows.n)
	s.index.follow(s.rows.columnsOf(s.keys), s.rows.n)
	added := int64(news.n) * (news.width() + tableBytes)
	r.held += added
	return r.fits(s.rows.n, 0)
}

// follow puts in the rows that have come to the columns.
func (t *table) follow(cols []index.Vector, n int) {
	t.cols = cols
	from := len(t.next)
	t.hashes = append(t.hashes, hashRows(cols, from, n)...)
	if 2*n > len(t.heads) {
		t.grow(2 * n)
	}
	for i := from; i < n; i++ {
		t.put(int32(i))
	}
}

// advance ends a round; it reports whether there are recent rows in the next.
func (s *rowSet) advance() bool {
	s.settled, s.recent = s.recent, s.rows.n
	return s.recent > s.settled
}

func (s *rowSet) hasRecent() bool { return s.recent > s.settled }

// between returns the rows from i to j.
func (s *rowSet) between(i, j int) *relation {
	out := &relation{vars: s.rows.vars, n: j - i}
	for c := range s.rows.cols {
		out.cols = append(out.cols, s.rows.cols[c].Slice(i, j))
	}
	return out
}

// find returns the rows whose keys equal a row of other columns: which of these, and which of the set.
func (s *rowSet) find(r *run, probe []index.Vector, n int) (left, right []int32, err error) {
	for i, h := range hashRows(probe, 0, n) {
		if err := r.tick(i); err != nil {
			return nil, nil, err
		}
		for at := s.index.heads[h&s.index.mask]; at != 0; at = s.index.next[at-1] {
			if s.index.hashes[at-1] == h && equalRows(s.index.cols, at-1, probe, int32(i)) {
				left, right = append(left, int32(i)), append(right, at-1)
			}
		}
		if err := r.fits(len(left), s.rows.width()); err != nil {
			return nil, nil, err
		}
	}
	return left, right, nil
}
