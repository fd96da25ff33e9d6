package query

import (
	"context"
	"errors"
	"sync"

	"github.com/datolite/datolite/index"
)

// A folding computes the aggregates of a streamed query, or those of a part of its entities.
type folding struct {
	*streamed
	excerpts []excerpt
	mu       *sync.Mutex // of the budget
	groups   groupKeys
	sizes    []uint64      // by group, where nothing adds
	folds    []accumulator // by column of :find
	words    []uint64      // room for those of some rows
	rows     int
}

// errNoLongs is the error of values that an accumulator does not compute with.
var errNoLongs = errors.New("query: what is aggregated are no longs")

// fold reads the scans beside each other.
func (f *folding) fold(ctx context.Context) error {
	lanes, err := f.open(ctx, f.excerpts)
	if err != nil {
		return err
	}
	m := &mergeScan{lanes: lanes, several: f.several, reads: f.reads}
	for {
		if more, err := m.next(); !more || err != nil {
			return err
		}
		if m.n == 0 {
			continue
		}
		if err := f.take(m); err != nil {
			return err
		}
	}
}

// reads counts datoms with those of other parts, and the groups that have come of them.
func (f *folding) reads(n int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	width := int64(len(f.keys)+len(f.folds)) * valueBytes
	return firstError(f.run.reads(n), f.run.fits(f.groups.count(), width))
}

// take takes in the rows that a merge scan has found.
func (f *folding) take(m *mergeScan) error {
	of, ok := f.groups.number(m.n, func(key int) (index.Vector, []int32) { return m.column(f.keys[key]) })
	if !ok {
		return errNoLongs
	}
	f.rows += m.n
	for i := range f.folds {
		a := &f.folds[i]
		if !accumulates(a.name) {
			continue
		}
		v, places := m.column(f.streamed.folds[i])
		words := longsOf(&v)
		if words == nil {
			return errNoLongs
		}
		if places != nil {
			f.words = appendWordsAt(f.words[:0], words, places)
			words = f.words
		}
		a.add(words, of, f.groups.count())
	}
	if f.adding() == nil {
		f.sizes = padded(f.sizes, f.groups.count())
		countRows(f.sizes, of)
	}
	return nil
}

// appendWordsAt appends the words at some places.
func appendWordsAt(to, words []uint64, places []int32) []uint64 {
	for _, p := range places {
		to = append(to, words[p])
	}
	return to
}

// adding returns an accumulator that adds, and so counts the rows of each group; nil where there is none.
func (f *folding) adding() *accumulator {
	for i := range f.folds {
		if f.folds[i].adds() {
			return &f.folds[i]
		}
	}
	return nil
}

// join takes in what another folding has computed of the entities that come behind. It reports false where it cannot.
func (f *folding) join(g *folding) bool {
	if g.rows == 0 {
		return true
	}
	keys := g.groups.columns()
	of, ok := f.groups.number(g.groups.count(), func(key int) (index.Vector, []int32) { return keys[key], nil })
	if !ok {
		return false
	}
	for i := range f.folds {
		if a := &f.folds[i]; accumulates(a.name) {
			a.join(&g.folds[i], of, f.groups.count())
		}
	}
	if f.adding() == nil {
		f.sizes = padded(f.sizes, f.groups.count())
		for i, n := range g.sizes {
			f.sizes[of[i]] += n
		}
	}
	f.rows += g.rows
	return true
}

// columns returns what is found, a row for each group, and how many these are. It reports false where a sum is no long, or there is no row.
func (f *folding) columns() ([]index.Vector, int, bool, error) {
	if f.rows == 0 {
		return nil, 0, false, nil
	}
	sizes := f.sizes
	if a := f.adding(); a != nil {
		sizes = a.sizes()
	}
	keys, grouped := f.groups.columns(), f.run.q.grouping().list()
	out := make([]index.Vector, len(f.folds))
	for i := range out {
		elem, ok, err := &f.run.q.find[i], true, error(nil)
		switch {
		case elem.expr == nil:
			out[i] = keys[indexOf(grouped, elem.v)]
		case elem.expr.name == "count":
			out[i] = index.Vector{Kind: index.KindLong, Words: sizes}
		default:
			out[i], ok, err = f.folds[i].column()
		}
		if !ok || err != nil {
			return nil, 0, false, err
		}
	}
	return out, f.groups.count(), true, f.run.ctx.Err()
}
