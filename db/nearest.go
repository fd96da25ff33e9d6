package db

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// nearest returns the name, with its colon, that is most like text, and "" where all differ in more than a third of its letters.
func nearest(text string, names iter.Seq[Keyword]) string {
	text = strings.TrimPrefix(text, ":")
	best, least := "", utf8.RuneCountInString(text)/3+1
	for name := range names {
		d := distance(text, string(name), least)
		if d < least || (d == least && best != "" && name.String() < best) {
			best, least = name.String(), d
		}
	}
	return best
}

// distance returns how many letters must be inserted, deleted or replaced, or pairs of neighbours swapped, to make b of a
// (optimal string alignment); most or more where it is at least that.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d > 4*most || -d > 4*most {
		return most
	}
	x, y := []rune(a), []rune(b)
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range x {
		older, old, row := rows[0], rows[1], rows[2]
		row[0] = i + 1
		for j := range y {
			row[j+1] = min(old[j+1]+1, row[j]+1, old[j]+differ(x[i], y[j]))
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		rows = [3][]int{old, row, older}
	}
	return rows[1][len(y)]
}

func differ(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
