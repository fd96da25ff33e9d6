package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// A protocol is several processes on one store, each of which does one thing while a schedule decides whose call of the store is made next:
// so two of them meet in every way that the schedules have. What is decided by the log must come out right in all of them.
type protocol struct {
	t     testing.TB
	store *mem.Store

	mu        sync.Mutex
	calm      bool // calls are made as they come
	waiting   []*step
	steps     map[int]int // that each process made
	failures  []string
	committed map[string]bool
	texts     atomic.Int32
}

// A step is a call of the store that waits for its turn.
type step struct {
	process int
	call    string
	turn    chan struct{}
}

// A participant is the store of one process. Some make mistakes.
type participant struct {
	*protocol
	process int
	mistake mistake
	early   error       // of the look that came too early
	delayed func()      // what should have come before
	looked  atomic.Bool // early is there
}

// A mistake is one that a process makes in what it asks of the store.
type mistake int

const (
	noMistake   mistake = iota
	looksEarly          // at the mark of a trim: before it creates a slot, and not after
	marksLate           // that an epoch is trimmed: after it deleted slots
	recordsLate         // a collection: after it deleted segments
)

func (p *participant) wait(ctx context.Context, op, key string) error {
	p.mu.Lock()
	if p.calm {
		p.mu.Unlock()
		return nil
	}
	s := &step{p.process, op + " " + key, make(chan struct{})}
	p.waiting = append(p.waiting, s)
	p.mu.Unlock()
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiting = slices.DeleteFunc(p.waiting, func(other *step) bool { return s == other })
		return ctx.Err()
	}
}

func (p *participant) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.Contains(key, "/trim/") && p.looked.Swap(false) {
		return nil, p.early
	}
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
	slot := strings.Contains(key, "/log/")
	if slot && p.mistake == looksEarly {
		_, p.early = p.Get(ctx, strings.Split(key, "/")[0]+"/trim/"+hex16(seqUnder(key)/uint64(smallLog.epoch)))
		p.looked.Store(errors.Is(p.early, storage.ErrNotFound))
	}
	if err := p.wait(ctx, "create", key); err != nil {
		return err
	}
	late := p.mistake == marksLate && strings.Contains(key, "/trim/")
	if r, err := decodeRecord(value); slot && err == nil && p.mistake == recordsLate {
		_, c, _ := r.keeps()
		late = c != nil
	}
	if late {
		p.delayed = func() { _ = p.store.Create(ctx, key, value) }
		return nil
	}
	return p.store.Create(ctx, key, value)
}

// seqUnder returns the seq at the end of the key of a slot.
func seqUnder(key string) (seq uint64) {
	_, _ = fmt.Sscanf(key[strings.LastIndexByte(key, '/')+1:], "%x", &seq)
	return seq
}

func (p *participant) Delete(ctx context.Context, keys ...string) error {
	if err := p.wait(ctx, "delete", keys[0]); err != nil {
		return err
	}
	err := p.store.Delete(ctx, keys...)
	if p.delayed != nil {
		if err := p.wait(ctx, "late", keys[0]); err != nil {
			return err
		}
		p.delayed()
		p.delayed = nil
	}
	return err
}

// Limits has nobody poll.
func (p *participant) Limits() storage.Limits {
	return storage.Limits{Value: 1 << 20, Batch: 100, Poll: 24 * time.Hour}
}

func (p *participant) Close() error { return nil }

// A guardedParticipant creates slots in one step with the look.
type guardedParticipant struct{ *participant }

func (g guardedParticipant) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	if err := g.wait(ctx, "unless", key); err != nil {
		return err
	}
	return g.store.CreateUnless(ctx, key, value, guard)
}

// A act is what a process does while others do something too.
type act struct {
	name string
	do   func(p *protocol, conn *Conn, held *Snapshot) error
}

// acts are what the protocols are about.
var acts = []act{
	{"commit", func(p *protocol, conn *Conn, _ *Snapshot) error { return p.commit(conn) }},
	{"commit twice", func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.commit(conn), p.commit(conn))
	}},
	{"index", func(p *protocol, conn *Conn, _ *Snapshot) error { return conn.Index(p.t.Context()) }},
	{"commit, index and trim", func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.commit(conn), p.commit(conn), p.commit(conn), conn.Index(p.t.Context()))
	}},
	{"collect", func(p *protocol, conn *Conn, _ *Snapshot) error {
		_, err := conn.Collect(p.t.Context(), CollectOptions{})
		return err
	}},
	{"hold and read", func(p *protocol, conn *Conn, _ *Snapshot) error { return p.backUp(conn) }},
	{"follow", func(p *protocol, conn *Conn, _ *Snapshot) error {
		_, err := conn.Sync(p.t.Context())
		return err
	}},
	{"read", func(p *protocol, conn *Conn, held *Snapshot) error {
		got, err := readHistory(p.t.Context(), held)
		if err != nil && !errors.Is(err, ErrExpired) {
			return err
		}
		if err == nil && got != heldEvents {
			return fmt.Errorf("a snapshot has %d events, and had %d", got, heldEvents)
		}
		return nil
	}},
	{"open", func(p *protocol, conn *Conn, _ *Snapshot) error {
		again, err := Open(p.t.Context(), conn.log.store, conn.o)
		if err == nil {
			_ = again.Close()
		}
		return err
	}},
}

// commit commits a text that nobody else does.
func (p *protocol) commit(conn *Conn) error {
	text := fmt.Sprint("text ", p.texts.Add(1))
	_, err := conn.Commit(p.t.Context(), mark(text))
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.committed[text] = true
	}
	return err
}

// backUp holds the newest root, and reads all that it leads to, as who copies it does.
func (p *protocol) backUp(conn *Conn) error {
	ctx := p.t.Context()
	r, _, err := conn.holdNewest(ctx, "backup", time.Hour)
	if err != nil {
		return err
	}
	for x, err := range conn.log.reach(ctx, r, nil) {
		if err == nil {
			_, err = segments{conn.log, nil}.Load(ctx, x.name)
		}
		if err != nil {
			return fmt.Errorf("under a hold: %w", err)
		}
	}
	return conn.release(ctx, "backup")
}

// readHistory returns how many events a snapshot shows.
func readHistory(ctx context.Context, snap *Snapshot) (n int, err error) {
	for _, err := range snap.History().Datoms(ctx, EAVT) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// What every protocol begins with: two indexes, of which the first is superseded, with some of the log trimmed and some of it not.
var (
	inTheStore []storage.Item
	heldEvents int
	begun      sync.Once
)

// protocolOptions are those of every process.
func protocolOptions() Options {
	return Options{sizes: index.Sizes{Leaf: 40, Block: 20}, log: smallLog, Cache: 1, apart: true, Memory: 1 << 30,
		Clock: func() time.Time { return epoch }}
}

func begin(t testing.TB) {
	store := mem.New()
	conn := openConn(t, store, protocolOptions())
	for i := range 11 {
		commit(t, conn, mark("x"))
		if i == 3 || i == 8 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	heldEvents, _ = readHistory(t.Context(), conn.Snapshot())
	for _, prefix := range []string{"name/", conn.log.dbid + "/"} {
		keys, _ := store.List(t.Context(), prefix, "", 1<<20)
		for _, key := range keys {
			value, _ := store.Get(t.Context(), key)
			inTheStore = append(inTheStore, storage.Item{Key: key, Value: value})
		}
	}
}

// playOut has processes do their acts as a schedule says, which is asked for the process whose call is made next, out of those that wait.
// It returns how many calls each made, and what went wrong.
func playOut(t *testing.T, ds []act, guarded bool, mistakes []mistake, schedule func(ready []int) int) (steps map[int]int, failures []string) {
	synctest.Test(t, func(t *testing.T) {
		p := &protocol{t: t, store: mem.New(), calm: true, steps: map[int]int{}, committed: map[string]bool{}}
		if err := p.store.Put(t.Context(), inTheStore...); err != nil {
			t.Fatal(err)
		}
		conns := make([]*Conn, len(ds))
		for i := range ds {
			part := &participant{protocol: p, process: i}
			if mistakes != nil {
				part.mistake = mistakes[i]
			}
			store := storage.Store(part)
			if guarded {
				store = guardedParticipant{part}
			}
			conns[i] = openConn(t, store, protocolOptions())
		}
		synctest.Wait()
		p.calm = false
		p.perform(ds, conns, schedule)
		p.check(conns)
		for _, conn := range conns {
			_ = conn.Close()
		}
		steps, failures = p.steps, p.failures
	})
	return steps, failures
}

// perform has the acts done.
func (p *protocol) perform(ds []act, conns []*Conn, schedule func([]int) int) {
	var left atomic.Int32
	left.Store(int32(len(ds)))
	for i, d := range ds {
		held := conns[i].Snapshot()
		go func() {
			if err := d.do(p, conns[i], held); err != nil {
				p.fail("%s: %v", d.name, err)
			}
			left.Add(-1)
		}()
	}
	for n := 0; left.Load() > 0; n++ {
		synctest.Wait()
		s := p.next(schedule)
		switch {
		case n > 3000:
			p.fail("it goes on and on")
			left.Store(0)
		case s != nil:
			close(s.turn)
		case left.Load() > 0:
			time.Sleep(time.Millisecond)
		}
	}
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = true
	for _, s := range p.waiting {
		close(s.turn)
	}
	p.waiting = nil
}

// next takes the call that is made next; nil where none waits.
func (p *protocol) next(schedule func([]int) int) *step {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return nil
	}
	slices.SortFunc(p.waiting, func(a, b *step) int { return cmp.Or(cmp.Compare(a.process, b.process), cmp.Compare(a.call, b.call)) })
	var ready []int
	for _, s := range p.waiting {
		ready = append(ready, s.process)
	}
	chosen := schedule(slices.Compact(ready))
	i := slices.IndexFunc(p.waiting, func(s *step) bool { return s.process == chosen })
	s := p.waiting[i]
	p.waiting = slices.Delete(p.waiting, i, i+1)
	p.steps[chosen]++
	return s
}

func (p *protocol) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = append(p.failures, fmt.Sprintf(format, args...))
}

// check looks at what has come of it all: everybody knows the same transactions, those that were committed once each and no other; the
// chain of the log is whole; and all that the newest root leads to is there.
func (p *protocol) check(conns []*Conn) {
	ctx := p.t.Context()
	fresh, err := Open(ctx, &participant{protocol: p, process: len(conns)}, protocolOptions())
	if err != nil {
		p.fail("to open it: %v", err)
		return
	}
	defer fresh.Close()
	for i, conn := range append(conns, fresh) {
		snap, err := conn.Sync(ctx)
		if err != nil {
			p.fail("process %d: %v", i, err)
			continue
		}
		m, err := marksIn(ctx, snap)
		if err != nil || m["x"] != 11 || len(m) != 1+len(p.committed) {
			p.fail("process %d knows %v, %v; committed are %v", i, m, err, p.committed)
		}
		for text := range p.committed {
			if m[text] != 1 {
				p.fail("process %d has %s %d times", i, text, m[text])
			}
		}
	}
	for _, err := range fresh.Verify(ctx) {
		if err != nil {
			p.fail("to verify it: %v", err)
		}
	}
	n := 0
	for c, err := range fresh.commits(ctx, 0, fresh.Snapshot().T()) {
		if n++; err != nil {
			p.fail("transaction %s: %v", c.T, err)
		}
	}
	if n != 11+len(p.committed) {
		p.fail("%d transactions in the log", n)
	}
	p.checkReach(ctx, fresh)
}

// checkReach looks for all that the newest root leads to.
func (p *protocol) checkReach(ctx context.Context, conn *Conn) {
	r, err := conn.log.newestRoot(ctx)
	if err != nil {
		p.fail("the newest root: %v", err)
		return
	}
	for x, err := range conn.log.reach(ctx, r, nil) {
		if err == nil {
			_, err = segments{conn.log, nil}.Load(ctx, x.name)
		}
		if err != nil {
			p.fail("what the newest root leads to: %v", err)
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

// turns returns the schedule in which the first process makes so many calls, then the second so many, and so on in turns; after the last
// number each goes on to its end, the next one in turn first.
func turns(lengths []int) func(ready []int) int {
	turn, made, last := 0, 0, 0
	return func(ready []int) int {
		for turn < len(lengths) && (made >= lengths[turn] || !slices.Contains(ready, turn%2)) {
			turn, made = turn+1, 0
		}
		made++
		last = turn % 2
		if !slices.Contains(ready, last) {
			last = ready[0]
		}
		return last
	}
}

// meet has two deeds meet in all schedules in which each is interrupted once. It returns how many those were, and what went wrong first.
func meet(t *testing.T, two []act, mistakes []mistake) (n int, failure string) {
	for i, more := 0, true; more; i++ {
		more = false
		for j, end := 1, false; !end; j++ {
			steps, failures := playOut(t, two, false, mistakes, turns([]int{i, j}))
			if n++; len(failures) > 0 {
				return n, fmt.Sprintf("after %d and %d calls: %s", i, j, strings.Join(failures, "\n"))
			}
			more, end = more || i < steps[0], j >= steps[1]
		}
	}
	return n, ""
}

// TestEveryTwoMeet has every two deeds meet in schedules in which each is interrupted once: some of those in each case, and all in about
// 10,000 cases.
func TestEveryTwoMeet(t *testing.T) {
	begun.Do(func() { begin(t) })
	all := 0
	soak.Run(t, 8, 100, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 13))
		two, guarded := []act{acts[rng.IntN(len(acts))], acts[rng.IntN(len(acts))]}, rng.IntN(2) == 0
		i, j := 0, 1000 // the one after the other, which tells how many calls they make
		for range 9 {
			steps, failures := playOut(t, two, guarded, nil, turns([]int{i, j}))
			if all++; len(failures) > 0 {
				t.Fatalf("%s, and %s, guarded %v, after %d and %d calls: %s", two[0].name, two[1].name, guarded, i, j, strings.Join(failures, "\n"))
			}
			i, j = rng.IntN(steps[0]+1), 1+rng.IntN(steps[1]+1)
		}
	})
	t.Logf("%d interleavings", all)
}

// TestManyMeet has up to four deeds meet in random schedules, in which some stall for long.
func TestManyMeet(t *testing.T) {
	begun.Do(func() { begin(t) })
	soak.Run(t, 60, 600, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 11))
		var some []act
		var names []string
		for range 2 + rng.IntN(3) {
			some = append(some, acts[rng.IntN(len(acts))])
			names = append(names, some[len(some)-1].name)
		}
		last, stay := 0, rng.IntN(30)
		_, failures := playOut(t, some, rng.IntN(2) == 0, nil, func(ready []int) int {
			if !slices.Contains(ready, last) || rng.IntN(1+stay) == 0 {
				last = ready[rng.IntN(len(ready))]
			}
			return last
		})
		if len(failures) > 0 {
			t.Fatalf("%s: %s", strings.Join(names, "; "), strings.Join(failures, "\n"))
		}
	})
}

// TestMistakesAreNoticed sees that the schedules find what goes wrong if a process does things in another sequence.
func TestMistakesAreNoticed(t *testing.T) {
	begun.Do(func() { begin(t) })
	named := func(name string) act { return acts[slices.IndexFunc(acts, func(a act) bool { return a.name == name })] }
	for _, m := range []struct {
		name     string
		mistakes []mistake
		two      []act
	}{
		{"looks before it creates", []mistake{looksEarly, noMistake}, []act{named("commit"), named("commit, index and trim")}},
		{"deletes before it marks", []mistake{noMistake, marksLate}, []act{named("commit"), named("commit, index and trim")}},
		{"deletes before it records", []mistake{recordsLate, noMistake}, []act{named("collect"), named("hold and read")}},
	} {
		n, failure := meet(t, m.two, m.mistakes)
		if failure == "" {
			t.Errorf("who %s is not noticed in %d interleavings", m.name, n)
		}
		t.Logf("who %s is noticed after %d interleavings: %.100s", m.name, n, failure)
	}
}

// TestIndexGoesOnFromTheNewest has a process index which does not know yet that the index it would go on from was superseded and thrown away.
func TestIndexGoesOnFromTheNewest(t *testing.T) {
	begun.Do(func() { begin(t) })
	supersede := act{"supersede", func(p *protocol, conn *Conn, _ *Snapshot) error {
		_, err := conn.Collect(p.t.Context(), CollectOptions{})
		return cmp.Or(p.commit(conn), conn.Index(p.t.Context()), err)
	}}
	collect := act{"collect", func(p *protocol, conn *Conn, _ *Snapshot) error {
		_, syncErr := conn.Sync(p.t.Context())
		_, err := conn.Collect(p.t.Context(), CollectOptions{})
		return cmp.Or(syncErr, err)
	}}
	three := []act{{"index", func(p *protocol, conn *Conn, _ *Snapshot) error { return conn.Index(p.t.Context()) }}, collect, supersede}
	_, failures := playOut(t, three, false, nil, slices.Max[[]int])
	if len(failures) > 0 {
		t.Fatal(strings.Join(failures, "\n"))
	}
}
