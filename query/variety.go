package query

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A variety is how many different values a component has among all datoms of an attribute.
type variety struct {
	from   db.Reader
	known  probe // the attribute, if that is known
	place  int
	values float64
}

// looked is how many rows are looked at to estimate how many different values a column has.
const looked = 256

// values estimates how many different values a component has among all datoms of the attribute of a scan, of which full are read.
func (s *scan) values(c *conj, place int, full float64) (float64, error) {
	all := probe{}
	if s.consts.known[1] {
		all.set(1, s.consts.values[1])
	} else {
		all = s.given(c)
	}
	for _, known := range c.run.varieties {
		if known.from == s.from && known.known == all && known.place == place {
			return known.values, nil
		}
	}
	n, err := s.countValues(c, place, &all, full)
	if err == nil {
		c.run.varieties = append(c.run.varieties, variety{s.from, all, place, n})
	}
	return n, err
}

func (s *scan) countValues(c *conj, place int, all *probe, full float64) (float64, error) {
	n := full
	if a, ok := s.from.Schema().Attribute(all.values[1].Ref()); all.known[1] && ok {
		var err error
		if n, err = c.run.counted(s, all, nil); err != nil {
			return 0, err
		}
		switch history := s.from.IsHistory(); {
		case history:
		case place == 0 && !a.Many, place == 2 && a.Unique != db.NotUnique:
			return n, nil
		case place == 2 && a.Indexed:
			known, err := s.from.Snapshot().Values(c.run.ctx, a.ID)
			return min(n, float64(known.Distinct)), err
		}
	}
	like, err := s.like(c, setOf(s.at[place]), all)
	if err != nil || like.n == 0 {
		return n, err
	}
	return min(n, variousness(&like.cols[0], like.n, n)), nil
}

// differing estimates how many different values a column of a group has.
func (r *run) differing(g *relation, col int) float64 {
	if !g.imagined() {
		return variousness(&g.cols[col], g.n, float64(g.n))
	}
	if n, ok := r.trace.values[g.vars[col]]; ok {
		return min(n, float64(g.n))
	}
	return float64(g.n)
}

// variousness estimates how many different values there are in all of n, of which a column has some. Some are looked at: where most of them stand
// twice, those are all. Else as many of all differ as do of those, and in a column that seems to ascend, where equal ones lie side by side, as
// many as differ from the one before them.
func variousness(v *index.Vector, rows int, all float64) float64 {
	words := wordsOf(v)
	if words != nil && rows <= 4*looked && ascends(words) {
		return all * float64(runs(words)) / float64(rows)
	}
	k := min(rows, looked)
	picked := make([]int32, k)
	for i := range picked {
		picked[i] = int32(i * rows / k)
	}
	some := v.Pick(picked)
	hashes := hashRows([]index.Vector{some}, 0, k)
	slices.Sort(hashes)
	different := float64(len(slices.Compact(hashes)))
	if 2*different < float64(k) {
		return different
	}
	if words != nil && ascends(some.Words) {
		different = float64(changes(words, picked))
	}
	return all * different / float64(k)
}

// changes returns how many of some words differ from the one before them.
func changes(words []uint64, at []int32) int {
	n := 0
	for _, i := range at {
		if i == 0 || words[i] != words[i-1] {
			n++
		}
	}
	return n
}

// runs returns how many different words there are in a column that ascends.
func runs(words []uint64) int {
	n := 0
	for i := 0; i < len(words); i = runEnd(words, i) {
		n++
	}
	return n
}
