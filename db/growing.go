package db

import (
	"context"

	"github.com/datolite/datolite/index"
)

// A growing is trees that are made of what a snapshot has in memory, beside what goes on.
type growing struct {
	done   chan struct{} // closed at the end; nil while none is made
	levels []*index.Level
	err    error
}

// begin begins with it. The levels in the store stay as they are if apart is set; or else with tells how many are merged at least.
func (g *growing) begin(ctx context.Context, snap *Snapshot, c *Conn, w *segmentWriter, apart bool, with int) {
	g.done = make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		how := c.growth(snap, w)
		how.Apart, how.With = apart, with
		g.levels, g.err = snap.levels.Grown(ctx, how)
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

// take returns the levels that were made, once.
func (g *growing) take() []*index.Level {
	levels := g.levels
	g.done, g.levels = nil, nil
	return levels
}
