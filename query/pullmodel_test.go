package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// A shape is a pull pattern as its test knows it.
type shape struct {
	all, id bool
	specs   []*shapeSpec
}

type shapeSpec struct {
	attr    string
	reverse bool
	as      string
	limit   int // 0 is none given, −1 nil
	absent  any
	str     bool // :xform str
	sub     *shape
	depth   int // −1 is ...
}

func (p *shape) String() string {
	var parts []string
	if p.all {
		parts = append(parts, "*")
	}
	if p.id {
		parts = append(parts, ":db/id")
	}
	for _, s := range p.specs {
		parts = append(parts, s.String())
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func (s *shapeSpec) name() string {
	if s.reverse {
		return "_" + s.attr
	}
	return s.attr
}

func (s *shapeSpec) String() string {
	text := ":" + s.name()
	if s.as != "" {
		text += " :as " + edn.String(s.as)
	}
	if s.limit != 0 {
		text += " :limit " + strings.ReplaceAll(fmt.Sprint(s.limit), "-1", "nil")
	}
	if s.absent != nil {
		text += " :default " + edn.String(s.absent)
	}
	if s.str {
		text += " :xform str"
	}
	if strings.Contains(text, " ") {
		text = "(" + text + ")"
	}
	switch {
	case s.sub != nil:
		text = "{" + text + " " + s.sub.String() + "}"
	case s.depth == -1:
		text = "{" + text + " ...}"
	case s.depth > 0:
		text = fmt.Sprintf("{%s %d}", text, s.depth)
	}
	return text
}

func randomShape(rng *rand.Rand, depth int) *shape {
	p := &shape{all: rng.IntN(5) == 0, id: rng.IntN(3) == 0}
	names := []string{"s", "n", "flag", "tags", "k", "r", "rs", "part", "parts", "r", "rs", "parts"}
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, attr := range names[:1+rng.IntN(4)] {
		s := randomSpec(rng, attr, depth)
		if !slices.ContainsFunc(p.specs, func(o *shapeSpec) bool { return o.name() == s.name() }) {
			p.specs = append(p.specs, s)
		}
	}
	return p
}

func randomSpec(rng *rand.Rand, attr string, depth int) *shapeSpec {
	s := &shapeSpec{attr: attr}
	isRef := slices.Contains([]string{"r", "rs", "part", "parts"}, attr)
	if isRef {
		s.reverse = rng.IntN(3) == 0
		switch n := rng.IntN(5); {
		case n < 2 && depth > 0:
			s.sub = randomShape(rng, depth-1)
		case n == 2:
			s.depth = rng.IntN(5) - 1
		}
	}
	if rng.IntN(6) == 0 {
		s.as = []string{"x", "y", "n"}[rng.IntN(3)]
	}
	if rng.IntN(4) == 0 && (s.reverse || attr == "tags" || attr == "rs" || attr == "parts") {
		s.limit = rng.IntN(5) - 1
	}
	if rng.IntN(6) == 0 {
		s.absent = []any{false, int64(7), "none"}[rng.IntN(3)]
	}
	s.str = !isRef && rng.IntN(8) == 0
	return s
}

// A pullModel answers pulls slowly and obviously, from all datoms that a reader shows.
type pullModel struct {
	schema *db.Schema
	datoms []db.Datom // in EAVT
}

func newPullModel(t *testing.T, r db.Reader) *pullModel {
	m := &pullModel{schema: r.Schema()}
	for d, err := range r.Datoms(t.Context(), db.EAVT) {
		if err != nil {
			t.Fatal(err)
		}
		m.datoms = append(m.datoms, d)
	}
	return m
}

var everything = &shape{all: true, id: true}

// pull applies a shape to an entity. path has the entities to which the shape is being applied on the way here, e not among them.
func (m *pullModel) pull(e db.ID, p *shape, path []db.ID, budgets map[*shapeSpec]int) map[string]any {
	path = append(slices.Clone(path), e)
	out := map[string]any{}
	if p.id || p.all {
		out["db/id"] = e
	}
	set := func(key string, v any) {
		if _, ok := out[key]; !ok && v != nil {
			out[key] = v
		}
	}
	for _, s := range p.specs {
		key := s.name()
		if s.as != "" {
			key = s.as
		}
		set(key, m.value(e, p, s, path, budgets))
	}
	for _, a := range m.schema.Attributes() {
		s := &shapeSpec{attr: string(a.Ident)}
		named := slices.ContainsFunc(p.specs, func(o *shapeSpec) bool { return o.name() == s.attr })
		if p.all && !named {
			set(s.attr, m.value(e, p, s, path, budgets))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// value returns the value for one spec, nil where there is none.
func (m *pullModel) value(e db.ID, p *shape, s *shapeSpec, path []db.ID, budgets map[*shapeSpec]int) any {
	a, _ := m.schema.Named(s.attr)
	single := !s.reverse && !a.Many || s.reverse && a.Component
	var list []any
	for _, v := range m.first(e, a, s, single) {
		if x := m.shown(e, v, a, p, s, path, budgets); x != nil {
			list = append(list, x)
		}
	}
	var v any
	switch {
	case len(list) == 0 && s.absent != nil:
		return s.absent
	case len(list) > 0 && single:
		v = list[0]
	case len(list) > 0:
		v = list
	}
	if s.str {
		v = fmt.Sprint(v)
		if v == "<nil>" {
			v = ""
		}
		if a.Many && len(list) > 0 {
			v = edn.String(list)
		}
	}
	return v
}

// first returns the values that a spec looks at.
func (m *pullModel) first(e db.ID, a *db.Attribute, s *shapeSpec, single bool) []any {
	var vs []any
	for _, d := range m.datoms {
		switch {
		case d.A != a.ID:
		case s.reverse && a.Go(d.V) == e:
			vs = append(vs, d.E)
		case !s.reverse && d.E == e:
			vs = append(vs, a.Go(d.V))
		}
	}
	limit := s.limit
	if limit == 0 {
		limit = 1000
	}
	if single {
		limit = 1
	}
	if limit > 0 && len(vs) > limit {
		vs = vs[:limit]
	}
	return vs
}

// shown returns what stands for one value of e.
func (m *pullModel) shown(e db.ID, v any, a *db.Attribute, p *shape, s *shapeSpec, path []db.ID, budgets map[*shapeSpec]int) any {
	id, isRef := v.(db.ID)
	stub := map[string]any{"db/id": id}
	if ident, ok := m.schema.Ident(id); ok {
		stub["db/ident"] = ident
	}
	var kid map[string]any
	switch {
	case !isRef:
		return v
	case s.sub != nil:
		kid = m.pull(id, s.sub, nil, m.budgets(s.sub))
	case s.depth != 0:
		left, again := budgets[s], slices.Contains(path, id)
		if again || left == 0 {
			if p.id || p.all {
				return stub
			}
			return nil
		}
		lower := map[*shapeSpec]int{}
		for k, n := range budgets {
			lower[k] = n
		}
		lower[s]--
		kid = m.pull(id, p, path, lower)
	case a.Component && !s.reverse:
		if p != everything {
			path = []db.ID{e}
		}
		if slices.Contains(path, id) {
			return stub
		}
		kid = m.pull(id, everything, path, nil)
	default:
		return stub
	}
	if kid == nil {
		return nil
	}
	return kid
}

func (m *pullModel) budgets(p *shape) map[*shapeSpec]int {
	out := map[*shapeSpec]int{}
	for _, s := range p.specs {
		out[s] = s.depth // −1 never comes to 0
	}
	return out
}

// randomTree returns a database of few entities that refer to each other at random, and how many transactions made it.
func randomTree(t *testing.T, rng *rand.Rand) (*db.Snapshot, []db.T) {
	snap := with(t, start(t), tx.EDN(treeSchema)).After
	first := with(t, snap, tx.EDN(`[{:s "0"} {:s "1"} {:s "2"} {:s "3"} {:s "4"} {:s "5"} {:s "6"} {:db/ident :color/red}]`))
	ids, snap := first.Created, first.After
	ts := []db.T{first.T}
	pick := func() db.ID { return ids[rng.IntN(len(ids))] }
	for range 1 + rng.IntN(6) {
		var data []tx.Data
		said := map[string]bool{}
		for range 1 + rng.IntN(8) {
			e, attr := pick(), []string{"n", "flag", "tags", "k", "r", "rs", "part", "parts"}[rng.IntN(8)]
			var v any = pick()
			switch attr {
			case "n", "tags":
				v = rng.IntN(9)
			case "flag":
				v = rng.IntN(2) == 0
			case "k":
				v = db.Keyword([]string{"a", "b/c"}[rng.IntN(2)])
			}
			if key := fmt.Sprint(e, attr); said[key] {
				continue
			} else {
				said[key] = true
			}
			if rng.IntN(4) == 0 {
				data = append(data, tx.Retract(e, attr))
			} else {
				data = append(data, tx.Add(e, attr, v))
			}
		}
		rep := with(t, snap, data...)
		snap, ts = rep.After, append(ts, rep.T)
	}
	return snap, ts
}

// randomView returns the snapshot, or a view of it.
func randomView(rng *rand.Rand, snap *db.Snapshot, ts []db.T) db.Reader {
	t := ts[rng.IntN(len(ts))]
	odd := func(_ db.Reader, d db.Datom) bool { return d.A%2 == 1 || d.V.Kind() != 2 || d.E%3 > 0 }
	hidden := &db.IDSet{}
	for d := range snap.Datoms(context.Background(), db.EAVT) {
		if rng.IntN(40) == 0 {
			hidden.Add(d.E)
		}
	}
	switch rng.IntN(8) {
	case 0:
		return snap.AsOf(t)
	case 1:
		return snap.Since(t)
	case 2:
		return snap.Filter(odd)
	case 3:
		return snap.Without(hidden)
	case 4:
		return snap.AsOf(t).Since(ts[0]).Filter(odd)
	case 5:
		return snap.Without(hidden).AsOf(t)
	}
	return snap
}

// law: a pull is what the model says, on every view.
func TestPullAgainstModel(t *testing.T) {
	const pulls = 6
	cases := 0
	soak.Run(t, 60, 400, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		snap, ts := randomTree(t, rng)
		r := randomView(rng, snap, ts)
		m := newPullModel(t, r)
		var ids []db.ID
		for _, d := range m.datoms {
			if d.E > 1<<42 {
				ids = append(ids, d.E)
			}
		}
		for range pulls {
			p := randomShape(rng, 2)
			e := db.ID(999)
			if len(ids) > 0 && rng.IntN(20) > 0 {
				e = ids[rng.IntN(len(ids))]
			}
			want := m.pull(e, p, nil, m.budgets(p))
			got, err := query.Pull[map[string]any](t.Context(), r, e, p.String())
			if errors.Is(err, query.ErrNoRow) {
				err = nil
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("pull %s of %d on %s: %v\n%s", p, e, r, err, diff)
			}
			cases++
		}
	})
	if cases < 300 {
		t.Errorf("only %d pulls ran", cases)
	}
	t.Logf("%d pulls", cases)
}
