package query

import (
	"slices"
	"sync"

	"github.com/datolite/datolite/index"
)

// mostFirst is how many rows of an order may be asked for to be found while others are read past.
const mostFirst = 1 << 10

// asksFirst reports whether a few rows of an order are asked for, and each is found as it is.
func (r *run) asksFirst() bool {
	n := r.q.most()
	return len(r.q.order) > 0 && n >= 0 && n <= mostFirst && r.q.offset <= mostFirst && !r.q.aggregates() && len(r.conditions) == 0 &&
		!slices.ContainsFunc(r.computes, func(c computed) bool { return c != nil })
}

// A firstFew keeps the first few rows of an order of those that come.
type firstFew struct {
	run  *run
	few  int
	rows relation
	by   int    // the column that orders first
	desc bool   // it does so in descending order
	only bool   // nothing orders rows that are equal in it but which of them came first
	full bool   // few rows are there that do not come behind edge
	edge uint64 // the word in that column of the last of them
	room []int32
}

// firstRows finds the first few rows in order, those that are left out and those that are asked for, and how many these are. It reports false where
// that must be done in another way, since they are not in the order of words.
func (s *streamed) firstRows() ([]index.Vector, int, bool, error) {
	first := s.scans[0]
	x := first.excerpt(&first.consts, nil)
	read := s.folding(x.within, x.within)
	read.mu = new(sync.Mutex)
	lanes, err := s.open(s.run.ctx, read.excerpts)
	if err != nil {
		return nil, 0, false, err
	}
	q := s.run.q
	f := &firstFew{run: s.run, few: q.offset + q.most(), by: q.order[0].column, desc: q.order[0].desc, only: len(q.order) == 1}
	f.rows.cols = make([]index.Vector, len(s.keys))
	m := &mergeScan{lanes: lanes, several: s.several, reads: read.reads}
	for {
		more, err := m.next()
		if err != nil {
			return nil, 0, false, err
		}
		if !more {
			return f.rows.cols, f.rows.n, f.rows.n > 0, nil
		}
		if m.n == 0 {
			continue
		}
		if ok, err := f.take(m, s.keys); !ok || err != nil {
			return nil, 0, false, err
		}
	}
}

// take keeps those of the rows that a merge scan has found which may be among the first. It reports false where they are not ordered by words.
func (f *firstFew) take(m *mergeScan, columns []laneColumn) (bool, error) {
	v, places := m.column(columns[f.by])
	words := wordsOf(&v)
	if words == nil || v.Kind != index.KindLong && v.Kind != index.KindInstant || f.rows.n > 0 && f.rows.cols[f.by].Kind != v.Kind {
		return false, nil
	}
	if f.room = f.room[:0]; places != nil {
		for i, p := range places {
			if f.mayBeFirst(words[p]) {
				f.room = append(f.room, int32(i))
			}
		}
	} else {
		f.room = f.among(words, f.room)
	}
	if len(f.room) == 0 {
		return true, nil
	}
	for c, at := range columns {
		v, places := m.column(at)
		rows := f.room
		if places != nil {
			rows = make([]int32, len(f.room))
			for i, row := range f.room {
				rows[i] = places[row]
			}
		}
		picked := v.Pick(rows)
		extend(&f.rows.cols[c], f.rows.n, &picked, len(rows))
	}
	f.rows.n += len(f.room)
	return true, f.prune()
}

// among appends the places of words that may be among the first.
func (f *firstFew) among(words []uint64, to []int32) []int32 {
	if !f.full {
		return appendRange(to, 0, len(words))
	}
	edge := int64(f.edge)
	for i, w := range words {
		if w := int64(w); f.desc && w < edge || !f.desc && w > edge || f.only && w == edge {
			continue
		}
		to = append(to, int32(i))
	}
	return to
}

// mayBeFirst reports whether a row with a word may be among the first.
func (f *firstFew) mayBeFirst(w uint64) bool {
	return !f.full || w == f.edge && !f.only || w != f.edge && f.desc == (int64(w) > int64(f.edge))
}

// prune leaves the first few rows, in the order in which they came, where there are many more.
func (f *firstFew) prune() error {
	if f.rows.n < 2*f.few+64 {
		return nil
	}
	rows, err := f.run.firstInOrder(f.run.q.comparison(f.rows.cols), f.rows.n, f.few)
	if err != nil {
		return err
	}
	if f.full = len(rows) > 0; f.full {
		f.edge = f.rows.cols[f.by].Words[rows[len(rows)-1]]
	}
	rows = slices.Sorted(slices.Values(rows))
	for c := range f.rows.cols {
		f.rows.cols[c] = f.rows.cols[c].Pick(rows)
	}
	f.rows.n = len(rows)
	return nil
}
