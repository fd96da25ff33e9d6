package db

import (
	"context"
	"fmt"
	"slices"
)

// A look asks the writer whether there are new records, and perhaps to fill a slot that is empty, or to publish an index.
type look struct {
	fill  int                          // the slot to fill; 0 for none
	root  *root                        // to publish; nil for none
	load  *load                        // to publish, with that root in it; nil for none
	nonce nonce                        // of the record of the load
	say   func(*head) (section, error) // returns what a record is to say behind a head; nil for nothing
	found int
	err   error
	told  chan struct{}
}

// look asks the writer to look for new records, and waits until it has applied them.
func (c *Conn) look(ctx context.Context) (int, error) {
	return c.ask(ctx, &look{told: make(chan struct{})})
}

// ask has the writer deal with a look, and waits for the answer.
func (c *Conn) ask(ctx context.Context, l *look) (int, error) {
	if ctx.Value(nested{c}) != nil {
		return 0, ErrNested
	}
	select {
	case c.looks <- l:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-c.done:
		return 0, ErrClosed
	}
	select {
	case <-l.told:
		return l.found, l.err
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-c.done:
		return 0, ErrClosed
	}
}

func (l *look) tell(found int, err error) {
	l.found, l.err = found, err
	close(l.told)
}

// sole reports whether nobody else can have written behind the head.
func (w *writer) sole() bool { return !w.unsure && w.alone() }

// lookAround applies the new records of the log, and answers those who asked.
func (w *writer) lookAround() {
	before, err := w.head.Load(), error(nil)
	if !w.sole() {
		_, err = w.catchUp(w.ctx)
		w.note(err)
		w.unsure = w.unsure && err != nil
	}
	if now := w.head.Load(); now != before {
		w.found += now.seq - before.seq
		w.again(w.grows)
	}
	asking := w.asking
	w.asking = nil
	for _, l := range asking {
		w.reply(l, err)
	}
}

// reply answers a look whose head is the newest. It waits on if there is a slot to fill.
func (w *writer) reply(l *look, err error) {
	h := w.head.Load()
	switch {
	case err == nil && l.root != nil:
		w.publishing = append(w.publishing, l)
		return
	case err == nil && l.say != nil:
		w.saying = append(w.saying, l)
		return
	case err != nil || l.fill <= h.seq:
	case l.fill > h.seq+1:
		err = fmt.Errorf("%w: record %d is asked for, and the newest is %d", ErrOutcomeID, l.fill, h.seq)
	default:
		if err = h.writable(w.log); err == nil {
			w.filling = append(w.filling, l)
			return
		}
	}
	l.tell(w.found, err)
	w.found = 0
}

// sayNext sends off a record of what waits to be said, unless that is not to be said any more.
func (w *writer) sayNext() {
	l, h := w.saying[0], w.head.Load()
	err := h.writable(w.log)
	var s section
	if err == nil {
		s, err = l.say(h)
	}
	if err != nil {
		w.saying = w.saying[1:]
		l.tell(0, err)
		return
	}
	w.send(w.nobody(), w.newRecord(keepVersion, s))
	w.flies.said = l
}

// tellSaid answers one whose record is there.
func (w *writer) tellSaid(said *look) {
	if said == nil {
		return
	}
	w.saying = slices.DeleteFunc(w.saying, func(l *look) bool { return l == said })
	said.tell(0, nil)
}

// tellFilled answers those whose slot is filled.
func (w *writer) tellFilled() {
	waiting := w.filling[:0]
	for _, l := range w.filling {
		if l.fill > w.head.Load().seq {
			waiting = append(waiting, l)
		} else {
			l.tell(0, nil)
		}
	}
	w.filling = waiting
}
