package db

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/datolite/datolite/storage"
)

// A flight is a record on its way into the next slot of the log; or, for a group that has nothing to write, a look at whether that
// slot is empty, so that its answers rest on the newest head. Until it has landed only its own goroutine touches what it comes to.
type flight struct {
	group  *group  // without turns if the record is not for its sake
	seq    int     // of the slot
	record *record // nil for a look
	said   *look   // whose record it is; nil for none
	asking []*look // who asked before it took off, and are answered if it ends well
	landed chan struct{}

	took     time.Duration
	grounded bool   // somebody left before the slot was asked for
	other    *entry // what is in the slot instead
	err      error  // a refusedError if nothing happened
}

// done returns a channel that is closed when the flight has landed. That of no flight never is.
func (f *flight) done() <-chan struct{} {
	if f == nil {
		return nil
	}
	return f.landed
}

// takeOff sends off what is ready, unless something flies.
func (w *writer) takeOff() {
	for w.flies == nil && w.prepare() {
		w.evaluateBacklog()
	}
}

// prepare sends off the group that has grown, or for want of one looks for new records, or fills a slot. It reports whether there
// may be more to do.
func (w *writer) prepare() bool {
	w.tellFilled()
	g := w.grows
	switch members := len(g.sections) > 0; {
	case len(w.publishing) > 0 && !w.mustYield():
		w.publishRoot()
	case len(w.saying) > 0 && !w.mustYield():
		w.sayNext()
	case members && !w.mustYield() && w.losses >= maxLosses:
		w.send(w.nobody(), w.newRecord(yieldVersion, yieldSection(yieldFor(w.effort))))
	case members && !w.mustYield():
		w.send(g, w.newRecord(1, g.sections...))
	case !members && len(g.turns) > 0 && w.sole():
		g.answer()
		w.regrow()
	case !members && len(g.turns) > 0:
		w.send(g, nil)
	case len(w.asking) > 0:
		w.lookAround()
	case len(w.filling) > 0 && !w.mustYield():
		w.send(w.nobody(), w.newRecord(1))
	default:
		return false
	}
	return true
}

// nobody returns a group without turns, for a record that is for nobody's sake.
func (w *writer) nobody() *group { return &group{conn: w.Conn, snap: w.head.Load().snap} }

// newRecord returns a record for the next slot.
func (w *writer) newRecord(reader uint64, sections ...section) *record {
	h := w.head.Load()
	r := &record{reader: reader, writer: 1, seq: h.seq + 1, prev: h.hash, sections: sections}
	_, _ = rand.Read(r.nonce[:]) // never fails
	return r
}

// send has a flight take off. The group that grows, if it is that one, leaves room for another.
func (w *writer) send(g *group, r *record) {
	w.flies = &flight{group: g, seq: w.head.Load().seq + 1, record: r, asking: w.asking, landed: make(chan struct{})}
	w.asking = nil
	if g == w.grows {
		w.regrow()
	}
	w.taxiway <- w.flies
}

// pilot flies what takes off, one flight after the other.
func (c *Conn) pilot() {
	for f := range c.taxiway {
		f.fly(c.ctx, c.log, c.o.Logger)
	}
}

// fly puts the record into its slot, or looks at it.
func (f *flight) fly(ctx context.Context, log *txlog, logger *slog.Logger) {
	began := time.Now()
	if f.record == nil {
		f.look(ctx, log)
	} else {
		f.create(ctx, log, logger)
	}
	f.took = time.Since(began)
	close(f.landed)
}

// look finds out whether the slot is empty.
func (f *flight) look(ctx context.Context, log *txlog) {
	other, err := log.read(ctx, f.seq)
	switch {
	case err == nil:
		f.other = other
	case !errors.Is(err, storage.ErrNotFound):
		f.err = &refusedError{err}
	}
}

// create puts the record into the slot, if all who are in it are still there. Only a record that can be read is another one: what
// cannot may be the record itself, damaged on its way; unless it is whole, and for newer readers.
func (f *flight) create(ctx context.Context, log *txlog, logger *slog.Logger) {
	value, err := log.place(ctx, f.record)
	if err != nil {
		f.err = &refusedError{err}
		return
	}
	if f.grounded = !f.group.ask(f.record); f.grounded {
		return
	}
	slot := creation{store: log.store, key: log.slot(f.seq), value: value, guard: log.trimKey(f.seq), logger: logger}
	found, err := slot.run(ctx)
	switch {
	case errors.Is(err, errTrimmed):
		f.other, err = log.afterTrim(ctx, f.record, logger)
	case err == nil && found != nil:
		f.other, err = log.winner(ctx, f.record, found)
	}
	if f.err = err; errors.Is(err, ErrFormat) {
		f.err = &refusedError{err}
	}
}

// land deals with what has become of the flight.
func (w *writer) land() {
	f := w.flies
	w.flies, w.pace = nil, max(f.took/2, minPace)
	if f.other != nil {
		w.lose(f)
	}
	switch {
	case f.err != nil:
		w.fail(f)
	case f.other == nil && !f.grounded:
		w.arrive(f)
		return
	}
	w.asking = append(f.asking, w.asking...)
	w.again(f.group, w.grows)
}

// arrive publishes what the record brought, and then answers.
func (w *writer) arrive(f *flight) {
	if f.record != nil {
		w.losses, w.unsure = 0, false
		e := f.record.entry(f.group.logged())
		e.root, _ = f.record.root()
		e.load = w.loaded(f.record)
		e.hold, e.collection, _ = f.record.keeps()
		f.group.publish()
		w.log.recent.put(e)
		w.arriveAt(e, f.group.snap)
		w.tellSaid(f.said)
		if e.load != nil {
			e.load.snap = nil
		}
	}
	f.group.answer()
	for _, l := range f.asking {
		w.reply(l, nil)
	}
}

// arriveAt moves the head by a record of our own. Where that publishes an index, what has grown was evaluated on a snapshot without it.
func (w *writer) arriveAt(e *entry, snap *Snapshot) {
	next, err := w.after(w.head.Load(), e, snap)
	if err != nil {
		next = w.head.Load().after(e, snap) // an index that does not decode is none
	}
	w.head.Store(next)
	if next.snap != snap {
		w.again(w.grows)
	}
	w.tellPublished(err)
	w.news.ring()
}

// lose applies the record that is in the slot instead.
func (w *writer) lose(f *flight) {
	err := w.advance([]*entry{f.other})
	w.note(err)
	if err != nil {
		f.err = &refusedError{err}
		return
	}
	w.found++
	if w.log.chunks().has(f.seq) {
		w.hurry()
	}
	if f.record != nil {
		w.losses++
		if len(f.group.turns) > 0 {
			w.effort = time.Since(f.group.began)
		}
	}
}

// hurry catches up with a log that went far beyond the slot of the last flight.
func (w *writer) hurry() {
	n, err := w.catchUp(w.ctx)
	w.found += n
	w.note(err)
}

// fail answers those who wait for a flight that came to nothing, or to nothing that is known.
func (w *writer) fail(f *flight) {
	w.note(f.err)
	w.losses = 0
	w.unsure = w.unsure || f.record != nil
	if errors.As(f.err, new(*refusedError)) {
		f.group.fail(f.err)
	} else {
		f.group.lose(f.err)
	}
	if f.record != nil && len(f.group.turns) == 0 {
		for _, l := range slices.Concat(w.filling, w.publishing, w.saying) {
			l.tell(0, f.err)
		}
		w.filling, w.publishing, w.saying = nil, nil, nil
	}
}
