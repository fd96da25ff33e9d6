package conformance

import (
	"embed"
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"testing"
)

//go:embed testdata
var carried embed.FS

// enough is how many cases must have run, so that a runner that skips does not pass.
const enough = 1300

func TestConformance(t *testing.T) {
	folder, err := fs.Sub(carried, "testdata")
	if dir := os.Getenv("DATOLITE_CONFORMANCE"); dir != "" {
		folder = os.DirFS(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	worlds, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	unknown := Except(worlds, exceptions(t))
	if os.Getenv("DATOLITE_CONFORMANCE") == "" && len(unknown) > 0 {
		t.Errorf("exceptions for cases that are not there: %v", unknown)
	}
	r := Run(t.Context(), worlds)
	for _, f := range r.Failures {
		t.Error(f)
	}
	if ran := r.Passed + r.Caveats + len(r.Failures); ran < enough {
		t.Errorf("%d cases ran, too few", ran)
	}
	if r.Exceptions*100 > 2*(r.Passed+r.Exceptions) {
		t.Errorf("%d exceptions are more than 2 in 100 cases", r.Exceptions)
	}
	if r.Codes*100 < 95*r.Coded || r.Categories*100 < 95*r.Categorised {
		t.Errorf("codes or categories agree in less than 95 of 100 errors")
	}
	t.Logf("not yet built:\n%s", r.Missing())
	t.Log(r)
}

// exceptions reads the exceptions, each with the number of an item.
func exceptions(t *testing.T) map[string]Exception {
	text, err := carried.ReadFile("testdata/exceptions.json")
	if err != nil {
		t.Fatal(err)
	}
	var list map[string]Exception
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^\d+(\.\d+)+$`)
	for id, e := range list {
		if !number.MatchString(e.Item) || len(e.Expect) == 0 {
			t.Errorf("the exception of %s names no item, or expects nothing", id)
		}
	}
	return list
}

// TestExceptions breaks exceptions, and expects them to fail.
func TestExceptions(t *testing.T) {
	const world = `{"kind":"world","world":"w","schema":"[{:db/ident :n :db/valueType :db.type/long}]","attrs":[":n"],"txs":[]}`
	const one = `{"kind":"case","id":"one","area":"a","world":"w","op":"tx","steps":[{"tx":"[[:db/add \"p\" :n 1]]"}],` +
		`"expect":[{"ok":{"added":[[{"e":"tmp:p"},{"k":"n"},1]],"removed":[],"txdata_same":true,"tempids":{}}}]}`
	const two = `{"kind":"case","id":"two","area":"a","world":"w","op":"tx","steps":[{"tx":"[[:db/add \"p\" :n \"x\"]]"}],` +
		`"expect":[{"ok":{"added":[],"removed":[],"txdata_same":true,"tempids":{}}}]}`
	for _, c := range []struct {
		id, expect         string
		excepted, failures int
	}{
		{"one", `[{"error":"db.error/nil-value"}]`, 0, 2},
		{"two", `[{"error":"db.error/wrong-type-for-attribute"}]`, 1, 0},
		{"two", `[{"error":"db.error/nil-value"}]`, 0, 1},
		{"two", `[{"ok":{"added":[],"removed":[],"txdata_same":true,"tempids":{}}}]`, 0, 1},
	} {
		worlds, err := parse(nil, []byte(world+"\n"+one+"\n"+two))
		if err != nil {
			t.Fatal(err)
		}
		if unknown := Except(worlds, map[string]Exception{c.id: {"1.1", json.RawMessage(c.expect)}, "none": {}}); len(unknown) != 1 {
			t.Errorf("%v", unknown)
		}
		if r := Run(t.Context(), worlds); r.Exceptions != c.excepted || len(r.Failures) != c.failures {
			t.Errorf("%s: %s, %v", c.id, r, r.Failures)
		}
	}
}
