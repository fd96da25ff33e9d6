package db

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// An Import is how far an import has come, or what it came to.
type Import struct {
	Transactions int
	Datoms       int // of those, :db/txInstant included
	First, Last  T   // the first transaction and the last one; 0 if there is none
}

// Import makes what evals come to durable and visible, all of it at once: each is a transaction on what the one before it led to. What lies
// in memory is moved into trees as it comes, which nobody sees before the one record that makes them those of the database; so an
// import that ends before that has changed nothing. It is ErrOvertaken if another transaction was committed, or another index published,
// by anyone meanwhile: then nothing of it is kept. It is for tx alone: see tx.Import.
func (c *Conn) Import(ctx context.Context, evals iter.Seq2[Eval, error], told func(Import)) (Import, error) {
	switch {
	case c.o.ReadOnly:
		return Import{}, fmt.Errorf("db: %w", ErrReadOnly)
	case ctx.Value(nested{c}) != nil:
		return Import{}, fmt.Errorf("db: %w", ErrNested)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(c.ctx, stop)()
	c.indexing.Lock() // the tail that is to be indexed is the import's until its end
	defer c.indexing.Unlock()
	if err := c.readyForImport(ctx); err != nil {
		return Import{}, c.importError(c.orStopped(err))
	}
	x := c.newImporter(ctx)
	err := x.run(evals, told)
	if err != nil {
		stop()
	}
	x.pages.close()
	x.growth.wait()
	if err == nil {
		err = x.finish()
	}
	if err != nil {
		return Import{}, c.importError(c.orStopped(err))
	}
	return x.done, nil
}

// readyForImport finds the newest record. A log without one gets an empty record: an index goes up to a record, and so does that of an import.
func (c *Conn) readyForImport(ctx context.Context) error {
	_, err := c.look(ctx)
	if err == nil && c.head.Load().seq == 0 {
		err = c.fill(ctx, 1)
	}
	return err
}

// importError says of an error of this package where it comes from; those of an Eval do so themselves.
func (c *Conn) importError(err error) error {
	if isAny(err, ErrOvertaken, ErrClosed, ErrDropped) {
		return fmt.Errorf("db: %w", err)
	}
	return err
}

// An importer is a database that goes on from that of a Conn by itself.
type importer struct {
	conn   *Conn
	ctx    context.Context
	start  *head // that it goes on from
	snap   *Snapshot
	root   *root
	done   Import
	began  time.Time
	pages  *pageWriter
	writer *segmentWriter
	growth growing
}

func (c *Conn) newImporter(ctx context.Context) *importer {
	h := c.head.Load()
	r := newRoot(h)
	x := &importer{conn: c, ctx: ctx, start: h, snap: h.snap, root: r, began: time.Now(), writer: &segmentWriter{log: c.log, job: r.job}}
	x.pages = newPageWriter(ctx, c.log, h.seq+1)
	return x
}

// run evaluates what there is.
func (x *importer) run(evals iter.Seq2[Eval, error], told func(Import)) error {
	if err := x.start.writable(x.conn.log); err != nil {
		return err
	}
	for eval, err := range evals {
		if err == nil {
			err = x.ctx.Err()
		}
		if err == nil && x.conn.head.Load().seq != x.start.seq {
			err = ErrOvertaken
		}
		if err == nil {
			err = x.take(eval)
		}
		if err != nil {
			return err
		}
		told(x.done)
	}
	return x.ctx.Err()
}

// take evaluates a transaction, and moves on to what it led to.
func (x *importer) take(eval Eval) error {
	rep, err := evaluated(x.ctx, x.conn, eval, x.snap)
	if err != nil {
		return x.refused(err)
	}
	if err := rep.follows(x.snap); err != nil || rep.repeated {
		return err
	}
	rep.After.publish() // nobody sees it; what led to it need not be kept
	if err := x.pages.add(&rep.commit); err != nil {
		return err
	}
	if x.done.First == 0 {
		x.done.First = rep.T
	}
	x.snap, x.done.Last = rep.After, rep.T
	x.done.Transactions++
	x.done.Datoms += 1 + len(rep.commit.Facts)
	return x.grow()
}

// refused returns the error of an Eval, if the database is still where the import began: else it may be that of a state long gone.
func (x *importer) refused(err error) error {
	if _, unseen := x.conn.look(x.ctx); unseen != nil && x.ctx.Err() == nil {
		return unseen
	}
	if x.conn.head.Load().seq != x.start.seq {
		return ErrOvertaken
	}
	return err
}

// evaluated calls an Eval. Where it panics, the import fails.
func evaluated(ctx context.Context, c *Conn, eval Eval, before *Snapshot) (rep *Report, err error) {
	defer func() {
		if r := recover(); r != nil {
			rep, err = nil, &PanicError{Value: r}
		}
	}()
	return eval(context.WithValue(ctx, nested{c}, true), before)
}

// grow moves what lies in memory into trees beside what goes on, when it has half of the memory that it may have, and waits for that when
// it has all of it.
func (x *importer) grow() error {
	used := x.snap.levels.TailBytes()
	if used < x.conn.o.Memory/2 {
		return nil
	}
	if used >= x.conn.o.Memory || x.growth.over() {
		if err := x.growth.wait(); err != nil {
			return err
		}
		x.adopt()
	}
	if x.growth.done == nil && x.snap.levels.TailBytes() >= x.conn.o.Memory/2 {
		own := x.own()
		x.growth.begin(x.ctx, x.snap, x.conn, x.writer, own < mostOwn, own)
	}
	return nil
}

// mostOwn is how many levels an import has of its own before they are merged: each fact is written a second time when they are, and looked
// for in all of them until then.
const mostOwn = 16

// own returns how many levels have something of the import.
func (x *importer) own() int {
	n := 0
	for _, level := range x.snap.levels.Stored() {
		if level.Newest().T() > x.start.snap.basis {
			n++
		}
	}
	return n
}

// adopt puts the trees that have grown in the place of what is in them.
func (x *importer) adopt() {
	if levels := x.growth.take(); levels != nil {
		x.snap = x.snap.over(levels)
	}
}

// finish moves the rest into trees, and has the record written that makes all of it visible.
func (x *importer) finish() error {
	pages, size, err := x.pages.result()
	if err == nil {
		err = x.growth.err
	}
	if err != nil || x.done.Transactions == 0 {
		return err
	}
	x.adopt()
	if own := x.own(); x.snap.levels.Tail() > 0 || own > 1 {
		x.growth.begin(x.ctx, x.snap, x.conn, x.writer, false, own)
		if err := x.growth.wait(); err != nil {
			return err
		}
		x.adopt()
	}
	l := &load{root: x.root, transactions: x.done.Transactions, facts: x.done.Datoms, bytes: size, pages: pages, snap: x.snap}
	return x.publish(l)
}

// publish has the writer write the record, and then publishes an index, so that whoever opens the database next begins behind the import.
func (x *importer) publish(l *load) error {
	c, r := x.conn, x.root
	r.unkeyed = true
	r.basis, r.instant, r.nextT, r.nextElement = x.snap.basis, x.snap.instant, x.snap.nextT, x.snap.nextElement
	r.datoms, r.bytes = x.start.datoms+l.facts, x.start.bytes+l.bytes
	r.chunks = x.start.chunks
	for _, level := range x.snap.levels.Stored() {
		r.levels = append(r.levels, level.Encode(nil))
	}
	look := &look{root: r, load: l, nonce: x.pages.nonce, told: make(chan struct{})}
	if _, err := c.ask(x.ctx, look); err != nil {
		return err
	}
	c.o.Logger.Info("imported", "t", int64(r.basis), "datoms", l.facts, "segments", x.writer.n, "took", time.Since(x.began))
	if c.o.Observer != nil {
		c.o.Observer.Observe(Event{Kind: "import", T: r.basis, Datoms: l.facts, Duration: time.Since(x.began)})
	}
	if err := x.keep(); err != nil {
		c.o.Logger.Warn("the import is there, and whoever opens the database next reads its record first", "error", err)
	}
	return nil
}

// keep publishes an index of what is there, the import included.
func (x *importer) keep() error {
	c, h := x.conn, x.conn.head.Load()
	if h.root != x.root.job || h.seq != x.start.seq+1 {
		return nil
	}
	return c.publishAgain(x.ctx, h, x.root.levels)
}

// publishAgain publishes an index of what a head has in trees, which is all of it.
func (c *Conn) publishAgain(ctx context.Context, h *head, levels [][]byte) (err error) {
	r := newRoot(h)
	w := &segmentWriter{log: c.log, job: r.job}
	r.levels = levels
	if r.chunks, err = c.log.roll(ctx, h.chunks, h.seq, h.next, w); err != nil {
		return err
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	return c.publishRoot(ctx, r)
}
