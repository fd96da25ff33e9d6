package db

import (
	"context"
	"iter"

	"github.com/datolite/datolite/index"
)

// A reached segment is one that a root leads to: whoever reads the database from that root may need it.
type reached struct {
	name index.SegmentName
	part *index.Part // what is known of it, and hangs on it; nil for a chunk of the log, or a directory of those
	high int         // of such a directory, how high it lies; 0 for a chunk
}

// reach yields the segments that a root leads to, each behind all that it leads to itself. enter is asked about each before it is
// looked into, and one that it turns down is left out with all that it leads to; nil turns down none. What cannot be read comes with an
// error, and without what it would lead to. It holds a few directories in memory.
func (l *txlog) reach(ctx context.Context, r *root, enter func(reached) bool) iter.Seq2[reached, error] {
	return func(yield func(reached, error) bool) {
		levels, err := l.levels(r, index.NewCache(0), nil)
		if err != nil {
			yield(reached{}, &StoreError{l.rootKey(r), err})
			return
		}
		into := func(p *index.Part) bool { return enter == nil || enter(reached{name: p.Name, part: p}) }
		for _, level := range levels {
			for p, err := range level.Parts(ctx, into) {
				if !yield(reached{name: p.Name, part: p}, err) {
					return
				}
			}
		}
		l.reachChunks(ctx, r.chunks, enter, yield)
	}
}
