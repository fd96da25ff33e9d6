package db

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/datolite/datolite/storage"
)

// publish makes a head visible, and then wakes those who wait for news.
func (c *Conn) publish(h *head) {
	c.head.Store(h)
	c.news.ring()
}

// advance moves the head by records that follow it. A load among them is adopted by itself.
func (c *Conn) advance(entries []*entry) error {
	if i := slices.IndexFunc(entries, func(e *entry) bool { return e.load != nil }); i >= 0 && len(entries) > 1 {
		for _, part := range [...][]*entry{entries[:i], entries[i : i+1], entries[i+1:]} {
			if err := c.advance(part); err != nil {
				return err
			}
		}
		return nil
	}
	h := c.head.Load()
	snap, err := c.apply(h, entries)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if h, err = c.after(h, e, snap); err != nil {
			return err
		}
		snap = h.snap
		c.log.recent.put(e)
		c.honour(e)
	}
	c.publish(h)
	return nil
}

// apply returns the snapshot after records. If one does not follow from what is before it, the error names its key.
func (c *Conn) apply(h *head, entries []*entry) (*Snapshot, error) {
	var commits []Commit
	seq, hash, ended := h.seq, h.hash, h.ended
	for _, e := range entries {
		if e.seq != seq+1 || e.prev != hash || ended {
			return nil, &StoreError{c.log.slot(e.seq), errUnlinked}
		}
		seq, hash, ended = e.seq, e.hash, e.ends
		commits = append(commits, e.commits...)
	}
	snap, err := h.snap.applyAll(commits)
	if err == nil {
		return snap, nil
	}
	snap = h.snap
	for _, e := range entries {
		if snap, err = snap.applyAll(e.commits); err != nil {
			return nil, &StoreError{c.log.slot(e.seq), err}
		}
	}
	return snap, nil
}

// replayFacts is how many facts are applied at once when there are many.
const replayFacts = 1 << 17

// catchUp moves the head to the newest record of the log, and returns by how many, also when it fails on the way. If the log has
// ended, that is ErrDropped. Only the writer calls it, and Open before there is one.
func (c *Conn) catchUp(ctx context.Context) (int, error) {
	known := c.head.Load().seq
	err := c.catchUpFrom(ctx, known)
	for errors.Is(err, errTrimmed) {
		if err = c.rebase(ctx); err == nil {
			err = c.catchUpFrom(ctx, c.head.Load().seq)
		}
	}
	h := c.head.Load()
	if err == nil && h.ended {
		err = ErrDropped
	}
	return h.seq - known, err
}

// rebase moves the head, behind which slots were trimmed, to the newest root. Who reads the reports gets those between from the chunks.
func (c *Conn) rebase(ctx context.Context) error {
	h := c.head.Load()
	next, _, err := c.newestHead(ctx)
	if err == nil && (next == nil || next.seq <= h.seq) {
		err = c.log.lost(ctx, h.seq+1)
	}
	if err != nil {
		return err
	}
	c.o.Logger.Info("re-based, since slots of the log were trimmed", "from", h.seq, "to", next.seq)
	c.publish(next)
	return nil
}

// newestHead returns the head at the newest root, and nil where there is none. One that was collected while it was read has a newer one.
func (c *Conn) newestHead(ctx context.Context) (*head, *root, error) {
	for last := ""; ; {
		r, err := c.log.newestRoot(ctx)
		if r == nil || err != nil {
			return nil, nil, err
		}
		h, err := c.headAt(ctx, r)
		if !isAny(err, errNoSegment, ErrExpired) || r.job == last {
			return h, r, err
		}
		last = r.job
	}
}

func (c *Conn) catchUpFrom(ctx context.Context, known int) error {
	if c.head.Load().ended {
		return nil
	}
	newest, err := c.log.newest(ctx, known)
	if err != nil || newest == known {
		return err
	}
	var batch []*entry
	facts := 0
	for e, err := range c.log.entries(ctx, known+1, newest, reading{bytes: replayBytes}) {
		if err != nil {
			return err
		}
		batch = append(batch, e)
		for i := range e.commits {
			facts += len(e.commits[i].Facts)
		}
		if facts < replayFacts && e.seq < newest {
			continue
		}
		if err := c.advance(batch); err != nil {
			return err
		}
		batch, facts = batch[:0], 0
	}
	return nil
}

// note keeps an error that no later try will heal, for those who wait for news.
func (c *Conn) note(err error) {
	switch was := c.fault.Load(); {
	case err == nil && was != nil:
		c.fault.Store(nil)
	case isAny(err, ErrCorrupt, ErrFormat, storage.ErrClosed) && was == nil:
		c.o.Logger.Error("the log cannot be followed", "error", err)
		c.fault.Store(&err)
		c.news.ring()
	}
}

// A follower has the writer look for new records: whenever the store tells that one may have come; and if it does not tell, or a
// look fails, less and less often while none comes.
type follower struct {
	conn  *Conn
	least time.Duration // the shortest pause
	pause time.Duration
	told  <-chan struct{} // closed by the store; nil where it does not tell
	seq   int             // after the last look
}

// The pauses of a follower. A store that tells does so of our own writer's records too: for those it looks no more often than
// shortPause. One that is polled is polled ever more seldom, up to so many times the pause that is polite, but not beyond longPause.
const (
	shortPause = time.Millisecond
	longPause  = time.Second
	backOff    = 64
)

// follow is the follower.
func (c *Conn) follow() {
	least := max(c.log.store.Limits().Poll, shortPause)
	f := &follower{conn: c, least: least, pause: least}
	for {
		f.watch()
		found, err := c.look(c.ctx)
		if errors.Is(err, ErrDropped) || !f.rest(found, err) {
			return
		}
	}
}

// watch asks the store to tell of the next record.
func (f *follower) watch() {
	w, ok := f.conn.log.store.(storage.Watcher)
	if !ok || f.told != nil {
		return
	}
	told, err := w.Watch(f.conn.ctx, f.conn.log.dbid+"/log/")
	if err != nil {
		f.conn.o.Logger.Warn("store cannot be watched, and is polled", "error", err)
		return
	}
	f.told = told
}

// rest waits until it is time to look again, and reports whether it ever will be. found is how many records the last look found,
// and err why it found no more: then the store, which told of those already, is polled.
func (f *follower) rest(found int, err error) bool {
	seq := f.conn.head.Load().seq
	own := seq - f.seq - found
	f.seq = seq
	if own > 0 && f.told != nil && !sleep(f.conn.ctx, shortPause) {
		return false
	}
	if found > 0 {
		f.pause = f.least
	}
	var poll <-chan time.Time
	if f.told == nil || err != nil {
		timer := time.NewTimer(f.pause)
		defer timer.Stop()
		poll = timer.C
	}
	select {
	case <-f.told:
		f.told = nil
	case <-poll:
		f.pause = max(f.least, min(2*f.pause, backOff*f.least, longPause))
	case <-f.conn.kicks:
		f.pause = f.least
	case <-f.conn.closing:
		return false
	}
	return true
}
