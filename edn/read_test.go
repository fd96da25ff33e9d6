package edn

import (
	"errors"
	"flag"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", os.Getenv("DATOLITE_UPDATE") != "", "rewrite the golden files")

// equal compares plain values exactly, NaN and the sign of zero included, the order of maps and sets too.
var equal = cmp.Options{
	cmp.Comparer(func(x, y *big.Int) bool { return x.Cmp(y) == 0 }),
	cmp.Comparer(func(x, y Decimal) bool { return x.Scale == y.Scale && x.unscaled().Cmp(y.unscaled()) == 0 }),
	cmp.Comparer(func(x, y float64) bool {
		return math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y)
	}),
	cmp.Comparer(func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	}),
}

func big10(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

func dec(unscaled int64, scale int32) Decimal { return Decimal{big.NewInt(unscaled), scale} }

func at(year int, month time.Month, day, hour, min, sec, milli int) time.Time {
	return time.Date(year, month, day, hour, min, sec, milli*1e6, time.UTC)
}

// golden has texts, the plain values that they are read as, and the canonical text of those where it differs.
var golden = []struct {
	text  string
	value any
	canon string
}{
	{"nil", nil, ""}, {"true", true, ""}, {"false", false, ""},
	{"0", int64(0), ""}, {"-0", int64(0), "0"}, {"+7", int64(7), "7"}, {"-12", int64(-12), ""},
	{"9223372036854775807", int64(math.MaxInt64), ""}, {"-9223372036854775808", int64(math.MinInt64), ""},
	{"9223372036854775808", big10("9223372036854775808"), "9223372036854775808N"},
	{"7N", big.NewInt(7), ""}, {"-7N", big.NewInt(-7), ""}, {"0N", big.NewInt(0), ""},
	{"1.5", 1.5, ""}, {"-1.50", -1.5, "-1.5"}, {"1e3", 1000.0, "1000.0"}, {"1E+21", 1e21, "1.0E+21"}, {"1.25e-9", 1.25e-9, "1.25E-09"},
	{"0.0", 0.0, ""}, {"-0.0", math.Copysign(0, -1), ""}, {"5e-324", 5e-324, "5.0E-324"}, {"1e-400", 0.0, "0.0"},
	{"##Inf", math.Inf(1), ""}, {"##-Inf", math.Inf(-1), ""}, {"##NaN", math.NaN(), ""},
	{"1M", dec(1, 0), ""}, {"1.00M", dec(100, 2), ""}, {"-0.5M", dec(-5, 1), ""}, {"1.5E3M", dec(15, -2), "1.5E+3M"},
	{"1E999999999M", dec(1, -999999999), "1E+999999999M"}, {"1e-3M", dec(1, 3), "0.001M"}, {"0.0000001M", dec(1, 7), "1E-7M"},
	{"0.000M", dec(0, 3), ""}, {"-0.0M", dec(0, 1), "0.0M"}, {"0E-10M", dec(0, 10), ""},
	{`""`, "", ""}, {`"a b"`, "a b", ""}, {`"tab\tnl\nq\"b\\r\rx\b\f"`, "tab\tnl\nq\"b\\r\rx\b\f", ""},
	{`"\u00e9\u0041"`, "éA", `"éA"`}, {`"\ud83d\ude00"`, "😀", `"😀"`}, {"\"two\nlines\"", "two\nlines", `"two\nlines"`},
	{`"\u0000\u007f"`, "\x00\x7f", ""},
	{`\a`, Char('a'), ""}, {`\newline`, Char('\n'), ""}, {`\space`, Char(' '), ""}, {`\tab`, Char('\t'), ""}, {`\return`, Char('\r'), ""},
	{`\formfeed`, Char('\f'), ""}, {`\backspace`, Char('\b'), ""}, {`\u0041`, Char('A'), `\A`}, {`\u`, Char('u'), ""}, {`\(`, Char('('), ""},
	{`\\`, Char('\\'), ""}, {`\"`, Char('"'), ""}, {`\,`, Char(','), ""}, {`\é`, Char('é'), ""}, {`\😀`, Char('😀'), ""}, {`\u00a0`, Char(0xa0), ""},
	{":a", Keyword("a"), ""}, {":a/b", Keyword("a/b"), ""}, {":a.b/c-d?", Keyword("a.b/c-d?"), ""}, {":1", Keyword("1"), ""},
	{":a:b", Keyword("a:b"), ""}, {":a#b'", Keyword("a#b'"), ""}, {":person/_friend", Keyword("person/_friend"), ""}, {":é/ß", Keyword("é/ß"), ""},
	{"?x", Symbol("?x"), ""}, {"$", Symbol("$"), ""}, {"$log", Symbol("$log"), ""}, {"%", Symbol("%"), ""}, {".", Symbol("."), ""}, {"...", Symbol("..."), ""},
	{"_", Symbol("_"), ""}, {"*", Symbol("*"), ""}, {"+", Symbol("+"), ""}, {"-", Symbol("-"), ""}, {"/", Symbol("/"), ""}, {"<=", Symbol("<="), ""},
	{">=", Symbol(">="), ""}, {"!=", Symbol("!="), ""}, {"->", Symbol("->"), ""}, {"->>", Symbol("->>"), ""}, {"ns/name", Symbol("ns/name"), ""},
	{"clojure.string/blank?", Symbol("clojure.string/blank?"), ""}, {"&", Symbol("&"), ""}, {"x'", Symbol("x'"), ""}, {"a'b", Symbol("a'b"), ""},
	{"clojure.core//", Symbol("clojure.core//"), ""}, {"-x", Symbol("-x"), ""}, {"a#", Symbol("a#"), ""}, {"nil?", Symbol("nil?"), ""}, {"a:b", Symbol("a:b"), ""},
	{"()", ListValue{}, ""}, {"[]", []any{}, ""}, {"{}", MapValue{}, ""}, {"#{}", SetValue{}, ""},
	{"(1 2)", ListValue{int64(1), int64(2)}, ""}, {"[1,2 , 3]", []any{int64(1), int64(2), int64(3)}, "[1 2 3]"},
	{"{:b 1 :a 2}", MapValue{{Keyword("b"), int64(1)}, {Keyword("a"), int64(2)}}, "{:a 2, :b 1}"},
	{"{[1] nil nil [2]}", MapValue{{[]any{int64(1)}, nil}, {nil, []any{int64(2)}}}, "{[1] nil, nil [2]}"},
	{"#{:b :a}", SetValue{Keyword("b"), Keyword("a")}, "#{:a :b}"}, {"#{1 1N 1.0 1M}", SetValue{int64(1), big.NewInt(1), 1.0, dec(1, 0)}, "#{1 1.0 1M 1N}"},
	{"#{0.0 -0.0}", SetValue{0.0, math.Copysign(0, -1)}, "#{-0.0 0.0}"}, {`#{"a" :a a \a}`, SetValue{"a", Keyword("a"), Symbol("a"), Char('a')}, `#{"a" :a \a a}`},
	{"[1[2]\"x\"\\a(3)]", []any{int64(1), []any{int64(2)}, "x", Char('a'), ListValue{int64(3)}}, `[1 [2] "x" \a (3)]`},
	{"1 ; one\n;two", int64(1), "1"}, {";c\n[;d\n]", []any{}, "[]"}, {"#_x 1", int64(1), "1"}, {"[1 #_ #_ 2 3 4]", []any{int64(1), int64(4)}, "[1 4]"},
	{"[#_[a #_b] #_\n#x y]", []any{}, "[]"}, {"{:a #_1 2}", MapValue{{Keyword("a"), int64(2)}}, "{:a 2}"},
	{`#inst "2020"`, at(2020, 1, 1, 0, 0, 0, 0), `#inst "2020-01-01T00:00:00.000Z"`},
	{`#inst "2020-02-29"`, at(2020, 2, 29, 0, 0, 0, 0), `#inst "2020-02-29T00:00:00.000Z"`},
	{`#inst "2020-12-31T23:59:59.9999Z"`, at(2020, 12, 31, 23, 59, 59, 999), `#inst "2020-12-31T23:59:59.999Z"`},
	{`#inst "1985-04-12T23:20:50.52Z"`, at(1985, 4, 12, 23, 20, 50, 520), `#inst "1985-04-12T23:20:50.520Z"`},
	{`#inst "1996-12-19T16:39:57-08:00"`, at(1996, 12, 20, 0, 39, 57, 0), `#inst "1996-12-20T00:39:57.000Z"`},
	{`#inst "2016-12-31T23:59:60Z"`, at(2017, 1, 1, 0, 0, 0, 0), `#inst "2017-01-01T00:00:00.000Z"`},
	{`#inst "2020-06Z"`, at(2020, 6, 1, 0, 0, 0, 0), `#inst "2020-06-01T00:00:00.000Z"`},
	{`#inst "2020-06-01T10+01:30"`, at(2020, 6, 1, 8, 30, 0, 0), `#inst "2020-06-01T08:30:00.000Z"`},
	{`#inst "-0044-03-15T12:00:00.000Z"`, at(-44, 3, 15, 12, 0, 0, 0), ""}, {`#inst "+292278994-08-17T07:12:55.807Z"`, time.UnixMilli(math.MaxInt64).UTC(), ""},
	{`#uuid "F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"`, UUID{0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6}, `#uuid "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"`},
	{`#uri "http://a.org/x?y=\"z\""`, URI(`http://a.org/x?y="z"`), ""}, {`#bytes "AAEC"`, []byte{0, 1, 2}, ""}, {`#bytes ""`, []byte{}, ""},
	{"#float 1.5", float32(1.5), ""}, {"#float 2", float32(2), "#float 2.0"}, {"#float ##Inf", float32(math.Inf(1)), ""}, {"#float ##NaN", float32(math.NaN()), ""},
	{"#float 3.4028235E+38", float32(math.MaxFloat32), ""}, {"#float 1e-45", float32(math.SmallestNonzeroFloat32), "#float 1.0E-45"}, {"#float 7N", float32(7), "#float 7.0"},
	{"#float #_9 0.1", float32(0.1), "#float 0.1"}, {"#float -0.0", float32(math.Copysign(0, -1)), ""},
	{"#db/id[:part -1]", Tag{"db/id", []any{Keyword("part"), int64(-1)}}, "#db/id [:part -1]"}, {"#a #b 1", Tag{"a", Tag{"b", int64(1)}}, ""},
	{"'x", ListValue{Symbol("quote"), Symbol("x")}, "(quote x)"}, {"'[:find ?x]", ListValue{Symbol("quote"), []any{Keyword("find"), Symbol("?x")}}, "(quote [:find ?x])"},
	{"''1", ListValue{Symbol("quote"), ListValue{Symbol("quote"), int64(1)}}, "(quote (quote 1))"}, {"[a '#_b c]", []any{Symbol("a"), ListValue{Symbol("quote"), Symbol("c")}}, "[a (quote c)]"},
}

func TestGolden(t *testing.T) {
	for _, g := range golden {
		n, err := Read(g.text)
		if err != nil {
			t.Errorf("%s: %v", g.text, err)
			continue
		}
		if diff := cmp.Diff(g.value, n.Plain(), equal); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", g.text, diff)
		}
		if g.canon == "" {
			g.canon = g.text
		}
		if got := String(n); got != g.canon {
			t.Errorf("%s prints as %s, not %s", g.text, got, g.canon)
		}
		if got := String(n.Plain()); got != g.canon {
			t.Errorf("the plain value of %s prints as %s, not %s", g.text, got, g.canon)
		}
	}
}

// TestErrors compares each line of testdata/errors.txt, a quoted text, with the message behind it.
func TestErrors(t *testing.T) {
	const file = "testdata/errors.txt"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(want)) {
		text, _, _ := strings.Cut(line, "\t")
		text = strings.TrimSuffix(text, "\n")
		if strings.HasPrefix(line, "#!") || text == "" {
			got.WriteString(line)
			continue
		}
		_, err := Read(strings.NewReplacer(`␤`, "\n", `␠`, " ", `␀`, "\x00", `�`, "\xff", `␣`, "\u00a0").Replace(text))
		var place *Error
		if err == nil || !errors.As(err, &place) || place.Pos.Line < 1 || place.Pos.Col < 1 {
			t.Errorf("%s: no error with a place: %v", text, err)
			err = errors.New("nothing")
		}
		got.WriteString(text + "\t" + err.Error() + "\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got)\n%s", file, diff)
	}
}

func TestReadAll(t *testing.T) {
	for text, want := range map[string]int{"": 0, " ;x": 0, "1 2 [3]": 3, "#_1": 0, "a;\nb": 2} {
		if nodes, err := ReadAll(text); err != nil || len(nodes) != want {
			t.Errorf("%q: %d forms, %v", text, len(nodes), err)
		}
	}
	if _, err := ReadAll("1 )"); err == nil {
		t.Error("1 ) is read")
	}
}

func TestPlaces(t *testing.T) {
	n, err := Read("; é\n[:é\t\"two\nlines\" é x\r\n #tag y 'z]")
	if err != nil {
		t.Fatal(err)
	}
	want := []Pos{{2, 2}, {2, 5}, {3, 8}, {3, 10}, {4, 2}, {4, 9}}
	for i, item := range n.Items {
		if item.Pos != want[i] {
			t.Errorf("%s stands at %v, not %v", String(item), item.Pos, want[i])
		}
	}
}

func TestLimits(t *testing.T) {
	nested := func(open, end string, n int) string { return strings.Repeat(open, n) + "1" + strings.Repeat(end, n) }
	for _, c := range []struct {
		text string
		l    Limits
		want string // "" if the text is within the limits
	}{
		{nested("[", "]", 256), Limits{}, ""},
		{nested("[", "]", 257), Limits{}, "edn: 1:257: more than 256 nested forms"},
		{nested("'", "", 257), Limits{}, "edn: 1:257: more than 256 nested forms"},
		{nested("#a ", "", 257), Limits{}, "edn: 1:769: more than 256 nested forms"},
		{nested("#_", "", 257), Limits{}, "edn: 1:513: more than 256 nested forms"},
		{strings.Repeat("[", 1<<20), Limits{}, "edn: 1:257: more than 256 nested forms"},
		{nested("[", "]", 1000), Limits{Depth: 1 << 30}, ""},
		{nested("[", "]", 1001), Limits{Depth: 1 << 30}, "edn: 1:1001: more than 1000 nested forms"},
		{"[1 2]", Limits{Elements: 3}, ""},
		{"[1 2]", Limits{Elements: 2}, "edn: 1:1: more than 2 forms"},
		{"#_1 #_2 #_3", Limits{Elements: 2}, "edn: 1:11: more than 2 forms"},
		{"[1 2]", Limits{Bytes: 4}, "edn: 1:1: a text of 5 bytes; the limit is 4"},
		{strings.Repeat("9", 8192), Limits{}, ""},
		{strings.Repeat("9", 8193), Limits{}, "edn: 1:1: a number of 8193 digits; the limit is 8192"},
		{"0.000123M", Limits{Digits: 3}, ""},
		{"[1.234]", Limits{Digits: 3}, "edn: 1:2: a number of 4 digits; the limit is 3"},
	} {
		_, err := Read(c.text, c.l)
		if got := message(err); got != c.want || err != nil && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %q, want %q", clip(c.text), got, c.want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// law: finding duplicates takes time linear in the size of a collection.
func TestManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		b.WriteString(String(i) + " [" + String(i) + "] ")
	}
	if _, err := Read("#{" + b.String() + "}"); err != nil {
		t.Error(err)
	}
	_, err := Read("#{" + b.String() + "[77]}")
	if err == nil || !strings.Contains(err.Error(), "duplicate element [77], first at") {
		t.Error(err)
	}
}

// law: no text costs much more than its length.
func TestHostileTexts(t *testing.T) {
	big := "[" + strings.Repeat("[1 :a] ", 20_000) + "]"
	for name, text := range map[string]string{
		"sets in sets":         strings.Repeat("#{1 ", 250) + big + strings.Repeat("}", 250),
		"maps as keys":         strings.Repeat("{1 2 ", 250) + big + strings.Repeat(" 3}", 250),
		"escapes":              `["` + strings.Repeat(`\n`, 100_000) + `"]`,
		"comments":             strings.Repeat(";\n", 100_000) + "1",
		"discards":             strings.Repeat("#_1 ", 50_000) + "1",
		"zeros of a decimal":   "0." + strings.Repeat("0", 1<<20) + "1M",
		"zeros of a float":     "0." + strings.Repeat("0", 1<<20) + "1",
		"zeros of an exponent": "1e" + strings.Repeat("0", 1<<20) + "1",
		"a long name":          ":" + strings.Repeat("a", 1<<20),
	} {
		began := time.Now()
		n, err := Read(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		String(n)
		if took := time.Since(began); took > 20*time.Second { // it takes about 0.05 s
			t.Errorf("%s: %d bytes took %v", name, len(text), took)
		}
	}
}
