package history

import (
	"fmt"
	"slices"
	"sort"
)

// A check is a history on its way through Check: first its log is read, which gives every version of every list and register its
// place; then transactions and reads are compared with that, and with the moments.
type check struct {
	*History
	log       []Entry       // the longest
	places    map[int64]int // t → its place in the log, from 1 on; 0 is before the first
	lastCall  []int         // place → the last moment at which one of the entries up to there was submitted
	txs       map[int]*Tx   // by ID
	writers   map[int]int   // value → the ID of who was to write it
	entries   map[int]int   // ID → its place
	lists     map[int][]version
	registers map[int][]version
	found     []Violation
}

// A version is a value, and the place in the log from which it is there.
type version struct{ place, value int }

// Check returns what cannot be; nothing if transactions were strictly serial, sessions monotonic, and reads after Sync current.
func (h *History) Check() []Violation {
	c := &check{History: h, places: map[int64]int{0: 0}, lastCall: []int{-1}, txs: map[int]*Tx{}, writers: map[int]int{},
		entries: map[int]int{}, lists: map[int][]version{}, registers: map[int][]version{}}
	c.know()
	c.compareLogs()
	c.replay()
	for i := range c.Txs {
		c.outcome(&c.Txs[i])
	}
	for i := range c.Reads {
		c.read(&c.Reads[i])
	}
	c.inTime()
	return c.found
}

func (c *check) fail(k Kind, format string, args ...any) {
	c.found = append(c.found, Violation{k, fmt.Sprintf(format, args...)})
}

// know takes down who was to write what.
func (c *check) know() {
	for i := range c.Txs {
		tx := &c.Txs[i]
		c.txs[tx.ID] = tx
		for _, w := range tx.Writes {
			c.writers[w.New] = tx.ID
		}
	}
}

// compareLogs takes the longest log. Each of the others must be its beginning.
func (c *check) compareLogs() {
	for _, l := range c.Logs {
		if len(l) > len(c.log) {
			c.log = l
		}
	}
	for peer, l := range c.Logs {
		for i := range l {
			if l[i].T != c.log[i].T || l[i].ID != c.log[i].ID || !sameWrites(l[i].Writes, c.log[i].Writes) {
				c.fail(Fork, "peer %d has %v at place %d, and another one has %v", peer, l[i], i+1, c.log[i])
				break
			}
		}
	}
}

// sameWrites compares writes as sets.
func sameWrites(a, b []Write) bool {
	if len(a) != len(b) {
		return false
	}
	for _, w := range a {
		if !slices.Contains(b, w) {
			return false
		}
	}
	return true
}

// replay goes through the log, and collects the versions.
func (c *check) replay() {
	last := int64(0)
	for i, e := range c.log {
		if e.T <= last {
			c.fail(Order, "t %d follows t %d in the log", e.T, last)
		}
		c.entry(i+1, e, last)
		last = e.T
		c.places[e.T] = i + 1
	}
}

// entry takes an entry at its place in, given the t before it.
func (c *check) entry(place int, e Entry, before int64) {
	tx := c.txs[e.ID]
	call := c.lastCall[place-1]
	switch {
	case tx == nil && (e.ID != 0 || len(e.Writes) > 0):
		c.fail(Phantom, "the log has %v", e)
	case tx != nil:
		call = max(call, tx.Call)
		c.compare(e, tx, before)
		if first, twice := c.entries[e.ID]; twice {
			c.fail(Doubled, "transaction %d is in the log as t %d and as t %d", e.ID, c.log[first-1].T, e.T)
		}
		c.entries[e.ID] = place
	}
	c.lastCall = append(c.lastCall, call)
	for _, w := range e.Writes {
		c.write(place, e, w)
	}
}

// compare compares an entry with the transaction that it is.
func (c *check) compare(e Entry, tx *Tx, before int64) {
	if !sameWrites(e.Writes, tx.Writes) {
		kind := Partial
		for _, w := range e.Writes {
			if !slices.Contains(tx.Writes, w) {
				kind = Phantom
			}
		}
		c.fail(kind, "transaction %d is to write %v, and writes %v", tx.ID, tx.Writes, e.Writes)
	}
	if tx.Outcome == Committed && tx.T != e.T {
		c.fail(Order, "transaction %d was acknowledged as t %d, and is t %d", tx.ID, tx.T, e.T)
	}
	if tx.Outcome == Committed && tx.Before != before && tx.Before != Untold {
		c.fail(LostUpdate, "transaction %d was made on t %d, and follows t %d", tx.ID, tx.Before, before)
	}
}

// write adds a version.
func (c *check) write(place int, e Entry, w Write) {
	if w.List {
		c.lists[w.Key] = append(c.lists[w.Key], version{place, w.New})
		return
	}
	if was := valueAt(c.registers[w.Key], place); was != w.Old {
		c.fail(LostUpdate, "t %d makes %d of %d in register %d, which holds %d", e.T, w.New, w.Old, w.Key, was)
	}
	c.registers[w.Key] = append(c.registers[w.Key], version{place, w.New})
}

// upTo returns how many of the versions are there at a place.
func upTo(versions []version, place int) int {
	return sort.Search(len(versions), func(i int) bool { return versions[i].place > place })
}

// valueAt returns the value of a register at a place.
func valueAt(versions []version, place int) int {
	if n := upTo(versions, place); n > 0 {
		return versions[n-1].value
	}
	return 0
}

// outcome compares what the client of a transaction was told with the log.
func (c *check) outcome(tx *Tx) {
	_, there := c.entries[tx.ID]
	switch {
	case tx.Outcome == Committed && !there:
		c.fail(Lost, "transaction %d was acknowledged as t %d, and is not in the log", tx.ID, tx.T)
	case (tx.Outcome == Refused || tx.Outcome == Withdrawn) && there:
		c.fail(NotRefused, "transaction %d was refused, and is in the log", tx.ID)
	case tx.Outcome == Refused:
		c.refusal(tx)
	}
}

// refusal checks that a swap of the transaction was impossible on the snapshot that it was refused on.
func (c *check) refusal(tx *Tx) {
	place, ok := c.places[tx.T]
	if !ok {
		c.fail(Dirty, "transaction %d was refused on t %d, which is not in the log", tx.ID, tx.T)
		return
	}
	for _, w := range tx.Writes {
		if !w.List && valueAt(c.registers[w.Key], place) != w.Old {
			return
		}
	}
	c.fail(CauselessRefuse, "transaction %d was refused on t %d, where %v was possible", tx.ID, tx.T, tx.Writes)
}
