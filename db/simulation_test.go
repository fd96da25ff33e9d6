package db_test

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
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// A simulation is several processes on one store, in the time of a bubble. Its seed decides what happens next: which client acts,
// which call of the store is made, answered, lost or held up, which process stalls or is killed, how the time passes.
type simulation struct {
	rng   *rand.Rand
	store *mem.Store

	mu        sync.Mutex
	calm      bool     // calls are made and answered as they come
	calls     []*call  // that have begun and are not over
	idle      []*actor // that wait for their turn
	processes []*process
	met       map[string]int // how often what happened
	traced    bool
	trace     []string // the events
}

// A process has a Conn on the store. One that is killed is heard of no more, but what it asked of the store may happen yet.
type process struct {
	*simulation
	id      int
	watched bool
	skew    atomic.Int64 // of its clock, in nanoseconds
	stalled int          // for how many events none of its calls goes on
	dead    atomic.Bool
	begun   int // calls
	conn    *db.Conn
}

// A call of the store begins, is made, and is answered. One that nobody waits for is a ghost: it may be made at any time.
type call struct {
	process *process
	n       int // of the process
	op, key string
	place   string // of the key, the same each time: the id of the database, the nonce of a record, and the name of a probe are not
	make    func() error
	made    bool
	ghost   bool
	err     error
	answer  chan error
}

// An actor of a process waits for its turn. Where the process was killed, it is its turn at once, to leave.
type actor struct {
	id      int
	process *process
	turn    chan struct{}
	done    atomic.Bool // it has acted for the last time
}

func newSimulation(seed int64) *simulation {
	return &simulation{rng: rand.New(rand.NewPCG(uint64(seed), 0)), store: mem.New(), calm: true,
		met: map[string]int{}}
}

// newProcess returns a process whose clock is up to an hour off.
func (s *simulation) newProcess() *process {
	p := &process{simulation: s, id: len(s.processes), watched: s.rng.IntN(2) == 0}
	p.skew.Store(s.rng.Int64N(int64(2*time.Hour)) - int64(time.Hour))
	s.processes = append(s.processes, p)
	return p
}

// open opens the database; what fails is tried again.
func (p *process) open() {
	store := storage.Store(p)
	if p.watched {
		store = watched{p}
	}
	for !p.dead.Load() {
		conn, err := db.Open(context.Background(), store, db.Options{Clock: func() time.Time { return time.Now().Add(time.Duration(p.skew.Load())) }})
		if err == nil {
			p.conn = conn
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Limits has processes poll at different times.
func (p *process) Limits() storage.Limits {
	return storage.Limits{Value: 2000, Batch: 100, Poll: 5*time.Millisecond + time.Duration(p.id)*time.Microsecond}
}

// Close leaves the store to the others.
func (p *process) Close() error { return nil }

// A watched store tells of keys.
type watched struct{ *process }

func (w watched) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	return w.store.Watch(ctx, prefix)
}

func (p *process) Get(ctx context.Context, key string) ([]byte, error) {
	return ask(p, ctx, "get", key, func() ([]byte, error) { return p.store.Get(context.Background(), key) })
}

func (p *process) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	return ask(p, ctx, "list", prefix, func() ([]string, error) { return p.store.List(context.Background(), prefix, after, limit) })
}

func (p *process) Put(ctx context.Context, items ...storage.Item) error {
	return change(p, ctx, "put", items[0].Key, func() error { return p.store.Put(context.Background(), items...) })
}

func (p *process) Create(ctx context.Context, key string, value []byte) error {
	return change(p, ctx, "create", key, func() error { return p.store.Create(context.Background(), key, value) })
}

func (p *process) Delete(ctx context.Context, keys ...string) error {
	return change(p, ctx, "delete", keys[0], func() error { return p.store.Delete(context.Background(), keys...) })
}

// ask makes a call that returns something.
func ask[T any](p *process, ctx context.Context, op, key string, do func() (T, error)) (T, error) {
	var found T
	c := &call{op: op, key: key, make: func() (err error) { found, err = do(); return err }}
	if err := p.wait(ctx, c); err != nil {
		return *new(T), err
	}
	return found, nil
}

func change(p *process, ctx context.Context, op, key string, do func() error) error {
	return p.wait(ctx, &call{op: op, key: key, make: do})
}

func (c *call) changes() bool { return c.op != "get" && c.op != "list" }

// told returns an error as the store tells it.
func (c *call) told(err error) error {
	if c.changes() {
		err = fmt.Errorf("%w: %w", storage.ErrUnknown, err)
	}
	return &storage.Error{Op: c.op, Key: c.key, Err: err}
}

// errSimulated is what the store fails with.
var errSimulated = errors.New("simulated fault")

// wait has the call wait for its turns, and returns its answer.
func (p *process) wait(ctx context.Context, c *call) error {
	p.mu.Lock()
	c.process, c.n, c.place, c.answer = p, p.begun, placeOf(c.key), make(chan error, 1)
	p.begun++
	switch {
	case p.dead.Load():
		p.mu.Unlock()
		<-ctx.Done()
		return c.told(ctx.Err())
	case p.calm:
		p.mu.Unlock()
		return c.make()
	}
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		c.ghost = true
		return c.told(ctx.Err())
	}
}

// await has a client wait for its turn.
func (s *simulation) await(a *actor) {
	s.mu.Lock()
	if a.process.dead.Load() {
		s.mu.Unlock()
		return
	}
	a.turn = make(chan struct{})
	s.idle = append(s.idle, a)
	s.mu.Unlock()
	<-a.turn
}

// next has one thing happen, and waits until all that follows from it has happened too.
func (s *simulation) next() {
	s.mu.Lock()
	calls, actors := s.ready()
	n := s.rng.IntN(len(calls) + len(actors) + 2)
	s.mu.Unlock()
	switch {
	case n < len(calls):
		s.move(calls[n])
	case n < len(calls)+len(actors):
		s.wake(actors[n-len(calls)])
	default:
		s.pass()
	}
	synctest.Wait()
}

// ready returns the calls that may go on, and the clients that may act, in an order that is the same each time.
func (s *simulation) ready() (calls []*call, actors []*actor) {
	for _, c := range s.calls {
		if c.process.stalled == 0 {
			calls = append(calls, c)
		}
	}
	for _, p := range s.processes {
		p.stalled = max(0, p.stalled-1)
	}
	slices.SortFunc(calls, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.process.id, b.process.id), cmp.Compare(a.op, b.op), cmp.Compare(a.place, b.place), cmp.Compare(a.n, b.n))
	})
	actors = slices.Clone(s.idle)
	slices.SortFunc(actors, func(a, b *actor) int { return cmp.Compare(a.id, b.id) })
	return calls, actors
}

// placeOf returns the place of a key.
func placeOf(key string) string {
	_, place, _ := strings.Cut(key, "/")
	if strings.HasPrefix(place, "body/") {
		place, _, _ = strings.Cut(place, "-")
	}
	if parts := strings.Split(place, "/"); parts[0] == "probe" {
		place = "probe/" + strings.Join(parts[2:], "/")
	}
	return place
}

// note takes down an event, if somebody wants to know.
func (s *simulation) note(format string, args ...any) {
	if !s.traced {
		return
	}
	s.trace = append(s.trace, fmt.Sprintf(format, args...))
}

// pass lets some time pass: most often little.
func (s *simulation) pass() {
	longest := time.Millisecond << s.rng.IntN(12)
	d := time.Duration(s.rng.Int64N(int64(longest)))
	s.note("%v pass", d)
	time.Sleep(d)
}

func (s *simulation) wake(a *actor) {
	s.note("client %d", a.id)
	s.mu.Lock()
	s.idle = slices.DeleteFunc(s.idle, func(b *actor) bool { return a == b })
	s.mu.Unlock()
	close(a.turn)
}

// fine is the fate from which on a call is not lost.
const fine = 16

// move moves a call on: it is made and answered, or something goes wrong.
func (s *simulation) move(c *call) {
	fate := s.rng.IntN(100)
	if c.process.conn == nil {
		fate = max(fate, fine) // or it would never have read the log
	}
	s.note("process %d %s %s %d, made %v, ghost %v", c.process.id, c.op, c.place, fate, c.made, c.ghost)
	what := "made"
	switch {
	case c.made:
		s.finish(c)
	case c.ghost && fate < 50 && c.changes():
		what = "haunting"
		s.finish(c)
	case c.ghost:
		what = "forgotten"
		s.end(c)
	case fate < 8 && c.changes():
		what = "lost before"
		s.abandon(c)
	case fate < 12:
		what = "failed"
		c.answer <- c.told(errSimulated)
		s.end(c)
	case fate < fine:
		what = "lost after"
		_ = c.make()
		synctest.Wait()
		c.answer <- c.told(errSimulated)
		s.end(c)
	case fate < 28:
		what = "late"
		c.made, c.err = true, c.make()
	default:
		s.finish(c)
	}
	s.met[what]++
}

// finish makes a call, if that is to be done yet, and answers it when all that follows from its being made has happened.
func (s *simulation) finish(c *call) {
	if !c.made && !(c.ghost && !c.changes()) {
		c.err = c.make()
		synctest.Wait()
	}
	if !c.ghost {
		c.answer <- c.err
	}
	s.end(c)
}

// abandon makes a call a ghost.
func (s *simulation) abandon(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.ghost = true
	c.answer <- c.told(errSimulated)
}

func (s *simulation) end(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = slices.DeleteFunc(s.calls, func(other *call) bool { return c == other })
}

// waiting returns the calls that are not over.
func (s *simulation) waiting() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// upset has something happen to a process: it stalls, its clock jumps, or it is killed.
func (s *simulation) upset(p *process) {
	what := s.rng.IntN(10)
	s.note("process %d %d", p.id, what)
	switch {
	case what < 5:
		s.met["stalled"]++
		p.stalled = 20 + s.rng.IntN(100)
	case what < 8:
		s.met["skewed"]++
		p.skew.Store(s.rng.Int64N(int64(2*time.Hour)) - int64(time.Hour))
	default:
		s.kill(p)
	}
}

// kill ends a process. What it asked of the store and was not yet told is left to ghosts.
func (s *simulation) kill(p *process) {
	if p.conn == nil || p.dead.Swap(true) {
		return
	}
	s.met["killed"]++
	for _, a := range s.waitingActors() {
		if a.process == p {
			s.wake(a)
		}
	}
	for _, c := range s.waiting() {
		if c.process == p && !c.ghost {
			s.abandon(c)
		}
	}
	go p.conn.Close()
}

func (s *simulation) waitingActors() []*actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.idle)
}

// calmDown has all that waits happen, but ghosts, and from now on everything at once.
func (s *simulation) calmDown() {
	s.mu.Lock()
	s.calm = true
	s.mu.Unlock()
	for _, c := range s.waiting() {
		if !c.ghost {
			s.finish(c)
		}
	}
}

// haunt has the ghosts do what they still may.
func (s *simulation) haunt() {
	for _, c := range s.waiting() {
		s.finish(c)
	}
}
