package db

import (
	"runtime"
	"sync"
	"weak"
)

// A pin is held by all that may read the segments of a root: the levels of its snapshots, and so the snapshots, their views and what
// iterates over them. The process keeps weak pointers to pins, so that what its snapshots read is not collected, and a snapshot need not
// be closed: it pins until the garbage collector finds that nobody can reach it.
type pin struct {
	dbid string
	seq  int // of the root
}

// pins are those of this process, by database, whoever has it open.
var pins = struct {
	mu  sync.Mutex
	all map[string][]weak.Pointer[pin]
}{all: map[string][]weak.Pointer[pin]{}}

// newPin returns a pin of a root.
func (c *Conn) newPin(seq int) *pin {
	dbid := c.log.dbid
	if c.o.apart {
		return &pin{dbid, seq}
	}
	pins.mu.Lock()
	defer pins.mu.Unlock()
	p := &pin{dbid, seq}
	pins.all[dbid] = append(living(pins.all[dbid]), weak.Make(p))
	return p
}

// living returns the pins that somebody holds.
func living(all []weak.Pointer[pin]) []weak.Pointer[pin] {
	kept := all[:0]
	for _, w := range all {
		if w.Value() != nil {
			kept = append(kept, w)
		}
	}
	return kept
}

// pinned returns the roots of a database that are pinned in this process, and are older than the newest one.
func pinned(dbid string, newest int) map[int]bool {
	pins.mu.Lock()
	defer pins.mu.Unlock()
	seqs := map[int]bool{}
	pins.all[dbid] = living(pins.all[dbid])
	for _, w := range pins.all[dbid] {
		if p := w.Value(); p != nil && p.seq < newest {
			seqs[p.seq] = true
		}
	}
	if len(pins.all[dbid]) == 0 {
		delete(pins.all, dbid)
	}
	return seqs
}

// unpin has the garbage collector find out who holds no pin any more, where somebody seems to hold one of a root that is older than the newest.
// What pools of the process hold, it lets go the second time.
func unpin(dbid string, newest int) {
	for range 2 {
		if len(pinned(dbid, newest)) == 0 {
			return
		}
		runtime.GC()
	}
}
