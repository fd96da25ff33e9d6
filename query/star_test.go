package query

import (
	"fmt"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// TestStar joins batches to rows in every way: merged, one by one, and by an index. An entity whose values lie in two batches loses none of
// them, and is kept once where only that it is there counts.
func TestStar(t *testing.T) {
	starOf(t, [][]db.ID{{2, 3, 5, 8}, {8, 9}, {9, 9, 11}, {11, 12}, {20}}, false)
}

// TestStarOfSingles does so with entities of one value each, of which some follow each other without a gap.
func TestStarOfSingles(t *testing.T) {
	starOf(t, [][]db.ID{{2, 3, 4, 5}, {6}, {8, 9, 10}, {11, 14}, {20, 21, 22}}, true)
}

// starOf joins batches of these entities.
func starOf(t *testing.T, all [][]db.ID, single bool) {
	for _, keys := range [][]uint64{
		{2, 3, 5, 8, 9, 11, 12, 20}, {2, 3, 5, 8}, {8, 9, 10, 11}, {9}, {1, 30}, {2, 2, 8, 8, 9}, {2, 8, 9, 1 << 40}, {20, 9, 2}, {11, 8, 11}, {1 << 40, 9, 8},
		{3, 5, 6, 9, 22, 23}, {1, 4, 7, 10, 14, 21},
	} {
		for _, semi := range []bool{false, true} {
			s := &scan{clause: &patternClause{terms: make([]term, 3)}, at: [maxPattern]variable{0, noVariable, 1, noVariable, noVariable}}
			if semi {
				s.at[2] = noVariable
			}
			want := map[string]int{}
			x := &excerpt{order: index.AEVT, covered: [maxPattern]bool{1: true}}
			group := &relation{vars: []variable{0}, cols: []index.Vector{{Kind: index.KindLong, Words: keys}}, n: len(keys)}
			st := &star{scan: s, probe: &probe{}, excerpt: x, group: group, keys: keys, kind: index.KindLong}
			st.prepare()
			st.single = single
			v := uint64(0)
			for _, ids := range all {
				b := &index.Batch{E: ids, A: make([]db.ID, len(ids)), Tx: make([]db.ID, len(ids)), V: index.Vector{Kind: index.KindLong}}
				for _, e := range ids {
					b.V.Words = append(b.V.Words, v)
					for row, k := range keys {
						if k == uint64(e) && semi {
							want[fmt.Sprint(row)] = 1
						} else if k == uint64(e) {
							want[fmt.Sprint(row, " ", v)]++
						}
					}
					v++
				}
				st.take(b)
			}
			st.settle()
			got := map[string]int{}
			for i, row := range st.left {
				key := fmt.Sprint(row)
				if !semi {
					key = fmt.Sprint(row, " ", st.news.cols[0].Words[i])
				}
				got[key]++
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, semi %v: %v, want %v", keys, semi, got, want)
			}
		}
	}
}

// TestWordsOutside leaves out of words that ascend those that are among others.
func TestWordsOutside(t *testing.T) {
	for _, c := range []struct {
		words, others []uint64
		want          string
	}{
		{[]uint64{1, 2, 3, 4}, []uint64{2, 4}, "[0 2]"},
		{[]uint64{1, 2, 2, 2, 3}, []uint64{2}, "[0 4]"},
		{[]uint64{1, 2, 2, 3, 3}, []uint64{2, 2, 3}, "[0]"},
		{[]uint64{1, 5, 9}, []uint64{2, 3, 5, 7}, "[0 2]"},
		{[]uint64{^uint64(0), 0, 1}, []uint64{^uint64(1), 0}, "[0 2]"},
		{[]uint64{4, 5}, []uint64{1, 2}, "[0 1]"},
		{[]uint64{4, 5}, []uint64{4, 5, 6}, "[]"},
	} {
		if got := fmt.Sprint(wordsOutside(c.words, c.others)); got != c.want {
			t.Errorf("%v without %v: %s, want %s", c.words, c.others, got, c.want)
		}
	}
}
