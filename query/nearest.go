package query

import (
	"slices"
	"strings"

	"github.com/datolite/datolite/internal/spell"
)

// A name is compared with others if it is no longer than maxSpelled, and long enough to be told from them.
const (
	minSpelled = 3
	maxSpelled = 100
)

// didYouMean returns a question that names what is most like an unknown name, and "" where nothing is near.
func didYouMean(name string, known []string, mark string) string {
	if len(name) > maxSpelled || len(name) < minSpelled {
		return ""
	}
	known = slices.DeleteFunc(slices.Clone(known), func(k string) bool { return len(k) > maxSpelled || k == name })
	slices.Sort(known)
	bare := make([]string, len(known))
	for i, k := range known {
		bare[i] = strings.TrimPrefix(k, "?")
	}
	near := spell.Nearest(strings.TrimPrefix(name, "?"), slices.Values(bare))
	if near == "" {
		return ""
	}
	return " (did you mean " + mark + known[slices.Index(bare, near)] + "?)"
}
