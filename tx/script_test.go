package tx_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/script"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// vectors is the schema of semantics, appendix A, and what else the scripts need.
const vectors = `[
	{:db/ident :k1 :db/valueType :db.type/string :db/unique :db.unique/identity}
	{:db/ident :k2 :db/valueType :db.type/string :db/unique :db.unique/identity}
	{:db/ident :uv :db/valueType :db.type/string :db/unique :db.unique/value}
	{:db/ident :n :db/valueType :db.type/long}
	{:db/ident :s :db/valueType :db.type/string}
	{:db/ident :tags :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
	{:db/ident :r :db/valueType :db.type/ref}
	{:db/ident :rs :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
	{:db/ident :part :db/valueType :db.type/ref :db/cardinality :db.cardinality/many :db/isComponent true}
	{:db/ident :owner :db/valueType :db.type/ref :db/unique :db.unique/identity}]`

// clock is what the clock of every database in these tests says.
var clock = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// open returns a database in memory, without attributes of its own, whose clock stands still.
func open(t testing.TB) *db.Conn {
	t.Helper()
	store := mem.New()
	conn, err := db.Open(context.Background(), store, db.Options{Clock: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); store.Close() })
	return conn
}

// empty returns the snapshot of a new database.
func empty(t testing.TB) *db.Snapshot { return open(t).Snapshot() }

// given returns the database after data, or fails the test.
func given(t testing.TB, snap *db.Snapshot, data ...tx.Data) *db.Report {
	t.Helper()
	rep, err := tx.With(context.Background(), snap, data...)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestScripts(t *testing.T) {
	script.Each(t, "testdata", func(t *testing.T, file string) {
		begin := tx.Map{"db/id": "datomic.tx", "db/txInstant": time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC)}
		p := &player{t: t, snap: given(t, empty(t), tx.EDN(vectors), begin).After}
		script.File(t, file, p.do)
	})
}

// A player plays the commands of a script on one database.
type player struct {
	t    *testing.T
	snap *db.Snapshot
	last *db.Report
}

func (p *player) do(cmd string, args []string, input string) string {
	ctx := context.Background()
	switch cmd {
	case "transact":
		rep, err := tx.With(ctx, p.snap, tx.EDN(input))
		if err == nil {
			p.snap = rep.After
		}
		return p.tell(rep, err)
	case "with":
		rep, err := tx.With(ctx, p.snap, tx.EDN(input))
		p.reversed(input, rep, err)
		return p.tell(rep, err)
	case "tempids":
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(p.last.TempIDs)) {
			lines = append(lines, fmt.Sprintf("%q %s", name, entity(p.last.After, p.last.TempIDs[name])))
		}
		return strings.Join(lines, "\n")
	case "instant":
		return p.snap.Instant().Format(time.RFC3339Nano)
	case "datoms":
		return p.datoms(args)
	}
	p.t.Fatalf("unknown command %s", cmd)
	return ""
}

// reversed checks that the items in reverse order come to as many datoms, or the same code.
func (p *player) reversed(input string, rep *db.Report, err error) {
	n, readErr := edn.Read(input)
	if readErr != nil {
		return
	}
	slices.Reverse(n.Items)
	again, againErr := tx.With(context.Background(), p.snap, tx.EDN(edn.String(n)))
	if db.CodeOf(err) != db.CodeOf(againErr) || (err == nil && len(rep.Datoms) != len(again.Datoms)) {
		p.t.Errorf("%s\nforwards: %v, %v\nbackwards: %v, %v", input, rep, err, again, againErr)
	}
}

// tell returns what came of a transaction: a line per datom but the instant, or code, category and text of the error.
func (p *player) tell(rep *db.Report, err error) string {
	if err != nil {
		return strings.TrimSpace(db.CodeOf(err)+" "+string(db.CategoryOf(err))) + "\n" + err.Error()
	}
	p.last = rep
	if len(rep.Datoms) == 1 {
		return "nothing"
	}
	var lines []string
	for _, d := range rep.Datoms[1:] {
		sign := "-"
		if d.Added {
			sign = "+"
		}
		lines = append(lines, fmt.Sprintf("%s [%s %s %s]", sign, entity(rep.After, d.E), entity(rep.After, d.A), value(rep.After, d)))
	}
	return strings.Join(lines, "\n")
}

func (p *player) datoms(args []string) string {
	var components []any
	for _, arg := range args[1:] {
		n, err := edn.Read(arg)
		if err != nil {
			p.t.Fatal(err)
		}
		components = append(components, n.Value)
	}
	order := map[string]db.Order{"EAVT": db.EAVT, "AEVT": db.AEVT, "AVET": db.AVET, "VAET": db.VAET}[args[0]]
	var lines []string
	for d, err := range p.snap.Datoms(context.Background(), order, components...) {
		if err != nil {
			return err.Error()
		}
		lines = append(lines, fmt.Sprintf("[%s %s %s %d %t]", entity(p.snap, d.E), entity(p.snap, d.A), value(p.snap, d), d.Tx.T(), d.Added))
	}
	return strings.Join(lines, "\n")
}

func entity(snap *db.Snapshot, e db.ID) string {
	if k, ok := snap.Schema().Ident(e); ok {
		return k.String()
	}
	return e.String()
}

func value(snap *db.Snapshot, d db.Datom) string {
	if snap.Schema().IsRef(d.A) {
		return entity(snap, d.V.Ref())
	}
	return d.V.String()
}
