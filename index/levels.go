package index

// Levels is what a database reads: runs in memory, newest first, and below them a Level that lies in a store, if there is one. It
// is a value; Push returns another one.
type Levels struct {
	runs []*Run
	base *Level
}

// growth is how many times larger than the run above it each run is at least.
const growth = 2

// Push returns the levels with a newer run on top. Runs of similar size are merged, so their number stays logarithmic.
func (l Levels) Push(r *Run) Levels {
	if r.size == 0 {
		return l
	}
	below := l.runs
	if len(below) == 0 && l.base == nil {
		r = newBottom().merged(r)
	}
	for len(below) > 0 && below[0].size < growth*r.size {
		r = below[0].merged(r)
		below = below[1:]
	}
	return Levels{append([]*Run{r}, below...), l.base}
}
