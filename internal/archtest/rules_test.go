package archtest

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// cases has for each rule a small tree and the begins of the lines of what breaks the rule in it.
var cases = []struct {
	rule  string
	files map[string]string
	want  []string
}{
	{"imports point down", map[string]string{
		"query/run.go":        imports("query", "tx"),
		"query/run_test.go":   imports("query", "tx", "internal/model"),
		"tx/enforce.go":       imports("tx", "query", "internal/tag"),
		"tx/resolve.go":       imports("tx", "query"),
		"tx/soaked.go":        imports("tx", "internal/soak"),
		"storage/bolt/b.go":   imports("bolt", "edn", "storage"),
		"edn/read_test.go":    imports("edn", "internal/soak", "edn"),
		"edn/write_test.go":   imports("edn", "db"),
		"newcomer/x.go":       imports("newcomer"),
		"examples/new/x.go":   imports("main", "db"),
		"examples/new/y.go":   imports("main", "internal/tag"),
		"storage/mem/m.go":    imports("mem", "storage"),
		"storage/new/deep.go": imports("deep", "storage/mem"),
	}, []string{
		"edn/write_test.go:3: edn must not import db",
		"examples/new/y.go:3: examples/new must not import internal/tag",
		"newcomer/x.go: the package is not in the table of imports",
		"query/run.go:3: query must not import tx",
		"storage/bolt/b.go:3: storage/bolt must not import edn",
		"storage/new/deep.go:3: storage/new must not import storage/mem",
		"tx/resolve.go:3: tx must not import query",
		"tx/soaked.go:3: tx must not import internal/soak",
	}},
	{"dependencies are few", map[string]string{
		"go.mod":            "module m\n\ngo 1.26\n\nrequire (\n\tgo.etcd.io/bbolt v1.0.0\n\texample.org/x v1.0.0 // indirect\n)\nrequire a.org/y v2.0.0\n",
		"db/a.go":           "package db\n\nimport _ \"go.etcd.io/bbolt\"",
		"db/a_test.go":      "package db\n\nimport (\n_ \"github.com/google/go-cmp/cmp\"\n_ \"go.etcd.io/bbolt\"\n)",
		"tx/a_test.go":      "package tx\n\nimport (\n_ \"github.com/google/go-cmp/cmp\"\n_ \"go.etcd.io/bbolt\"\n)",
		"storage/bolt/b.go": "package bolt\n\nimport (\n_ \"go.etcd.io/bbolt\"\n_ \"example.org/x\"\n_ \"go/ast\"\n)",
	}, []string{
		"db/a.go:3: db/a.go must not import go.etcd.io/bbolt",
		"go.mod: a.org/y is not", "go.mod: example.org/x is not",
		"storage/bolt/b.go:5: storage/bolt/b.go must not import example.org/x",
		"tx/a_test.go:5: tx/a_test.go must not import go.etcd.io/bbolt",
	}},
	{"user code names no edn or index", map[string]string{
		"README.md":       "edn.Read\n```go\nx := edn.Read(reindex.X)\n```\n",
		"examples/a/m.go": imports("main", "storage/mem", "index"),
	}, []string{"README.md: user code must not name edn.Read", "examples/a/m.go:4: user code must not import index"}},
	{"no name hides a package", map[string]string{
		"query/a.go": imports("query", "db", "index") + "func f(index int) {\ndb := 1\nfor tx, index := range x {}\nvar edn, db int\n_ = func(g func(db int)) {}\n}\n",
		"query/b.go": "package query\nfunc g(db int) {}",
		"query/c.go": "package query\nimport store \"" + module + "/db\"\nfunc (store T) g(db int) (s struct{ store int }) {return}",
	}, []string{
		"query/a.go:5: index hides", "query/a.go:6: db hides", "query/a.go:7: index hides", "query/a.go:8: db hides", "query/a.go:9: db hides",
		"query/c.go:3: store hides",
	}},
	{"only tx commits", map[string]string{
		"provenance/a.go": imports("provenance", "db") + "func f() { conn.Commit(ctx, nil)\nsnap.Apply(db.Commit{}) }",
		"tx/a.go":         imports("tx", "db") + "func f() { conn.Commit(ctx, nil) }",
		"bolt/a.go":       imports("bolt", "storage") + "func f() { tx.Commit() }",
	}, []string{"provenance/a.go:4: only package tx calls Commit", "provenance/a.go:5: only package tx calls Apply"}},
	{"files and functions are short", map[string]string{
		"a/ok.go":     "package a\nfunc f() {" + strings.Repeat("\n", 59) + "}" + strings.Repeat("\n", 438),
		"a/b.go":      "package a\nfunc f() {" + strings.Repeat("\n", 60) + "}",
		"a/c.go":      "package a" + strings.Repeat("\n", 501),
		"a/c_test.go": "package a" + strings.Repeat("\n", 501),
	}, []string{"a/b.go:2: f has 61 lines", "a/c.go: 501 lines"}},
	{"everything is built", map[string]string{
		"a/b.go": "package a\nfunc f() { panic(\"not built\") }\nfunc g() { panic(\"built\") }",
	}, []string{"a/b.go:2: this is not built"}},
	{"packages have a tour", map[string]string{
		"a/doc.go": "// Package a is.\npackage a", "b/b.go": "// Package b is.\npackage b", "c/doc.go": "// This is.\npackage c",
		"d/doc.go": "package d", "e/main.go": "// Command e does.\npackage main", "f/doc.go": "// Command f.\npackage main",
	}, []string{"b: the package has no doc.go", "c/doc.go: the comment does not begin with Package c", "d/doc.go: the package has no comment", "f: the package has no main.go"}},
	{"exported names have comments", map[string]string{
		"a/a.go": "package a\nfunc F() {}\n// G does.\nfunc G() {}\nfunc (t *T) M() {}\nfunc (t u[X]) M() {}\ntype T int\n" +
			"// Group.\ntype (\nX int\n)\nvar V int\n// C.\nconst (\nC = 1\nD = 2\n)\nfunc h() {}\ntype Y[P any] int\nfunc (Y[P]) N() {}",
		"a/a_test.go": "package a\nfunc F() {}", "m/main.go": "package main\nfunc F() {}",
	}, []string{
		"a/a.go:12: V has", "a/a.go:19: Y has", "a/a.go:20: Y.N has", "a/a.go:2: F has", "a/a.go:5: T.M has", "a/a.go:7: T has",
	}},
	{"names say what is inside", map[string]string{
		"a/utils.go": "package a", "util/x.go": "package util", "a/read_old.go": "package a", "a/helpers_test.go": "package a", "a/implied.go": "package a",
	}, []string{"a/helpers_test.go", "a/read_old.go", "a/utils.go", "util/x.go"}},
	{"no forbidden words", map[string]string{
		"a.md": "one\n TO" + "DO: two", "b.txt": "see /wo" + "rk/main", "c.txt": "xTO" + "DOx",
	}, []string{"a.md:2: TO" + "DO", "b.txt:1: /wo" + "rk/"}},
}

// imports returns the head of a file of a package that imports others of ours, one a line from line 3 on.
func imports(name string, dirs ...string) string {
	text := "package " + name + "\n\n"
	for _, dir := range dirs {
		text += "import \"" + module + "/" + dir + "\"\n"
	}
	return text
}

func small(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{".git": {Data: []byte("x")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// law: each rule finds what breaks it, and nothing else.
func TestRules(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, c := range cases {
				if c.rule != rule.name {
					continue
				}
				got := slices.Sorted(slices.Values(rule.broken(small(t, c.files))))
				for i := range got {
					if i < len(c.want) && strings.HasPrefix(got[i], c.want[i]) {
						got[i] = c.want[i]
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

func TestEveryRuleIsTested(t *testing.T) {
	for _, rule := range rules {
		tested := rule.name == "verbs have examples" // see TestExamples
		for _, c := range cases {
			tested = tested || c.rule == rule.name
		}
		if !tested {
			t.Errorf("no case breaks the rule %q", rule.name)
		}
	}
}

func TestExamples(t *testing.T) {
	missing := haveExamples(small(t, map[string]string{
		"db/a.go":       "package db\nfunc F() {}\nfunc G() {}\nfunc H() {}\ntype T int\nfunc (T) M() {}",
		"db/a_test.go":  "package db_test\nfunc ExampleF() {\n// Output:\n}\nfunc ExampleG() { db.H() }",
		"internal/x.go": "package x\nfunc F() {}",
	}))
	want := []string{"db/a.go:3: G has no Example", "db/a.go:4: H has no Example"}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
