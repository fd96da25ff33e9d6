package model_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/model"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

const schema = `[
 {:db/ident :k1 :db/valueType :db.type/string :db/unique :db.unique/identity}
 {:db/ident :k2 :db/valueType :db.type/string :db/unique :db.unique/identity}
 {:db/ident :ks :db/valueType :db.type/long :db/cardinality :db.cardinality/many :db/unique :db.unique/identity}
 {:db/ident :uv :db/valueType :db.type/string :db/unique :db.unique/value}
 {:db/ident :n :db/valueType :db.type/long}
 {:db/ident :tags :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
 {:db/ident :r :db/valueType :db.type/ref}
 {:db/ident :rs :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
 {:db/ident :part :db/valueType :db.type/ref :db/cardinality :db.cardinality/many :db/isComponent true}
 {:db/ident :owner :db/valueType :db.type/ref :db/unique :db.unique/identity}
 {:db/ident :m :db/valueType :db.type/long}
 {:db/ident :n+r :db/valueType :db.type/tuple :db/tupleAttrs [:n :r]}
 {:db/ident :m+r :db/valueType :db.type/tuple :db/tupleAttrs [:m :r] :db/unique :db.unique/identity :db.tuple/nilsDistinct true :db.tuple/upsert true}
 {:db/ident :uv+m :db/valueType :db.type/tuple :db/tupleAttrs [:uv :m :uv] :db/unique :db.unique/value}]`

// A world is a database and its model, kept equal transaction by transaction.
type world struct {
	t     *testing.T
	ctx   context.Context
	rng   *rand.Rand
	model *model.DB
	snap  *db.Snapshot
	txs   []*db.Report
	ids   []db.ID

	conn     *db.Conn
	commits  bool // transactions are written, and not only tried
	store    *mem.Store
	invented db.ID // ids given to new entities of refused transactions
}

func newWorld(t *testing.T, seed int64) *world {
	t.Helper()
	store := mem.New()
	conn, err := db.Open(t.Context(), store, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); store.Close() })
	rep, err := tx.Transact(t.Context(), conn, tx.EDN(schema))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: t.Context(), rng: rand.New(rand.NewPCG(uint64(seed), 1)), model: &model.DB{}, snap: rep.After, conn: conn}
	w.learn()
	return w
}

// learn tells the model what attributes there are.
func (w *world) learn() {
	w.model.Attrs = nil
	for _, a := range w.snap.Schema().Attributes() {
		if a.ID >= 1000 {
			w.model.Attrs = append(w.model.Attrs, model.Attr{ID: a.ID, Name: string(a.Ident), Ref: a.Type == db.TypeRef,
				Many: a.Many, Component: a.Component, Unique: a.Unique,
				Parts: a.TupleAttrs, NilsDistinct: a.NilsDistinct, UpsertParts: a.UpsertParts})
		}
	}
}

// late installs a composite when there is data already.
func (w *world) late() {
	w.t.Helper()
	rep, err := tx.With(w.ctx, w.snap, tx.EDN(`[{:db/ident :late :db/valueType :db.type/tuple :db/tupleAttrs [:k1 :n]}]`))
	if err != nil {
		w.t.Fatal(err)
	}
	w.snap = rep.After
	w.learn()
}

func pick[T any](w *world, xs ...T) T { return xs[w.rng.IntN(len(xs))] }

// ops returns a random transaction.
func (w *world) ops() []model.Op {
	ops := make([]model.Op, 1+w.rng.IntN(5))
	for i := range ops {
		ops[i] = w.op()
	}
	if w.rng.IntN(4) == 0 {
		ops = append(ops, w.parts(w.model.Attr(pick(w, "n+r", "m+r", "uv+m")))...)
	}
	return ops
}

// parts says parts of a composite of one entity, and what it comes to, or came to.
func (w *world) parts(a model.Attr) []model.Op {
	e := w.entity(true)
	say := func(a model.Attr, v model.Term) model.Op { return model.Op{Kind: "add", E: e, A: a.Name, V: v} }
	var ops []model.Op
	for _, id := range slices.Compact(slices.Sorted(slices.Values(a.Parts))) {
		if part := w.model.Attrs[slices.IndexFunc(w.model.Attrs, func(a model.Attr) bool { return a.ID == id })]; w.rng.IntN(3) > 0 {
			ops = append(ops, say(part, w.value(part)))
		}
	}
	if w.rng.IntN(3) == 0 {
		ops = append(ops, say(a, w.tuple(a)))
	}
	return ops
}

func (w *world) op() model.Op {
	a := w.model.Attrs[w.rng.IntN(len(w.model.Attrs))]
	op := model.Op{Kind: pick(w, "add", "add", "add", "add", "add", "retract", "retract", "retract-all", "retract-entity", "cas"), A: a.Name}
	switch op.Kind {
	case "add", "retract":
		op.E, op.V = w.entity(true), w.value(a)
	case "cas":
		for a.Many {
			a = w.model.Attrs[w.rng.IntN(len(w.model.Attrs))]
		}
		op.A, op.E, op.V, op.Old = a.Name, w.entity(false), w.value(a), w.old(a)
	default:
		op.E = w.entity(false)
	}
	return op
}

func (w *world) entity(tempids bool) model.Term {
	switch {
	case tempids && (len(w.ids) == 0 || w.rng.IntN(2) == 0):
		return model.Term{Tempid: pick(w, "p", "q", "s")}
	case len(w.ids) > 0 && w.rng.IntN(5) > 0:
		return model.Term{ID: pick(w, w.ids...)}
	}
	a := w.model.Attr(pick(w, "k1", "k2", "uv", "m+r", "uv+m"))
	if a.Parts == nil {
		return model.Term{Key: &model.Key{A: a.Name, V: w.scalar(a)}}
	}
	v := index.NewTuple(make([]db.Value, len(a.Parts))...)
	for _, d := range w.model.Now() {
		if d.A == a.ID && w.rng.IntN(2) == 0 {
			v = d.V
		}
	}
	return model.Term{Key: &model.Key{A: a.Name, V: v}}
}

func (w *world) value(a model.Attr) model.Term {
	switch {
	case a.Ref:
		return w.entity(true)
	case a.Parts != nil:
		return w.tuple(a)
	}
	return model.Term{V: w.scalar(a)}
}

// tuple returns a value of a composite: one that some entity has, or any.
func (w *world) tuple(a model.Attr) model.Term {
	if some := slices.DeleteFunc(w.model.Now(), func(d db.Datom) bool { return d.A != a.ID }); len(some) > 0 && w.rng.IntN(2) == 0 {
		return model.Term{Slots: constants(pick(w, some...).V)}
	}
	slots := make([]model.Term, len(a.Parts))
	for i, id := range a.Parts {
		if w.rng.IntN(4) > 0 {
			slots[i] = w.value(w.model.Attrs[slices.IndexFunc(w.model.Attrs, func(a model.Attr) bool { return a.ID == id })])
		}
	}
	return model.Term{Slots: slots}
}

func constants(v db.Value) []model.Term {
	slots := v.Tuple()
	terms := make([]model.Term, len(slots))
	for i, slot := range slots {
		terms[i].V = slot
	}
	return terms
}

// long is how texts begin that are stored apart.
var long = strings.Repeat("c", 600)

func (w *world) scalar(a model.Attr) db.Value {
	if a.Name == "n" || a.Name == "m" || a.Name == "ks" {
		return index.Long(int64(w.rng.IntN(3)))
	}
	v, _ := index.String(pick(w, "a", "b", long+"a", long+"b"))
	return v
}

// old returns what cas expects: often what is so.
func (w *world) old(a model.Attr) model.Term {
	for _, d := range w.model.Now() {
		if d.A == a.ID && w.rng.IntN(3) == 0 {
			return model.Term{V: d.V}
		}
	}
	return model.Term{}
}

// data returns the items as transaction data.
func data(ops []model.Op) tx.Data {
	var out []tx.Data
	for _, op := range ops {
		e := arg(op.E)
		switch op.Kind {
		case "add":
			out = append(out, tx.Add(e, op.A, arg(op.V)))
		case "retract":
			out = append(out, tx.Retract(e, op.A, arg(op.V)))
		case "retract-all":
			out = append(out, tx.Retract(e, op.A))
		case "retract-entity":
			out = append(out, tx.RetractEntity(e))
		case "cas":
			out = append(out, tx.CAS(e, op.A, arg(op.Old), arg(op.V)))
		}
	}
	return tx.All(out...)
}

func arg(t model.Term) any {
	switch {
	case t.Tempid != "":
		return t.Tempid
	case t.Key != nil:
		return db.Lookup(t.Key.A, t.Key.V.Any())
	case t.ID != 0:
		return t.ID
	case t.Slots != nil:
		slots := make(db.Tuple, len(t.Slots))
		for i, slot := range t.Slots {
			slots[i] = arg(slot)
		}
		return slots
	}
	return t.V.Any()
}

// transact runs a transaction on both, and compares what came of it.
func (w *world) transact(ops []model.Op) {
	w.t.Helper()
	rep, err := w.try(ops)
	want, wantErr := w.model.Transact(ops, index.TxID(w.snap.NextT()), func(names []string) db.ID { return w.same(rep, names) })
	if (err == nil) != (wantErr == nil) {
		w.t.Fatalf("%v: got %v, the model %v\nnow %v", ops, err, wantErr, w.model.Now())
	}
	if err != nil {
		return
	}
	if got := rep.Datoms[1:]; !equalSets(got, want) {
		w.t.Fatalf("%v: got %v, the model %v\nnow %v", ops, got, want, w.model.Now())
	}
	w.model.Events = append(w.model.Events, rep.Datoms[1:]...)
	w.snap, w.txs = rep.After, append(w.txs, rep)
	for _, d := range rep.Datoms[1:] {
		if !slices.Contains(w.ids, d.E) {
			w.ids = append(w.ids, d.E)
		}
	}
}

func (w *world) try(ops []model.Op) (*db.Report, error) {
	if w.commits {
		return tx.Transact(w.ctx, w.conn, data(ops))
	}
	return tx.With(w.ctx, w.snap, data(ops))
}

// index puts what was written into the index.
func (w *world) index() {
	w.t.Helper()
	if err := w.conn.Index(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	w.snap = w.conn.Snapshot()
}

// same returns the id that the real database gave to tempids that are one entity.
func (w *world) same(rep *db.Report, names []string) db.ID {
	if rep == nil {
		w.invented++
		return 1<<50 + w.invented
	}
	for _, name := range names {
		if rep.TempIDs[name] != rep.TempIDs[names[0]] {
			w.t.Errorf("tempids %v are one entity, got %v", names, rep.TempIDs)
		}
	}
	return rep.TempIDs[names[0]]
}

func equalSets(a, b []db.Datom) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(d db.Datom) bool { return !slices.Contains(b, d) })
}

// view returns a random view, and the same for the model.
func (w *world) view() (db.Reader, model.View, string) {
	moment := func() db.ID {
		if len(w.txs) == 0 {
			return index.TxID(w.snap.T())
		}
		return pick(w, w.txs...).Tx
	}
	var r viewer = w.snap
	var v model.View
	if w.rng.IntN(2) == 0 {
		v.AsOf = moment()
		r = r.AsOf(v.AsOf)
	}
	if w.rng.IntN(3) == 0 {
		v.Since = moment()
		r = r.Since(v.Since)
	}
	if w.rng.IntN(3) == 0 {
		v.History = true
		r = r.History()
	}
	if w.rng.IntN(4) == 0 && len(w.ids) > 0 {
		v.Without = &db.IDSet{}
		v.Without.Add(pick(w, w.ids...))
		r = r.Without(v.Without)
	}
	if w.rng.IntN(4) == 0 {
		a := pick(w, w.model.Attrs...)
		v.Keep = func(d db.Datom) bool { return d.A != a.ID }
		r = r.Filter(func(_ db.Reader, d db.Datom) bool { return d.A != a.ID })
	}
	return r, v, fmt.Sprintf("%v", r)
}

type viewer interface {
	db.Reader
	AsOf(db.Moment) *db.View
	Since(db.Moment) *db.View
	History() *db.View
	Filter(func(db.Reader, db.Datom) bool) *db.View
	Without(*db.IDSet) *db.View
}
