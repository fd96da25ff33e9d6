package index

// Levels is what a database reads: runs, newest first. It is a value; Push returns another one.
type Levels struct{ runs []*Run }

// Push returns the levels with a newer run on top. Runs of similar size are merged, so their number stays logarithmic.
func (l Levels) Push(r *Run) Levels {
	below := l.runs
	for len(below) > 0 && len(below[0].entries) < 2*len(r.entries) {
		r = below[0].merged(r)
		below = below[1:]
	}
	return Levels{append([]*Run{r}, below...)}
}
