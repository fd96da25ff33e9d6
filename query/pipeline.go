package query

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/datolite/datolite/index"
)

// A pipeline takes the rows of a group through several steps at once, some rows at a time: each is looked up in one extent after the other, and
// compared, and what is found lies in the processor's caches until the row is dropped or comes out. Only what is asked for afterwards is written.
type pipeline struct {
	c       *conj
	group   *relation
	columns []pipeColumn // those of the group, and behind them those that stages add
	names   []namedColumn
	stages  []stage
	first   operator
	drops   bool // a stage may drop many rows
	fans    bool // the first stage may find several for a row
	skipped []operator
	given   []namedColumn // those of the group that are asked for afterwards
	news    []namedColumn // and of the others
	taken   atomic.Int64
	made    atomic.Int64
	after   []int // by stage, how many rows it left
}

// A pipeColumn is a column of the rows in a pipeline: of the group, or where it has no words, one that a stage adds, or of other things than words.
type pipeColumn struct {
	kind  index.Kind
	words []uint64
}

// A namedColumn is a variable and the column that has its values. One column may have those of several variables.
type namedColumn struct {
	v  variable
	at int
}

// pipe runs a scan that is found in an extent, beside a group, and with it whatever steps can be stages of the same pipeline. It reports
// whether it can: the group must have the entity, or the value, as words.
func (c *conj) pipe(s *scan, g *relation, x *extent) (bool, error) {
	p := &pipeline{c: c, group: g, first: s}
	for i, v := range g.vars {
		p.columns = append(p.columns, pipeColumn{g.cols[i].Kind, wordsOf(&g.cols[i])})
		p.names = append(p.names, namedColumn{v, i})
	}
	first := p.lookup(s)
	if first == nil || !p.reads(first, x) {
		return false, nil
	}
	p.fans = first.adds >= 0 && !first.finder.isUnique()
	p.put(first)
	if err := p.extend(); err != nil {
		return true, err
	}
	out, err := p.run()
	if err != nil {
		return true, err
	}
	c.leaveOut(p)
	c.piped = p
	return true, c.replace(g, out)
}

// column returns the number of the column of a variable; −1 where there is none.
func (p *pipeline) column(v variable) int {
	for _, c := range p.names {
		if c.v == v && v != noVariable {
			return c.at
		}
	}
	return -1
}

// isWords reports whether a column is of words.
func (p *pipeline) isWords(at int) bool { return at >= len(p.group.vars) || p.columns[at].words != nil }

// put puts a stage behind the others.
func (p *pipeline) put(s stage) {
	p.stages = append(p.stages, s)
	switch s := s.(type) {
	case *lookup:
		if s.adds >= 0 {
			p.columns = append(p.columns, pipeColumn{kind: s.extent.column(2 - s.place).Kind})
			p.names = append(p.names, namedColumn{s.scan.at[2-s.place], s.adds})
		}
	case *implied:
		if s.is.v != noVariable {
			p.names = append(p.names, s.is)
		}
	}
	p.drops = p.drops || s.drops()
}

// extend puts in the steps that are pending and can be stages, as long as there are any: at first those that drop rows.
func (p *pipeline) extend() error {
	if p.c.plan.asWritten || p.c.rec != nil {
		return nil
	}
	for {
		best, of, rank := stage(nil), operator(nil), 3
		for i := range p.c.pending {
			step := p.c.pending[i].operator
			if p.has(step) || slices.Contains(p.skipped, step) {
				continue
			}
			s, r, err := p.candidate(step)
			if err != nil {
				return err
			}
			if s != nil && (best == nil || r < rank) {
				best, of, rank = s, step, r
			}
		}
		if best == nil {
			return nil
		}
		if l, ok := best.(*lookup); ok && l.extent == nil {
			if err := p.load(l); err != nil {
				return err
			}
			if l.extent == nil {
				p.skipped = append(p.skipped, of)
				continue
			}
		}
		p.put(best)
	}
}

// has reports whether a step is one of the stages.
func (p *pipeline) has(step operator) bool {
	return slices.ContainsFunc(p.stages, func(s stage) bool { return s.of() == step })
}

// candidate returns the stage that a step would be, and its rank: one that drops rows comes first, one for which an extent must be read last.
// It returns nil where the step is to be run by itself.
func (p *pipeline) candidate(step operator) (stage, int, error) {
	switch s := step.(type) {
	case *callStep:
		if c := p.comparison(s); c != nil {
			return c, 0, nil
		}
	case *scan:
		a := access{probe: s.given(p.c)}
		a.excerpt = s.excerpt(&a.probe, s.bounds(p.c))
		return p.scanned(s, &a)
	}
	return nil, 0, nil
}

// scanned is candidate for a scan.
func (p *pipeline) scanned(s *scan, a *access) (stage, int, error) {
	l := p.lookup(s)
	if l == nil || !s.isWhole(a) || p.isElsewhere(s) {
		return nil, 0, nil
	}
	x := s.extentIn(p.c.run, a)
	if x == nil {
		full, err := s.full(p.c, &a.probe)
		if err != nil || !p.c.run.holds(full) {
			return nil, 0, err
		}
		if x, err = s.keptExtent(p.c.run, a); err != nil {
			return nil, 0, err
		}
		if l.access, l.full = *a, full; x == nil && !p.drops && 2*float64(p.group.n) >= full {
			return l, 2, nil
		}
	}
	switch {
	case x == nil, !p.reads(l, x), l.adds >= 0 && !l.finder.isUnique():
		return nil, 0, nil
	}
	if s := p.implied(l); s != nil {
		return s, 0, nil
	}
	if l.adds < 0 {
		return l, 0, nil
	}
	return l, 1, nil
}

// isElsewhere reports whether another group than that of the pipeline has a variable of a scan.
func (p *pipeline) isElsewhere(s *scan) bool {
	return slices.ContainsFunc(p.c.groups, func(g *relation) bool { return g != p.group && g.set().meets(s.uses) })
}

// lookup returns the stage of a scan of which the entity or the value is there, without its extent; nil where neither is.
func (p *pipeline) lookup(s *scan) *lookup {
	for _, place := range [...]int{0, 2} {
		key := p.column(s.at[place])
		if key < 0 || !p.isWords(key) {
			continue
		}
		l := &lookup{scan: s, place: place, key: key, other: p.column(s.at[2-place]), adds: -1}
		if l.other < 0 && s.at[2-place] != noVariable {
			l.adds = len(p.columns)
		}
		return l
	}
	return nil
}

// reads gives a lookup its extent. It reports whether what is in it can equal what is there: it must be of one kind.
func (p *pipeline) reads(l *lookup, x *extent) bool {
	if x.column(l.place).Kind != p.columns[l.key].kind || l.other >= 0 && (!p.isWords(l.other) || x.column(2-l.place).Kind != p.columns[l.other].kind) {
		return false
	}
	l.extent, l.finder = x, x.finder(l.place)
	return true
}

// load reads the extent of a lookup, which is left without one if it cannot be a stage.
func (p *pipeline) load(l *lookup) error {
	x, err := p.c.run.readExtent(l.scan, &l.access, l.full)
	if err != nil || x == nil {
		return err
	}
	if !p.reads(l, x) || l.adds >= 0 && !l.finder.isUnique() {
		l.extent = nil
	}
	return nil
}

// implied returns the stage of a lookup that finds, in an extent, the datom by which a stage before it has come to its key; nil of any other.
func (p *pipeline) implied(l *lookup) stage {
	if !l.finder.isUnique() {
		return nil
	}
	for _, s := range p.stages {
		before, ok := s.(*lookup)
		if !ok || before.extent != l.extent || before.component(l.place) != l.key || before.component(2-l.place) < 0 {
			continue
		}
		switch at := before.component(2 - l.place); {
		case l.adds >= 0:
			return &implied{step: l.scan, is: namedColumn{l.scan.at[2-l.place], at}}
		case l.other >= 0 && l.other != at:
			return &comparing{step: l.scan, at: [2]int{at, l.other}, holds: passing("=")}
		}
		return &implied{step: l.scan, is: namedColumn{noVariable, -1}}
	}
	return nil
}

// postpone moves what only adds a column behind the stages that may drop rows, where none of these reads it: fewer rows are then looked up.
func (p *pipeline) postpone() {
	var late []stage
	for i, s := range slices.Clone(p.stages) {
		l, ok := s.(*lookup)
		if !ok || l.adds < 0 || i == 0 && p.fans || slices.ContainsFunc(p.stages, func(s stage) bool { return slices.Contains(s.reads(), l.adds) }) {
			continue
		}
		late = append(late, s)
		p.stages = slices.DeleteFunc(p.stages, func(other stage) bool { return other == s })
	}
	p.stages = append(p.stages, late...)
}

// ask finds out which columns are asked for behind each stage, and in the end.
func (p *pipeline) ask() {
	needed := p.c.needed(p)
	var asked []int
	for _, c := range p.names {
		switch {
		case !needed.has(c.v):
			continue
		case c.at < len(p.group.vars):
			p.given = append(p.given, c)
		default:
			p.news = append(p.news, c)
		}
		asked = append(asked, c.at)
	}
	for i := len(p.stages) - 1; i >= 0; i-- {
		slices.Sort(asked)
		asked = slices.Compact(asked)
		p.stages[i].keeps(slices.DeleteFunc(slices.Clone(asked), func(at int) bool { return at < len(p.group.vars) }))
		asked = append(asked, p.stages[i].reads()...)
	}
}

// needed returns the variables that are asked for when the stages of a pipeline have run.
func (c *conj) needed(p *pipeline) varSet {
	out := c.keep
	for i := range c.pending {
		if !p.has(c.pending[i].operator) {
			out.addAll(c.pending[i].uses)
		}
	}
	for _, g := range c.groups {
		if g != p.group {
			out.addAll(g.set())
		}
	}
	return out
}

// leaveOut takes those steps out of what is pending that were stages of a pipeline.
func (c *conj) leaveOut(p *pipeline) {
	c.pending = slices.DeleteFunc(c.pending, func(s candidate) bool {
		if !p.has(s.operator) {
			return false
		}
		c.known.addAll(bindsOf(s.operator))
		c.touched.addAll(s.uses)
		c.count(s.uses, -1)
		return true
	})
}

// worthParts is how many rows each of several goroutines has at least.
var worthParts = 1 << 14

// run takes all rows through the stages.
func (p *pipeline) run() (*relation, error) {
	p.postpone()
	p.ask()
	n := p.group.n
	parts := max(1, min(n/worthParts, runtime.GOMAXPROCS(0)))
	workers := make([]*pipeWorker, parts)
	var others sync.WaitGroup
	for i := range workers {
		w := newPipeWorker(p)
		if workers[i], w.share = w, n/parts; i > 0 {
			others.Go(func() { w.run(i*n/parts, (i+1)*n/parts) })
		}
	}
	workers[0].share = n // behind its rows come those of the others
	workers[0].run(0, n/parts)
	others.Wait()
	p.after = make([]int, len(p.stages))
	for _, w := range workers {
		if w.err != nil {
			return nil, w.err
		}
		for i, rows := range w.after {
			p.after[i] += rows
		}
	}
	return p.joined(workers)
}

// joined returns the rows that came out, distinct ones unless they are seldom equal.
func (p *pipeline) joined(workers []*pipeWorker) (*relation, error) {
	first := workers[0]
	for _, w := range workers[1:] {
		first.left = append(first.left, w.left...)
		for i := range first.news {
			first.news[i] = append(first.news[i], w.news[i]...)
		}
	}
	given := &relation{n: p.group.n}
	for _, c := range p.given {
		given.vars, given.cols = append(given.vars, c.v), append(given.cols, p.group.cols[c.at])
	}
	given = given.repeat(first.left)
	out := &relation{n: len(first.left), vars: slices.Clip(given.vars), cols: slices.Clip(given.cols)}
	for i, c := range p.news {
		out.vars = append(out.vars, c.v)
		out.cols = append(out.cols, index.Vector{Kind: p.columns[c.at].kind, Words: first.news[i]})
	}
	if out.unique = p.isUnique(); out.unique {
		return out, nil
	}
	return p.c.run.thin(out, out.vars)
}

// isUnique reports whether it is known that no row comes out twice: no row of the group was there twice, and what comes out determines which it was.
func (p *pipeline) isUnique() bool {
	if !p.group.unique || len(p.given)+len(p.news) == 0 {
		return false
	}
	known := make([]bool, len(p.columns))
	for _, c := range slices.Concat(p.given, p.news) {
		known[c.at] = true
	}
	for again := true; again; {
		again = false
		for _, s := range p.stages {
			if l, ok := s.(*lookup); ok && l.derives(known) {
				again = true
			}
		}
	}
	needed := known[:len(p.group.vars)]
	if p.fans {
		needed = known[:len(p.group.vars)+1]
	}
	return !slices.Contains(needed, false)
}

// note appends the stages to what a trace notes, at first the one that is the step itself.
func (p *pipeline) note(step *Step, to []Step) []Step {
	first := len(to)
	to = append(to, *step)
	for i, s := range p.stages {
		if s.of() == p.first {
			to[first].Rows = p.after[i]
			continue
		}
		to = append(to, Step{Clause: s.of().of().text(), How: "in one pass with the step before", Expected: p.group.n, Rows: p.after[i]})
	}
	return to
}
