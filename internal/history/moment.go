package history

import (
	"cmp"
	"fmt"
	"slices"
)

// An act is a transaction or a read in time: from one moment to another, with the place in the log that the client then knew.
type act struct {
	tx           *Tx
	read         *Read
	session      int
	call, answer int
	place        int
	before       int // the newest place that any client knew when the act began
	own          int // and that a client of its session knew
}

// String returns the act as it is told of in a violation.
func (a *act) String() string {
	if a.tx != nil {
		return fmt.Sprintf("transaction %d", a.tx.ID)
	}
	return fmt.Sprintf("a read of t %d in session %d", a.read.T, a.session)
}

// inTime goes through the moments of all acts whose client learned a place.
func (c *check) inTime() {
	acts := c.acts()
	type moment struct {
		at  int
		act *act
	}
	var moments []moment
	for _, a := range acts {
		moments = append(moments, moment{a.call, a}, moment{a.answer, a})
	}
	slices.SortFunc(moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	newest, own := 0, map[int]int{}
	for _, m := range moments {
		a := m.act
		if m.at == a.call {
			a.before, a.own = newest, own[a.session]
			continue
		}
		c.judge(a)
		newest, own[a.session] = max(newest, a.place), max(own[a.session], a.place)
	}
}

// acts returns the acts with an answer that is in the log.
func (c *check) acts() (acts []*act) {
	for i := range c.Txs {
		tx := &c.Txs[i]
		place, ok := c.places[tx.T]
		if told := tx.Outcome == Committed || tx.Outcome == Refused; told && ok && tx.Return != Never {
			acts = append(acts, &act{tx: tx, session: tx.Session, call: tx.Call, answer: tx.Return, place: place})
		}
	}
	for i := range c.Reads {
		r := &c.Reads[i]
		if place, ok := c.places[r.T]; ok {
			acts = append(acts, &act{read: r, session: r.Session, call: r.Call, answer: r.Return, place: place})
		}
	}
	return acts
}

// judge compares the place of an act with what was known when it began, and with what could be known when it ended.
func (c *check) judge(a *act) {
	if c.lastCall[a.place] > a.answer {
		c.fail(Future, "%s ended before one at or before t %d was submitted", a, c.t(a.place))
	}
	switch {
	case a.tx != nil && a.tx.Outcome == Committed && a.place <= a.before:
		c.fail(Order, "%s is t %d, and t %d was known when it was submitted", a, a.tx.T, c.t(a.before))
	case a.tx != nil && a.tx.Outcome == Refused && a.place < a.before:
		c.fail(StaleRefusal, "%s was refused on t %d, and t %d was known when it was submitted", a, a.tx.T, c.t(a.before))
	case a.read != nil && a.read.Synced && a.place < a.before:
		c.fail(Stale, "%s after Sync, and t %d was known before", a, c.t(a.before))
	case a.read != nil && a.place < a.own:
		c.fail(BackInTime, "%s, which knew t %d before", a, c.t(a.own))
	}
}

// t returns the t at a place.
func (c *check) t(place int) int64 {
	if place == 0 {
		return 0
	}
	return c.log[place-1].T
}
