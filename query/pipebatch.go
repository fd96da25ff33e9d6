package query

import "slices"

// pipeRows is how many rows go through the stages at a time.
const pipeRows = 1024

// A pipeBatch is rows on their way through the stages.
type pipeBatch struct {
	p       *pipeline
	n       int
	from    int     // the first row of the group
	all     bool    // they are rows of the group that lie behind each other
	rows    []int32 // which rows of the group they are, where that is not so
	columns [][]uint64
	hits    []int32
	places  []int32
	scratch [2][]uint64
}

func newPipeBatch(p *pipeline) *pipeBatch {
	b := &pipeBatch{p: p, rows: make([]int32, pipeRows), hits: make([]int32, pipeRows), places: make([]int32, 0, pipeRows)}
	b.columns = make([][]uint64, len(p.columns)-len(p.group.vars))
	for i := range b.columns {
		b.columns[i] = make([]uint64, pipeRows)
	}
	for i := range b.scratch {
		b.scratch[i] = make([]uint64, pipeRows)
	}
	return b
}

// column returns the room of a column that a stage adds.
func (b *pipeBatch) column(at int) []uint64 { return b.columns[at-len(b.p.group.vars)][:b.n] }

// words returns a column, in one of two places where it must be gathered.
func (b *pipeBatch) words(at, room int) []uint64 {
	if at >= len(b.p.group.vars) {
		return b.column(at)
	}
	words := b.p.columns[at].words
	if b.all {
		return words[b.from : b.from+b.n]
	}
	out := b.scratch[room][:b.n]
	for i, row := range b.rows[:b.n] {
		out[i] = words[row]
	}
	return out
}

// pick leaves the rows at some places, and of the columns those that are read again.
func (b *pipeBatch) pick(places []int32, keep []int) {
	if len(places) == b.n {
		return
	}
	if b.all {
		for i, at := range places {
			b.rows[i] = int32(b.from) + at
		}
	} else {
		for i, at := range places {
			b.rows[i] = b.rows[at]
		}
	}
	for _, c := range keep {
		words := b.column(c)
		for i, at := range places {
			words[i] = words[at]
		}
	}
	b.all, b.n = false, len(places)
}

// A pipeWorker takes some of the rows of a group through a pipeline.
type pipeWorker struct {
	p     *pipeline
	batch *pipeBatch
	left  []int32    // the rows of the group that came out
	news  [][]uint64 // what stages add to them, of which somebody asks for it
	done  int        // rows of the group
	after []int      // by stage, how many rows it left
	share int        // of the group, for what comes of which there should be room
	err   error
}

func newPipeWorker(p *pipeline) *pipeWorker {
	w := &pipeWorker{p: p, batch: newPipeBatch(p), after: make([]int, len(p.stages))}
	w.news = make([][]uint64, len(p.news))
	return w
}

// run takes the rows from one on through the stages.
func (w *pipeWorker) run(from, upto int) {
	for ; from < upto && w.err == nil; from += pipeRows {
		b := w.batch
		if b.from, b.n, b.all = from, min(pipeRows, upto-from), true; w.p.fans {
			w.fan()
		} else {
			w.through(0)
		}
		w.done += pipeRows
	}
}

// fan takes what the first stage finds for the rows of a batch through the others.
func (w *pipeWorker) fan() {
	b, first := w.batch, w.p.stages[0].(*lookup)
	from, keys := int32(b.from), b.words(first.key, 0)
	b.all, b.n = false, pipeRows
	n, index, added := 0, first.finder.index, b.column(first.adds)
	for i, key := range keys {
		for at := index.first(key); at != 0 && w.err == nil; at = index.after(at - 1) {
			b.rows[n], added[n] = from+int32(i), first.finder.other[at-1]
			if n++; n == pipeRows {
				w.through(1)
				b.all, n, b.n = false, 0, pipeRows
			}
		}
	}
	b.n = n
	w.through(1)
}

// through takes a batch through the stages from one on.
func (w *pipeWorker) through(from int) {
	r := w.p.c.run
	if w.err == nil {
		w.err = firstError(r.ctx.Err(), r.fits(int(w.p.taken.Add(int64(w.batch.n))), 0))
	}
	if from > 0 {
		w.after[0] += w.batch.n
	}
	for i, s := range w.p.stages[from:] {
		if w.batch.n == 0 || w.err != nil {
			return
		}
		s.apply(w.batch)
		w.after[from+i] += w.batch.n
	}
	if w.err == nil {
		w.emit()
	}
}

// emit keeps what came out.
func (w *pipeWorker) emit() {
	b := w.batch
	w.err = w.p.c.run.fits(int(w.p.made.Add(int64(b.n))), int64(8*(len(w.p.given)+len(w.p.news))+4))
	w.reserve()
	if b.all {
		w.left = appendRange(w.left, b.from, b.from+b.n)
	} else {
		w.left = append(w.left, b.rows[:b.n]...)
	}
	for i, c := range w.p.news {
		w.news[i] = append(w.news[i], b.column(c.at)...)
	}
}

// reserve makes room for as many rows as come out if that goes on as it began.
func (w *pipeWorker) reserve() {
	if len(w.left)+w.batch.n <= cap(w.left) {
		return
	}
	more := w.batch.n
	if w.done > 0 {
		more = max(more, (len(w.left)/(w.done/pipeRows)+1)*(1+w.share/pipeRows)*17/16-len(w.left))
	}
	w.left = slices.Grow(w.left, more)
	for i, words := range w.news {
		w.news[i] = append(unwritten(len(words) + more)[:0], words...)
	}
}
