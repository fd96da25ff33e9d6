package provenance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/edn"
)

// What is no JSON is refused in one line, with its place.
func TestJSONErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "1:1: the text ends where a value should be"},
		{"\n\t ", "2:3: the text ends where a value should be"},
		{`{"a": 1} x`, "1:10: more text after the definition"},
		{`{"a": 1}{}`, "1:9: more text after the definition"},
		{`{"a" 1}`, "1:6: '1' stands where a colon should be"},
		{`{"a": }`, "1:7: '}' stands where a value should be"},
		{`{"a": 1,}`, "1:9: '}' stands where a key should be"},
		{`{a: 1}`, "1:2: 'a' stands where a key should be"},
		{`{'a': 1}`, `1:2: '\'' stands where a key should be`},
		{`[1, 2`, "1:6: the text ends where a comma or ] should be"},
		{`[1 2]`, "1:4: '2' stands where a comma or ] should be"},
		{`{"é": tru}`, "1:7: tru stands where a value should be"},
		{`[True]`, "1:2: True stands where a value should be"},
		{`[NaN]`, "1:2: NaN stands where a value should be"},
		{`[.5]`, "1:2: '.' stands where a value should be"},
		{`[+1]`, "1:2: '+' stands where a value should be"},
		{`[-]`, "1:3: ']' stands where a digit should be"},
		{`[01]`, "1:3: '1' stands where a comma or ] should be"},
		{`[1.]`, "1:4: ']' stands where a digit should be"},
		{`[1e+]`, "1:5: ']' stands where a digit should be"},
		{`[0x1]`, "1:3: 'x' stands where a comma or ] should be"},
		{`[1e999]`, "1:2: the number 1e999 is beyond the range of a double"},
		{"{\"a\":\n\"b", "2:1: the string is never closed"},
		{`"\`, "1:2: the string is never closed"},
		{"\"a\nb\"", "1:3: the character '\\n' is written as an escape in a string"},
		{`["\x"]`, `1:3: there is no escape \x`},
		{`["\é"]`, `1:3: there is no escape \é`},
		{`["\u12"]`, `1:3: \u takes four hex digits`},
		{`["\u12`, `1:3: \u takes four hex digits`},
		{`["a\ud800"]`, "1:4: half of a surrogate pair is no character"},
		{`["\udc00\ud800"]`, "1:3: half of a surrogate pair is no character"},
		{`["\ud800A"]`, "1:3: half of a surrogate pair is no character"},
		{`{"a": 1, "\u0061": 2}`, `1:10: the key "a" stands here twice, first at 1:2`},
		{"{\"a\": \"\xff\"}", "1:8: the text is not valid UTF-8"},
		{"[\"\ufffd\", \"\xed\xa0\x80\"]", "1:8: the text is not valid UTF-8"},
		{"\ufeff{}", "1:1: '\\ufeff' stands where a value should be"},
		{"// a comment\n{}", "1:1: '/' stands where a value should be"},
		{strings.Repeat("[", 100_000), "1:258: more than 16000000 values, or 256 in each other"},
		{"[" + strings.Repeat("9", 9000) + "]", "1:2: the number is longer than 8192 digits"},
	} {
		_, err := ParseJSON([]byte(c.text))
		if err == nil || err.Error() != "provenance: "+c.want || !errors.Is(err, ErrDefinition) {
			t.Errorf("%.60q:\ngot  %v\nwant provenance: %s", c.text, err, c.want)
		}
	}
}

// Parameters have a size, and what is larger is named by its hash; values that nothing can be told apart by have no place in them.
func TestParamsAreBounded(t *testing.T) {
	large := fmt.Sprintf(`{"format": "pipeline/v1", "pipeline": "p", "ops": {"o": {"code": "c", "ports": {"out": {"x": "t"}}}},
	 "nodes": {"a": {"op": "o", "params": {"sql": "%s"}}}, "targets": {"a": "a.x"}}`, strings.Repeat("x", 1<<16))
	_, err := ParseJSON([]byte(large))
	want := `provenance: 2:40: nodes.a.params: takes 65545 bytes, and at most 65536 go into a node: give what is large by its hash: {"$blob": "sha256:…"}`
	if err == nil || err.Error() != want {
		t.Error(err)
	}
}

// All that is wrong with what a Builder was told comes at once, with its path.
func TestBuilderProblems(t *testing.T) {
	type opaque struct{ N int }
	self := map[string]any{}
	self["self"] = self
	b := NewBuilder("")
	b.Op("load", Op{Code: "c1", Out: map[string]string{"rows": "table"}})
	b.Op("load", Op{Code: "c2", Class: "random"})
	b.Op("fit", Op{In: map[string]string{"rows": "table"}, Out: map[string]string{"model": "model"}})
	mail := b.Node("mail", Step{Op: "laod", Params: map[string]any{"deep": map[string]any{"list": []any{1, opaque{2}}}, "f": func() {}, "ok": 1}})
	b.Node("model", Step{Op: "fit", Params: map[string]any{"bad": "\xff", "k": edn.Keyword("a b"), "p": new(int), "self": self, "m": map[int]string{1: "x"}},
		In: map[string]Output{"rows": mail.Out("rows"), "seed": {}}})
	b.Node("late", Step{Op: "load", Params: map[string]any{"t": time.Unix(0, 1)}, Source: "a\xff"})
	b.Export("out", Label("modle").Out("model"))
	_, err := b.Definition()
	want := `provenance: nodes.late.params.t: an instant finer than a millisecond has no canonical form
	nodes.late.source: "a\xff" is not valid UTF-8
	nodes.mail.op: there is no op "laod" (did you mean load?)
	nodes.mail.params.deep.list.1: a provenance.opaque has no canonical form
	nodes.mail.params.f: a func() has no canonical form
	nodes.model.in.seed: is "node.output", not ["",""]
	nodes.model.params.bad: "\xff" is not valid UTF-8
	nodes.model.params.k: "a b" is no name that can be written
	nodes.model.params.m: a map[int]string has no canonical form
	nodes.model.params.p: a *int has no canonical form
	nodes.model.params.self` + strings.Repeat(".self", maxDepth+1) + `: more than 256 values lie in each other
	ops: "load" stands here twice
	ops.fit.code: is missing: without the digest of the code, results of other code would be taken for this
	pipeline: a definition names its pipeline
	targets.out: there is no node "modle" (did you mean model?)`
	if err == nil || err.Error() != want || !errors.Is(err, ErrDefinition) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// A Builder can go on after its first definition, which stays as it is; what it was given is copied.
func TestBuilderGoesOn(t *testing.T) {
	raw, list := []byte{1}, []any{1}
	b := NewBuilder("p")
	b.Op("load", Op{Code: "c", Out: map[string]string{"rows": "table"}})
	b.Export("a", b.Node("a", Step{Op: "load", Params: map[string]any{"raw": raw, "list": list}}).Out("rows"))
	raw[0], list[0] = 2, 2
	one, err := b.Definition()
	if err != nil {
		t.Fatal(err)
	}
	if text := one.nodes[0].text; text != `{:list [1], :raw #bytes "AQ=="}` {
		t.Error(text)
	}
	was := idsOf(one)
	b.Export("b", b.Node("b", Step{Op: "load"}).Out("rows"))
	two, err := b.Definition()
	if err != nil || len(two.Nodes()) != 2 || idsOf(one) != was {
		t.Error(two, err)
	}
}
