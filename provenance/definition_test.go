package provenance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
)

// TestProblems reads definitions that are wrong; all that is wrong with each comes at once, as its golden text says.
func TestProblems(t *testing.T) {
	files, _ := filepath.Glob("testdata/wrong-*.*n")
	n := 0
	for _, file := range files {
		var err error
		switch text := readFile(t, file); filepath.Ext(file) {
		case ".edn":
			_, err = ParseEDN(text)
		case ".json":
			_, err = ParseJSON(text)
		default:
			continue
		}
		n++
		if !errors.Is(err, ErrDefinition) || db.CategoryOf(err) != db.Incorrect {
			t.Errorf("%s: %v", file, err)
			continue
		}
		golden := file + ".golden"
		if os.Getenv("DATOLITE_UPDATE") != "" {
			if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := readFile(t, golden); strings.TrimSpace(string(want)) != err.Error() {
			t.Errorf("%s: got\n%v\nwant\n%s", file, err, want)
		}
	}
	if n < 8 {
		t.Fatal("no definitions to read")
	}
}

// chain returns a definition of three nodes with holes for what tests change.
func chain(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(`{:format :pipeline/v1 :pipeline "p"
	 :ops {"load" {:code "c1" :ports {:in {} :out {:rows :table}}}
	       "fit"  {:code "c2" :ports {:in {:rows :table} :out {:model :model}}}
	       "test" {:code "c3" :ports {:in {:model :model :rows :table} :out {:report :report}}}}
	 :nodes {"a" {:op "load" :params {:x 1 :y "s" :z [1 2]} :source "s@1"}
	         "b" {:op "fit" :params {:depth 3} :in {:rows ["a" :rows]}}
	         "c" {:op "test" :in {:model ["b" :model] :rows ["a" :rows]}}}
	 :targets {"out" ["c" :report]}}`)
}

func mustParse(t *testing.T, text string) *Definition {
	t.Helper()
	d, err := ParseEDN([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestIdentityIgnores what does not make a computation another one.
func TestIdentityIgnores(t *testing.T) {
	one := mustParse(t, chain())
	for _, same := range [][]string{
		{`{:x 1 :y "s" :z [1 2]}`, `{:z [1, 2] ,:y "s" :x 1}`},       // order and white space
		{`:z [1 2]`, `:z (1 2)`},                                     // lists and vectors
		{`:x 1`, `:x 1N`},                                            // integers by value
		{`"b" {`, `"fit it" {`, `["b" :model]`, `["fit it" :model]`}, // names
		{`:depth 3}`, `:depth 3} :hints {:memory-gb 9}`},
		{`:targets {`, `:meta {:owner "x"} :targets {`},
		{`:pipeline "p"`, `:pipeline "q"`},
	} {
		if other := mustParse(t, chain(same...)); other.Version() != one.Version() {
			t.Errorf("%v: another version", same)
		}
	}
}

// TestIdentityCone: a change gives exactly the nodes that rest on it another identity.
func TestIdentityCone(t *testing.T) {
	one := mustParse(t, chain()).Nodes()
	for _, c := range []struct{ from, to, changed string }{
		{`:code "c1"`, `:code "c9"`, "abc"},
		{`:x 1`, `:x 1.0`, "abc"},
		{`:x 1`, `:x 2`, "abc"},
		{`:x 1`, `:x "1"`, "abc"},
		{`s@1`, `s@2`, "abc"},
		{`:depth 3`, `:depth 4`, "bc"},
		{`:depth 3`, `"depth" 3`, "bc"},
		{`:code "c2"`, `:code "c2" :class :recorded`, "bc"},
		{`:code "c3"`, `:code "c4"`, "c"},
	} {
		changed := ""
		for _, name := range []string{"a", "b", "c"} {
			if mustParse(t, chain(c.from, c.to)).Nodes()[name] != one[name] {
				changed += name
			}
		}
		if changed != c.changed {
			t.Errorf("%s → %s: %q changed, want %q", c.from, c.to, changed, c.changed)
		}
	}
}

// TestIdentityGolden: identities never change from release to release.
func TestIdentityGolden(t *testing.T) {
	d := mustParse(t, chain())
	got := []string{d.Version().String()}
	for _, name := range []string{"a", "b", "c"} {
		got = append(got, d.Nodes()[name].String())
	}
	want := []string{
		"v1_3wvul6m5i6znotp4dsalq3kq7aegu3kws7utz2hlg3ppcqtkzg4a",
		"n1_ms64wa3nnhcruq5mrhmisdkj6dkhct6hxhjzkem5ghq6m2ffoqtq",
		"n1_kxi2sag5if2nwudt6obz3f5va7yhhqpoktlcyw45kppq4kim4s2q",
		"n1_o7esr7b3gxxnomcxevclazl5nrs4d2w2v2ogqqxhfadkkvexh7aq",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if back, err := ParseNodeID(got[1]); err != nil || back != d.Nodes()["a"] {
		t.Errorf("%s reads as %v, %v", got[1], back, err)
	}
	for _, bad := range []string{"", "n1_", got[0], got[1] + "a", strings.ToUpper(got[1]), got[1][:len(got[1])-1] + "1"} {
		if _, err := ParseNodeID(bad); err == nil {
			t.Errorf("%q is no node id", bad)
		}
	}
}
