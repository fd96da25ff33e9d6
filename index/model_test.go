package index

import (
	"context"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/internal/soak"
)

// A history is a slow and obvious database: every fact that ever held, complete, and the commits that made them.
type history struct {
	facts   []Fact
	commits [][]Fact
	at      []ID // how new the facts were before each commit
	newest  ID
	pool    []Value // the values of attributes from 6 on
}

// The attributes of random histories: 1 and 2 are references, 4 is not indexed, 6 and 7 have values of every kind, and long ones.
type testAttrs struct{}

func (testAttrs) Indexed(a ID) bool { return a != 4 }
func (testAttrs) IsRef(a ID) bool   { return a <= 2 }

func randomValue(rng *rand.Rand, a ID) Value {
	switch {
	case a <= 2:
		return Ref(ID(rng.Intn(12)))
	case a == 3:
		return Long(int64(rng.Intn(8) - 4))
	case a == 4:
		return mustOf([]any{"", "a", "b", "ab", "abcdefgh", "abcdefghi", "abcdefghj"}[rng.Intn(7)])
	}
	if a == 5 {
		return mustOf([]float64{0, -0.5, 1.5, -1e300, 1e300}[rng.Intn(5)])
	}
	return mixedValues[rng.Intn(len(mixedValues))]
}

// mixedValues are of every kind, short and long.
var mixedValues = slices.Concat(nastyValues, longValues)

func (h *history) randomValue(rng *rand.Rand, a ID) Value {
	if a >= 6 {
		return h.pool[rng.Intn(len(h.pool))]
	}
	return randomValue(rng, a)
}

// randomEntity returns one of n entities, which are far enough apart to be on several pages of a set.
func randomEntity(rng *rand.Rand, n int) ID { return ID(1+rng.Intn(n)) * 1000 }

func mustOf(x any) Value {
	v, err := Of(x)
	if err != nil {
		panic(err)
	}
	return v
}

// commit adds a transaction that asserts and ends a few random facts.
func (h *history) commit(rng *rand.Rand, entities, size int) {
	h.at = append(h.at, h.newest)
	h.newest += ID(1 + rng.Intn(3))
	var changes []Fact
	touched := map[Fact]bool{}
	attrs := []int{7, 3}[rng.Intn(2)] // the first three have no texts
	for range rng.Intn(size + 1) {
		a := ID(1 + rng.Intn(attrs))
		key := Fact{E: randomEntity(rng, entities), A: a, V: h.randomValue(rng, a)}
		if touched[key] {
			continue
		}
		touched[key] = true
		i := slices.IndexFunc(h.facts, func(f Fact) bool { return f.E == key.E && f.A == key.A && f.V == key.V && f.Open() })
		if i >= 0 {
			h.facts[i].End = h.newest
			changes = append(changes, h.facts[i])
			continue
		}
		key.Tx = h.newest
		h.facts = append(h.facts, key)
		changes = append(changes, key)
	}
	h.commits = append(h.commits, changes)
}

// datoms returns what a view shows of a range, by looking at every fact.
func (h *history) datoms(o Order, r Range, v View) []Datom {
	bound := v.Basis
	if v.AsOf != 0 {
		bound = min(bound, v.AsOf)
	}
	facts := slices.Clone(h.facts)
	slices.SortFunc(facts, o.Compare)
	var out []Datom
	for _, f := range facts {
		if o == AVET && !(testAttrs{}).Indexed(f.A) || o == VAET && !(testAttrs{}).IsRef(f.A) || !inRange(o, r, f) {
			continue
		}
		for _, d := range []Datom{{f.E, f.A, f.V, f.End, false}, {f.E, f.A, f.V, f.Tx, true}} {
			seen := d.Added && (f.Open() || f.End > bound)
			if v.History {
				seen = d.Tx != 0
			}
			if seen && d.Tx <= bound && d.Tx > v.Since && !v.Without.Has(d.E) && (v.Keep == nil || v.Keep(d)) {
				out = append(out, d)
			}
		}
	}
	return out
}

func inRange(o Order, r Range, f Fact) bool { return !isBefore(o, r.Lo, f) && isBefore(o, r.Hi, f) }

func isBefore(o Order, c Cut, f Fact) bool {
	for _, component := range o.String()[:c.Parts] {
		order := map[rune]int{'E': int(f.E - c.Key.E), 'A': int(f.A - c.Key.A), 'V': Compare(f.V, c.Key.V), 'T': int(c.Key.Tx - f.Tx)}[component]
		if order != 0 {
			return order < 0
		}
	}
	return c.After
}

func (h *history) randomFact(rng *rand.Rand) Fact {
	if len(h.facts) > 0 && rng.Intn(4) > 0 {
		return h.facts[rng.Intn(len(h.facts))]
	}
	a := ID(rng.Intn(9))
	return Fact{E: randomEntity(rng, 14), A: a, V: h.randomValue(rng, a), Tx: ID(rng.Intn(int(h.newest) + 2))}
}

func (h *history) randomRange(rng *rand.Rand) Range {
	switch rng.Intn(4) {
	case 0:
		return All
	case 1:
		return Prefix(rng.Intn(5), h.randomFact(rng))
	}
	cut := func() Cut { return Cut{Parts: rng.Intn(5), Key: h.randomFact(rng), After: rng.Intn(2) == 0} }
	return Range{cut(), cut()}
}

func (h *history) randomView(rng *rand.Rand) View {
	some := func(other ID) ID {
		if rng.Intn(3) > 0 {
			return other
		}
		return ID(rng.Intn(int(h.newest) + 3))
	}
	v := View{Basis: some(h.newest), AsOf: some(0), Since: some(0), History: rng.Intn(3) == 0}
	if rng.Intn(4) == 0 {
		v.Without = new(IDSet)
		for range rng.Intn(6) {
			v.Without.Add(randomEntity(rng, 12))
		}
	}
	if rng.Intn(4) == 0 {
		mod := ID(1 + rng.Intn(3))
		v.Keep = func(d Datom) bool { return (d.Tx+d.A)%mod == 0 || d.Added && d.E%2000 == 0 }
	}
	return v
}

// levels pushes the commits, and merges neighbours and reads in between, as chance will have it.
func (h *history) levels(rng *rand.Rand, read func(Levels)) Levels {
	l := Levels{}.Caching(randomCache(rng))
	first := 0
	if rng.Intn(4) == 0 { // begin with what the first commits came to
		first = rng.Intn(len(h.commits))
		l = l.Push(NewRun(h.until(h.at[first]).facts, testAttrs{}))
	}
	for _, facts := range h.commits[first:] {
		r := NewRun(facts, testAttrs{})
		if rng.Intn(3) == 0 && len(l.runs) > 0 {
			l = Levels{append([]*Run{r}, l.runs...), l.stored, l.own}
		} else {
			l = l.Push(r)
		}
		for len(l.runs) > 1 && rng.Intn(4) == 0 {
			i := rng.Intn(len(l.runs) - 1)
			l = Levels{slices.Concat(l.runs[:i], []*Run{l.runs[i+1].merged(l.runs[i])}, l.runs[i+2:]), l.stored, l.own}
		}
		if rng.Intn(4) == 0 {
			read(l)
		}
	}
	return l
}

func collect(t testing.TB, c *Cursor) []Datom {
	t.Helper()
	var out []Datom
	for {
		b, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			return out
		}
		checkBatch(t, b)
		for i := range b.Len() {
			out = append(out, b.Datom(i))
		}
	}
}

func checkBatch(t testing.TB, b *Batch) {
	t.Helper()
	n := b.Len()
	if n == 0 || n > 1024 || len(b.A) != n || len(b.Tx) != n || b.V.Len() != n && b.V.Len() > 0 || b.Added != nil && len(b.Added) != n {
		t.Fatalf("the columns of a batch have lengths %d %d %d %d %d", n, len(b.A), b.V.Len(), len(b.Tx), len(b.Added))
	}
	if b.V.Kinds != nil && !slices.ContainsFunc(b.V.Kinds, func(k Kind) bool { return k != b.V.Kinds[0] }) {
		t.Fatalf("a batch of one kind names the kind of each value")
	}
}

func TestEveryViewOfRandomHistoriesIsThatOfTheModel(t *testing.T) {
	scans := 0
	soak.Run(t, 50, 300, func(t *testing.T, seed int64) { scans += checkHistory(t, seed) })
	t.Logf("%d scans", scans)
}

// Ranges and views of many batches, in runs long enough to be read without copying.
func TestEveryViewOfLargeHistoriesIsThatOfTheModel(t *testing.T) {
	soak.Run(t, 1, 4, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 40, 200+rng.Intn(400), largeCommits())
		checkViews(t, rng, h)
		l, whole := h.levels(rng, func(Levels) {}), Levels{}.Push(NewRun(h.until(h.newest).facts, testAttrs{}))
		for a := range ID(8) {
			for _, o := range [...]Order{AEVT, AVET} {
				checkScan(t, l, h, o, Prefix(1, Fact{A: a}), View{Basis: h.newest, History: true})
				checkScan(t, l, h, o, Prefix(1, Fact{A: a}), h.randomView(rng))
				checkScan(t, l, h, o, h.randomRange(rng), h.randomView(rng))
			}
			checkScan(t, whole, h, AVET, Prefix(1, Fact{A: a}), View{Basis: h.newest, History: true})
		}
		if laid := whole.runs[0].laidBytes(); laid == 0 || whole.TailBytes() < laid {
			t.Errorf("%d of %d bytes are laid out: want some", laid, whole.TailBytes())
		}
	})
}

// largeCommits returns of how many facts commits of large histories are at most: together they are thousands.
func largeCommits() int {
	if testing.Short() {
		return 120
	}
	return 200
}

func randomHistory(rng *rand.Rand, commits, entities, size int) *history {
	h := &history{}
	for range 4 + rng.Intn(30) { // so few that facts end, and come again
		h.pool = append(h.pool, mixedValues[rng.Intn(len(mixedValues))])
	}
	for range commits {
		h.commit(rng, entities, size)
	}
	return h
}

// checkHistory returns how many scans it compared.
func checkHistory(t *testing.T, seed int64) (scans int) {
	rng := rand.New(rand.NewSource(seed))
	return checkViews(t, rng, randomHistory(rng, 1+rng.Intn(60), 1+rng.Intn(12), 1+rng.Intn(12)))
}

func checkViews(t *testing.T, rng *rand.Rand, h *history) (scans int) {
	var past []Levels
	check := func(l Levels, of *history) {
		for o := EAVT; o <= VAET; o++ {
			scans++
			checkScan(t, l, of, o, of.randomRange(rng), of.randomView(rng))
		}
	}
	l := h.levels(rng, func(l Levels) {
		past = append(past, l)
		l.Count(context.Background(), Order(rng.Intn(4)), h.randomRange(rng), View{Basis: h.newest})
	})
	for range 8 {
		check(l, h)
	}
	checkScan(t, l, h, EAVT, All, View{Basis: h.newest})
	for _, l := range past {
		older := h.until(newestOf(l.runs))
		for o := EAVT; o <= VAET; o++ {
			checkScan(t, l, older, o, older.randomRange(rng), older.randomView(rng))
		}
	}
	return scans
}

func newestOf(runs []*Run) (newest ID) {
	for _, r := range runs {
		if r.size > 0 {
			newest = max(newest, r.newest)
		}
	}
	return newest
}

// until returns the history as it was at a transaction.
func (h *history) until(newest ID) *history {
	out := &history{newest: newest, pool: h.pool}
	for _, f := range h.facts {
		if f.End > out.newest {
			f.End = 0
		}
		if f.Tx <= out.newest {
			out.facts = append(out.facts, f)
		}
	}
	return out
}

// checkUnordered demands that the same datoms came, in whatever order.
func checkUnordered(t *testing.T, want, got []Datom) {
	t.Helper()
	rest := map[Datom]int{}
	for _, d := range want {
		rest[d]++
	}
	for _, d := range got {
		rest[d]--
	}
	for d, n := range rest {
		if n != 0 {
			t.Errorf("unordered, %v comes %d times too seldom", d, n)
		}
	}
}

func checkScan(t *testing.T, l Levels, h *history, o Order, r Range, v View) {
	t.Helper()
	what := func() string { return fmt.Sprintf("%v %+v %+v", o, r, v) }
	want := h.datoms(o, r, v)
	got := collect(t, l.Scan(context.Background(), o, r, v))
	if !slices.Equal(want, got) {
		diff := cmp.Diff(want, got, cmp.Comparer(func(a, b Value) bool { return a == b }))
		t.Errorf("Scan %s (−want +got):\n%s", what(), diff)
	}
	checkFind(t, l, h, o, r, v)
	if c := l.Scan(context.Background(), o, r, v); len(want) < 100 {
		c.SkipValues()
		if got = collect(t, c); !slices.EqualFunc(want, got, func(d, bare Datom) bool { d.V = Value{}; return d == bare }) {
			t.Errorf("Scan %s without values shows %v", what(), got)
		}
	}
	checkUnordered(t, want, collect(t, l.Scan(context.Background(), o, r, v).Unordered()))
	n, err := l.Count(context.Background(), o, r, v)
	if err != nil {
		t.Fatal(err)
	}
	bound := v.Basis
	if v.AsOf != 0 {
		bound = min(bound, v.AsOf)
	}
	unfiltered := v.Without.Len() == 0 && v.Keep == nil && v.Since == 0 && bound >= h.newest
	if n < len(want) || unfiltered && n != len(want) {
		t.Errorf("Count %s = %d, Scan shows %d", what(), n, len(want))
	}
}

// checkFind finds what the view shows of the keys where a range begins and ends, as far as that holds.
func checkFind(t *testing.T, l Levels, h *history, o Order, r Range, v View) {
	t.Helper()
	v.History = false
	f := l.Finder(context.Background(), &v)
	for _, key := range [...]Cut{r.Lo, r.Hi} {
		want, got := h.datoms(o, Prefix(key.Parts, key.Key), v), []Datom(nil)
		err := f.Find(o, key.Parts, key.Key)
		for i := range f.Len() {
			got = append(got, Datom{f.E(i), f.A(i), f.V(i), f.Tx(i), true})
		}
		if err != nil || !slices.Equal(want, got) {
			t.Errorf("Find %v %+v %+v: %v, %v, and the model shows %v", o, key, v, got, err, want)
		}
	}
}
