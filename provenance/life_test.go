package provenance_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/provenance"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// open returns a database in memory that knows pipelines.
func open(t *testing.T) *db.Conn {
	t.Helper()
	store := mem.New()
	conn, err := db.Open(t.Context(), store, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); store.Close() })
	if _, err := tx.Transact(t.Context(), conn, provenance.Schema()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// definition returns a random pipeline of up to n nodes in layers. Parameters come from a small range, so that pipelines share nodes.
func definition(rng *rand.Rand, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{:format :pipeline/v1 :pipeline "p%d" :ops {`, rng.IntN(3))
	for k := range 4 {
		fmt.Fprintf(&b, `"op%d" {:code "c" :ports {:in {`, k)
		for i := range k {
			fmt.Fprintf(&b, ":i%d :t ", i)
		}
		b.WriteString("} :out {:o :t}}} ")
	}
	b.WriteString("} :nodes {")
	used := map[int]bool{}
	for i := range n {
		k := min(i, rng.IntN(4))
		fmt.Fprintf(&b, `"n%d" {:op "op%d" :params {:x %d} :in {`, i, k, rng.IntN(2))
		for j := range k {
			from := rng.IntN(i)
			used[from] = true
			fmt.Fprintf(&b, `:i%d ["n%d" :o] `, j, from)
		}
		b.WriteString("}} ")
	}
	b.WriteString("} :targets {")
	for i := range n {
		if !used[i] {
			fmt.Fprintf(&b, `"t%d" ["n%d" :o] `, i, i)
		}
	}
	b.WriteString("}}")
	return b.String()
}

func parse(t *testing.T, text string) *provenance.Definition {
	t.Helper()
	d, err := provenance.ParseEDN([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// nodes returns the identities of the nodes that a reader shows.
func nodes(t *testing.T, r db.Reader) map[provenance.NodeID]bool {
	t.Helper()
	out := map[provenance.NodeID]bool{}
	for d, err := range r.Datoms(t.Context(), db.AEVT, "node/id") {
		if err != nil {
			t.Fatal(err)
		}
		out[provenance.NodeID([]byte(d.V.Text()))] = true
	}
	return out
}

// ids returns the identities of the nodes of definitions.
func ids(defs ...*provenance.Definition) map[provenance.NodeID]bool {
	out := map[provenance.NodeID]bool{}
	for _, d := range defs {
		for _, id := range d.Nodes() {
			out[id] = true
		}
	}
	return out
}

func sameIDs(a, b map[provenance.NodeID]bool) bool {
	for id := range a {
		if !b[id] {
			return false
		}
	}
	return len(a) == len(b)
}

// noDangling checks that every node that is referred to is there.
func noDangling(t *testing.T, snap *db.Snapshot) {
	t.Helper()
	for _, attr := range []string{"node/inputs", "version/targets"} {
		for d, err := range snap.Datoms(t.Context(), db.AEVT, attr) {
			if err != nil {
				t.Fatal(err)
			}
			e, err := snap.Entity(t.Context(), d.V.Ref())
			if err != nil || e.Get("node/id") == nil {
				t.Fatalf("%v of %v refers to %v, which is no node: %v", attr, d.E, d.V, err)
			}
		}
	}
}

// TestLife takes random pipelines through their lives: what is there after submissions is the union of their nodes; what the active view
// shows, and what is left after archiving in batches of any size, is the union of the living ones; and the past stays.
func TestLife(t *testing.T) {
	soak.Run(t, 10, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 2))
		conn := open(t)
		var living, all []*provenance.Definition
		for range 6 {
			d := parse(t, definition(rng, 1+rng.IntN(12)))
			submit(t, conn, d)
			all = append(all, d)
			if !slices.ContainsFunc(living, func(x *provenance.Definition) bool { return x.Version() == d.Version() }) {
				living = append(living, d)
			}
			if got := nodes(t, active(t, conn)); !sameIDs(got, ids(living...)) {
				t.Fatalf("%d nodes are active, want %d", len(got), len(ids(living...)))
			}
			if rng.IntN(2) == 0 {
				i := rng.IntN(len(living))
				tombstone(t, conn, living[i].Version())
				living = slices.Delete(living, i, i+1)
			}
			if rng.IntN(2) == 0 {
				archive(t, conn, 1+rng.IntN(5))
				if got := nodes(t, conn.Snapshot()); !sameIDs(got, ids(living...)) {
					t.Fatalf("%d nodes are left, want %d", len(got), len(ids(living...)))
				}
			}
		}
		writtenOnce(t, conn.Snapshot())
		if got, want := contents(t, active(t, conn)), contents(t, only(t, all, living)); !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

// only returns a database that never had other versions than the living, each by all definitions that it has.
func only(t *testing.T, all, living []*provenance.Definition) *db.Snapshot {
	conn := open(t)
	for _, d := range all {
		if slices.ContainsFunc(living, func(x *provenance.Definition) bool { return x.Version() == d.Version() }) {
			submit(t, conn, d)
		}
	}
	return conn.Snapshot()
}

// keys name entities, of every kind that a pipeline is made of.
var keys = []string{"node/id", "op/digest", "version/id", "pipeline/name"}

// contents returns what a reader shows of pipelines, entities by their keys. Which version is the head depends on when they came.
func contents(t *testing.T, r db.Reader) map[string]bool {
	t.Helper()
	names := map[db.ID]string{}
	for _, key := range keys {
		for d, err := range r.Datoms(t.Context(), db.AEVT, key) {
			if err != nil {
				t.Fatal(err)
			}
			names[d.E] = fmt.Sprint(key, " ", d.V)
		}
	}
	out := map[string]bool{}
	for _, a := range r.Schema().Attributes() {
		space := a.Ident.Namespace()
		if !slices.Contains([]string{"node", "op", "version", "pipeline", "tombstone"}, space) || a.Ident == "pipeline/head" {
			continue
		}
		for d, err := range r.Datoms(t.Context(), db.AEVT, a.Ident) {
			if err != nil {
				t.Fatal(err)
			}
			v := d.V.String()
			if a.Type == db.TypeRef {
				v = names[d.V.Ref()]
			}
			out[fmt.Sprint(names[d.E], " ", a.Ident, " ", v)] = true
		}
	}
	return out
}

// writtenOnce checks that what a node says was asserted once, and at most once retracted.
func writtenOnce(t *testing.T, snap *db.Snapshot) {
	t.Helper()
	type fact struct {
		e db.ID
		a db.ID
		v db.Value
	}
	for _, a := range snap.Schema().Attributes() {
		if a.Ident.Namespace() != "node" {
			continue
		}
		times, values := map[fact][2]int{}, map[db.ID]int{}
		for d, err := range snap.History().Datoms(t.Context(), db.AEVT, a.Ident) {
			if err != nil {
				t.Fatal(err)
			}
			n := times[fact{d.E, d.A, d.V}]
			if d.Added {
				n[0]++
				values[d.E]++
			} else {
				n[1]++
			}
			if times[fact{d.E, d.A, d.V}] = n; n[0] > 1 || n[1] > 1 || !a.Many && values[d.E] > 1 {
				t.Fatalf("%v of %v was written again", a.Ident, d.E)
			}
		}
	}
}

// A version that is held is not retired, and one that came to be held afterwards is not archived.
func TestHeldVersions(t *testing.T) {
	conn := open(t)
	d := parse(t, definition(rand.New(rand.NewPCG(1, 1)), 6))
	submit(t, conn, d)
	v, err := provenance.FindVersion(t.Context(), conn.Snapshot(), d.Version())
	if err != nil {
		t.Fatal(err)
	}
	transact := func(data tx.Data) {
		t.Helper()
		if _, err := tx.Transact(t.Context(), conn, data); err != nil {
			t.Fatal(err)
		}
	}
	transact(tx.Map{"db/id": v.Entity, "tombstone/hold": "audit"})
	if _, err := provenance.Tombstone(t.Context(), conn, d.Version(), "old"); !errors.Is(err, provenance.ErrHeld) || db.CategoryOf(err) != db.Conflict {
		t.Fatal(err)
	}
	transact(tx.Retract(v.Entity, "tombstone/hold"))
	tombstone(t, conn, d.Version())
	transact(tx.Map{"db/id": v.Entity, "tombstone/hold": "audit"})
	archive(t, conn, 2)
	if got := nodes(t, conn.Snapshot()); !sameIDs(got, ids(d)) {
		t.Fatalf("%d nodes are left of %d", len(got), len(ids(d)))
	}
	transact(tx.Retract(v.Entity, "tombstone/hold"))
	archive(t, conn, 2)
	if got := nodes(t, conn.Snapshot()); len(got) != 0 {
		t.Fatalf("%d nodes are left", len(got))
	}
}

// Nodes with many inputs are more datoms than nodes: they are submitted and archived in as many transactions as they need.
func TestWidePipelines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two seconds")
	}
	const sources, wide = 300, 350
	b := provenance.NewBuilder("wide")
	b.Op("load", provenance.Op{Code: "c", Out: map[string]string{"o": "t"}})
	ports, inputs := map[string]string{}, map[string]provenance.Output{}
	for i := range sources {
		port := fmt.Sprint("an input ", i)
		ports[port] = "t"
		inputs[port] = b.Node(fmt.Sprint("s", i), provenance.Step{Op: "load", Params: map[string]any{"i": i}}).Out("o")
	}
	b.Op("join", provenance.Op{Code: "c", In: ports, Out: map[string]string{"an output": "t"}})
	for i := range wide {
		b.Export(fmt.Sprint("t", i), b.Node(fmt.Sprint("w", i), provenance.Step{Op: "join", Params: map[string]any{"i": i}, In: inputs}).Out("an output"))
	}
	d, err := b.Definition()
	if err != nil {
		t.Fatal(err)
	}
	conn := open(t)
	submit(t, conn, d)
	n, err := provenance.FindNode(t.Context(), conn.Snapshot(), d.Nodes()["w0"])
	if err != nil || len(n.Inputs) != sources {
		t.Fatal(n, err)
	}
	for _, p := range n.Inputs {
		if p.Output != "o" || p.Node != d.Nodes()[string(inputs[p.Name].Node)] {
			t.Fatalf("%+v", p)
		}
	}
	tombstone(t, conn, d.Version())
	batches := 0
	for batch, err := range provenance.Archive(t.Context(), conn, provenance.ArchiveOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if batches++; batch.Datoms > 5500 {
			t.Errorf("a batch of %d datoms", batch.Datoms)
		}
	}
	if got := nodes(t, conn.Snapshot()); len(got) != 0 || batches < 20 {
		t.Errorf("%d nodes are left after %d batches", len(got), batches)
	}
}

// Whoever has not installed the schema is told to.
func TestWithoutSchema(t *testing.T) {
	store := mem.New()
	defer store.Close()
	conn, err := db.Open(t.Context(), store, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d := parse(t, definition(rand.New(rand.NewPCG(1, 1)), 3))
	ctx, snap, id := t.Context(), conn.Snapshot(), provenance.NodeID{}
	try := func(_ any, err error) error { return err }
	last := func(hits iter.Seq2[provenance.Hit, error]) (err error) {
		for _, err = range hits {
		}
		return err
	}
	for i, err := range []error{
		try(provenance.Submit(ctx, conn, d)), try(provenance.FindNode(ctx, snap, id)), try(provenance.FindVersion(ctx, snap, d.Version())),
		try(provenance.Find(ctx, snap, d.Version(), "n0")), try(provenance.Compare(ctx, snap, d.Version(), d.Version())),
		try(provenance.Tombstone(ctx, conn, d.Version(), "")), try(provenance.Active(ctx, snap)),
		last(provenance.Downstream(ctx, snap, provenance.WalkOptions{}, id)),
	} {
		if !errors.Is(err, db.ErrUnknownAttribute) || !strings.Contains(err.Error(), "provenance.Schema()") {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func submit(t *testing.T, conn *db.Conn, d *provenance.Definition) {
	t.Helper()
	before := nodes(t, conn.Snapshot())
	sub, err := provenance.Submit(t.Context(), conn, d)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(nodes(t, conn.Snapshot())) - len(before); got != sub.New {
		t.Fatalf("%d nodes came, %d are said to be new", got, sub.New)
	}
	if sub.New+sub.Shared != len(ids(d)) {
		t.Fatalf("%d new and %d shared nodes of %d", sub.New, sub.Shared, len(ids(d)))
	}
	at := conn.Snapshot().T()
	if again, err := provenance.Submit(t.Context(), conn, d); err != nil || again.New != 0 || conn.Snapshot().T() != at {
		t.Fatalf("submitted again: %v, %v, t %v → %v", again, err, at, conn.Snapshot().T())
	}
}

func active(t *testing.T, conn *db.Conn) *db.View {
	t.Helper()
	view, err := provenance.Active(t.Context(), conn.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func tombstone(t *testing.T, conn *db.Conn, v provenance.VersionID) {
	t.Helper()
	rep, err := provenance.Tombstone(t.Context(), conn, v, "done")
	if err != nil || len(rep.Datoms) > 10 {
		t.Fatalf("%v, %v", rep, err)
	}
}

// archive archives everything, paused now and then, and checks every batch and the past.
func archive(t *testing.T, conn *db.Conn, size int) {
	t.Helper()
	before := conn.Snapshot()
	was := nodes(t, before)
	for done := false; !done; {
		done = true
		for b, err := range provenance.Archive(t.Context(), conn, provenance.ArchiveOptions{Nodes: size}) {
			if err != nil {
				t.Fatal(err)
			}
			noDangling(t, conn.Snapshot())
			if b.T%3 == 0 && b.Left > 0 {
				done = false
				break
			}
		}
	}
	if !sameIDs(nodes(t, conn.Snapshot().AsOf(before.T())), was) {
		t.Fatal("the past has changed")
	}
}

// TestSubmitWhileArchiving: what was submitted is whole, whatever an archiver did meanwhile.
func TestSubmitWhileArchiving(t *testing.T) {
	soak.Run(t, 3, 15, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		conn := open(t)
		text := definition(rng, 12)
		d := parse(t, text)
		submit(t, conn, d)
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 5 {
				for _, err := range provenance.Archive(context.Background(), conn, provenance.ArchiveOptions{Nodes: 2}) {
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
		for range 5 {
			tombstone(t, conn, d.Version())
			if _, err := provenance.Submit(t.Context(), conn, d); err != nil {
				t.Error(err)
			}
			noDangling(t, conn.Snapshot())
		}
		wg.Wait()
		if got := nodes(t, active(t, conn)); !sameIDs(got, ids(d)) {
			t.Fatalf("%d nodes are active, want %d", len(got), len(ids(d)))
		}
	})
}

// TestWalks: downstream and upstream are converse, and what a naive closure finds.
func TestWalks(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 4))
	conn := open(t)
	d := parse(t, definition(rng, 25))
	submit(t, conn, d)
	snap := conn.Snapshot()
	down := map[[2]provenance.NodeID]bool{}
	for id := range ids(d) {
		last := 0
		for hit, err := range provenance.Downstream(t.Context(), snap, provenance.WalkOptions{}, id) {
			if err != nil || hit.Depth < last || d.Nodes()[hit.Label] != hit.Node {
				t.Fatalf("%+v, %v", hit, err)
			}
			last = hit.Depth
			down[[2]provenance.NodeID{id, hit.Node}] = true
		}
	}
	if want := naive(t, snap, d); !maps.Equal(down, want) {
		t.Fatalf("%d pairs downstream, %d by a naive closure", len(down), len(want))
	}
	up := 0
	for id := range ids(d) {
		for hit, err := range provenance.Upstream(t.Context(), snap, provenance.WalkOptions{}, id) {
			if err != nil || !down[[2]provenance.NodeID{hit.Node, id}] {
				t.Fatalf("%+v, %v", hit, err)
			}
			up++
		}
	}
	if up != len(down) || up == 0 {
		t.Errorf("%d pairs upstream, %d downstream", up, len(down))
	}
}

// naive returns all pairs of a node and what rests on it: inputs and their consumers, joined until nothing new comes.
func naive(t *testing.T, snap *db.Snapshot, d *provenance.Definition) map[[2]provenance.NodeID]bool {
	pairs := map[[2]provenance.NodeID]bool{}
	for id := range ids(d) {
		n, err := provenance.FindNode(t.Context(), snap, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range n.Inputs {
			pairs[[2]provenance.NodeID{in.Node, id}] = true
		}
	}
	for before := -1; before < len(pairs); {
		before = len(pairs)
		for x := range maps.Clone(pairs) {
			for y := range maps.Clone(pairs) {
				if x[1] == y[0] {
					pairs[[2]provenance.NodeID{x[0], y[1]}] = true
				}
			}
		}
	}
	return pairs
}

// TestCompareLaws: a version does not differ from itself, and two differ the same both ways.
func TestCompareLaws(t *testing.T) {
	soak.Run(t, 5, 30, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		conn := open(t)
		a, b := parse(t, definition(rng, 8)), parse(t, definition(rng, 8))
		submit(t, conn, a)
		submit(t, conn, b)
		compare := func(x, y *provenance.Definition) *provenance.Delta {
			d, err := provenance.Compare(t.Context(), conn.Snapshot(), x.Version(), y.Version())
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if d := compare(a, a); !d.Empty() || d.Shared != len(ids(a)) {
			t.Errorf("%+v", d)
		}
		one, other := compare(a, b), compare(b, a)
		back := &provenance.Delta{A: other.B, B: other.A, Shared: other.Shared, Added: other.Removed, Removed: other.Added}
		for _, m := range other.Modified {
			back.Modified = append(back.Modified, provenance.Modified{Label: m.Label, A: m.B, B: m.A, Changes: m.Changes})
		}
		if diff := cmp.Diff(one, back); diff != "" {
			t.Error(diff)
		}
	})
}
