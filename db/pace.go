package db

import (
	"context"
	"runtime"
	"time"
)

// A pacer has whoever reads all of a database give way to those who write to it: while they do, it works for a millisecond or so, and rests
// for several times as long, so that a transaction seldom waits for a core, or for the disk, because of it.
type pacer struct {
	conn  *Conn // whose writers are given way to; nil for nobody's
	seq   int   // the newest record when it was last looked
	wrote time.Time
	since time.Time // the end of the last rest
}

// How a pacer divides time, and for how long it takes a database for one that is written to.
const (
	paceWork = time.Millisecond
	paceRest = 4 // times as long as the work
	mostRest = 50 * time.Millisecond
	paceIdle = 200 * time.Millisecond
)

// paceBytes is how many bytes are read or put at once while somebody commits, who may wait for that.
const paceBytes = 128 << 10

// most returns how many bytes to read or put at once, where so many are if nobody commits.
func (p *pacer) most(bytes int) int {
	if p.gives(time.Now()) {
		return min(bytes, paceBytes)
	}
	return bytes
}

// gives reports whether there is somebody to give way to.
func (p *pacer) gives(now time.Time) bool {
	if p.conn == nil {
		return false
	}
	if seq := p.conn.head.Load().seq; seq != p.seq || p.wrote.IsZero() {
		p.seq, p.wrote = seq, now
	}
	return now.Sub(p.wrote) < paceIdle
}

// pause is called between small pieces of work. It returns the error of ctx.
func (p *pacer) pause(ctx context.Context) error {
	if p.conn == nil {
		return ctx.Err()
	}
	now := time.Now()
	gives := p.gives(now)
	if p.since.IsZero() {
		p.since = now
	}
	work := now.Sub(p.since)
	if work < paceWork {
		return ctx.Err()
	}
	if gives {
		sleep(ctx, min(paceRest*work, mostRest))
	} else {
		runtime.Gosched()
	}
	p.since = time.Now()
	return ctx.Err()
}
