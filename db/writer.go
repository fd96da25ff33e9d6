package db

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// An Eval makes a transaction on the newest snapshot: a report from before.Apply. The writer calls it again, on a newer
// snapshot, after a lost race or when the batch before it failed, so it must be pure.
type Eval func(ctx context.Context, before *Snapshot) (*Report, error)

// Commit makes what eval comes to durable and visible, in a group with what waits beside it. It is for tx alone: see
// tx.Transact. If ctx ends before a slot of the log was asked for, the transaction is withdrawn and the error is that of ctx; if
// it ends after that, the error is an *OutcomeError.
func (c *Conn) Commit(ctx context.Context, eval Eval) (*Report, error) {
	if c.o.Observer == nil {
		return c.submit(ctx, eval)
	}
	began := time.Now()
	rep, err := c.submit(ctx, eval)
	c.o.Observer.Observe(transactionEvent(rep, err, time.Since(began)))
	return rep, err
}

func transactionEvent(rep *Report, err error, took time.Duration) Event {
	e := Event{Kind: "transaction", Duration: took, Err: err}
	if rep != nil {
		e.T, e.Datoms = rep.T, len(rep.Datoms)
	}
	return e
}

// submit gives the writer a request, and waits for the answer or for the end of ctx.
func (c *Conn) submit(ctx context.Context, eval Eval) (*Report, error) {
	switch {
	case c.o.ReadOnly:
		return nil, fmt.Errorf("db: %w", ErrReadOnly)
	case ctx.Value(nested{c}) != nil:
		return nil, ErrNested
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	if err := c.hold(ctx); err != nil {
		return nil, err
	}
	c.traffic.enter()
	defer c.traffic.leave()
	r := newRequest(ctx, c, eval)
	select {
	case c.queue <- r:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.closing:
		return nil, fmt.Errorf("db: %w", ErrClosed)
	}
	select {
	case <-r.told:
	case <-ctx.Done():
		return r.leave(ctx.Err())
	case <-c.done:
	}
	return r.result()
}

// A writer is the goroutine of a Conn that alone moves its head. It takes requests out of the queue and evaluates them into the
// group that grows. When no other is in flight the group takes off: its record is on its way into the next slot of the log. While
// it flies the next group grows, on the snapshot that the one in flight leads to. It lands when the slot is known to be filled: if with
// its own record, that is durable, then visible, then told. Otherwise what is in the slot is applied, and the requests of both
// groups are evaluated again: no answer is given before every record that it rests on is durable.
type writer struct {
	*Conn
	grows      *group
	flies      *flight       // nil while none does
	pace       time.Duration // half of what the last flight took
	backlog    []*request    // evaluated in vain, to be evaluated before what is in the queue
	asking     []*look       // that wait for an answer
	filling    []*look       // that were answered, but wait for the next slot to be filled
	publishing []*look       // that wait for their index to be published
	saying     []*look       // that wait for a record of what they say
	found      int           // records of others that no look was told of
	unsure     bool          // a record of our own may be in the log without our knowing
	losses     int           // slots lost to others in a row
	effort     time.Duration // that went into the last of those
}

// minPace is the least time for which requests are gathered, if they come that fast.
const minPace = 100 * time.Microsecond

// run starts the writer.
func (c *Conn) run() {
	w := &writer{Conn: c, pace: minPace}
	w.regrow()
	w.run()
}

// run is the writer. Where an Eval ends the goroutine, as t.FailNow does, another one goes on.
func (w *writer) run() {
	ended := false
	defer func() {
		if !ended {
			go w.run()
		}
	}()
	for w.step() {
	}
	w.end()
	ended = true
	close(w.taxiway)
	close(w.done)
}

// step does what can be done at once, and then the next thing: of what is there, what has landed comes first, and looks before
// transactions, so that what comes next is no matter of chance. It reports false when the Conn is closing.
func (w *writer) step() bool {
	w.evaluateBacklog()
	w.takeOff()
	if closed(w.closing) {
		return false
	}
	if closed(w.flies.done()) {
		w.land()
		w.gather()
		return true
	}
	select {
	case l := <-w.looks:
		w.asking = append(w.asking, l)
		return true
	default:
		return w.wait()
	}
}

// closed reports whether a channel is closed that nothing is sent on.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wait waits for the next thing to do, and does it. It reports false when the Conn is closing. A yield that is over by now may have
// kept a group from taking off a moment ago.
func (w *writer) wait() bool {
	var peace <-chan time.Time
	if !w.yieldUntil.IsZero() {
		timer := time.NewTimer(time.Until(w.yieldUntil))
		defer timer.Stop()
		peace = timer.C
	}
	select {
	case <-w.closing:
		return false
	case r := <-w.open():
		w.grows.take(r)
		w.gather()
	case l := <-w.looks:
		w.asking = append(w.asking, l)
	case <-w.flies.done():
		w.land()
		w.gather()
	case <-peace:
		w.yieldUntil = time.Time{}
	}
	return true
}

// open returns the queue if there is room for what is in it.
func (w *writer) open() <-chan *request {
	if w.grows.hasRoom() && len(w.backlog) == 0 && !w.mustYield() {
		return w.queue
	}
	return nil
}

// gather evaluates what waits in the queue. While nothing flies that is for half as long as the last flight took, beginning with a
// turn for callers who were just answered, since most have something more to write: so records are fewer and larger, and the
// store does not wait for long.
func (w *writer) gather() {
	if w.flies == nil {
		runtime.Gosched()
		runtime.Gosched() // now and then the first returns at once
	}
	for until := (time.Time{}); !closed(w.flies.done()); {
		select {
		case r := <-w.open():
			w.grows.take(r)
		default:
			return
		}
		switch {
		case w.flies != nil:
		case until.IsZero():
			until = time.Now().Add(w.pace)
		case time.Now().After(until):
			return
		}
	}
}

// evaluateBacklog evaluates again what was evaluated in vain.
func (w *writer) evaluateBacklog() {
	for len(w.backlog) > 0 && w.grows.hasRoom() {
		r := w.backlog[0]
		w.backlog = w.backlog[1:]
		w.grows.take(r)
	}
}

// regrow begins a group on what the one in flight leads to, or on the head.
func (w *writer) regrow() {
	snap := w.head.Load().snap
	if w.flies != nil {
		snap = w.flies.group.snap
	}
	w.grows = &group{conn: w.Conn, snap: snap}
}

// again has the requests of groups that are still open evaluated again, on the head.
func (w *writer) again(groups ...*group) {
	var all []*request
	for _, g := range groups {
		all = append(all, g.open()...)
	}
	w.backlog = append(all, w.backlog...)
	w.regrow()
}

// end waits for what flies, and leaves nobody without an answer.
func (w *writer) end() {
	if w.flies != nil {
		<-w.flies.landed
		w.land()
	}
	w.again(w.grows)
	for _, r := range w.backlog {
		r.answer(nil, fmt.Errorf("db: %w", ErrClosed))
	}
}
