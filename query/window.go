package query

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/datolite/datolite/index"
)

// window returns the rows that are asked for, in their order, or that they are all of them as they are.
func (r *run) window(cols []index.Vector, n int) (rows []int32, all bool, err error) {
	most := r.q.most()
	if len(r.q.order) == 0 && r.q.offset == 0 && (most < 0 || most >= n) {
		return nil, true, nil
	}
	end := n
	if most >= 0 && most < n-r.q.offset {
		end = r.q.offset + most
	}
	if len(r.q.order) == 0 {
		rows = firstRows(end)
	} else if rows, err = r.firstInOrder(r.q.comparison(cols), n, end); err != nil {
		return nil, false, err
	}
	return rows[min(r.q.offset, len(rows)):], false, nil
}

// most returns how many rows are asked for; −1 for all.
func (q *ast) most() int {
	if q.shape == tupleFind || q.shape == scalarFind {
		return 1
	}
	return q.limit
}

// enough returns how many rows of :where hold all that is found, where any of them do; 0 where all are needed.
func (q *ast) enough() int {
	if most := q.most(); most >= 0 && len(q.order) == 0 && len(q.having) == 0 && !q.aggregates() {
		return most + min(q.offset, math.MaxInt-most)
	}
	return 0
}

// firstRows returns the numbers from 0 up to n.
func firstRows(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// firstInOrder returns the first few of n rows in an order in which no two are equal. Where they are much fewer than all, the rest is not sorted:
// those that come first so far lie in a heap with the last of them on top, for which each row that comes before it is put in.
func (r *run) firstInOrder(compare func(a, b int32) int, n, few int) ([]int32, error) {
	if few > n/4 {
		rows := firstRows(n)
		slices.SortFunc(rows, compare)
		return rows[:few], r.ctx.Err()
	}
	heap := firstRows(few)
	for i := few - 1; i >= 0; i-- {
		sink(heap, i, compare)
	}
	for row := int32(few); row < int32(n) && few > 0; row++ {
		if err := r.tick(int(row)); err != nil {
			return nil, err
		}
		if compare(row, heap[0]) < 0 {
			heap[0] = row
			sink(heap, 0, compare)
		}
	}
	slices.SortFunc(heap, compare)
	return heap, nil
}

// sink moves the row at a place of a heap down until none of those below it comes after it.
func sink(heap []int32, at int, compare func(a, b int32) int) {
	for {
		last := 2*at + 1
		if last >= len(heap) {
			return
		}
		if last+1 < len(heap) && compare(heap[last+1], heap[last]) > 0 {
			last++
		}
		if compare(heap[at], heap[last]) >= 0 {
			return
		}
		heap[at], heap[last] = heap[last], heap[at]
		at = last
	}
}

// comparison compares two rows by the columns of :order-by; where these are equal, by which was there first.
func (q *ast) comparison(cols []index.Vector) func(a, b int32) int {
	by := make([]func(a, b int32) int, len(q.order))
	for i, o := range q.order {
		by[i] = columnOrder(&cols[o.column])
	}
	return func(a, b int32) int {
		for i, o := range q.order {
			if c := by[i](a, b); c != 0 && o.desc {
				return -c
			} else if c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	}
}

// columnOrder compares two rows of a column as index.Compare does.
func columnOrder(col *index.Vector) func(a, b int32) int {
	words, texts := col.Words, col.Texts
	switch {
	case col.Kinds != nil:
	case (col.Kind == index.KindLong || col.Kind == index.KindInstant) && words != nil:
		return func(a, b int32) int { return cmp.Compare(int64(words[a]), int64(words[b])) }
	case col.Kind == index.KindString && words == nil && texts != nil:
		return func(a, b int32) int { return strings.Compare(texts[a], texts[b]) }
	}
	return func(a, b int32) int { return index.Compare(col.At(int(a)), col.At(int(b))) }
}
