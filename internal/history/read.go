package history

import "slices"

// read compares what was seen of a snapshot with what the log has up to its t.
func (c *check) read(r *Read) {
	place, ok := c.places[r.T]
	if !ok {
		c.fail(Dirty, "a snapshot of t %d was read, which is not in the log", r.T)
		return
	}
	for key, seen := range r.Lists {
		c.list(r, key, seen, place)
	}
	for key, seen := range r.Registers {
		if want := valueAt(c.registers[key], place); seen != want {
			c.wrongValue(r, key, seen, want, place)
		}
	}
}

// list compares a list with its versions. In the first place where they differ, either what was seen should not be there, or what
// should be there was not seen.
func (c *check) list(r *Read, key int, seen []int, place int) {
	versions := c.lists[key]
	want := upTo(versions, place)
	for i := range max(want, len(seen)) {
		switch {
		case i < want && i < len(seen) && seen[i] == versions[i].value:
			continue
		case i < len(seen) && !c.mayShow(seen[i], place):
			c.excess(r, "list", key, seen[i])
		case i < want && !slices.Contains(seen, versions[i].value):
			c.missing(r, "list", key, versions[i].value)
		default:
			c.fail(Doubled, "list %d at t %d shows %v, and %d values were appended", key, r.T, seen, want)
		}
		return
	}
}

// mayShow reports whether a value was committed at or before a place.
func (c *check) mayShow(value, place int) bool {
	at, ok := c.entries[c.writers[value]]
	return ok && at <= place
}

// wrongValue tells what is wrong with the value that was seen of a register.
func (c *check) wrongValue(r *Read, key, seen, want, place int) {
	if seen != 0 && !c.mayShow(seen, place) {
		c.excess(r, "register", key, seen)
		return
	}
	c.missing(r, "register", key, want)
}

// excess tells of a value that was seen and should not have been.
func (c *check) excess(r *Read, what string, key, value int) {
	id := c.writers[value]
	_, committed := c.entries[id]
	switch {
	case id == 0:
		c.fail(Phantom, "%s %d at t %d shows %d, which nobody wrote", what, key, r.T, value)
	case !committed:
		c.fail(Dirty, "%s %d at t %d shows %d of transaction %d, which is not in the log", what, key, r.T, value, id)
	default:
		c.fail(Future, "%s %d at t %d shows %d of transaction %d, which is later", what, key, r.T, value, id)
	}
}

// missing tells of a value that should have been seen. If something else that its transaction wrote was, that is there in part.
func (c *check) missing(r *Read, what string, key, value int) {
	id := c.writers[value]
	kind := Absent
	if tx := c.txs[id]; tx != nil && r.shows(tx) {
		kind = Partial
	}
	c.fail(kind, "%s %d at t %d lacks %d of transaction %d", what, key, r.T, value, id)
}

// shows reports whether anything of a transaction was seen.
func (r *Read) shows(tx *Tx) bool {
	for _, w := range tx.Writes {
		if !w.List && r.Registers[w.Key] == w.New {
			return true
		}
		if w.List && slices.Contains(r.Lists[w.Key], w.New) {
			return true
		}
	}
	return false
}
