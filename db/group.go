package db

import (
	"crypto/rand"
	"fmt"
	"time"
)

// The most that goes into one record, unless one transaction alone is larger.
const (
	maxGroup      = 1024 // transactions
	maxGroupBytes = 4 << 20
)

// A group is requests that were evaluated one after the other, each on the snapshot that the one before it produced. Those that
// came to a transaction are its members, and go into one record; the others have an answer that rests on that snapshot.
type group struct {
	conn     *Conn
	snap     *Snapshot // that the last member led to
	turns    []turn
	sections []section // of the members
	size     int       // of those, in bytes
	began    time.Time // when the first was taken
}

// A turn is a request, evaluated.
type turn struct {
	r      *request
	rep    *Report
	err    error
	member bool // the report is new, and to be written
}

func (g *group) hasRoom() bool {
	return len(g.turns) < maxGroup && g.size < min(maxGroupBytes, g.conn.log.capacity())
}

// take evaluates a request, unless its caller left.
func (g *group) take(r *request) {
	if err := g.conn.head.Load().writable(g.conn.log); err != nil {
		r.answer(nil, fmt.Errorf("db: %w", err))
		return
	}
	if len(g.turns) == 0 {
		g.began = time.Now()
	}
	rep, ok, err := r.evaluate(g.snap)
	if !ok {
		return
	}
	member := err == nil && !rep.repeated
	if member {
		err = g.add(rep)
		member = err == nil
	}
	g.turns = append(g.turns, turn{r, rep, err, member})
}

// add encodes a transaction, unless it is more than a record of the store can hold. A fact takes some 24 bytes.
func (g *group) add(rep *Report) error {
	c := &rep.commit
	b := body{commit: *c, fields: fieldsOf(c)}
	_, _ = rand.Read(b.salt[:]) // never fails
	content := appendBody(make([]byte, 0, 64+24*len(c.Facts)), &b)
	if most := g.conn.log.capacity(); len(content) > most {
		return fmt.Errorf("%w: %d bytes, and the store takes %d: divide it", ErrTooLarge, len(content), most)
	}
	g.sections = append(g.sections, section{sectionTx, content})
	g.size += len(content)
	g.snap = rep.After
	return nil
}

// ask tells the members that the slot of a record is about to be asked for, and reports whether all are still there.
func (g *group) ask(r *record) bool {
	id := OutcomeID{Seq: r.seq, Nonce: r.nonce}
	for _, t := range g.turns {
		if !t.member {
			continue
		}
		if !t.r.ask(id) {
			return false
		}
		id.Place++
	}
	return true
}

// open returns the requests that still want an answer, and lets those wait that asked for a slot in vain.
func (g *group) open() []*request {
	var open []*request
	for _, t := range g.turns {
		if t.r.reopen(); !t.r.over() {
			open = append(open, t.r)
		}
	}
	return open
}

// logged returns the commits of the members as the log has them.
func (g *group) logged() []Commit {
	commits := make([]Commit, 0, len(g.sections))
	for _, t := range g.turns {
		if t.member {
			commits = append(commits, t.rep.commit.logged())
		}
	}
	return commits
}

// publish marks what the members led to as committed.
func (g *group) publish() {
	for _, t := range g.turns {
		if t.member {
			t.rep.After.publish()
		}
	}
}

// answer answers all as they were evaluated.
func (g *group) answer() {
	for _, t := range g.turns {
		if t.err != nil {
			t.rep = nil
		}
		t.r.answer(t.rep, t.err)
	}
}

// fail answers all with an error that tells them that nothing happened.
func (g *group) fail(err error) {
	for _, r := range g.open() {
		r.answer(nil, err)
	}
}

// lose answers all when nobody knows, or will ever know here, whether the slot was filled with the record.
func (g *group) lose(cause error) {
	for _, t := range g.turns {
		if t.member {
			t.r.lost(cause)
		} else {
			t.r.answer(nil, cause)
		}
	}
}
