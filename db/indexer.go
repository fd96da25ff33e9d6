package db

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// The tail of a database, what lies in memory above the trees, is indexed when it has so many facts, or takes a quarter of
// Options.Memory.
const indexFacts = 256 << 10

// sharedCache is the cache of the Conns that have none of their own.
var sharedCache = sync.OnceValue(func() *index.Cache { return index.NewCache(defaultCache) })

// An indexer moves the tail of a database into trees, in the background, whenever there is enough of it.
type indexer struct {
	conn  *Conn
	pause time.Duration
}

// The pauses after a job that failed.
const (
	leastPause = time.Second
	mostPause  = time.Minute
)

// index is the indexer.
func (c *Conn) index() {
	x := &indexer{conn: c, pause: leastPause}
	for !c.head.Load().ended {
		news := c.news.wait()
		if c.isBehind() {
			if !x.run() {
				return
			}
			continue
		}
		select {
		case <-news:
		case <-c.ctx.Done():
			return
		}
	}
}

// isBehind reports whether there is enough to index. What a database begins with is, only when there is a transaction.
func (c *Conn) isBehind() bool {
	h := c.head.Load()
	tail := h.snap.levels
	return h.seq > 0 && (tail.Tail() >= indexFacts || tail.TailBytes() >= max(1, c.o.Memory/4))
}

// run runs a job, and waits where it failed. It reports whether to go on.
func (x *indexer) run() bool {
	err := x.conn.indexNow(x.conn.ctx)
	switch {
	case err == nil:
		x.pause = leastPause
		return true
	case errors.Is(err, errOutrun):
		return true
	case x.conn.ctx.Err() != nil || isAny(err, ErrClosed, ErrDropped, storage.ErrClosed):
		return false
	}
	x.conn.o.Logger.Warn("indexing failed, and is tried again", "error", err, "pause", x.pause)
	if !sleep(x.conn.ctx, x.pause) {
		return false
	}
	x.pause = min(2*x.pause, mostPause)
	return true
}

// errOutrun tells that another job was published first.
var errOutrun = errors.New("another job was published first")

// Index moves what lies in memory into the trees of the store, which a Conn that may write also does by itself when there is enough,
// and returns when that is published: then the database opens without reading the log up to there. That another process published a
// newer index meanwhile is no error.
func (c *Conn) Index(ctx context.Context) error {
	switch {
	case c.o.ReadOnly:
		return fmt.Errorf("db: %w", ErrReadOnly)
	case ctx.Value(nested{c}) != nil:
		return fmt.Errorf("db: %w", ErrNested)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(c.ctx, stop)()
	if err := c.indexNow(ctx); err != nil && !errors.Is(err, errOutrun) {
		return fmt.Errorf("db: %w", c.orStopped(err))
	}
	return nil
}

// orStopped returns ErrClosed for the error of work that ended because the Conn was closed.
func (c *Conn) orStopped(err error) error {
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ErrClosed
	}
	return c.orClosed(err)
}

// indexNow runs one job, and then trims the log.
func (c *Conn) indexNow(ctx context.Context) error {
	c.indexing.Lock()
	defer c.indexing.Unlock()
	for {
		base := c.head.Load().root
		err := c.job(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrExpired) || !c.movedFrom(ctx, base) {
			return err
		}
	}
	began := time.Now()
	n, err := c.log.trim(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		c.o.Logger.Warn("the log could not be trimmed, which the next job tries again", "error", err)
	case n > 0:
		c.o.Logger.Info("log trimmed", "keys", n, "took", time.Since(began))
	}
	return nil
}

// movedFrom reports whether a newer index than a base that somebody retired is there, so that a job can go on from that.
func (c *Conn) movedFrom(ctx context.Context, base string) bool {
	_, err := c.look(ctx)
	return err == nil && c.head.Load().root != base
}

// job moves what lies in memory into the trees, and publishes that.
func (c *Conn) job(ctx context.Context) error {
	began, h := time.Now(), c.head.Load()
	if h.snap.levels.Tail() == 0 || h.seq == 0 {
		return c.keepRoot(ctx)
	}
	r := newRoot(h)
	w := &segmentWriter{log: c.log, job: r.job}
	levels, err := h.snap.levels.Grown(ctx, c.growth(h.snap, w))
	if err == nil {
		r.chunks, err = c.log.roll(ctx, h.chunks, h.seq, h.next, w)
	}
	if err == nil {
		err = w.flush(ctx)
	}
	if err != nil {
		return err
	}
	for _, l := range levels {
		r.levels = append(r.levels, l.Encode(nil))
	}
	c.made.Store(&madeLevels{r.job, levels})
	defer c.made.Store(nil)
	if err := c.publishRoot(ctx, r); err != nil {
		return err
	}
	open, ended := index.Levels{}.Over(levels...).Facts()
	c.o.Logger.Info("indexed", "t", int64(r.basis), "facts", open+ended, "segments", w.n, "took", time.Since(began))
	if c.o.Observer != nil {
		c.o.Observer.Observe(Event{Kind: "index", T: r.basis, Datoms: open + ended, Duration: time.Since(began)})
	}
	return nil
}

// growth returns how levels are made of what a snapshot has in memory.
func (c *Conn) growth(snap *Snapshot, to *segmentWriter) index.Growth {
	schema := snap.Schema()
	return index.Growth{Newest: index.TxID(snap.basis), To: to, From: segments{c.log, c.newPin(seqOfJob(to.job))}, Cache: c.cache, Sizes: c.o.sizes,
		Forget: schema.forgets(), Unique: schema.isUnique}
}

// forgets returns which attributes keep no history; nil where none does.
func (s *Schema) forgets() func(ID) bool {
	none := map[ID]bool{}
	for _, a := range s.Attributes() {
		if a.NoHistory {
			none[a.ID] = true
		}
	}
	if len(none) == 0 {
		return nil
	}
	return func(a ID) bool { return none[a] }
}

// isUnique reports whether an attribute is one of those that name entities.
func (s *Schema) isUnique(a ID) bool {
	attr, ok := s.Attribute(a)
	return ok && attr.Unique != NotUnique
}

// madeLevels are those of a job of the Conn, while it is published: what they have in memory need not be read again.
type madeLevels struct {
	job    string
	levels []*index.Level
}

// levelsOf returns the levels of a root that a record publishes.
func (c *Conn) levelsOf(r *root) ([]*index.Level, error) {
	if made := c.made.Load(); made != nil && made.job == r.job {
		return made.levels, nil
	}
	return c.log.levels(r, c.cache, c.newPin(r.seq))
}

// publishRoot has the writer publish a root, and then keeps a copy of it.
func (c *Conn) publishRoot(ctx context.Context, r *root) error {
	c.unkept = r
	if _, err := c.ask(ctx, &look{root: r, told: make(chan struct{})}); err != nil {
		return err
	}
	return c.keepRoot(ctx)
}

// keepRoot puts a copy of the root that was published last where the next one to open the database finds it, unless that is done, or
// another root is newer.
func (c *Conn) keepRoot(ctx context.Context) error {
	r := c.unkept
	if r == nil || c.head.Load().root != r.job {
		return nil
	}
	err := c.log.store.Create(ctx, c.log.rootKey(r), r.encode())
	if err != nil && !errors.Is(err, storage.ErrExists) {
		return err
	}
	c.unkept = nil
	return nil
}

// hold slows a transaction while the index is far behind, and refuses it when what is not indexed takes all the memory that it may.
func (c *Conn) hold(ctx context.Context) error {
	h := c.head.Load()
	used := h.snap.levels.TailBytes()
	if used >= c.o.Memory && h.seq > 0 {
		return fmt.Errorf("%w: %d of %d bytes", ErrBusy, used, c.o.Memory)
	}
	if late := min(used, c.o.Memory) - c.o.Memory/4*3; late > 0 && !sleep(ctx, longestHold*time.Duration(late)/time.Duration(c.o.Memory/4+1)) {
		return ctx.Err()
	}
	return nil
}

// longestHold is how long a transaction is held that comes just before all are refused.
const longestHold = 100 * time.Millisecond
