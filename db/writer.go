package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/datolite/datolite/storage"
)

// An Eval makes a transaction on the newest snapshot: a report from before.Apply. The writer calls it again, on a newer
// snapshot, after a lost race or when the batch before it failed, so it must be pure.
type Eval func(ctx context.Context, before *Snapshot) (*Report, error)

// Commit makes what eval comes to durable and visible, in a group with what waits beside it. It is for tx alone: see
// tx.Transact. If ctx ends before a slot of the log was asked for, the transaction is withdrawn and the error is that of ctx; if
// it ends after that, the error is an *OutcomeError.
func (c *Conn) Commit(ctx context.Context, eval Eval) (*Report, error) {
	began := time.Now()
	rep, err := c.submit(ctx, eval)
	if c.o.Observer != nil {
		c.o.Observer.Observe(transactionEvent(rep, err, time.Since(began)))
	}
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
		return r.rep, r.err
	case <-ctx.Done():
		return r.leave(ctx.Err())
	case <-c.done:
		return r.result()
	}
}

// The most that goes into one record, unless one transaction alone is larger.
const (
	maxGroup      = 1024 // transactions
	maxGroupBytes = 4 << 20
)

// run is the writer: it alone moves the head. Looks and transactions take turns, so that neither waits for ever, and what comes
// next is no matter of chance.
func (c *Conn) run() {
	defer close(c.done)
	for !c.isClosing() {
		select {
		case l := <-c.looks:
			c.serve(l)
		default:
		}
		select {
		case r := <-c.queue:
			c.commitAll(c.gather(r))
			continue
		default:
		}
		select {
		case <-c.closing:
		case r := <-c.queue:
			c.commitAll(c.gather(r))
		case l := <-c.looks:
			c.serve(l)
		}
	}
}

// serve looks for new records, and fills the slot behind them where that is asked for.
func (c *Conn) serve(l *look) {
	l.found, l.err = c.catchUp(c.ctx)
	c.note(l.err)
	if l.err == nil && l.fill > c.head.Load().seq {
		l.err = c.fillNext(l.fill)
	}
	close(l.told)
}

// gather returns a request and those that wait behind it. Callers who were just answered get a turn before it looks, since most have
// something more to write.
func (c *Conn) gather(r *request) []*request {
	runtime.Gosched()
	batch := append(make([]*request, 0, 1+len(c.queue)), r)
	for len(batch) < maxGroup {
		select {
		case r := <-c.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commitAll answers every request of a batch, unless its caller left: in one record, or in several where others were faster, callers
// left, or there is too much for one.
func (c *Conn) commitAll(batch []*request) {
	for len(batch) > 0 {
		c.round(batch)
		batch = slices.DeleteFunc(batch, (*request).over)
		if c.isClosing() {
			for _, r := range batch {
				r.answer(nil, ErrClosed)
			}
			return
		}
	}
}

func (c *Conn) isClosing() bool {
	select {
	case <-c.closing:
		return true
	default:
		return false
	}
}

// round evaluates the requests of a batch on the head, and tries to put them into the next slot.
func (c *Conn) round(batch []*request) {
	g := &group{conn: c, head: c.head.Load()}
	if err := g.head.writable(c.log); err != nil {
		for _, r := range batch {
			r.answer(nil, err)
		}
		return
	}
	g.evaluate(batch)
	if len(g.members) == 0 {
		g.refuse()
		return
	}
	g.write()
}

// fillNext puts an empty record into the next slot, which must be the one that is meant.
func (c *Conn) fillNext(seq int) error {
	g := &group{conn: c, head: c.head.Load()}
	if seq != g.head.seq+1 {
		return fmt.Errorf("%w: record %d is asked for, and the newest is %d", ErrOutcomeID, seq, g.head.seq)
	}
	if err := g.head.writable(c.log); err != nil {
		return err
	}
	g.write()
	return nil
}

// writable returns ErrDropped if nobody may write behind the head, and ErrFormat if this version must not.
func (h *head) writable(l *txlog) error {
	if h.ended {
		return ErrDropped
	}
	if h.writer.version <= writerVersion {
		return nil
	}
	return &StoreError{l.slot(h.writer.seq), fmt.Errorf("%w: the record takes writers of version %d from there on, and this is %d",
		ErrFormat, h.writer.version, writerVersion)}
}

// A group is requests that were evaluated one after the other on a head: its members go into one record; the refused have an error
// instead.
type group struct {
	conn     *Conn
	head     *head
	members  []*request
	reports  []*Report // of the members
	sections []section
	size     int
	refused  []*request
	answers  []answer // of the refused
}

// An answer that brings nothing new: a refusal, or what came of a transaction the first time.
type answer struct {
	rep *Report
	err error
}

// evaluate fills the group, each transaction on the snapshot that the one before produced.
func (g *group) evaluate(batch []*request) {
	snap := g.head.snap
	for _, r := range batch {
		if r.over() {
			continue
		}
		if g.size > maxGroupBytes {
			return
		}
		rep, err := r.evaluate(snap)
		if err != nil || rep.repeated {
			g.refused, g.answers = append(g.refused, r), append(g.answers, answer{rep, err})
			continue
		}
		g.members, g.reports = append(g.members, r), append(g.reports, rep)
		g.add(&rep.commit)
		snap = rep.After
	}
}

// add encodes a transaction. A fact takes some 24 bytes.
func (g *group) add(c *Commit) {
	b := body{commit: *c, fields: fieldsOf(c)}
	_, _ = rand.Read(b.salt[:]) // never fails
	content := appendBody(make([]byte, 0, 64+24*len(c.Facts)), &b)
	g.sections = append(g.sections, section{sectionTx, content})
	g.size += len(content)
}

// refuse answers a group of nothing but refusals. They rest on the newest head if the slot behind it is empty now, which is after
// they were asked for; otherwise the head moves, and they are evaluated again.
func (g *group) refuse() {
	c := g.conn
	found, err := c.log.store.Get(c.ctx, c.log.slot(g.head.seq+1))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		g.answerRefused()
	case err != nil:
		g.fail(err)
	default:
		e, err := c.log.decode(c.ctx, g.head.seq+1, found)
		g.moveOn(e, err)
	}
}

// write puts the group's record into the next slot, and answers if it got there. If another one is there, that is applied, and the
// group's requests wait again.
func (g *group) write() {
	c := g.conn
	r := &record{reader: 1, writer: 1, seq: g.head.seq + 1, prev: g.head.hash, sections: g.sections}
	_, _ = rand.Read(r.nonce[:])
	b, err := c.log.place(c.ctx, r)
	if err != nil {
		g.fail(err)
		return
	}
	if !g.ask(r) {
		return
	}
	slot := creation{store: c.log.store, key: c.log.slot(r.seq), value: b, logger: c.o.Logger}
	other, err := slot.run(c.ctx)
	switch {
	case errors.As(err, new(*refusedError)):
		g.fail(err)
	case err != nil:
		g.lose(err)
	case other != nil:
		g.yieldTo(other)
	default:
		g.publish(r)
	}
}

// ask tells the members that a slot is about to be asked for, and reports whether all are still there.
func (g *group) ask(r *record) bool {
	for i, m := range g.members {
		if !m.ask(OutcomeID{r.seq, i, r.nonce}) {
			g.reopen()
			return false
		}
	}
	return true
}

// reopen lets the members wait for another slot.
func (g *group) reopen() {
	for _, m := range g.members {
		m.reopen()
	}
}

// yieldTo applies the record that is in the slot instead of the group's. Only a record that can be read is another one: what cannot
// may be the group's own, damaged on its way.
func (g *group) yieldTo(found []byte) {
	e, err := g.conn.log.decode(g.conn.ctx, g.head.seq+1, found)
	if err != nil {
		g.conn.note(err)
		g.lose(err)
		return
	}
	g.reopen()
	g.moveOn(e, nil)
}

// moveOn moves the head by the record of somebody else. The group's requests wait for the next slot, or are told that there is no
// going on.
func (g *group) moveOn(e *entry, err error) {
	if err == nil {
		err = g.conn.advance([]*entry{e})
	}
	g.conn.note(err)
	if err != nil {
		g.fail(err)
	}
}

// publish makes the group visible, and then answers.
func (g *group) publish(r *record) {
	e := &entry{seq: r.seq, prev: r.prev, hash: r.hash, nonce: r.nonce, writer: r.writer, size: r.size, commits: make([]Commit, len(g.reports))}
	snap := g.head.snap
	for i, rep := range g.reports {
		e.commits[i] = rep.commit.logged()
		rep.After.publish()
		snap = rep.After
	}
	g.conn.log.recent.put(e)
	g.conn.publish(g.head.after(e, snap))
	for i, m := range g.members {
		m.answer(g.reports[i], nil)
	}
	g.answerRefused()
}

func (g *group) answerRefused() {
	for i, r := range g.refused {
		r.answer(g.answers[i].rep, g.answers[i].err)
	}
}

// fail answers all with an error that tells them that nothing happened.
func (g *group) fail(err error) {
	for _, r := range slices.Concat(g.members, g.refused) {
		if !r.over() {
			r.answer(nil, err)
		}
	}
}

// lose answers all when the Conn ends or its store is gone before the slot is known.
func (g *group) lose(cause error) {
	for _, m := range g.members {
		m.lost(cause)
	}
	for _, r := range g.refused {
		r.answer(nil, cause)
	}
}
