package db

import (
	"context"
	"fmt"
	"sort"
	"sync"
)

// A head is where a Conn stands in the log: a value, replaced by the next one.
type head struct {
	snap      *Snapshot
	seq       int        // of the newest record
	hash      digest     // of that record, or what stands for the one before the first
	next      T          // of the transaction after it
	root      string     // the job of the index that is the newest one here; "" for none
	chunks    *chunkTree // of that index; nil for none
	published int        // the record that published that index
	keeping   *keeping   // never nil
	beyond    int        // the record behind which the database was opened; 0 for the beginning
	firsts    []T        // of each record behind that, the t of its first transaction, or of the next one: from them one finds that of a t
	writer    struct {
		version uint64 // the lowest that may write from here on
		seq     int    // the record that says so
	}
	ended         bool // the database was dropped: nothing follows
	datoms, bytes int
}

// after returns the head behind one more record, given the snapshot that it leads to.
func (h *head) after(e *entry, snap *Snapshot) *head {
	next := &head{snap: snap, seq: e.seq, hash: e.hash, next: h.next, root: h.root, chunks: h.chunks, published: h.published, beyond: h.beyond, writer: h.writer, datoms: h.datoms,
		bytes: h.bytes + e.size}
	next.firsts = append(h.firsts, h.next) // an older head never looks behind its own end
	for i := range e.commits {
		next.next = e.commits[i].NextT
		next.datoms += len(e.commits[i].Facts) + 1
	}
	next.ended = e.ends
	next.keeping = h.keeping.after(e, seqOfJob(h.root))
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

// seqOf returns the record that holds the transaction t, or the newest one before it; 0 if t is before the first. Of records before
// those that were read when the database was opened it reads a few.
func (c *Conn) seqOf(ctx context.Context, h *head, t T) (seq int, err error) {
	after := func(i int) bool { return h.firsts[i] > t }
	if n := len(h.firsts); h.beyond == 0 || n > 0 && !after(0) || n == 0 && t >= h.next {
		return h.beyond + sort.Search(n, after), nil
	}
	chunks := c.log.chunks()
	if t < chunks.next {
		return c.log.inChunks(ctx, func(tree *chunkTree) (int, error) { return tree.seqOf(ctx, c.log, t) })
	}
	seq = chunks.to + sort.Search(max(0, h.beyond-chunks.to), func(i int) bool {
		var first T
		if err == nil {
			first, err = c.firstOf(ctx, h, chunks.to+i+1)
		}
		return first > t || err != nil
	})
	return seq, err
}

// firstOf returns the t of the first transaction in a record, or of the next one behind it.
func (c *Conn) firstOf(ctx context.Context, h *head, seq int) (T, error) {
	for ; seq <= h.beyond; seq++ {
		e, err := c.log.read(ctx, seq)
		if err != nil {
			return 0, c.log.missing(err)
		}
		if first, ok := e.first(); ok {
			return first, nil
		}
	}
	return h.next, nil
}

// after returns the head behind one more record, given the snapshot that it leads to. An index that the record publishes takes the place
// of what it holds, if it was made from the newest one,
// and its job was not voided.
func (c *Conn) after(h *head, e *entry, snap *Snapshot) (*head, error) {
	if e.load != nil {
		return c.adopted(h, e)
	}
	next := h.after(e, snap)
	if e.root == nil || e.root.from != h.root || e.root.seq >= e.seq || e.root.seq <= h.keeping.voided {
		return next, nil
	}
	levels, err := c.levelsOf(e.root)
	if err != nil {
		return nil, &StoreError{c.log.slot(e.seq), err}
	}
	next.root, next.chunks, next.published, next.snap = e.root.job, e.root.chunks, e.seq, snap.over(levels)
	c.log.adopt(next.chunks)
	return next, nil
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
