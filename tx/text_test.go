package tx_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/tx"
)

var update = flag.Bool("update", false, "write golden files anew")

func exported(t testing.TB, snap *db.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	last := tx.Text{}
	text, err := tx.ExportText(context.Background(), snap, &b, tx.TextOptions{Progress: func(t tx.Text) { last = t }})
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); text.Bytes != int64(b.Len()) || text.Datoms != lines-2 || text.Basis != snap.T() || text.T != snap.T() ||
		last.Transactions != text.Transactions {
		t.Errorf("%+v of %d lines in %d bytes, and %+v before", text, lines, b.Len(), last)
	}
	return b.String()
}

// imported returns a new database with what a text tells.
func imported(t testing.TB, text string) *db.Conn {
	t.Helper()
	conn := open(t)
	told := tx.Text{}
	done, err := tx.ImportText(context.Background(), conn, strings.NewReader(text), tx.TextOptions{Progress: func(t tx.Text) { told = t }})
	if err != nil {
		t.Fatal(err)
	}
	if done.Bytes != int64(len(text)) || done.T != conn.Snapshot().T() || told.Transactions != done.Transactions || told.Datoms != done.Datoms {
		t.Errorf("%+v, told %+v", done, told)
	}
	return conn
}

// law: what a text was made of, and what is made of it, cannot be told apart, and have the same text.
func TestRandomDatabasesAsText(t *testing.T) {
	var imports int
	soak.Run(t, 40, 250, func(t *testing.T, seed int64) {
		g := newGenerator(t, seed)
		for range 2 + g.IntN(8) {
			g.step()
		}
		text := exported(t, g.snap)
		got, err := tx.TextOn(t.Context(), empty(t), text)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, g.snap)
		if g.IntN(20) == 0 {
			imports++
			same(t, imported(t, text).Snapshot(), g.snap)
		}
	})
	t.Logf("%d imports", imports)
}

// same compares databases.
func same(t testing.TB, got, want *db.Snapshot) {
	t.Helper()
	if !slices.Equal(everything(t, want), everything(t, got)) {
		t.Error("the datoms are others")
	}
	if got.NextT() != want.NextT() || got.NextElement() != want.NextElement() || !got.Instant().Equal(want.Instant()) {
		t.Errorf("%s at %s, next %s and %s: %s at %s, next %s and %s", got, got.Instant(), got.NextT(), got.NextElement(),
			want, want.Instant(), want.NextT(), want.NextElement())
	}
	if got, want := exported(t, got), exported(t, want); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if !slices.EqualFunc(logged(t, want), logged(t, got), func(a, b db.Tx) bool { return a.T == b.T && slices.Equal(a.Datoms, b.Datoms) }) {
		t.Error("the log is another")
	}
}

const allKinds = `[{:db/ident :v/boolean :db/valueType :db.type/boolean}
	{:db/ident :v/long :db/valueType :db.type/long}
	{:db/ident :v/bigint :db/valueType :db.type/bigint}
	{:db/ident :v/float :db/valueType :db.type/float}
	{:db/ident :v/double :db/valueType :db.type/double}
	{:db/ident :v/bigdec :db/valueType :db.type/bigdec}
	{:db/ident :v/instant :db/valueType :db.type/instant}
	{:db/ident :v/keyword :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}
	{:db/ident :v/symbol :db/valueType :db.type/symbol :db/cardinality :db.cardinality/many}
	{:db/ident :v/string :db/valueType :db.type/string :db/cardinality :db.cardinality/many :db/noHistory true}
	{:db/ident :v/uri :db/valueType :db.type/uri}
	{:db/ident :v/uuid :db/valueType :db.type/uuid :db/index false}
	{:db/ident :v/bytes :db/valueType :db.type/bytes}
	{:db/ident :v/ref :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
	{:db/ident :v/same :db/valueType :db.type/tuple :db/tupleType :db.type/long}
	{:db/ident :v/tuple :db/valueType :db.type/tuple :db/tupleTypes [:db.type/string :db.type/ref :db.type/bigdec :db.type/keyword :db.type/bigint]}
	{:db/ident :v/parts :db/valueType :db.type/tuple :db/tupleAttrs [:v/long :v/double :v/boolean]}]`

// law: every value is read as what was written, whatever its kind.
func TestValuesAsText(t *testing.T) {
	soak.Run(t, 5, 40, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		snap := given(t, empty(t), tx.EDN(allKinds)).After
		var ids []db.ID
		for range 4 {
			var data []tx.Data
			for i := range 6 {
				var e any = fmt.Sprint("e", i)
				if len(ids) > 0 && rng.IntN(2) == 0 {
					e = ids[rng.IntN(len(ids))]
				}
				attr, v := randomValue(rng)
				data = append(data, tx.Map{"db/id": e, attr: v})
			}
			rep, err := tx.With(t.Context(), snap, data...)
			if err != nil {
				continue // two values of one entity
			}
			snap = rep.After
			for _, id := range rep.TempIDs {
				ids = append(ids, id)
			}
			slices.Sort(ids)
		}
		got, err := tx.TextOn(t.Context(), empty(t), exported(t, snap))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, snap)
	})
}

func randomValue(rng *rand.Rand) (string, any) {
	big10 := func() *big.Int {
		n := new(big.Int).Lsh(big.NewInt(rng.Int64()-math.MaxInt64/2), uint(rng.IntN(200)))
		return n.Neg(n)
	}
	decimal := func() db.Decimal { return db.Decimal{Unscaled: big10(), Scale: int32(rng.IntN(40) - 20)} }
	text := func() string {
		r := []rune{'a', '/', ':', ' ', '\n', '"', '\\', 0, '\u2028', 'é', '😀', '1', '#', ';', 0x7f, '\u0085'}
		b := make([]rune, rng.IntN(5))
		for i := range b {
			b[i] = r[rng.IntN(len(r))]
		}
		return string(b)
	}
	double := func() float64 {
		return []float64{math.Inf(1), math.Inf(-1), 0, -1.5, math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21, float64(rng.Int64())}[rng.IntN(8)]
	}
	switch rng.IntN(16) {
	case 0:
		return "v/boolean", rng.IntN(2) == 0
	case 1:
		return "v/long", []int64{math.MinInt64, math.MaxInt64, 0, rng.Int64()}[rng.IntN(4)]
	case 2:
		return "v/bigint", big10()
	case 3:
		return "v/float", []float32{float32(math.Inf(-1)), 0.1, math.MaxFloat32, math.SmallestNonzeroFloat32, rng.Float32()}[rng.IntN(5)]
	case 4:
		return "v/double", double()
	case 5:
		return "v/bigdec", decimal()
	case 6:
		return "v/instant", time.UnixMilli([]int64{0, -1, -62135596800001, 253402300800000, rng.Int64() >> 14}[rng.IntN(5)])
	case 7:
		return "v/keyword", db.Keyword([]string{"a/b", text(), "true", "a/b/c", "-", "1"}[rng.IntN(6)])
	case 8:
		return "v/symbol", db.Symbol([]string{"a/b", text(), "true", "nil", "-1", "+"}[rng.IntN(6)])
	case 9:
		return "v/string", text()
	case 10:
		return "v/uri", db.URI("https://" + text())
	case 11:
		return "v/uuid", db.UUID{byte(rng.IntN(256)), 15: byte(rng.IntN(256))}
	case 12:
		return "v/bytes", []byte(text())
	case 13:
		return "v/ref", db.ID(rng.IntN(1100))
	case 14:
		return "v/same", db.Tuple{nil, rng.Int64(), nil}[:2+rng.IntN(2)]
	}
	return "v/tuple", db.Tuple{text(), db.ID(rng.IntN(2000)), decimal(), db.Keyword(text()), nil}
}

// law: what an idempotency key promises holds in the copy too.
func TestKeysAsText(t *testing.T) {
	ctx, conn := t.Context(), open(t)
	transact(t, conn, tx.EDN(vectors))
	data := tx.All(tx.Once("order-17"), tx.Map{"db/id": "a \"b\"", "k1": "x"}, tx.Map{"k1": "y"}, tx.EDN(`[{:db/id "z" :n 1}]`))
	want := transact(t, conn, data)
	transact(t, conn, tx.Once("order-18"))
	copied := imported(t, exported(t, conn.Snapshot()))
	same(t, copied.Snapshot(), conn.Snapshot())
	got := transact(t, copied, data)
	if told(got) != told(want) || copied.Snapshot().T() != conn.Snapshot().T() {
		t.Errorf("got  %s\nwant %s", told(got), told(want))
	}
	if _, err := tx.Transact(ctx, copied, tx.Once("order-17"), tx.Map{"k1": "z"}); !errors.Is(err, tx.ErrKeyReused) {
		t.Error(err)
	}
	if rep := transact(t, copied, tx.Map{"k1": "new"}); rep.Tx.T() != conn.Snapshot().NextT() {
		t.Errorf("the next transaction is %s", rep.T)
	}
	if status, err := verified(ctx, copied); err != nil || !status.Completed {
		t.Error(status, err)
	}
}

func verified(ctx context.Context, conn *db.Conn) (last db.Verification, err error) {
	for last, err = range conn.Verify(ctx) {
		if err != nil {
			break
		}
	}
	return last, err
}

// TestATextOfEveryVersion reads a text that was written once and for all. It may be written anew only for a later format, beside the others.
func TestATextOfEveryVersion(t *testing.T) {
	const file = "testdata/text-1.edn"
	if *update {
		snap := empty(t)
		at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
		for i, data := range []tx.Data{tx.EDN(allKinds), tx.EDN(vectors), tx.EDN(links), tx.EDN(entities),
			tx.All(tx.Once("key"), tx.EDN(`[{:db/id "a" :v/long 7 :v/float 0.1 :v/double 1.0 :v/bigdec 1.50M :v/bigint 12345678901234567890N
				:v/bytes #bytes "AAEC" :v/uuid #uuid "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" :v/string ["tab\t" "line\n" "é😀\u0000"] :v/ref :e1
				:v/uri #uri "https://example.org" :v/keyword [:a/b :c] :v/symbol d/e :v/same [1 nil 3] :v/tuple ["x" :e2 2.0M :k nil]
				:v/instant #inst "1969-07-20T20:17:40.000Z"}
				{:k1 "new"}]`), tx.Map{"db/id": "a", "v/keyword": db.Keyword("no keyword in EDN")}),
			tx.EDN(`[[:db/retract :e1 :n 1] {:db/id :e2 :k2 "c"} [:db/retractEntity :e3] {:db/id "datomic.tx" :s "why"}]`)} {
			snap = given(t, snap, data, tx.Map{"db/id": "datomic.tx", "db/txInstant": at.Add(time.Duration(i) * time.Hour)}).After
		}
		if err := os.WriteFile(file, []byte(exported(t, snap)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := exported(t, imported(t, string(want)).Snapshot())
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// soundText is a small database as text, which the tests below change.
const soundText = `{:datolite/text 1, :t 1006}
; a comment, and an empty line

{:t 1000, :instant #inst "2026-01-01T00:00:00.000Z"}
[1000 :db/ident :name true]
[1000 :db/valueType :db.type/string true]
[1000 :db/cardinality :db.cardinality/one true]
[1000 :db/unique :db.unique/identity true]
[0 :db.install/attribute 1000 true]
[1001 :db/ident :born true]
[1001 :db/valueType :db.type/long true]
[1001 :db/cardinality :db.cardinality/one true]
[0 :db.install/attribute 1001 true]
[1002 :db/ident :friend true]
[1002 :db/valueType :db.type/ref true]
[1002 :db/cardinality :db.cardinality/many true]
[0 :db.install/attribute 1002 true]
[1003 :db/ident :name+born true]
[1003 :db/valueType :db.type/tuple true]
[1003 :db/tupleAttrs [:name :born] true]
[1003 :db/cardinality :db.cardinality/one true]
[0 :db.install/attribute 1003 true]
{:t 1001, :instant #inst "2026-01-02T00:00:00.000Z"}
[17592186045418 :name "Ada" true]
[17592186045418 :born 1815 true]
[17592186045419 :name "Charles" true]
[17592186045419 :friend 17592186045418 true]
[17592186045418 :name+born ["Ada" 1815] true]
[17592186045419 :name+born ["Charles" nil] true]
{:t 1006, :instant #inst "2026-01-03T00:00:00.000Z", :digest #bytes "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", :tempids {"a" 17592186045418}}
[13194139534318 :db.tx/key "a key" true]
[17592186045418 :born 1816 true]
[17592186045418 :born 1815 false]
[17592186045418 :name+born ["Ada" 1816] true]
[17592186045418 :name+born ["Ada" 1815] false]
{:next-t 1007, :transactions 3, :datoms 32}
`

// refusedTexts are changes of soundText, each with the error that it is refused with.
var refusedTexts = []struct {
	old, new string
	kind     error
	want     string
}{
	{":t 1006}\n;", ":t 1006\n;", edn.ErrSyntax, "1:1: { is never closed"},
	{"{:datolite/text 1, ", "{:datolite/text 2, ", db.ErrFormat, "1:1: the text has the format 2, and this version reads format 1"},
	{"{:datolite/text 1, ", "{", tx.ErrText, "1:1: the line lacks :datolite/text"},
	{":t 1006}\n;", ":t 1006, :u 1}\n;", tx.ErrText, "1:29: a line of this kind has no :u"},
	{":t 1006}\n;", ":t 1007}\n;", tx.ErrText, "36:1: the last transaction is t 1006, and the first line says t 1007"},
	{"{:t 1000,", "[1 :db/doc \"x\" true]\n{:t 1000,", tx.ErrText, "4:1: a datom stands behind the transaction {:t …, :instant …} that it is of"},
	{"{:t 1000,", "{:t 999,", tx.ErrText, "4:1: the first transaction has the t 1000, not 999"},
	{"{:t 1001,", "{:t 1000,", tx.ErrText, "23:5: the transaction of t 1000 stands behind that of t 1000"},
	{"{:t 1001,", "{:t \"1001\",", tx.ErrText, "23:5: :t is a number from 1 to 4398046511103"},
	{"2026-01-02", "2025-12-31", tx.ErrPastInstant, "23:1: #inst \"2025-12-31T00:00:00.000Z\" is before the instant of the transaction before it, #inst \"2026-01-01T00:00:00.000Z\""},
	{"#inst \"2026-01-02T00:00:00.000Z\"", "7", tx.ErrText, "23:20: :instant is written #inst \"2006-01-02T15:04:05.000Z\""},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 :nmae \"Ada\" true]", db.ErrUnknownAttribute, "24:17: unknown attribute :nmae (did you mean :name?)"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 1999 \"Ada\" true]", db.ErrUnknownAttribute, "24:17: unknown attribute 1999"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 :name Ada true]", db.ErrWrongType, "24:23: :name takes a string, not Ada"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 :name \"Ada\" yes]", tx.ErrText, "24:29: a datom ends in true where it is asserted, in false where it is retracted, not in yes"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 :name \"Ada\"]", tx.ErrText, "24:1: a datom is [entity attribute value added], and this has 3 parts"},
	{"[17592186045418 :name \"Ada\" true]", "(17592186045418 :name \"Ada\" true)", tx.ErrText, "24:1: a line is a datom [entity attribute value added], or a transaction {:t …, :instant …}"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045424 :name \"Ada\" true]", tx.ErrText, "24:2: 17592186045424 is the id of no entity: those before the next transaction are below t 1006, and attributes below 1048576"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 :name \"Ada\" true] 7", tx.ErrText, "24:35: a line has one form"},
	{"[17592186045418 :name \"Ada\" true]\n", "", tx.ErrConflict, "27:1: :name+born of 17592186045418 is kept by the database: it comes to [nil 1815], not [\"Ada\" 1815]"},
	{"[17592186045419 :name+born [\"Charles\" nil] true]\n", "", tx.ErrText, "23:1: the transaction also comes to [17592186045419 :name+born [\"Charles\" nil] true], and no line behind it says so"},
	{"[17592186045418 :name \"Ada\" true]", "[17592186045418 :name \"Charles\" true]", tx.ErrConflict, "28:1: :name+born of 17592186045418 is kept by the database: it comes to [\"Charles\" 1815], not [\"Ada\" 1815]"},
	{soundText[strings.Index(soundText, "[17592186045418 :born 1816"):strings.Index(soundText, "{:next-t")],
		"[17592186045418 :name \"Charles\" true]\n[17592186045418 :name \"Ada\" false]\n[17592186045418 :name+born [\"Charles\" 1815] true]\n[17592186045418 :name+born [\"Ada\" 1815] false]\n",
		tx.ErrUniqueConflict, "32:1: :name is unique, and \"Charles\" is that of 17592186045419, not of 17592186045418"},
	{"[17592186045418 :born 1816 true]", "[17592186045418 :born 1816 true]\n[17592186045419 :friend 17592186045418 true]", tx.ErrText, "33:1: :friend of 17592186045419 is 17592186045418 already, and cannot be asserted again"},
	{"[17592186045418 :born 1815 false]", "[17592186045418 :born 1814 false]", tx.ErrText, "33:1: :born of 17592186045418 is not 1814, and cannot be retracted"},
	{"[17592186045418 :born 1815 false]\n", "", tx.ErrText, "30:1: the transaction also comes to [17592186045418 :born 1815 false], and no line behind it says so"},
	{"[17592186045418 :name+born [\"Ada\" 1816] true]", "[17592186045418 :name+born [\"Ada\" 1817] true]", tx.ErrConflict, "34:1: :name+born of 17592186045418 is kept by the database: it comes to [\"Ada\" 1816], not [\"Ada\" 1817]"},
	{"[17592186045419 :friend 17592186045418 true]", "[17592186045419 :friend -1 true]", tx.ErrEntityID, "27:25: -1 is the id of no entity"},
	{"[17592186045419 :friend 17592186045418 true]", "[17592186045419 :friend :name true]", tx.ErrText, "27:25: :name names nothing that is built in: other references are ids"},
	{"[1001 :db/valueType :db.type/long true]", "[1001 :db/valueType :db.type/lnog true]", tx.ErrText, "11:21: :db.type/lnog names nothing that is built in: other references are ids"},
	{"[1001 :db/valueType :db.type/long true]", "[1001 :db/valueType :db.unique/value true]", tx.ErrInstall, "18:1: :born cannot be in a slot of :name+born: it is no attribute"},
	{"[17592186045418 :born 1816 true]", "[17592186045418 :born 1816 true]\n[36 :db/doc \"x\" true]", tx.ErrBuiltIn, "33:1: :db.cardinality/many is built in, and cannot be changed"},
	{"[13194139534318 :db.tx/key \"a key\" true]", "[13194139534318 :db/txInstant #inst \"2026\" true]", tx.ErrText, "31:1: the instant of a transaction stands in its own line"},
	{":digest #bytes \"AAEC", ":digest #bytes \"", tx.ErrText, "30:62: :digest is #bytes, 32 of them"},
	{"{\"a\" 17592186045418}", "{a 17592186045418}", tx.ErrText, "30:127: a tempid is a string"},
	{"[17592186045418 :born 1816 true]", "[17592186045418 :born 1816 true]\n[17592186045420 :name \"Charles\" true]\n[17592186045420 :name+born [\"Charles\" nil] true]",
		tx.ErrUniqueConflict, "33:1: :name is unique, and \"Charles\" is that of 17592186045419, not of 17592186045420"},
	{"[17592186045419 :name+born [\"Charles\" nil] true]\n", "[17592186045419 :name+born [\"Charles\" nil] true]\n[17592186045420 :name \"Ada\" true]\n[17592186045420 :name+born [\"Ada\" nil] true]\n",
		tx.ErrConflict, "30:1: :name is unique, and \"Ada\" is asserted of two entities, 17592186045418 and 17592186045420"},
	{":next-t 1007", ":next-t 1006", tx.ErrText, "36:10: the next t is 1006, and that of the last transaction 1006"},
	{":datoms 32", ":datoms 31", tx.ErrText, "36:41: the text has 32 datoms, and this line tells of others: something is missing, or was added (leave the count out then)"},
	{":datoms 32}\n", ":datoms 32}\n\n7", tx.ErrText, "38:1: nothing stands behind the last line"},
	{"{:next-t 1007, :transactions 3, :datoms 32}\n", "", tx.ErrText, "36:1: the text ends here, and has no last line {:next-t …}: it is not whole"},
	{soundText, "", tx.ErrText, "1:1: the first line says {:datolite/text 1, :t …}"},
}

// TestTextThatIsRefused changes a line of a text, and expects an error that tells where, and a database in which nothing has happened.
func TestTextThatIsRefused(t *testing.T) {
	conn := imported(t, soundText)
	if rep := transact(t, conn, tx.Map{"name": "Grace"}); rep.T != 1007 {
		t.Error(rep.T)
	}
	for _, c := range refusedTexts {
		if strings.Count(soundText, c.old) != 1 {
			t.Fatalf("%q is there %d times", c.old, strings.Count(soundText, c.old))
		}
		conn := open(t)
		_, err := tx.ImportText(t.Context(), conn, strings.NewReader(strings.Replace(soundText, c.old, c.new, 1)), tx.TextOptions{})
		if !errors.Is(err, c.kind) || strings.TrimPrefix(fmt.Sprint(err), "tx: ") != c.want || conn.Snapshot().T() != 0 {
			t.Errorf("%q for %q at %s:\ngot  %v\nwant tx: %s", c.new, c.old, conn.Snapshot(), err, c.want)
		}
	}
}

// What was edited need not be counted, and a value need not be as it is printed.
func TestTextThatWasEdited(t *testing.T) {
	edited := strings.NewReplacer(`, :transactions 3, :datoms 32`, ``, `[17592186045419 :name "Charles" true]`, `[ 17592186045419, :name #_"x" "Charl\u0065s" true ] ; the same`).Replace(soundText)
	got := exported(t, imported(t, edited).Snapshot())
	want := strings.Replace(soundText, "; a comment, and an empty line\n\n", "", 1)
	if got != want {
		t.Error(cmp.Diff(want, got))
	}
}

func TestTextIntoADatabaseWithTransactions(t *testing.T) {
	conn := open(t)
	transact(t, conn, tx.EDN(vectors))
	_, err := tx.ImportText(t.Context(), conn, strings.NewReader(soundText), tx.TextOptions{})
	if !errors.Is(err, tx.ErrNotEmpty) || err.Error() != "tx: the database is at t 1000: a text is read into one that has no transactions" {
		t.Error(err)
	}
	overtaken := open(t)
	_, err = tx.ImportText(t.Context(), overtaken, strings.NewReader(soundText), tx.TextOptions{Progress: func(done tx.Text) {
		if done.T == 1001 {
			transact(t, overtaken, tx.EDN(vectors))
		}
	}})
	if !errors.Is(err, db.ErrOvertaken) || len(logged(t, overtaken.Snapshot())) != 1 {
		t.Error(err, overtaken.Snapshot())
	}
}

// A text of no transactions is read, and so is what a database was at an earlier time.
func TestTextOfAnEarlierDatabase(t *testing.T) {
	imported(t, exported(t, empty(t)))
	conn := imported(t, soundText)
	past, err := conn.At(t.Context(), 1003)
	if err != nil {
		t.Fatal(err)
	}
	if text := exported(t, past); !strings.HasSuffix(text, "{:next-t 1006, :transactions 2, :datoms 26}\n") {
		t.Error(text)
	}
	same(t, imported(t, exported(t, past)).Snapshot(), past)
}

// brokenWriter takes so many bytes.
type brokenWriter int

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(b []byte) (int, error) {
	if *w -= brokenWriter(len(b)); *w < 0 {
		return 0, errBroken
	}
	return len(b), nil
}

func TestTextThatCannotBeWrittenOrRead(t *testing.T) {
	conn := imported(t, soundText)
	for n := 0; n < 1000; n += 300 {
		w := brokenWriter(n)
		if _, err := tx.ExportText(t.Context(), conn.Snapshot(), &w, tx.TextOptions{}); !errors.Is(err, errBroken) {
			t.Error(n, err)
		}
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := tx.ExportText(ended, conn.Snapshot(), io.Discard, tx.TextOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	other := open(t)
	if _, err := tx.ImportText(ended, other, strings.NewReader(soundText), tx.TextOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	from := io.MultiReader(strings.NewReader(soundText[:900]), iotest.ErrReader(errBroken))
	if _, err := tx.ImportText(t.Context(), other, from, tx.TextOptions{}); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "tx: line 24 of the text: ") {
		t.Error(err)
	}
	if other.Snapshot().T() != 0 {
		t.Error(other.Snapshot())
	}
}

// TestTextOfWhatIsForgotten: the text has the history of an attribute that keeps none, as the log does, and the copy forgets it when it indexes.
func TestTextOfWhatIsForgotten(t *testing.T) {
	conn := open(t)
	transact(t, conn, tx.EDN(allKinds))
	e := transact(t, conn, tx.EDN(`[{:db/id "e" :v/string "old"}]`)).TempIDs["e"]
	transact(t, conn, tx.Retract(e, "v/string", "old"), tx.Add(e, "v/string", "new"))
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	copied := imported(t, exported(t, conn.Snapshot()))
	same(t, copied.Snapshot(), conn.Snapshot())
	if text := exported(t, copied.Snapshot()); !strings.Contains(text, `:v/string "old" false]`) {
		t.Error(text)
	}
}

// TestLargeText writes and reads what is as large as it may be.
func TestLargeText(t *testing.T) {
	if testing.Short() {
		t.Skip("megabytes")
	}
	snap := given(t, given(t, empty(t), tx.EDN(allKinds)).After, tx.Map{"v/string": strings.Repeat("\x01\"x", 1<<16), "v/bytes": make([]byte, 1<<20),
		"v/bigint": new(big.Int).Lsh(big.NewInt(1), 1<<17), "v/bigdec": db.Decimal{Unscaled: new(big.Int).Lsh(big.NewInt(1), 1<<16), Scale: math.MaxInt32}}).After
	many := make([]tx.Data, 20_000)
	for i := range many {
		many[i] = tx.Add(fmt.Sprint("e", i), "v/long", i)
	}
	snap = given(t, snap, many...).After
	text := exported(t, snap)
	got, err := tx.TextOn(t.Context(), empty(t), text)
	if err != nil {
		t.Fatal(err)
	}
	if exported(t, got) != text || len(text) < 3<<20 {
		t.Error("another text")
	}
}

// checkText reads a text: it must be accepted or refused, soon, and what is refused must have a kind and a place. What is accepted has a text
// that is accepted again.
func checkText(t testing.TB, text string) {
	t.Helper()
	begun := time.Now()
	snap, err := tx.TextOn(context.Background(), empty(t), text)
	if took := time.Since(begun); took > 5*time.Second {
		t.Fatalf("%q took %s", text, took)
	}
	if place := (*tx.Error)(nil); err != nil && (!errors.As(err, &place) || place.Line == 0 || place.Col == 0 || db.CategoryOf(err) == db.Fault) {
		t.Fatalf("%q: %v", text, err)
	}
	if err == nil {
		again, err := tx.TextOn(context.Background(), empty(t), exported(t, snap))
		if err != nil || exported(t, again) != exported(t, snap) {
			t.Fatalf("%q: %v", text, err)
		}
	}
}

// TestMutatedDatabaseTexts reads texts whose lines, forms, tokens or bytes are others: 10 a case.
func TestMutatedDatabaseTexts(t *testing.T) {
	golden, err := os.ReadFile("testdata/text-1.edn")
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for _, text := range []string{string(golden), soundText} {
		tokens = append(tokens, token.FindAllString(text, -1)...)
	}
	soak.Run(t, 30, 150, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		for range 10 {
			text := []string{string(golden), soundText, soundText}[rng.IntN(3)]
			switch rng.IntN(4) {
			case 0:
				text = mutateBytes(rng, text)
			case 1:
				text = mutateTokens(rng, text, tokens)
			default:
				text = mutateLines(rng, text, tokens)
			}
			checkText(t, text)
		}
	})
}

// mutateLines moves, repeats, drops or changes lines.
func mutateLines(rng *rand.Rand, text string, tokens []string) string {
	lines := strings.SplitAfter(text, "\n")
	for range 1 + rng.IntN(2) {
		i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
		switch rng.IntN(4) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines[i], lines[j] = lines[j], lines[i]
		case 2:
			lines = slices.Insert(lines, i, lines[j])
		default:
			lines[i] = mutateTokens(rng, lines[i], tokens)
		}
	}
	return strings.Join(lines, "")
}

func FuzzText(f *testing.F) {
	f.Add(soundText)
	f.Fuzz(func(t *testing.T, text string) { checkText(t, text) })
}
