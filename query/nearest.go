package query

import (
	"slices"
	"strings"

	"github.com/datolite/datolite/internal/spell"
)

// maxSpelled is how long a name may be to be compared with others.
const maxSpelled = 100

// didYouMean returns a question that names what is most like an unknown name, and "" where nothing is near.
func didYouMean(name string, known []string, mark string) string {
	if len(name) > maxSpelled {
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
