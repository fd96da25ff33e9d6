package db

import (
	"context"

	"github.com/datolite/datolite/index"
)

// A growing is trees that are made of what a snapshot has in memory, beside what goes on.
type growing struct {
	done  chan struct{} // closed at the end; nil while none is made
	level *index.Level
	err   error
}

func (g *growing) begin(ctx context.Context, snap *Snapshot, c *Conn, w *segmentWriter) {
	g.done = make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		g.level, g.err = snap.levels.Grown(ctx, index.Growth{Newest: index.TxID(snap.basis), To: w, From: segments{c.log}, Cache: c.cache,
			Sizes: c.o.sizes, Forget: snap.Schema().forgets()})
		if g.err == nil {
			g.err = w.flush(ctx)
		}
	}(g.done)
}

// over reports whether trees were made that nobody has taken.
func (g *growing) over() bool { return g.done != nil && closed(g.done) }

// wait waits for the trees that are made, if there are any.
func (g *growing) wait() error {
	if g.done != nil {
		<-g.done
	}
	return g.err
}

// take returns the level that was made, once.
func (g *growing) take() *index.Level {
	level := g.level
	g.done, g.level = nil, nil
	return level
}
