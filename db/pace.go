package db

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// A pacer has whoever reads all of a database give way to those who write to it. While they do, it works for a quarter of a millisecond at once, rests
// for several times as long, and does not go on while a transaction of this process is under way: one that comes meanwhile waits for the end of
// that work at most, for a core or for the disk.
type pacer struct {
	conn  *Conn // whose writers are given way to; nil for nobody's
	seq   int   // the newest record when it was last looked; 0 before that
	wrote time.Time
	since time.Time // the end of the last rest
}

// How a pacer divides time, and for how long it takes a database for one that is written to.
const (
	paceWork = time.Millisecond / 4
	paceRest = 4 // times as long as the work
	mostRest = 50 * time.Millisecond
	paceWait = 4 * time.Millisecond // for transactions that are under way, which there may always be
	paceIdle = 200 * time.Millisecond
)

// While somebody commits, so many bytes are read at once, and so many are put at once: a put holds up all who sync on the same disk, so that it takes
// little longer than a transaction, and there is a long rest behind it.
const (
	paceBytes   = 16 << 10
	pacePut     = 128 << 10
	pacePutRest = 16 // times as long as a put took
)

// reads returns how many bytes to read at once, where so many are if nobody commits.
func (p *pacer) reads(bytes int) int {
	if p.gives(time.Now()) {
		return min(bytes, paceBytes)
	}
	return bytes
}

// puts returns how many bytes to put at once.
func (p *pacer) puts() int {
	if p.gives(time.Now()) {
		return pacePut
	}
	return gathered
}

// gives reports whether there is somebody to give way to.
func (p *pacer) gives(now time.Time) bool {
	if p == nil || p.conn == nil {
		return false
	}
	seq := p.conn.head.Load().seq
	if p.seq != 0 && seq != p.seq {
		p.wrote = now
	}
	p.seq = seq
	return now.Sub(p.wrote) < paceIdle || p.conn.traffic.since(now) < paceIdle
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
		p.rest(ctx, paceRest*work)
		return ctx.Err()
	}
	runtime.Gosched()
	p.since = time.Now()
	return ctx.Err()
}

// rest rests, and waits for the transactions that are under way then.
func (p *pacer) rest(ctx context.Context, d time.Duration) {
	sleep(ctx, min(d, mostRest))
	p.conn.traffic.wait(ctx, paceWait)
	p.since = time.Now()
}

// put puts something while no transaction is under way, and rests.
func (p *pacer) put(ctx context.Context, put func() error) error {
	if !p.gives(time.Now()) {
		return put()
	}
	p.conn.traffic.wait(ctx, paceWait)
	began := time.Now()
	err := put()
	p.rest(ctx, pacePutRest*time.Since(began))
	return err
}

// A traffic tells which transactions of a process are under way.
type traffic struct {
	mu     sync.Mutex
	count  int
	landed time.Time     // when the last one ended
	none   chan struct{} // closed when none is under way any more; nil if nobody waits for that
}

func (t *traffic) enter() {
	t.mu.Lock()
	t.count++
	t.mu.Unlock()
}

func (t *traffic) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count--; t.count > 0 {
		return
	}
	t.landed = time.Now()
	if t.none != nil {
		close(t.none)
		t.none = nil
	}
}

// since returns for how long no transaction has been under way.
func (t *traffic) since(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count > 0 {
		return 0
	}
	return now.Sub(t.landed)
}

// wait waits until no transaction is under way, but not for long.
func (t *traffic) wait(ctx context.Context, most time.Duration) {
	t.mu.Lock()
	if t.count > 0 && t.none == nil {
		t.none = make(chan struct{})
	}
	none := t.none
	t.mu.Unlock()
	if none == nil {
		return
	}
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case <-none:
	case <-late.C:
	case <-ctx.Done():
	}
}
