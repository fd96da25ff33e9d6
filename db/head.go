package db

import (
	"fmt"
	"sort"
	"sync"
)

// A head is where a Conn stands in the log: a value, replaced by the next one.
type head struct {
	snap   *Snapshot
	seq    int    // of the newest record
	hash   digest // of that record, or what stands for the one before the first
	next   T      // of the transaction after it
	firsts []T    // of each record, the t of its first transaction, or of the next one: from them one finds the record of any t
	writer struct {
		version uint64 // the lowest that may write from here on
		seq     int    // the record that says so
	}
	ended         bool // the database was dropped: nothing follows
	datoms, bytes int
}

// after returns the head behind one more record, given the snapshot that it leads to.
func (h *head) after(e *entry, snap *Snapshot) *head {
	next := &head{snap: snap, seq: e.seq, hash: e.hash, next: h.next, writer: h.writer, datoms: h.datoms, bytes: h.bytes + e.size}
	next.firsts = append(h.firsts, h.next) // an older head never looks behind its own end
	for i := range e.commits {
		next.next = e.commits[i].NextT
		next.datoms += len(e.commits[i].Facts) + 1
	}
	next.ended = e.ends
	if e.writer > next.writer.version {
		next.writer.version, next.writer.seq = e.writer, e.seq
	}
	return next
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

// seqOf returns the record that holds the transaction t, or the newest one before it; 0 if t is before the first.
func (h *head) seqOf(t T) int {
	return sort.Search(len(h.firsts), func(i int) bool { return h.firsts[i] > t })
}

// A bell wakes all who wait for it to ring.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// wait returns a channel that is closed when the bell rings next.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
