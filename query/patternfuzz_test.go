package query_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
)

var patternSeeds = []string{
	`[:s {:r 2}]`, `[* {:r [:s {:_rs [*]}]}]`, `[[:n :as "N" :xform str] (:tags :limit 2 :default [1 2])]`,
	`[(limit :rs nil) (default :tags {:a 1}) :db/id "*" ":s"]`, `[{(:_part :as :whole) ...} {[:rs :limit 3] 4}]`, `[:k :flag {:parts [:n], :part 1}]`,
}

var patternTokens = []string{"[", "]", "(", ")", "{", "}", ":s", ":_r", ":tags", ":as", ":limit", ":default", ":xform", "*", "...", "1", "-1",
	"nil", `"x"`, "str", "edn-read", "limit", "default", "9999999999999999999", ":db/id", "#{1}", ":no/such", " ", "'", "#inst \"2020\"", ":_", "0.5", "true"}

// mutate changes a text in a few places.
func mutate(rng *rand.Rand, text string) string {
	for range 1 + rng.IntN(4) {
		i := rng.IntN(len(text) + 1)
		j := min(len(text), i+rng.IntN(4))
		switch rng.IntN(3) {
		case 0:
			text = text[:i] + text[j:]
		case 1:
			text = text[:i] + " " + patternTokens[rng.IntN(len(patternTokens))] + " " + text[j:]
		case 2:
			text = text[:i] + text[j:] + text[i:j]
		}
	}
	return text
}

// pullAnything pulls by a text that may be no pattern, and reports whether it was one. An error must be told kindly.
func pullAnything(t *testing.T, snap *db.Snapshot, e db.ID, text string) bool {
	_, err := query.Pull[map[string]any](context.Background(), snap, e, text)
	switch {
	case err == nil || errors.Is(err, query.ErrNoRow):
		return true
	case errors.Is(err, query.ErrXform) && db.CategoryOf(err) == db.Fault:
		return true
	case !strings.HasPrefix(err.Error(), "query: ") || db.CategoryOf(err) != db.Incorrect:
		t.Errorf("pull %q: %v (%s)", text, err, db.CategoryOf(err))
	case !errors.As(err, new(*query.Error)):
		t.Errorf("pull %q: %v does not tell where", text, err)
	}
	return false
}

// Fifty thousand texts that are nearly patterns are pulled by, or refused with a place, and nothing else.
func TestMutatedPatterns(t *testing.T) {
	snap, ids := tree(t)
	total, valid := 0, 0
	soak.Run(t, 100, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		for range 510 {
			text := mutate(rng, patternSeeds[rng.IntN(len(patternSeeds))])
			if total++; pullAnything(t, snap, ids["12"], text) {
				valid++
			}
		}
	})
	t.Logf("%d texts, %d of them patterns", total, valid)
	if valid < total/50 {
		t.Errorf("only %d of %d texts are patterns", valid, total)
	}
}

func FuzzPattern(f *testing.F) {
	for _, text := range patternSeeds {
		f.Add(text)
	}
	snap, ids := tree(f)
	f.Fuzz(func(t *testing.T, text string) { pullAnything(t, snap, ids["12"], text) })
}
