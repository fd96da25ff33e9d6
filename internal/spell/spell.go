package spell

import (
	"iter"
	"unicode/utf8"
)

// Nearest returns the word that takes the fewest edits to come from word: to insert, delete or replace a letter, or to swap
// two neighbours. Of equally near words it returns the first. It returns "" where no word is within a third of word's letters.
func Nearest(word string, words iter.Seq[string]) string {
	best, limit := "", max(1, utf8.RuneCountInString(word)/3)+1
	for w := range words {
		if d := distance([]rune(word), []rune(w), limit); d < limit {
			best, limit = w, d
		}
	}
	return best
}

// DidYouMean returns " (did you mean name?)" for the nearest of words, and "" where none is near.
func DidYouMean(word string, words iter.Seq[string]) string {
	if near := Nearest(word, words); near != "" {
		return " (did you mean " + near + "?)"
	}
	return ""
}

// distance is the optimal string alignment distance of a and b, or limit where it is not less than that.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		older, old, row = old, row, older
		row[0] = i + 1
		for j := range b {
			row[j+1] = min(old[j+1]+1, row[j]+1, old[j]+differ(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

func differ(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
