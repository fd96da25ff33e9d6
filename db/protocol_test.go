package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// A protocol is several processes on one store, each of which does one thing while a schedule decides whose step is made next: so
// they meet in every way that the schedules have. What is decided by the log must come out right in all of them.
type protocol struct {
	t     testing.TB
	store *plainStore

	mu        sync.Mutex
	calm      bool // calls are made as they come
	waiting   []*call
	acts      []act
	running   int        // the process whose step it is
	order     []int      // of the processes, a step each
	made      [][]string // the kinds of calls in each step
	failures  []string
	committed map[string]bool
	dropped   bool
	texts     atomic.Int32
}

// A call of the store waits for its turn.
type call struct {
	process int
	kind    string // of call and key
	key     string
	turn    chan struct{}
}

// kindOf returns what kind of key it is.
func kindOf(key string) string {
	first, rest, _ := strings.Cut(key, "/")
	if first == "name" {
		return first
	}
	second, _, _ := strings.Cut(rest, "/")
	return second
}

// A participant is the store of one process.
type participant struct {
	*protocol
	process int
}

func (p *participant) wait(ctx context.Context, op, key string) error {
	p.mu.Lock()
	if p.calm {
		p.mu.Unlock()
		return nil
	}
	c := &call{p.process, op + " " + kindOf(key), key, make(chan struct{})}
	p.waiting = append(p.waiting, c)
	p.mu.Unlock()
	select {
	case <-c.turn:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiting = slices.DeleteFunc(p.waiting, func(other *call) bool { return c == other })
		return ctx.Err()
	}
}

func (p *participant) Get(ctx context.Context, key string) ([]byte, error) {
	if err := p.wait(ctx, "get", key); err != nil {
		return nil, err
	}
	return p.store.Get(ctx, key)
}

func (p *participant) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if err := p.wait(ctx, "list", prefix); err != nil {
		return nil, err
	}
	return p.store.List(ctx, prefix, after, limit)
}

func (p *participant) Put(ctx context.Context, items ...storage.Item) error {
	if err := p.wait(ctx, "put", items[0].Key); err != nil {
		return err
	}
	return p.store.Put(ctx, items...)
}

func (p *participant) Create(ctx context.Context, key string, value []byte) error {
	if err := p.wait(ctx, "create", key); err != nil {
		return err
	}
	return p.store.Create(ctx, key, value)
}

func (p *participant) Delete(ctx context.Context, keys ...string) error {
	if err := p.wait(ctx, "delete", keys[0]); err != nil {
		return err
	}
	return p.store.Delete(ctx, keys...)
}

func (p *participant) Limits() storage.Limits { return p.store.Limits() }

func (p *participant) Close() error { return nil }

// A guardedParticipant creates slots in one step with the look at the mark of a trim.
type guardedParticipant struct{ *participant }

func (g guardedParticipant) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	if err := g.wait(ctx, "create", key); err != nil {
		return err
	}
	return g.store.CreateUnless(ctx, key, value, guard)
}

// An encounter is of processes that do their acts beside each other.
type encounter struct {
	acts    []act
	guarded bool
	erring  func(*participant) storage.Store // the store of the first process, which makes a mistake; nil for none
	single  bool                             // every call is a step
	dropped bool                             // the database was dropped, and nobody knows yet
}

func (e encounter) String() string {
	var names []string
	for _, a := range e.acts {
		names = append(names, a.name)
	}
	return fmt.Sprintf("%s, guarded %v, dropped %v", strings.Join(names, " | "), e.guarded, e.dropped)
}

// storeOf returns the store of a process.
func (e encounter) storeOf(p *protocol, process int) storage.Store {
	part := &participant{p, process}
	switch {
	case process == 0 && e.erring != nil:
		return e.erring(part)
	case e.guarded:
		return guardedParticipant{part}
	}
	return part
}

// playOut has the processes do their acts as a schedule says, which is asked for the process whose step is made next, out of those that
// wait.
func (e encounter) playOut(t *testing.T, schedule func(ready []int) int) (over *protocol) {
	begun.Do(func() { begin(t) })
	synctest.Test(t, func(t *testing.T) {
		p := &protocol{t: t, store: inTheStore.clone(), calm: true, running: -1, acts: slices.Clone(e.acts), committed: map[string]bool{}}
		conns := make([]*Conn, len(e.acts))
		for i := range e.acts {
			if e.single {
				p.acts[i].steps = everyCall
			} else if e.guarded {
				p.acts[i].steps = unlooked(p.acts[i].steps)
			}
			conns[i] = openConn(t, e.storeOf(p, i), protocolOptions())
		}
		synctest.Wait()
		if p.dropped = e.dropped; p.dropped {
			if err := p.catalogue(p.store).drop(t.Context(), "main"); err != nil {
				t.Fatal(err)
			}
		}
		p.calm = false
		if p.perform(conns, schedule); p.dropped {
			p.checkGone(conns)
		} else {
			p.check(conns)
		}
		for _, conn := range conns {
			_ = conn.Close()
		}
		over = p
	})
	return over
}

// perform has the acts done.
func (p *protocol) perform(conns []*Conn, schedule func([]int) int) {
	var left atomic.Int32
	left.Store(int32(len(p.acts)))
	for i, d := range p.acts {
		held := conns[i].Snapshot()
		go func() {
			err := d.do(p, conns[i], held)
			switch told := isAny(err, ErrDropped, ErrExpired); {
			case p.dropped && err == nil && !d.ignores:
				p.fail("%s: nobody told it that the database was dropped", d.name)
			case err != nil && (!p.dropped || !told):
				p.fail("%s: %v", d.name, err)
			}
			left.Add(-1)
		}()
	}
	for n := 0; left.Load() > 0; n++ {
		synctest.Wait()
		c := p.next(schedule)
		switch {
		case n > 3000:
			p.fail("it goes on and on")
			left.Store(0)
		case c != nil:
			close(c.turn)
		case left.Load() > 0:
			time.Sleep(time.Millisecond)
		}
	}
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = true
	for _, c := range p.waiting {
		close(c.turn)
	}
	p.waiting = nil
}

// next takes the call that is made next; nil where none waits. Where a step begins, or the process whose step it is has no call, the
// schedule is asked.
func (p *protocol) next(schedule func([]int) int) *call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return nil
	}
	slices.SortFunc(p.waiting, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.process, b.process), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	c := p.first()
	if c == nil || p.acts[c.process].begins(c) {
		var ready []int
		for _, c := range p.waiting {
			ready = append(ready, c.process)
		}
		p.running = schedule(slices.Compact(ready))
		p.order, p.made = append(p.order, p.running), append(p.made, nil)
		c = p.first()
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(other *call) bool { return c == other })
	last := len(p.made) - 1
	p.made[last] = append(p.made[last], c.kind)
	return c
}

// first returns the call that the running process makes next; nil for none.
func (p *protocol) first() *call {
	if i := slices.IndexFunc(p.waiting, func(c *call) bool { return c.process == p.running }); i >= 0 {
		return p.waiting[i]
	}
	return nil
}

func (p *protocol) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = append(p.failures, fmt.Sprintf(format, args...))
}

// check looks at what has come of it all: everybody knows the same log, in which the transactions are that were committed, once each, and
// no other; and all that any root leads to that is not retired is there.
func (p *protocol) check(conns []*Conn) {
	ctx := p.t.Context()
	fresh, err := Open(ctx, &participant{p, len(conns)}, protocolOptions())
	if err != nil {
		p.fail("to open it: %v", err)
		return
	}
	defer fresh.Close()
	newest := fresh.head.Load()
	for i, conn := range append(conns, fresh) {
		snap, err := conn.Sync(ctx)
		if err != nil {
			p.fail("process %d: %v", i, err)
			continue
		}
		if h := conn.head.Load(); h.seq != newest.seq || h.hash != newest.hash || h.root != newest.root {
			p.fail("process %d knows record %d, %x, with the root %s, and not %d, %x, with %s", i, h.seq, h.hash[:4], h.root,
				newest.seq, newest.hash[:4], newest.root)
		}
		p.checkMarks(ctx, i, snap)
	}
	n := 0
	for c, err := range fresh.commits(ctx, 0, newest.snap.T()) {
		if n++; err != nil {
			p.fail("transaction %s: %v", c.T, err)
		}
	}
	if n != 11+len(p.committed) {
		p.fail("%d transactions in the log", n)
	}
	p.checkReach(ctx, fresh)
	for seq := 1; seq <= newest.seq; seq++ {
		if !p.store.has(fresh.log.slot(seq)) && !p.store.has(fresh.log.trimKey(seq)) {
			p.fail("slot %d is empty, and was not trimmed", seq)
		}
	}
}

// catalogue returns the catalogue of a store as the processes have it.
func (p *protocol) catalogue(store storage.Store) catalogue {
	return catalogue{store, protocolOptions().Clock, slog.New(slog.DiscardHandler), smallLog}
}

// checkGone looks at what has come of a database that was dropped and is deleted: nothing was committed, everybody is told, and when all has come
// to rest nothing is left but marks.
func (p *protocol) checkGone(conns []*Conn) {
	if len(p.committed) > 0 {
		p.fail("committed are %v", p.committed)
	}
	for i, conn := range conns {
		if snap, err := conn.Sync(p.t.Context()); !errors.Is(err, ErrDropped) {
			p.fail("process %d knows %v, %v", i, snap, err)
		}
		_ = conn.Close()
	}
	if err := p.clear(p.store); err != nil {
		p.fail("to delete it again: %v", err)
	}
	for _, key := range p.store.keys {
		if strings.HasPrefix(key, conns[0].log.dbid) && kindOf(key) != "trim" {
			p.fail("%s is left", key)
		}
	}
}

// clear deletes the databases that were dropped.
func (p *protocol) clear(store storage.Store) error {
	x := &clearing{catalogue: p.catalogue(store), told: func(CollectedDropped) {}}
	return x.run(p.t.Context())
}

// checkMarks looks for what was committed.
func (p *protocol) checkMarks(ctx context.Context, process int, snap *Snapshot) {
	m, err := marksIn(ctx, snap)
	if err != nil || m["x"] != 11 || len(m) != 1+len(p.committed) {
		p.fail("process %d knows %v, %v; committed are %v", process, m, err, p.committed)
	}
	for text := range p.committed {
		if m[text] != 1 {
			p.fail("process %d has %s %d times", process, text, m[text])
		}
	}
}

// checkReach looks for all that the roots lead to that are not retired.
func (p *protocol) checkReach(ctx context.Context, conn *Conn) {
	roots, err := conn.rootChain(ctx, conn.head.Load(), false)
	if err != nil {
		p.fail("the roots: %v", err)
	}
	for _, r := range roots {
		for x, err := range conn.log.reach(ctx, r, nil) {
			if err != nil || !p.store.has(conn.log.segment(x.name)) {
				p.fail("what the root %s leads to: %s is missing, %v", r.job, conn.log.segment(x.name), err)
			}
		}
	}
}

// marksIn returns how often each text was asserted.
func marksIn(ctx context.Context, r Reader) (map[string]int, error) {
	out := map[string]int{}
	for d, err := range r.Datoms(ctx, AEVT, attrDoc) {
		if err != nil {
			return nil, err
		}
		if d.E.Part() == index.PartUser {
			out[d.V.Text()]++
		}
	}
	return out, nil
}
