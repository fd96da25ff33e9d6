package index

// Levels is what a database reads: runs in memory, newest first, and below them what lies in a store, in Levels, newest first too. It
// is a value; Push returns another one.
type Levels struct {
	runs   []*Run
	stored []*Level
	own    *Cache // where nothing lies in a store yet
}

// Caching returns the levels that keep in a cache what they make of runs, as long as nothing of them lies in a store: what does has its own.
func (l Levels) Caching(c *Cache) Levels {
	l.own = c
	return l
}

// cache returns the cache of the levels; nil where there is none.
func (l Levels) cache() *Cache {
	if len(l.stored) > 0 {
		return l.stored[0].cache
	}
	return l.own
}

// growth is how many times larger than the run above it each run is at least.
const growth = 2

// Push returns the levels with a newer run on top. Runs of similar size are merged, so their number stays logarithmic.
func (l Levels) Push(r *Run) Levels {
	if r.size == 0 {
		return l
	}
	below := l.runs
	if len(below) == 0 && len(l.stored) == 0 {
		r = newBottom().merged(r)
	}
	for len(below) > 0 && below[0].size < growth*r.size {
		r = below[0].merged(r)
		below = below[1:]
	}
	return Levels{append([]*Run{r}, below...), l.stored, l.own}
}

// Over returns the levels in which those in a store are others, newest first, which hold all that happened up to some transaction: of the
// runs there is what is newer.
func (l Levels) Over(stored ...*Level) Levels {
	out := Levels{stored: stored, own: l.own}
	for i := len(l.runs) - 1; i >= 0; i-- {
		if r := l.runs[i].after(stored[0].newest); r.size > 0 {
			out.runs = append([]*Run{r}, out.runs...)
		}
	}
	return out
}

// Stored returns the levels in a store, newest first.
func (l Levels) Stored() []*Level { return l.stored }

// Tail returns how many facts lie in the runs: asserted ones, and ends of others.
func (l Levels) Tail() int {
	n := 0
	for _, r := range l.runs {
		n += r.size
	}
	return n
}

// tailFact is how many bytes a fact in a run takes, about, its text aside.
const tailFact = 96

// TailBytes returns how much memory the facts in the runs take, about, what is laid out of them included.
func (l Levels) TailBytes() int {
	n := 0
	for _, r := range l.runs {
		n += tailFact*r.size + r.text + r.laidBytes()
	}
	return n
}
