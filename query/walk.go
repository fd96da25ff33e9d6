package query

import (
	"context"
	"sync"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A walk is what a query comes to that asks for all to which a transitive rule leads from one value, which an input is, or from the one entity
// that has a value of a unique attribute: it goes from node to node in the index, with neither groups nor steps nor a graph. It is made of
// a template and, like it, holds whatever the values of the inputs are; what it cannot settle, or what leads far, is left to the plan.
type walk struct {
	schema *db.Schema
	rules  Rules
	inputs int
	at     int         // the input that is the rules
	from   pointRead   // the value from which it starts, or by which the entity is found that it starts from
	links  [2][]stride // by layer, see closure
	layers int32
	ids    bool // what is found are entities
	names  []string
	q      *ast
}

// A stride is a path of hops, and the layer to which it leads.
type stride struct {
	hops  []hop
	layer int32
}

// farWalk is how many nodes a walk goes to at most.
const farWalk = 1024

// walked answers a query as a walk, and tells the database's observer of it; it returns nil where the query is none or the walk cannot settle it.
func walked(ctx context.Context, text string, q *ast, r db.Reader, in []any) *answer {
	t := q.kept.Load()
	if t == nil || t.walk == nil || len(in) != t.walk.inputs || isNoReader(r) || r.IsHistory() || r.Schema() != t.walk.schema ||
		ctx.Value(budgetKey{}) != nil || !t.walk.rules.are(in[t.walk.at]) {
		return nil
	}
	start := clock(r)
	w := walkers.Get().(*walker)
	defer w.rest()
	var err error
	w.walk, w.ctx = t.walk, ctx
	w.in, err = r.Finder(ctx)
	if err != nil || !w.start(in) || !w.goOn() {
		return nil
	}
	a := w.answer()
	if !start.IsZero() {
		r.Snapshot().Observe(db.Event{Kind: "query", T: r.T(), Rows: a.n, Datoms: w.datoms, Duration: time.Since(start), Text: text})
	}
	return a
}

// are reports whether an input is these rules.
func (rs Rules) are(x any) bool {
	switch x := x.(type) {
	case Rules:
		return x == rs
	case string:
		return Rules(x) == rs
	}
	return false
}

// A walker is on a walk.
type walker struct {
	walk     *walk
	ctx      context.Context
	in       index.Finder
	values   numbering
	nodes    []int32 // in the order in which they were reached
	visited  []bool  // by node
	found    []int32 // numbers of values
	at, next []index.Value
	datoms   int
}

// walkers are those that are not on a walk. They hold on to nothing but room for a short one.
var walkers = sync.Pool{New: func() any { return new(walker) }}

// keptRoom is how many nodes there is room for at most in a walker that rests.
const keptRoom = 1 << 12

// rest ends the walk.
func (w *walker) rest() {
	if max(len(w.values.slots), cap(w.nodes), cap(w.visited), cap(w.next), cap(w.at)) > keptRoom {
		return
	}
	w.values.clear()
	clear(w.at[:cap(w.at)])
	clear(w.next[:cap(w.next)])
	clear(w.visited)
	*w = walker{values: w.values, nodes: w.nodes[:0], visited: w.visited, found: w.found[:0], at: w.at, next: w.next}
	walkers.Put(w)
}

// answer returns what was found as an answer.
func (w *walker) answer() *answer {
	a := newFewAnswer(w.walk.names, w.walk.q.shape)
	a.n, a.cols[0].ids, a.cols[0].values = len(w.found), w.walk.ids, w.values.values.Pick(w.found)
	return a
}

// start notes the node from which the walk starts, unless there is none; it reports whether that is settled.
func (w *walker) start(in []any) bool {
	v := w.walk.from.value
	if w.walk.from.input >= 0 {
		var err error
		if v, err = index.Of(in[w.walk.from.input]); err != nil || v.IsNil() || v.Kind() == index.KindTuple {
			return false
		}
	}
	if w.walk.from.attr == 0 {
		w.nodes = append(w.nodes, w.values.number(v)*w.walk.layers)
		return v.Kind() == index.KindLong
	}
	if err := w.in.Find(index.AVET, 2, index.Fact{A: w.walk.from.attr, V: v}); err != nil || w.in.Len() > 1 {
		return false
	}
	if w.datoms = w.in.Len(); w.datoms == 1 {
		w.nodes = append(w.nodes, w.values.number(index.Ref(w.in.E(0)))*w.walk.layers)
	}
	return true
}

// goOn goes to all nodes; it reports whether it could.
func (w *walker) goOn() bool {
	for i := 0; i < len(w.nodes); i++ {
		if len(w.nodes) > farWalk || w.ctx.Err() != nil {
			return false
		}
		n := w.nodes[i]
		for _, s := range w.walk.links[n%w.walk.layers] {
			if !w.take(s, w.values.values.At(int(n/w.walk.layers))) {
				return false
			}
		}
	}
	return true
}

// take goes on by a stride from a value; it reports whether it could.
func (w *walker) take(s stride, from index.Value) bool {
	w.at = append(w.at[:0], from)
	for i := range s.hops {
		w.next = w.next[:0]
		for _, v := range w.at {
			before, err := len(w.next), error(nil)
			if w.next, err = s.hops[i].lead(&w.in, v, w.next); err != nil || len(w.next) > farWalk {
				return false
			}
			w.datoms += len(w.next) - before
		}
		w.at, w.next = w.next, w.at
	}
	for _, v := range w.at {
		w.reach(w.values.number(v)*w.walk.layers + s.layer)
	}
	return true
}

// reach notes a node.
func (w *walker) reach(n int32) {
	if w.visited = padded(w.visited, int(n)+1); w.visited[n] {
		return
	}
	w.visited[n] = true
	if n != w.nodes[0] {
		w.nodes = append(w.nodes, n)
	}
	if w.walk.layers == 1 || n&1 == 1 {
		w.found = append(w.found, n/w.walk.layers)
	}
}
