package index

import (
	"context"
	"errors"
	"sync"
)

// A SegmentWriter keeps what a job writes. It may be used by many goroutines.
type SegmentWriter interface {
	// Put keeps a segment, whose head has the hash sum, and returns the name that it gave it.
	Put(ctx context.Context, segment []byte, sum [32]byte) (SegmentName, error)
}

// A Growth says how levels are made.
type Growth struct {
	Newest ID            // the newest transaction of what they hold
	To     SegmentWriter // where new segments go
	From   Segments      // where they are read from later
	Cache  *Cache        // and kept in memory
	Sizes  Sizes
	Forget func(a ID) bool // the attributes of which they keep only what holds; nil for none
	Apart  bool            // the runs become a level of their own, however large those below are
	With   int             // how many of the levels in the store the runs are merged with at least, the newest
	Unique func(a ID) bool // the attributes with a value of which there is one at most, which filters tell of; nil for none
}

// Sizes say how large the parts of levels and trees are. The zero Sizes are right for most.
type Sizes struct {
	Leaf  int // facts in a leaf; 8,192 when zero
	Block int // facts in a block, which is read as a whole; 512 when zero
	Level int // facts in the newest of several levels in a store; 4 million when zero
	Ratio int // how many times more each level may hold than the one above it; 8 when zero
}

func (s Sizes) filled() Sizes {
	if s.Leaf <= 0 {
		s.Leaf = 8192
	}
	if s.Block <= 0 {
		s.Block = 512
	}
	if s.Level <= 0 {
		s.Level = 4 << 20
	}
	if s.Ratio <= 0 {
		s.Ratio = 8
	}
	s.Block = min(s.Block, s.Leaf, maxBlock)
	return s
}

// Grown returns the levels in a store that hold all that the levels hold: what lies in runs goes into trees, together with as many of the
// levels as it does not leave larger ones below. The trees have the leaves in common with those of the lowest of them into which nothing
// goes. The runs, and the levels as they were, stay as they are.
func (l Levels) Grown(ctx context.Context, how Growth) ([]*Level, error) {
	how.Sizes = how.Sizes.filled()
	n := 0
	if !how.Apart {
		n = max(l.outgrown(how.Sizes), min(how.With, len(l.stored)))
	}
	g := &levelGrowth{Growth: &how, runs: gathered(l.runs), levels: l.stored[:n]}
	for i := range g.runs {
		g.runs[i] = g.runs[i].coded()
	}
	if below := l.stored[n:]; len(below) > 0 {
		g.floor, g.masks = below[0].newest, true
	}
	level, err := g.grow(ctx)
	if err != nil {
		return nil, err
	}
	return append([]*Level{level}, l.stored[n:]...), nil
}

// gathered returns runs of which neighbours that nobody has read yet are one: so they are sorted together, and not merged afterwards.
func gathered(runs []*Run) []*Run {
	var out []*Run // newest first
	for _, r := range runs {
		if last := len(out) - 1; last >= 0 && !r.sorted.Load() && !out[last].sorted.Load() {
			out[last] = r.merged(out[last])
		} else {
			out = append(out, r)
		}
	}
	return out
}

// maxLevels is how many levels there are in a store at most.
const maxLevels = 5

// tier tells which level is meant for so many facts, from 0 on for the newest.
func (s Sizes) tier(facts int) int {
	n := 0
	for most := s.Level; facts > most && n < maxLevels-1; most *= s.Ratio {
		n++
	}
	return n
}

// outgrown returns how many levels the runs are merged with, the newest ones: so many that the next one is meant for more facts than
// come of it. So a fact is written anew a few times for each level, and there are few levels (as in the log-structured merge tree of
// O'Neil and others, 1996).
func (l Levels) outgrown(s Sizes) int {
	n, facts := 0, l.Tail()
	for ; n < len(l.stored) && s.tier(facts) >= s.tier(l.stored[n].size()); n++ {
		facts += l.stored[n].size()
	}
	return n
}

// A levelGrowth makes a level of runs and of the levels that come next, newest first.
type levelGrowth struct {
	*Growth
	runs   []*Run
	levels []*Level
	masks  bool // there are levels below, so the level has closings: of the facts that were asserted
	floor  ID   // up to this transaction
}

func (g *levelGrowth) grow(ctx context.Context) (*Level, error) {
	out := &Level{reader: reader{g.From, g.Cache}, newest: g.Newest}
	errs := make([]error, len(out.trees))
	var jobs sync.WaitGroup
	for o := range out.trees {
		jobs.Go(func() {
			for k := range out.trees[o] {
				t := &treeGrowth{shape: shape{Order(o), class(k) != current}, levelGrowth: g, class: class(k), ctx: ctx}
				out.trees[o][k], errs[o] = t.grow()
				if errs[o] != nil {
					return
				}
			}
		})
	}
	jobs.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for o := range out.trees {
		for k, t := range out.trees[o] {
			t.whole = out.trees[EAVT][k]
		}
	}
	out.oldest = out.first()
	return out, nil
}

// first returns the oldest transaction that asserted or ended something in the level.
func (l *Level) first() ID {
	oldest := l.newest
	for k, t := range l.trees[EAVT] {
		switch {
		case t.top.facts == 0:
		case class(k) == closing:
			oldest = min(oldest, t.top.minEnd)
		default:
			oldest = min(oldest, t.top.minTx)
		}
	}
	return oldest
}
