package index

import "slices"

// mostPiles is how many ascending sequences a list is divided into at most; one that has more is sorted from the ground.
const mostPiles = 8

// sortNearly sorts a list that mostly is sorted already: facts come by transaction, and within one by entity, and those of the transactions
// themselves in between. It divides the list into ascending sequences, and merges these (patience sort).
func sortNearly(list []keyed, compare func(x, y keyed) int) []keyed {
	piles, counts := piled(list, compare)
	switch {
	case len(counts) == 0:
		slices.SortFunc(list, compare)
		return list
	case len(counts) == 1:
		return list
	}
	other, next := make([]keyed, len(list)), make([]int, len(counts))
	for p := 1; p < len(counts); p++ {
		next[p] = next[p-1] + counts[p-1]
	}
	for i, p := range piles {
		other[next[p]] = list[i]
		next[p]++
	}
	return mergePiles(other, list, next, compare)
}

// piled returns on which pile each of a list goes, and how many there are on each: no piles where there would be too many.
func piled(list []keyed, compare func(x, y keyed) int) (piles []uint8, counts []int) {
	var tops tops
	for i, x := range list {
		p := tops.place(x, compare)
		if p == mostPiles {
			return nil, nil
		}
		if p > 0 && piles == nil {
			piles = make([]uint8, len(list))
		}
		if piles != nil {
			piles[i] = uint8(p)
		}
	}
	counts = make([]int, max(1, tops.n))
	for _, p := range piles {
		counts[p]++
	}
	return piles, counts
}

// tops are what lies on top of piles, each of which ascends.
type tops struct {
	n       int // of the piles
	highest int // the pile whose top is the last of all
	top     [mostPiles]keyed
}

// place puts x on the pile with the last top that it can follow, or on a new one, and returns which that is; mostPiles where there is none.
func (t *tops) place(x keyed, compare func(x, y keyed) int) int {
	p := t.highest
	if t.n > 0 && !follows(x, t.top[p], compare) {
		p = t.n
		for i := range t.n {
			if follows(x, t.top[i], compare) && (p == t.n || follows(t.top[i], t.top[p], compare)) {
				p = i
			}
		}
	} else {
		t.n = max(t.n, 1)
	}
	if p < mostPiles {
		t.n = max(t.n, p+1)
		t.top[p] = x
	}
	return p
}

// follows reports whether x can stand behind y.
func follows(x, y keyed, compare func(x, y keyed) int) bool {
	return x.e > y.e || x.e == y.e && compare(y, x) <= 0
}

// mergePiles merges piles, which end where ends says, two by two. It needs as much room beside them.
func mergePiles(list, other []keyed, ends []int, compare func(x, y keyed) int) []keyed {
	for len(ends) > 1 {
		next, from := ends[:0], 0
		for i := 0; i < len(ends); i += 2 {
			middle, end := ends[i], ends[min(i+1, len(ends)-1)]
			mergeKeyed(other[from:end], list[from:middle], list[middle:end], compare)
			next, from = append(next, end), end
		}
		ends, list, other = next, other, list
	}
	return list
}

// mergeKeyed merges two sorted lists, of which the second may be empty.
func mergeKeyed(to, a, b []keyed, compare func(x, y keyed) int) {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		if follows(b[0], a[0], compare) {
			to[n], a = a[0], a[1:]
		} else {
			to[n], b = b[0], b[1:]
		}
		n++
	}
	n += copy(to[n:], a)
	copy(to[n:], b)
}

// nearby is how far a fact moves at most among those of its entity before a list is looked at as a whole.
const nearby = 8

// settleLast moves the last one of a list to its place among those before it that are of the same entity, if that is near: the facts of one
// entity come in the sequence in which they were said.
func settleLast(list []keyed, compare func(x, y keyed) int) {
	for i := len(list) - 1; i > 0 && len(list)-i <= nearby && list[i-1].e == list[i].e && compare(list[i-1], list[i]) > 0; i-- {
		list[i-1], list[i] = list[i], list[i-1]
	}
}
