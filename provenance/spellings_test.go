package provenance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
)

// A sketch is a definition that can be written in every notation, each time in another way.
type sketch struct {
	*rand.Rand
	ops   []Op
	steps []Step
}

var sketchedNames = []string{"rows", "a", "model/x", "two words", "é", "1", "a/b/c", "$x", "x:y"}

func newSketch(rng *rand.Rand) *sketch {
	s := &sketch{Rand: rng}
	for i := range 4 {
		o := Op{Code: fmt.Sprint("c", s.IntN(3)), In: map[string]string{}, Out: map[string]string{"o": "t", sketchedNames[s.IntN(4)]: "t"}, Class: []string{"", "recorded", "effect"}[s.IntN(3)]}
		for j := range i {
			o.In[sketchedNames[j]] = "t"
		}
		s.ops = append(s.ops, o)
	}
	for i := range 1 + s.IntN(8) {
		k := min(i, s.IntN(4))
		step := Step{Op: fmt.Sprint("op", k), Params: s.params(3), In: map[string]Output{}}
		for j := range k {
			from := s.IntN(i)
			ports := slices.Sorted(maps.Keys(s.ops[len(s.steps[from].In)].Out))
			step.In[sketchedNames[j]] = Output{s.label(from), ports[s.IntN(len(ports))]}
		}
		if k == 0 && s.IntN(2) == 0 {
			step.Source = "s@1"
		}
		s.steps = append(s.steps, step)
	}
	return s
}

func (s *sketch) label(i int) Label { return Label("n." + sketchedNames[i]) }

func (s *sketch) params(depth int) map[string]any {
	m := map[string]any{}
	for range s.IntN(4) {
		m[sketchedNames[s.IntN(len(sketchedNames))]] = s.value(depth - 1)
	}
	return m
}

func (s *sketch) value(depth int) any {
	n := s.IntN(9)
	if depth == 0 {
		n = s.IntN(7)
	}
	switch n {
	case 0:
		return nil
	case 1:
		return s.IntN(2) == 0
	case 2:
		return []any{int64(0), int64(7), int64(-1), int64(math.MaxInt64)}[s.IntN(4)]
	case 3:
		return new(big.Int).Lsh(big.NewInt(s.Int64N(9)-4), 90)
	case 4:
		return []float64{0, 1, 0.1, -2.5e-9, 1e300, s.NormFloat64()}[s.IntN(6)]
	case 5, 6:
		return []string{"", "x", "é😀", "a\"b\\c/", "\x00\n\t", ":k", "1", "#{"}[s.IntN(8)]
	case 7:
		list := make([]any, s.IntN(3))
		for i := range list {
			list[i] = s.value(depth - 1)
		}
		return list
	}
	return s.params(depth)
}

// build writes the sketch in Go.
func (s *sketch) build() *Builder {
	b := NewBuilder("p")
	for _, i := range s.Perm(len(s.ops)) {
		b.Op(fmt.Sprint("op", i), s.ops[i])
	}
	for _, i := range s.Perm(len(s.steps)) {
		b.Export(fmt.Sprint("t", i), b.Node(string(s.label(i)), s.steps[i]).Out("o"))
	}
	return b
}

// A pen writes values in EDN or in JSON.
type pen struct {
	*rand.Rand
	json bool
}

func (p pen) space() string { return []string{" ", "", "\n", " \t "}[p.IntN(4)] }

// object writes entries, of which the keys are names, in any order.
func (p pen) object(entries map[string]string) string {
	keys := slices.Sorted(maps.Keys(entries))
	p.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	parts := make([]string, len(keys))
	for i, key := range keys {
		parts[i] = p.name(key) + p.space() + map[bool]string{true: ":", false: " "}[p.json] + p.space() + entries[key]
	}
	return p.wrap("{", parts, "}")
}

func (p pen) wrap(open string, parts []string, end string) string {
	comma := []string{",", " ", ", "}[p.IntN(3)]
	if p.json {
		comma = ","
	}
	return open + p.space() + strings.Join(parts, comma+p.space()) + p.space() + end
}

func (p pen) name(s string) string {
	if p.json {
		return p.text(s)
	}
	return edn.String(nameForm(s))
}

// text writes a string, some of its characters as escapes.
func (p pen) text(s string) string {
	if !p.json {
		return edn.String(s)
	}
	var b strings.Builder
	for _, c := range s {
		switch text, _ := json.Marshal(string(c)); {
		case c < 1<<16 && p.IntN(3) == 0:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.Write(text[1 : len(text)-1])
		}
	}
	return `"` + b.String() + `"`
}

func (p pen) value(v any) string {
	switch v := v.(type) {
	case nil:
		return map[bool]string{true: "null", false: "nil"}[p.json]
	case string:
		return p.text(v)
	case float64:
		return p.float(v)
	case *big.Int:
		return v.String() + map[bool]string{true: "N", false: ""}[!p.json && p.IntN(2) == 0]
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = p.value(x)
		}
		if !p.json && p.IntN(2) == 0 {
			return p.wrap("(", parts, ")")
		}
		return p.wrap("[", parts, "]")
	case map[string]any:
		entries := map[string]string{}
		for k, x := range v {
			entries[k] = p.value(x)
		}
		return p.object(entries)
	}
	return fmt.Sprint(v)
}

func (p pen) float(f float64) string {
	text := strconv.FormatFloat(f, []byte("eg")[p.IntN(2)], -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

func (p pen) definition(s *sketch) string {
	top := map[string]string{"format": p.keyword("pipeline/v1"), "pipeline": p.text("p"), "meta": p.value(s.params(2))}
	ops, nodes, targets := map[string]string{}, map[string]string{}, map[string]string{}
	for i, o := range s.ops {
		op := map[string]string{"code": p.text(o.Code), "ports": p.object(map[string]string{"in": p.types(o.In), "out": p.types(o.Out)})}
		if o.Class != "" {
			op["class"] = p.keyword(o.Class)
		}
		ops[fmt.Sprint("op", i)] = p.object(op)
	}
	for i, step := range s.steps {
		node := map[string]string{"op": p.text(step.Op), "params": p.value(step.Params), "hints": p.value(s.params(2))}
		inputs := map[string]string{}
		for port, o := range step.In {
			inputs[port] = p.output(string(o.Node), o.Port)
		}
		node["in"] = p.object(inputs)
		if step.Source != "" {
			node["source"] = p.text(step.Source)
		}
		nodes[string(s.label(i))] = p.object(node)
		targets[fmt.Sprint("t", i)] = p.output(string(s.label(i)), "o")
	}
	top["ops"], top["nodes"], top["targets"] = p.object(ops), p.object(nodes), p.object(targets)
	return p.object(top)
}

func (p pen) keyword(s string) string {
	if p.json {
		return p.text(s)
	}
	return ":" + s
}

func (p pen) types(types map[string]string) string {
	entries := map[string]string{}
	for port, t := range types {
		entries[port] = p.keyword(t)
	}
	return p.object(entries)
}

func (p pen) output(label, port string) string {
	if p.json && !strings.Contains(port, ".") && p.IntN(2) == 0 {
		return p.text(label + "." + port)
	}
	return p.wrap("[", []string{p.text(label), p.name(port)}, "]")
}

// law: however a definition is written, its identities are the same.
func TestEverySpellingIsTheSame(t *testing.T) {
	soak.Run(t, 100, 600, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		s := newSketch(rng)
		want, err := s.build().Definition()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []pen{{rng, false}, {rng, true}} {
			text := p.definition(s)
			read := ParseEDN
			if p.json {
				read = ParseJSON
			}
			got, err := read([]byte(text))
			if err != nil {
				t.Fatalf("%s\n%v", text, err)
			}
			if idsOf(got) != idsOf(want) {
				t.Fatalf("%s\n%s\nwant\n%s", text, idsOf(got), idsOf(want))
			}
			for _, n := range got.nodes {
				form, err := edn.Read(n.text)
				again, err2 := canon(nil, form)
				if err != nil || err2 != nil || string(again) != string(n.params) {
					t.Fatalf("%s does not encode to what it was written for: %v %v", n.text, err, err2)
				}
			}
		}
	})
}

// law: a change of one node changes the identities of it and of what rests on it, and no other.
func TestAChangeRenamesWhatRestsOnIt(t *testing.T) {
	soak.Run(t, 50, 300, func(t *testing.T, seed int64) {
		s := newSketch(rand.New(rand.NewPCG(uint64(seed), 1)))
		before, err := s.build().Definition()
		if err != nil {
			t.Fatal(err)
		}
		changed := map[Label]bool{}
		at := s.IntN(len(s.steps))
		s.steps[at].Params = map[string]any{"another": s.IntN(1000)}
		for i, step := range s.steps { // which are in the order of what rests on what
			changed[s.label(i)] = i == at
			for _, o := range step.In {
				changed[s.label(i)] = changed[s.label(i)] || changed[o.Node]
			}
		}
		after, err := s.build().Definition()
		if err != nil {
			t.Fatal(err)
		}
		for label, id := range after.Nodes() {
			if (before.Nodes()[label] != id) != changed[Label(label)] {
				t.Errorf("%s was changed: %v", label, !changed[Label(label)])
			}
		}
		for _, n := range after.nodes {
			height := 0
			for _, in := range n.inputs {
				height = max(height, in.node.height+1)
			}
			if n.height != height {
				t.Errorf("%s has height %d, not %d", n.label, n.height, height)
			}
		}
	})
}

var definitionTokens = []string{"{", "}", "[", "]", ",", ":", `"`, `\`, `\u`, "d800", "null", "true", "-", "0", "1e999", "0.5", "99999999999999999999", " ", "\n",
	"\x00", "\xff", "é", `"op"`, `"in"`, `"op":`, `"format"`, `"$blob"`, `"pipeline/v1"`, "a.o", "NaN", "'", "#", "(", ")", ":o", "#{1}", "nil"}

func mutated(rng *rand.Rand, text string) string {
	for range 1 + rng.IntN(3) {
		i := rng.IntN(len(text) + 1)
		j := min(len(text), i+rng.IntN(6))
		switch rng.IntN(3) {
		case 0:
			text = text[:i] + text[j:]
		case 1:
			text = text[:i] + definitionTokens[rng.IntN(len(definitionTokens))] + text[j:]
		case 2:
			k := rng.IntN(len(text) - j + 1)
			text = text[:j+k] + text[i:j] + text[j+k:]
		}
	}
	return text
}

// checkJSON reads a text that may be no definition, and reports whether it is one: if not, that is told kindly and with places, and what
// is said to be no JSON is none, or says something twice, or nothing exact.
func checkJSON(t *testing.T, text string) bool {
	_, err := ParseJSON([]byte(text))
	var problems Problems
	switch valid := json.Valid([]byte(text)) && utf8.ValidString(text); {
	case err == nil && !valid:
		t.Errorf("%q is no JSON, and was read", text)
	case err == nil:
		return true
	case !errors.As(err, &problems) || !errors.Is(err, ErrDefinition):
		t.Errorf("%q: %v", text, err)
	case !valid && (len(problems) != 1 || problems[0].Path != ""):
		t.Errorf("%q is no JSON, and was refused for %v", text, err)
	case valid && problems[0].Path == "" && !strings.Contains(err.Error(), "twice") && !strings.Contains(err.Error(), "surrogate") &&
		!strings.Contains(err.Error(), "range") && !strings.Contains(err.Error(), "in each other"):
		t.Errorf("%q is JSON, and was refused for %v", text, err)
	}
	checkPlaces(t, text, problems)
	return false
}

func checkPlaces(t *testing.T, text string, problems Problems) {
	lines := strings.Split(text, "\n")
	for _, p := range problems {
		if p.Pos.Line < 1 || p.Pos.Line > len(lines) || p.Pos.Col < 1 || p.Pos.Col > utf8.RuneCountInString(lines[p.Pos.Line-1])+1 {
			t.Errorf("%q has no place %v: %v", text, p.Pos, p)
		}
	}
}

func TestMutatedDefinitions(t *testing.T) {
	valid, total := 0, 0
	soak.Run(t, 20, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 2))
		s := newSketch(rng)
		s.steps = s.steps[:min(2, len(s.steps))]
		jsonText, ednText := pen{rng, true}.definition(s), pen{rng, false}.definition(s)
		for i := range 170 {
			if total++; checkJSON(t, mutated(rng, jsonText)) {
				valid++
			}
			if i%8 > 0 {
				continue
			}
			text := mutated(rng, ednText)
			_, err := ParseEDN([]byte(text))
			var problems Problems
			if err != nil && !errors.As(err, &problems) {
				t.Errorf("%q: %v", text, err)
			}
			checkPlaces(t, text, problems)
		}
	})
	t.Logf("%d texts, %d of them definitions", total, valid)
	if valid < total/50 {
		t.Errorf("only %d of %d texts are definitions", valid, total)
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, text := range []string{`{"format": "pipeline/v1"}`, `[1e5, -0, "\ud83d\ude00", null, true]`, `{"a": {"a": [{}]}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkJSON(t, text) })
}
