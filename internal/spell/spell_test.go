package spell

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"person/name", "person/born", "person/friend", "db/id"}
	for _, c := range []struct{ word, want string }{
		{"person/nmae", "person/name"},
		{"person/bron", "person/born"},
		{"persn/nam", "person/name"},
		{"person/name", "person/name"},
		{"db/ib", "db/id"},
		{"x", ""},
		{"", ""},
		{"account/owner", ""},
	} {
		if got := Nearest(c.word, slices.Values(words)); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
	if got := DidYouMean("idenity", slices.Values([]string{"unique", "identity"})); got != " (did you mean identity?)" {
		t.Error(got)
	}
}
