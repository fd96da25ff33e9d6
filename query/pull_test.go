package query_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// start returns an empty database.
func start(t testing.TB) *db.Snapshot {
	t.Helper()
	conn, err := db.Open(context.Background(), mem.New(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.Snapshot()
}

// with returns the database with data added.
func with(t testing.TB, snap *db.Snapshot, data ...tx.Data) *db.Report {
	t.Helper()
	rep, err := tx.With(context.Background(), snap, data...)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

const treeSchema = `[
	{:db/ident :s, :db/valueType :db.type/string, :db/cardinality :db.cardinality/one, :db/unique :db.unique/identity}
	{:db/ident :n, :db/valueType :db.type/long, :db/cardinality :db.cardinality/one}
	{:db/ident :flag, :db/valueType :db.type/boolean, :db/cardinality :db.cardinality/one}
	{:db/ident :tags, :db/valueType :db.type/long, :db/cardinality :db.cardinality/many}
	{:db/ident :k, :db/valueType :db.type/keyword, :db/cardinality :db.cardinality/one}
	{:db/ident :r, :db/valueType :db.type/ref, :db/cardinality :db.cardinality/one}
	{:db/ident :rs, :db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}
	{:db/ident :part, :db/valueType :db.type/ref, :db/cardinality :db.cardinality/one, :db/isComponent true}
	{:db/ident :parts, :db/valueType :db.type/ref, :db/cardinality :db.cardinality/many, :db/isComponent true}]`

const treeData = `[
	{:db/id "1" :s "1" :r "2" :n 5 :flag false :k :a/b}
	{:db/id "2" :s "2" :r "3"} {:db/id "3" :s "3" :r "4"} {:db/id "4" :s "4"}
	{:db/id "5" :s "5" :r "6"} {:db/id "6" :s "6" :r "5"}
	{:db/id "7" :s "7" :part "8" :parts ["9" "10"]} {:db/id "8" :s "8" :part "11" :r "1"} {:db/id "9" :n 9} {:db/id "10" :n 10}
	{:db/id "11" :s "11"} {:db/id "12" :s "12" :rs ["1" "2" "9" "13"]} {:db/id "13" :db/ident :color/red}
	{:db/id "14" :s "14" :part "15"} {:db/id "15" :s "15" :part "14"}]`

func tree(t testing.TB) (*db.Snapshot, map[string]db.ID) {
	snap := with(t, start(t), tx.EDN(treeSchema)).After
	rep := with(t, snap, tx.EDN(treeData))
	return rep.After, rep.TempIDs
}

// show writes what was pulled as EDN, with the tempids of treeData in the place of their ids.
func show(v any, ids map[string]db.ID) string {
	var swap func(v any) any
	swap = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for k, x := range v {
				out[k] = swap(x)
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, x := range v {
				out[i] = swap(x)
			}
			return out
		case db.ID:
			for name, id := range ids {
				if id == v {
					return db.Symbol("$" + name)
				}
			}
			return int64(v)
		}
		return v
	}
	return edn.String(swap(v))
}

func TestPullVectors(t *testing.T) {
	snap, ids := tree(t)
	for _, c := range []struct{ e, pattern, want string }{
		{"1", `[:s {:r 2}]`, `{"r" {"r" {"s" "3"}, "s" "2"}, "s" "1"}`},
		{"1", `[:s :db/id {:r 2}]`, `{"db/id" $1, "r" {"db/id" $2, "r" {"db/id" $3, "r" {"db/id" $4}, "s" "3"}, "s" "2"}, "s" "1"}`},
		{"1", `[:s {:r ...}]`, `{"r" {"r" {"r" {"s" "4"}, "s" "3"}, "s" "2"}, "s" "1"}`},
		{"5", `[:db/id :s {:r ...}]`, `{"db/id" $5, "r" {"db/id" $6, "r" {"db/id" $5}, "s" "6"}, "s" "5"}`},
		{"5", `[:s {:r ...}]`, `{"r" {"s" "6"}, "s" "5"}`},
		{"5", `[* {:r ...}]`, `{"db/id" $5, "r" {"db/id" $6, "r" {"db/id" $5}, "s" "6"}, "s" "5"}`},
		{"1", `[:s :tags]`, `{"s" "1"}`},
		{"2", `[(:n :default 0) [:flag :default false] (:k :default nil)]`, `{"flag" false, "n" 0}`},
		{"1", `[:flag :k]`, `{"flag" false, "k" :a/b}`},
		{"2", `[:_r]`, `{"_r" [{"db/id" $1}]}`},
		{"2", `[{:_r [:s {:_part [:s]}]}]`, `{"_r" [{"s" "1"}]}`},
		{"8", `[:_part]`, `{"_part" {"db/id" $7}}`},
		{"9", `[{:_parts [:s]}]`, `{"_parts" {"s" "7"}}`},
		{"7", `[:part]`, `{"part" {"db/id" $8, "part" {"db/id" $11, "s" "11"}, "r" {"db/id" $1}, "s" "8"}}`},
		{"7", `[*]`, `{"db/id" $7, "part" {"db/id" $8, "part" {"db/id" $11, "s" "11"}, "r" {"db/id" $1}, "s" "8"}, "parts" [{"db/id" $9, "n" 9} {"db/id" $10, "n" 10}], "s" "7"}`},
		{"14", `[:part]`, `{"part" {"db/id" $15, "part" {"db/id" $14}, "s" "15"}}`},
		{"14", `[*]`, `{"db/id" $14, "part" {"db/id" $15, "part" {"db/id" $14}, "s" "15"}, "s" "14"}`},
		{"1", `[:r]`, `{"r" {"db/id" $2}}`},
		{"12", `[:rs]`, `{"rs" [{"db/id" $1} {"db/id" $2} {"db/id" $9} {"db/id" $13, "db/ident" :color/red}]}`},
		{"12", `[{:rs [:s]}]`, `{"rs" [{"s" "1"} {"s" "2"}]}`},
		{"12", `[{(:rs :limit 1) [:n]}]`, `{"rs" [{"n" 5}]}`},
		{"12", `[{[:rs :limit 2 :as "A"] [:n]}]`, `{"A" [{"n" 5}]}`},
		{"12", `[{(:rs :default :none) [:flag]}]`, `{"rs" [{"flag" false}]}`},
		{"12", `[{(:rs :default :none) [:tags]}]`, `{"rs" :none}`},
		{"1", `[* {:r [:s]}]`, `{"db/id" $1, "flag" false, "k" :a/b, "n" 5, "r" {"s" "2"}, "s" "1"}`},
		{"1", `["*" (:n :as :m) [:s :as sym] (:k :as nil)]`, `{"db/id" $1, "flag" false, "k" :a/b, "m" 5, "r" {"db/id" $2}, "sym" "1"}`},
		{"1", `[[:n :as "N" :xform str]]`, `{"N" "5"}`},
		{"1", `[(:k :xform name) (:flag :as :f :xform str) (:tags :xform str)]`, `{"f" "false", "k" "b", "tags" ""}`},
		{"2", `[(:n :xform str :default 7) (:k :xform clojure.core/str)]`, `{"k" "", "n" 7}`},
		{"1", `[(:n :as :x) (:s :as :x)]`, `{"x" 5}`},
		{"2", `[(:n :as :x :default 1) (:s :as :x)]`, `{"x" 1}`},
		{"1", `[":s" "n"]`, `{"n" 5, "s" "1"}`},
		{"1", `[(limit :rs 2) (default :tags 3) (limit (default :_rs 1) 7)]`, `{"_rs" [{"db/id" $12}], "tags" 3}`},
		{"1", `[:db/id]`, `{"db/id" $1}`},
		{"2", `[:flag]`, `nil`},
		{"1", `[:s {:r 1 :_rs 1}]`, `{"_rs" [{"s" "12"}], "r" {"_rs" [{"s" "12"}], "s" "2"}, "s" "1"}`},
		{"5", `[:s {:r [:s {:r [:s]}]}]`, `{"r" {"r" {"s" "5"}, "s" "6"}, "s" "5"}`},
		{"13", `[:db/ident {:_rs [:s]}]`, `{"_rs" [{"s" "12"}], "db/ident" :color/red}`},
	} {
		got, err := query.Pull[map[string]any](context.Background(), snap, ids[c.e], c.pattern)
		if errors.Is(err, query.ErrNoRow) {
			err = nil
		}
		if text := show(orNil(got), ids); text != c.want || err != nil {
			t.Errorf("pull %s of %s\ngot  %s %v\nwant %s", c.pattern, c.e, text, err, c.want)
		}
	}
}

func orNil(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func TestPullOfUnknownEntity(t *testing.T) {
	snap, _ := tree(t)
	ctx := context.Background()
	for _, c := range []struct {
		e       any
		pattern string
		want    map[string]any
	}{
		{db.Lookup("s", "nobody"), `[:n]`, nil},
		{db.Lookup("s", "nobody"), `[*]`, map[string]any{"db/id": nil}},
		{db.Keyword("no/one"), `[:db/id (:n :default 1)]`, map[string]any{"db/id": nil, "n": int64(1)}},
		{db.ID(999), `[:n {:_r [:s]}]`, nil},
		{db.ID(999), `[*]`, map[string]any{"db/id": db.ID(999)}},
	} {
		got, err := query.Pull[map[string]any](ctx, snap, c.e, c.pattern)
		if diff := cmp.Diff(c.want, got); diff != "" || errors.Is(err, query.ErrNoRow) != (c.want == nil) {
			t.Error(c.e, c.pattern, diff, err)
		}
	}
	type item struct {
		ID db.ID  `datom:"db/id"`
		S  string `datom:"s"`
	}
	for _, e := range []any{db.ID(999), db.Lookup("s", "nobody"), db.Keyword("no/one")} {
		if got, err := query.Pull[item](ctx, snap, e); !errors.Is(err, query.ErrNoRow) {
			t.Error(e, got, err)
		}
	}
}

func TestPullManyValues(t *testing.T) {
	snap, _ := tree(t)
	var tags []any
	for i := range 1500 {
		tags = append(tags, i)
	}
	snap = with(t, snap, tx.Map{"s": "many", "tags": tags, "k": db.Keyword("z/z")}).After
	for pattern, want := range map[string]int{`[:tags]`: 1000, `[*]`: 1000, `[:s :tags :k]`: 1000, `[(:tags :limit nil)]`: 1500,
		`[(:tags :limit 1200) :k]`: 1200, `[(:tags :limit 2)]`: 2} {
		got, err := query.Pull[map[string]any](context.Background(), snap, db.Lookup("s", "many"), pattern)
		if err != nil {
			t.Fatal(err)
		}
		list := got["tags"].([]any)
		if len(list) != want || list[1] != int64(1) {
			t.Errorf("%s: %d values", pattern, len(list))
		}
		if strings.Contains(pattern, ":k") && got["k"] != db.Keyword("z/z") {
			t.Errorf("%s: %v", pattern, got["k"])
		}
	}
	type item struct {
		Tags []int `datom:"tags"`
	}
	got, err := query.Pull[item](context.Background(), snap, db.Lookup("s", "many"))
	if err != nil || len(got.Tags) != 1500 {
		t.Error(len(got.Tags), err)
	}
}

var pullErrors = []struct {
	pattern, want string
	kind          error
}{
	{`[:s :tgas]`, "query: 1:5: unknown attribute :tgas (did you mean :tags?)", db.ErrUnknownAttribute},
	{`[{:r [:nmo/such]}]`, "query: 1:7: unknown attribute :nmo/such", db.ErrUnknownAttribute},
	{`[]`, "query: 1:1: the pull pattern is empty", query.ErrPattern},
	{`(:s)`, "query: 1:1: a pull pattern is a vector, not (:s)", query.ErrPattern},
	{`[:s`, "query: 1:1: [ is never closed", edn.ErrSyntax},
	{`[:s :s]`, "query: 1:5: :s stands twice in the pattern", query.ErrDuplicate},
	{`[:db/id {:r [:db/id]} :db/id]`, "query: 1:23: :db/id stands twice in the pattern", query.ErrDuplicate},
	{`[{:r [:s]} :r]`, "query: 1:12: :r stands twice in the pattern", query.ErrDuplicate},
	{`[7]`, "query: 1:2: 7 is not an attribute", query.ErrAttrSpec},
	{`[foo]`, "query: 1:2: foo is not an attribute", query.ErrAttrSpec},
	{`[#{:s}]`, "query: 1:2: #{:s} is not an attribute", query.ErrAttrSpec},
	{`[()]`, "query: 1:2: an attribute is missing", query.ErrAttrSpec},
	{`[{}]`, "query: 1:2: the map is empty; it takes an attribute and a pattern", query.ErrPattern},
	{`[(:s :as)]`, "query: 1:2: the option :as of :s has no value", query.ErrAttrSpec},
	{`[(:s :as 5)]`, "query: 1:10: :as takes a keyword, symbol or string, not 5", query.ErrAttrSpec},
	{`[(:s :limti 5)]`, "query: 1:6: unknown option :limti (did you mean :limit?)", query.ErrAttrSpec},
	{`[(:tags :limit 0)]`, "query: 1:16: :limit takes a number above 0 or nil, not 0", query.ErrAttrSpec},
	{`[(:tags :limit "2")]`, `query: 1:16: :limit takes a number above 0 or nil, not "2"`, query.ErrAttrSpec},
	{`[(:n :limit 2)]`, "query: 1:3: :n has one value, so it takes no :limit", query.ErrAttrSpec},
	{`[(limit :tags)]`, "query: 1:2: limit takes an attribute and a value", query.ErrAttrSpec},
	{`[(:s :xform no.such/fn)]`, "query: 1:3: :xform of :s: unknown function no.such/fn", query.ErrFunction},
	{`[(:s :xform "str")]`, `query: 1:13: :xform takes the name of a function, not "str"`, query.ErrAttrSpec},
	{`[(:s :xform conact)]`, "query: 1:3: :xform of :s: unknown function conact", query.ErrFunction},
	{`[(:s :xform subs)]`, "query: 1:3: :xform of :s: subs takes 2 to 3 arguments, not 1", query.ErrFunction},
	{`[(:n :xform name)]`, "query: 1:3: :xform of :n: 5 has no name", query.ErrXform},
	{`[{:s [:n]}]`, "query: 1:3: :s is not a reference, so it takes no pattern", query.ErrPattern},
	{`[{:s ...}]`, "query: 1:3: :s is not a reference, so it takes no pattern", query.ErrPattern},
	{`[:_s]`, "query: 1:2: :s is not a reference, so :_s finds nothing", query.ErrAttrSpec},
	{`[{:r 0}]`, "query: 1:6: :r takes a pattern, a depth above 0 or ..., not 0", query.ErrRecurLimit},
	{`[{:r :s}]`, "query: 1:6: :r takes a pattern, a depth above 0 or ..., not :s", query.ErrRecurLimit},
	{`[{:r -1}]`, "query: 1:6: :r takes a pattern, a depth above 0 or ..., not -1", query.ErrRecurLimit},
	{`[{:r 2.5}]`, "query: 1:6: :r takes a pattern, a depth above 0 or ..., not 2.5", query.ErrRecurLimit},
	{`[{:r nil}]`, "query: 1:6: :r takes a pattern, a depth above 0 or ..., not nil", query.ErrRecurLimit},
	{`[:s {:r []}]`, "query: 1:9: the pull pattern is empty", query.ErrPattern},
	{`[{:r [:s] :n [:s]}]`, "query: 1:11: :n is not a reference, so it takes no pattern", query.ErrPattern},
	{`[(:r :limit 2)]`, "query: 1:3: :r has one value, so it takes no :limit", query.ErrAttrSpec},
	{`[(limit :s nil)]`, "query: 1:9: :s has one value, so it takes no :limit", query.ErrAttrSpec},
	{`[(limit :tags -3)]`, "query: 1:15: :limit takes a number above 0 or nil, not -3", query.ErrAttrSpec},
	{`[(default :s)]`, "query: 1:2: default takes an attribute and a value", query.ErrAttrSpec},
	{`[:s (limit "s" 2)]`, "query: 1:12: :s stands twice in the pattern", query.ErrDuplicate},
	{`[(:s :as :x :defualt 2)]`, "query: 1:13: unknown option :defualt (did you mean :default?)", query.ErrAttrSpec},
	{`[(:s :xform edn-raed)]`, "query: 1:3: :xform of :s: unknown function edn-raed (did you mean edn-read?)", query.ErrFunction},
	{`[(:n :xform edn-read)]`, "query: 1:3: :xform of :n: edn-read takes a string, not 5", query.ErrXform},
	{`[:_tgas]`, "query: 1:2: unknown attribute :tgas (did you mean :tags?)", db.ErrUnknownAttribute},
	{`[:s] [:n]`, "query: 1:6: more text after the form", edn.ErrSyntax},
	{`[{:db/id [:s]}]`, "query: 1:3: :db/id is not a reference", query.ErrAttrSpec},
}

func TestPullErrors(t *testing.T) {
	snap, ids := tree(t)
	for _, c := range pullErrors {
		_, err := query.Pull[map[string]any](context.Background(), snap, ids["1"], c.pattern)
		if err == nil || err.Error() != c.want || !errors.Is(err, c.kind) {
			t.Errorf("%s\ngot  %v\nwant %s", c.pattern, err, c.want)
		}
	}
	_, err := query.Pull[map[string]any](context.Background(), snap.History(), ids["1"], `[:s]`)
	if !errors.Is(err, db.ErrHistory) {
		t.Error(err)
	}
	if _, err := query.Pull[map[string]any](context.Background(), snap, "x", `[:s]`); !errors.Is(err, db.ErrNotAnEntity) || errors.Is(err, query.ErrNoRow) {
		t.Error(err)
	}
}

func TestPullIsDeep(t *testing.T) {
	snap := with(t, start(t), tx.EDN(treeSchema)).After
	const depth = 5000
	data := make([]tx.Data, depth)
	for i := range data {
		data[i] = tx.Map{"db/id": name(i), "s": name(i), "r": name(i + 1), "parts": []any{name(i + 1)}}
	}
	snap = with(t, snap, append(data, tx.Map{"db/id": name(depth), "n": 1})...).After
	type item struct {
		S string `datom:"s"`
		N int    `datom:"n"`
		R *item  `datom:"r"`
	}
	got, err := query.Pull[item](context.Background(), snap, db.Lookup("s", name(0)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := &got; p.R != nil; p = p.R {
		n++
	}
	if n != depth {
		t.Error("a struct of depth", n)
	}
	for _, c := range []struct{ pattern, key string }{{`[:n {:r ...}]`, "r"}, {`[:parts]`, "parts"}, {`[:s {:_r ...}]`, "_r"}} {
		e := any(db.Lookup("s", name(0)))
		if c.key == "_r" {
			e = db.Lookup("s", name(depth-1))
		}
		m, err := query.Pull[map[string]any](context.Background(), snap, e, c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; m[c.key] != nil; n++ {
			if list, ok := m[c.key].([]any); ok {
				m[c.key] = list[0]
			}
			m = m[c.key].(map[string]any)
		}
		if n < depth-1 {
			t.Error(c.pattern, "of depth", n)
		}
	}
}

func name(i int) string {
	return "n" + strings.Repeat("i", i%7) + string(rune('a'+i%26)) + db.ID(i).String()
}

func TestPullTransforms(t *testing.T) {
	boom := errors.New("boom")
	host := db.Options{Host: []db.Named{
		query.Func("my/twice", func(n int) int { return 2 * n }),
		query.Func("my/fails", func(any) (any, error) { return nil, boom }),
		query.Func("my/panics", func(v any) string { return v.(string) }),
		query.Func("my/drops", func(any) any { return nil }),
		query.Func("my/two", func(a, b any) any { return a }),
		query.Func("my/size", func(list []any) int { return len(list) }),
	}}
	conn, err := db.Open(context.Background(), mem.New(), host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	snap := with(t, conn.Snapshot(), tx.EDN(treeSchema)).After
	rep := with(t, snap, tx.EDN(treeData))
	for _, c := range []struct{ e, pattern, want, wantErr string }{
		{"1", `[(:n :xform my/twice :as :m)]`, `{"m" 10}`, ""},
		{"12", `[{(:rs :xform my/size) [:s]} {(:_r :xform my/size) [:s]}]`, `{"_r" 0, "rs" 2}`, ""},
		{"1", `[:s (:n :xform my/drops) (:k :xform my/drops :default 3)]`, `{"k" 3, "s" "1"}`, ""},
		{"1", `[(:n :xform my/fails)]`, "nil", "query: 1:3: :xform of :n: function failed: boom"},
		{"1", `[(:n :xform my/panics)]`, "nil", "query: 1:3: :xform of :n: function failed: panic: interface conversion: interface {} is int64, not string"},
		{"1", `[(:n :xform my/two)]`, "nil", "query: 1:3: :xform of :n: my/two takes 2 arguments, not 1"},
	} {
		got, err := query.Pull[map[string]any](context.Background(), rep.After, rep.TempIDs[c.e], c.pattern)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if shown := show(orNil(got), rep.TempIDs); shown != c.want || text != c.wantErr {
			t.Errorf("%s: got %s, %s", c.pattern, shown, text)
		}
		if strings.Contains(c.wantErr, "boom") && (!errors.Is(err, boom) || !errors.Is(err, query.ErrXform) || db.CategoryOf(err) != db.Fault) {
			t.Errorf("%v is not boom and ErrXform", err)
		}
	}
}
