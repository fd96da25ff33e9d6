package query

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A taker makes something of the batches of a scan, in their order.
type taker interface {
	take(b *index.Batch)
	// size returns how many rows have come of them, and how many bytes each takes.
	size() (rows int, width int64)
	// fork returns a taker for batches that come behind all that this one takes; nil where it must take all of them.
	fork() taker
	// join puts behind what has come of the batches what has come of those of a fork.
	join(fork taker)
}

// partSize is how many datoms one goroutine reads before others may read beside it; each part has twice as many at least.
var partSize = 1 << 14

// A readout is an excerpt being read, at first by one goroutine. If it turns out to be long, the rest is divided, as many parts as there are
// cores, and each has a goroutine and a taker of its own; what these have made is joined in the order of the parts, as one alone would
// have made it. One that comes in any order has no rest, and is divided before anything is read. All of them end before the readout does.
type readout struct {
	scan    *scan
	run     *run
	probe   *probe
	excerpt *excerpt
	taken   int // datoms

	mu   sync.Mutex
	rows int   // of all takers
	err  error // the first
}

// errEnough ends the reading of an excerpt.
var errEnough = errors.New("query: there are enough rows")

// ends returns errEnough where so many rows suffice.
func (x *excerpt) ends(n int) error {
	if x.enough > 0 && n >= x.enough {
		return errEnough
	}
	return nil
}

// readouts are those that are not in use, and hold on to nothing.
var readouts = sync.Pool{New: func() any { return new(readout) }}

// each hands the batches of an excerpt to a taker, until there are enough rows. They are without values where these do not matter.
func (s *scan) each(r *run, p *probe, x *excerpt, t taker) error {
	rd := readouts.Get().(*readout)
	rd.scan, rd.run, rd.probe, rd.excerpt = s, r, p, x
	err := rd.read(t)
	rd.scan, rd.run, rd.probe, rd.excerpt, rd.taken, rd.rows, rd.err = nil, nil, nil, nil, 0, 0, nil
	readouts.Put(rd)
	return err
}

// read reads the excerpt.
func (rd *readout) read(t taker) error {
	x := rd.excerpt
	divisible := rd.divisible()
	if divisible && (x.loose || x.facts > 0 && rd.sifts()) {
		if divided, err := rd.ahead(t); divided || err != nil {
			return err
		}
		divisible = !x.loose
	}
	cursor, err := rd.open(rd.run.ctx, x)
	if err != nil {
		return err
	}
	for {
		b, err := cursor.Next()
		if b == nil || err != nil {
			return err
		}
		if err := rd.take(t, b); err == errEnough {
			return nil
		} else if err != nil {
			return err
		}
		if divisible && rd.taken >= partSize {
			rest, err := rd.divide(b)
			if err != nil {
				return err
			}
			if len(rest) > 1 && rd.beside(t, rest) {
				return rd.err
			}
			divisible = false
		}
	}
}

// take hands a batch to a taker, and returns the error of the budget, or that there are enough rows.
func (rd *readout) take(t taker, b *index.Batch) error {
	rd.taken += b.Len()
	t.take(b)
	n, width := t.size()
	return firstError(firstError(rd.run.reads(b.Len()), rd.run.fits(n, width)), rd.excerpt.ends(n))
}

// open returns a cursor over an excerpt, or a part of it.
func (rd *readout) open(ctx context.Context, x *excerpt) (*index.Cursor, error) {
	cursor, err := rd.scan.open(ctx, x)
	if err == nil && rd.skipsValues() {
		cursor.SkipValues()
	}
	return cursor, err
}

// skipsValues reports whether the values do not matter: nobody asks for them, and if one is known all datoms have it.
func (rd *readout) skipsValues() bool {
	return rd.scan.at[2] == noVariable && (!rd.probe.known[2] || rd.excerpt.covered[2])
}

// divisible reports whether an excerpt may be read by several: not where some rows are enough, nor where it is not known which value was read
// last.
func (rd *readout) divisible() bool {
	x := rd.excerpt
	return x.keys == nil && x.enough == 0 && (x.covered[2] || x.loose || !rd.skipsValues()) && runtime.GOMAXPROCS(0) > 1
}

// sifts reports whether far more facts may be looked at than are shown.
func (rd *readout) sifts() bool {
	_, all := rd.scan.from.(*db.Snapshot)
	return !all
}

// ahead divides the whole excerpt, if it is long, and reads it. It reports whether it did.
func (rd *readout) ahead(t taker) (bool, error) {
	x := rd.excerpt
	n, err := x.facts, error(nil)
	if n == 0 {
		n, err = rd.scan.from.CountRange(rd.run.ctx, x.order, x.within)
	}
	ranges, err := rd.split(n, x.within, err)
	if len(ranges) < 2 || err != nil {
		return false, err
	}
	if e, ok := t.(*emission); ok && x.room >= n {
		if e.shared, err = rd.shared(ranges, len(e.out.vars)); err != nil {
			return false, err
		}
	}
	return rd.beside(t, ranges), rd.err
}

// shared returns columns with room for what lies in ranges.
func (rd *readout) shared(ranges []index.Range, columns int) (*sharedColumns, error) {
	out := &sharedColumns{from: make([]int, len(ranges)+1), words: make([]sharedWords, columns)}
	for i, within := range ranges {
		n, err := rd.scan.from.CountRange(rd.run.ctx, rd.excerpt.order, within)
		if err != nil {
			return nil, err
		}
		out.from[i+1] = out.from[i] + n
	}
	return out, nil
}

// divide returns what is left to be read behind a batch, in as many ranges as are worth a goroutine. Facts of one entity stay in one of them.
func (rd *readout) divide(b *index.Batch) ([]index.Range, error) {
	x, last := rd.excerpt, b.Len()-1
	key := index.Fact{E: b.E[last], A: b.A[last]}
	if x.covered[2] {
		key.V = rd.probe.values[2]
	} else {
		key.V = b.V.At(last)
	}
	within := index.Range{Lo: index.Cut{Parts: 3, Key: key, After: true}, Hi: x.within.Hi}
	n, err := rd.scan.from.CountRange(rd.run.ctx, x.order, within)
	return rd.split(n, within, err)
}

// split returns a range that has so many datoms in as many as are worth a goroutine, unless counting them failed.
func (rd *readout) split(n int, within index.Range, err error) ([]index.Range, error) {
	parts := min(n/(2*partSize), runtime.GOMAXPROCS(0))
	if parts < 2 || err != nil {
		return nil, err
	}
	together := 3
	if rd.excerpt.order == index.AEVT {
		together = 2
	}
	return rd.scan.from.Split(rd.run.ctx, rd.excerpt.order, within, parts, together)
}

// beside reads ranges beside each other, the first with the taker itself. It reports false, and has read nothing, where that cannot be forked.
func (rd *readout) beside(t taker, ranges []index.Range) bool {
	takers := make([]taker, len(ranges))
	for i := range takers {
		if takers[i] = t; i > 0 {
			takers[i] = t.fork()
		}
		if takers[i] == nil {
			return false
		}
	}
	rd.rows, _ = t.size()
	ctx, cancel := context.WithCancel(rd.run.ctx)
	defer cancel()
	one := func(i int) {
		if err := rd.part(ctx, takers[i], ranges[i]); err != nil {
			rd.fail(err, cancel)
		}
	}
	var group sync.WaitGroup
	for i := 1; i < len(ranges); i++ {
		group.Go(func() { one(i) })
	}
	one(0)
	if group.Wait(); rd.err != nil {
		return true
	}
	for _, fork := range takers[1:] {
		t.join(fork)
	}
	return true
}

// fail notes the first error, and ends the others.
func (rd *readout) fail(err error, cancel func()) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if rd.err == nil {
		rd.err = err
	}
	cancel()
}

// part reads one range.
func (rd *readout) part(ctx context.Context, t taker, within index.Range) error {
	x := *rd.excerpt
	x.within = within
	cursor, err := rd.open(ctx, &x)
	for err == nil {
		var b *index.Batch
		if b, err = cursor.Next(); b == nil || err != nil {
			return err
		}
		before, _ := t.size()
		t.take(b)
		n, width := t.size()
		err = rd.count(b.Len(), n-before, width)
	}
	return err
}

// count counts what one of several has read, and the rows that have come of it, with those of all.
func (rd *readout) count(datoms, rows int, width int64) error {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.rows += rows
	return firstError(rd.run.reads(datoms), rd.run.fits(rd.rows, width))
}
