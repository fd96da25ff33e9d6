package provenance

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/edn"
)

// built are the definitions of testdata/ids-*.edn in Go.
var built = map[string]func() *Builder{"spam": spam, "params": everyParam, "values": everyValue}

func spam() *Builder {
	b := NewBuilder("mail/spam")
	b.Op("test", Op{Name: "evaluate", Code: "git:1a2b:test.py", In: map[string]string{"model": "model", "rows": "table"},
		Out: map[string]string{"report": "metrics", "rows": "table"}})
	b.Op("load", Op{Code: "git:1a2b:load.py", Out: map[string]string{"rows": "table"}})
	b.Op("fit", Op{Code: "git:1a2b:fit.py", Version: "2.2", Class: "recorded", In: map[string]string{"rows": "table"}, Out: map[string]string{"model": "model"}})
	mail := b.Node("mail", Step{Op: "load", Source: "mail@2026-11-01"})
	model := b.Node("model", Step{Op: "fit", Params: map[string]any{"depth": int8(3), "lr": 0.01}, In: map[string]Output{"rows": mail.Out("rows")}})
	report := b.Node("report", Step{Op: "test", In: map[string]Output{"model": model.Out("model"), "rows": mail.Out("rows")}})
	again := b.Node("again", Step{Op: "test", In: map[string]Output{"model": model.Out("model"), "rows": report.Out("rows")}})
	b.Export("again", again.Out("report"))
	b.Export("report", report.Out("report"))
	return b
}

func everyParam() *Builder {
	type name string
	b := NewBuilder("params")
	b.Op("op", Op{Code: "c", Class: "volatile", Out: map[string]string{"o": "t", "an output": "a type"}})
	node := func(target, label, port string, params map[string]any) {
		b.Export(target, b.Node(label, Step{Op: "op", Params: params}).Out(port))
	}
	huge, _ := new(big.Int).SetString("-340282366920938463463374607431768211456", 10)
	node("a", "v1.nothing", "o", nil)
	node("b", "words", "an output", map[string]any{"nil": nil, "yes": true, "no": false, "empty": "", "text": "é\n\"\\/\x00😀", "name": name("a/b")})
	node("c", "longs", "o", map[string]any{"zero": uint8(0), "minus": -1, "max": int64(math.MaxInt64), "min": big.NewInt(math.MinInt64), "beyond": uint64(1 << 63), "big": huge})
	node("d", "doubles", "o", map[string]any{"one": 1.0, "zero": math.Copysign(0, -1), "tenth": 0.1, "huge": 1e300, "tiny": 5e-324, "million": 1e6})
	node("e", "trees", "o", map[string]any{"list": []any{1, []any{2, []int{}}, map[string]int{}, map[name]any{"a": map[string][]any{"b": {nil}}}},
		"ns/key": 1, "not a keyword": 2, "a/b/c": 3, "": 4, "1": 5})
	node("f", "large", "o", map[string]any{"table": map[string]string{"$blob": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}})
	return b
}

func everyValue() *Builder {
	b := NewBuilder("values")
	b.ops = append(b.ops, textForm("op"), mapForm(entry{"code", textForm("c")}, entry{"class", textForm("effect")}, // a type that is no name
		entry{"ports", mapForm(entry{"out", mapForm(entry{"o", edn.Node{Kind: edn.Vector, Items: []edn.Node{textForm("list"), textForm("table")}}})})}))
	node := func(target, label string, params map[string]any) {
		b.Export(target, b.Node(label, Step{Op: "op", Params: params}).Out("o"))
	}
	node("a", "names", map[string]any{"k": edn.Keyword("a/b"), "y": edn.Symbol("a/b"), "uri": edn.URI("http://example.com/")})
	node("b", "numbers", map[string]any{"dec": edn.Decimal{Unscaled: big.NewInt(150), Scale: 2}, "other": edn.Decimal{Unscaled: big.NewInt(15), Scale: 1},
		"float": float32(0.1), "inf": math.Inf(1), "nan": math.NaN()})
	node("c", "moments", map[string]any{"t": time.Date(2026, 1, 2, 4, 4, 5, 6e6, time.FixedZone("", 3600)), "before": time.UnixMilli(-1)})
	node("d", "octets", map[string]any{"b": [3]byte{1, 2, 3}, "u": [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, "none": []byte{}})
	node("e", "sets", map[string]any{"s": edn.SetValue{2, 1, 3}, "e": edn.SetValue{}})
	return b
}

// idsOf tells the identities of a definition, a line each.
func idsOf(d *Definition) string {
	ids := d.Nodes()
	out := "version " + d.Version().String() + "\n"
	for _, label := range slices.Sorted(maps.Keys(ids)) {
		out += fmt.Sprintf("%s %s\n", label, ids[label])
	}
	return out
}

// The same definition has the same identities in EDN, JSON and Go, and in every release.
func TestIdentitiesAreFrozen(t *testing.T) {
	files, _ := filepath.Glob("testdata/ids-*.edn")
	if len(files) != len(built) {
		t.Fatalf("%d definitions in EDN, and %d in Go", len(files), len(built))
	}
	for _, file := range files {
		path := strings.TrimSuffix(file, ".edn")
		got := map[string]string{}
		for how, read := range map[string]func() (*Definition, error){
			"EDN":  func() (*Definition, error) { return ParseEDN(readFile(t, file)) },
			"JSON": func() (*Definition, error) { return ParseJSON(readFile(t, path+".json")) },
			"Go":   built[strings.TrimPrefix(path, "testdata/ids-")]().Definition,
		} {
			if _, err := os.Stat(path + ".json"); how == "JSON" && os.IsNotExist(err) {
				continue
			}
			d, err := read()
			if err != nil {
				t.Fatalf("%s in %s: %v", path, how, err)
			}
			got[how] = idsOf(d)
		}
		if os.Getenv("DATOLITE_UPDATE") != "" {
			if err := os.WriteFile(path+".golden", []byte(got["EDN"]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := string(readFile(t, path+".golden"))
		for how, ids := range got {
			if ids != want {
				t.Errorf("%s in %s:\n%s\nwant\n%s", path, how, ids, want)
			}
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
