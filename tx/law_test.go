package tx_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/tx"
)

const links = `[{:db/ident :link :db/valueType :db.type/tuple :db/tupleTypes [:db.type/ref :db.type/string] :db/unique :db.unique/identity}
	{:db/ident :keys :db/valueType :db.type/string :db/cardinality :db.cardinality/many :db/unique :db.unique/identity}
	{:db/ident :next :db/valueType :db.type/ref :db/unique :db.unique/value}
	{:db/ident :n+r :db/valueType :db.type/tuple :db/tupleAttrs [:n :r]}
	{:db/ident :uv+r :db/valueType :db.type/tuple :db/tupleAttrs [:uv :r] :db/unique :db.unique/value}
	{:db/ident :r+s :db/valueType :db.type/tuple :db/tupleAttrs [:r :s] :db/unique :db.unique/identity
	 :db.tuple/nilsDistinct true :db.tuple/upsert true}]`

const entities = `[{:db/ident :e1 :k1 "a" :n 1} {:db/ident :e2 :k1 "b" :k2 "b" :uv "a"} {:db/ident :e3 :keys ["a" "b"]} {:db/ident :e4}
	{:db/ident :e5 :n 2}]`

// law: the order of the items means nothing: permuted, they come to the same datoms, up to the ids of new entities, or to an
// error of the same code.
func TestOrderMeansNothing(t *testing.T) {
	soak.Run(t, 100, 400, func(t *testing.T, seed int64) {
		g := newGenerator(t, seed)
		for range 8 {
			items := g.items()
			rep, err := tx.With(context.Background(), g.snap, read(items)...)
			for range 3 {
				shuffled := slices.Clone(items)
				g.Shuffle(len(items), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				again, againErr := tx.With(context.Background(), g.snap, read(shuffled)...)
				if db.CodeOf(err) != db.CodeOf(againErr) || (err == nil) != (againErr == nil) {
					t.Fatalf("%s\n%v\n%s\n%v", strings.Join(items, "\n"), err, strings.Join(shuffled, "\n"), againErr)
				}
				if err == nil && canonical(rep) != canonical(again) {
					t.Fatalf("%s\n%s\n%s\n%s", strings.Join(items, "\n"), canonical(rep), strings.Join(shuffled, "\n"), canonical(again))
				}
			}
			if err == nil {
				g.snap = rep.After
			}
		}
	})
}

// law: to assert all that holds already is to assert nothing.
func TestWhatHoldsIsNoDatom(t *testing.T) {
	soak.Run(t, 100, 400, func(t *testing.T, seed int64) {
		g := newGenerator(t, seed)
		for range 6 {
			g.step()
		}
		var data []tx.Data
		for d, err := range g.snap.Datoms(context.Background(), db.EAVT) {
			if err != nil {
				t.Fatal(err)
			}
			a, _ := g.snap.Schema().Attribute(d.A)
			if d.E < 1000 || strings.HasPrefix(string(a.Ident), "db/") {
				continue // what is built in is not stated again in text either
			}
			data = append(data, tx.Add(d.E, string(a.Ident), d.V))
		}
		rep := given(t, g.snap, data...)
		if len(rep.Datoms) != 1 {
			t.Fatal(rep.Datoms)
		}
	})
}

// law: With shows what Transact does.
func TestWithIsTransact(t *testing.T) {
	soak.Run(t, 100, 300, func(t *testing.T, seed int64) {
		ctx, conn := context.Background(), open(t)
		g := newGenerator(t, seed)
		for _, text := range []string{vectors, links, entities} {
			if _, err := tx.Transact(ctx, conn, tx.EDN(text)); err != nil {
				t.Fatal(err)
			}
		}
		for range 6 {
			data := read(g.items())
			want, wantErr := tx.With(ctx, conn.Snapshot(), data...)
			got, err := tx.Transact(ctx, conn, data...)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || told(got) != told(want) {
				t.Fatalf("with:     %v %v\ntransact: %v %v", told(want), wantErr, told(got), err)
			}
		}
	})
}

// TestIdentitiesCascade gives two chains of new entities, each identified by the one before: where the first links are one, all are,
// in any order of the items.
func TestIdentitiesCascade(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	const links = 3000
	data := []tx.Data{tx.Map{"db/id": "a0", "k1": "z"}, tx.Map{"db/id": "b0", "k1": "z"}}
	for i := range links {
		for _, chain := range []string{"a", "b"} {
			data = append(data, tx.Map{"db/id": fmt.Sprint(chain, i+1), "owner": fmt.Sprint(chain, i)})
		}
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
	if rep := given(t, snap, data...); len(rep.Datoms) != 2+links {
		t.Error(len(rep.Datoms))
	}
}

// told returns what a report tells.
func told(rep *db.Report) string {
	if rep == nil {
		return "nothing"
	}
	return fmt.Sprint(rep.T, rep.Tx, rep.Instant, rep.Datoms, rep.TempIDs, rep.Created, rep.After.NextT(), rep.After.NextElement())
}

// read returns each item as data of its own.
func read(items []string) []tx.Data {
	data := make([]tx.Data, len(items))
	for i, item := range items {
		data[i] = tx.EDN("[" + item + "]")
	}
	return data
}

// canonical returns the datoms of a report without the ids of new entities: these are told apart by what is said of them.
func canonical(rep *db.Report) string {
	colour := map[db.ID]uint64{}
	first := rep.Before.NextT()
	for _, name := range slices.Sorted(maps.Keys(rep.TempIDs)) {
		if id := rep.TempIDs[name]; id.T() > first && id.Part() == 4 {
			colour[id] = hash(colour[id], name)
		}
	}
	show := func(id db.ID) string {
		if id.Part() == 4 && id.T() > first {
			return fmt.Sprintf("new%x", colour[id])
		}
		return id.String()
	}
	line := func(d db.Datom) string {
		a, _ := rep.After.Schema().Attribute(d.A)
		v := d.V.String()
		switch a.Type {
		case db.TypeRef:
			v = show(d.V.Ref())
		case db.TypeTuple:
			v = ""
			for i, slot := range d.V.Tuple() {
				if a.TupleTypes != nil && a.TupleTypes[i] == db.TypeRef && !slot.IsNil() {
					v += show(slot.Ref()) + " "
					continue
				}
				v += slot.String() + " "
			}
		}
		return fmt.Sprint(show(d.E), " ", d.A, " ", v, " ", d.Added)
	}
	var lines []string
	for range 6 {
		lines = nil
		next := maps.Clone(colour)
		for _, d := range rep.Datoms[1:] {
			lines = append(lines, line(d))
			if d.E.Part() == 4 && d.E.T() > first {
				next[d.E] += hash(0, line(d)) // the order of the datoms does not count
			}
		}
		colour = next
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func hash(seed uint64, text string) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, seed, text)
	return h.Sum64()
}

// A generator makes random transactions, with few names and values, so that they meet.
type generator struct {
	*rand.Rand
	t    *testing.T
	snap *db.Snapshot
}

func newGenerator(t *testing.T, seed int64) *generator {
	snap := given(t, given(t, empty(t), tx.EDN(vectors)).After, tx.EDN(links)).After
	snap = given(t, snap, tx.EDN(entities)).After
	return &generator{rand.New(rand.NewPCG(uint64(seed), 1)), t, snap}
}

// step makes a transaction part of the snapshot, if it is accepted.
func (g *generator) step() {
	if rep, err := tx.With(context.Background(), g.snap, read(g.items())...); err == nil {
		g.snap = rep.After
	}
}

// items returns some items. Of most tempids in them something is said.
func (g *generator) items() []string {
	items := make([]string, 1+g.IntN(5))
	for i := range items {
		items[i] = g.item()
	}
	for _, name := range []string{`"a"`, `"b"`, `"c"`, `"d"`} {
		if g.IntN(8) > 0 && slices.ContainsFunc(items, func(item string) bool {
			return strings.Contains(item, ":next "+name) ||
				strings.Contains(item, "["+name) || strings.Contains(item, " "+name)
		}) {
			items = append(items, fmt.Sprintf("[:db/add %s %s]", name, g.pick(":tags \"x\"", ":k1 \"c\"", ":k2 \"d\"", ":keys \"c\"")))
		}
	}
	return items
}

func (g *generator) item() string {
	switch g.IntN(10) {
	case 0:
		return fmt.Sprintf("[:db/retract %s %s]", g.entity(), g.attrValue())
	case 1:
		a, _, _ := strings.Cut(g.attrValue(), " ")
		return fmt.Sprintf("[:db/retract %s %s]", g.known(), a)
	case 2:
		return fmt.Sprintf("[:db/retractEntity %s]", g.known())
	case 3:
		return fmt.Sprintf("[:db/cas %s :n %s %d]", g.known(), g.pick("nil", "1", "2"), 1+g.IntN(3))
	case 4, 5:
		return fmt.Sprintf("[:db/add %s %s]", g.entity(), g.attrValue())
	}
	return g.mapOf(2)
}

func (g *generator) mapOf(depth int) string {
	text := "{"
	if g.IntN(2) == 0 {
		text += ":db/id " + g.entity() + " "
	}
	said := map[string]bool{}
	for range 1 + g.IntN(3) {
		pair := g.attrValue()
		a, _, _ := strings.Cut(pair, " ")
		if !said[a] {
			text += pair + " "
		}
		said[a] = true
	}
	if depth > 0 && g.IntN(4) == 0 && !said[":part"] {
		text += g.pick(":part", ":_rs", ":_r") + " " + g.mapOf(depth-1)
	}
	return text + "}"
}

func (g *generator) attrValue() string {
	switch g.IntN(16) {
	case 0, 1, 2:
		return fmt.Sprintf("%s %q", g.pick(":k1", ":k2", ":keys"), g.pick("a", "b", "c", "d"))
	case 3:
		return fmt.Sprintf(":uv %q", g.pick("a", "b", "c", "d", "e", "f"))
	case 4:
		return fmt.Sprintf("%s %q", g.pick(":s", ":tags"), g.pick("x", "y"))
	case 5:
		return ":r " + g.entity()
	case 6:
		return ":rs " + g.entity()
	case 7:
		return ":owner " + g.entity()
	case 8:
		return ":next " + g.entity()
	case 9:
		return ":part " + g.entity()
	case 10:
		return fmt.Sprintf(":link [%s %q]", g.pick(g.entity(), "nil"), g.pick("x", "y"))
	case 11:
		return fmt.Sprintf(":n+r [%d %s]", 1+g.IntN(3), g.pick(g.entity(), "nil"))
	case 12, 13:
		return fmt.Sprintf(":r+s [%s %q]", g.pick(g.entity(), "nil"), g.pick("x", "y"))
	}
	return fmt.Sprintf(":n %d", 1+g.IntN(3))
}

func (g *generator) entity() string {
	if g.IntN(2) == 0 {
		return fmt.Sprintf("%q", g.pick("a", "b", "c", "d"))
	}
	return g.known()
}

// known returns an entity that is there, or may be.
func (g *generator) known() string {
	switch g.IntN(20) {
	case 0:
		return fmt.Sprintf("[:k1 %q]", g.pick("a", "b", "c", "d"))
	case 1:
		return `"datomic.tx"`
	}
	return g.pick(":e1", ":e2", ":e3", ":e4", ":e5")
}

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }
