package db

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// A Conn is a database in a store: the reference whose value changes. It may be used by many goroutines. To write, see
// tx.Transact; to read, take a Snapshot.
//
// One goroutine of a Conn, the writer, alone moves it from one head to the next: by a record that it wrote, or by those of others
// that it read. What a transaction brings is durable first, then visible (one atomic pointer), then told.
type Conn struct {
	o     Options
	log   *txlog
	env   *env
	owned storage.Store // closed with the Conn; nil for none

	head  atomic.Pointer[head]
	news  bell                  // rung when the head moved
	fault atomic.Pointer[error] // why the log cannot be followed; nil while it can

	alone      func() bool // reports whether nobody else can have written since Open
	leave      func()      // ends that
	yieldUntil time.Time   // another writer is left alone until then

	cache    *index.Cache
	indexing sync.Mutex // held by the job that indexes
	unkept   *root      // of that job, or the one before, of which there may be no copy
	made     atomic.Pointer[madeLevels]

	collected atomic.Pointer[Collected] // what the last Collect found; nil before there was one

	traffic traffic
	queue   chan *request
	taxiway chan *flight // to the pilot; one at most is under way
	looks   chan *look
	kicks   chan struct{} // asks the follower to look now

	ctx     context.Context // of what the Conn does for itself
	cancel  context.CancelFunc
	closing chan struct{} // closed by Close
	grace   time.Duration // how long Close lets a store finish what the writer asked of it
	done    chan struct{} // closed when the writer has ended
	once    sync.Once
	helpers sync.WaitGroup
}

// Open opens the database of a store, and makes it if it is not there. Closing the Conn leaves the store open.
func Open(ctx context.Context, store storage.Store, o Options) (*Conn, error) {
	conn, err := open(ctx, store, o.filled())
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	return conn, nil
}

// OpenOwned is Open for a store that nobody else uses: closing the Conn closes it too, and so does an error. It is how
// datolite.Open opens a folder.
func OpenOwned(ctx context.Context, store storage.Store, o Options) (*Conn, error) {
	conn, err := Open(ctx, store, o)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	conn.owned = store
	return conn, nil
}

func open(ctx context.Context, store storage.Store, o Options) (*Conn, error) {
	hosts, err := o.hosts()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := connect(ctx, store, o, hosts)
	if err != nil {
		return nil, err
	}
	go c.run()
	c.helpers.Go(c.follow)
	if !o.ReadOnly {
		c.helpers.Go(c.pilot)
		c.helpers.Go(c.index)
	}
	h := c.head.Load()
	o.Logger.Info("database opened", "name", o.Name, "t", int64(h.snap.T()), "records", h.seq, "took", time.Since(began))
	return c, nil
}

// connect returns a Conn that knows the newest record of its database. If that is dropped meanwhile, the name may lead to another,
// but nobody makes two.
func connect(ctx context.Context, store storage.Store, o Options, hosts map[string]Named) (*Conn, error) {
	for gone := ""; ; {
		m, made, err := catalogue{store, o.Clock, o.Logger, o.log}.find(ctx, o)
		if err != nil {
			return nil, err
		}
		c := newConn(store, o, hosts, m)
		c.enter()
		if err = c.begin(ctx); err == nil {
			c.yieldUntil = time.Time{} // what was asked for may be long ago
			return c, nil
		}
		c.leave()
		c.cancel()
		if !errors.Is(err, ErrDropped) {
			return nil, err
		}
		if made || m.dbid() == gone {
			return nil, &NameError{Name: o.Name, Err: ErrDropped}
		}
		gone = m.dbid()
	}
}

func newConn(store storage.Store, o Options, hosts map[string]Named, m meta) *Conn {
	c := &Conn{o: o, log: newLog(store, m.dbid(), o.log), queue: make(chan *request, maxGroup),
		taxiway: make(chan *flight, 1), looks: make(chan *look), kicks: make(chan struct{}, 1), closing: make(chan struct{}),
		grace: 2 * time.Second, done: make(chan struct{})}
	c.log.retired = c.isRetired
	c.cache = o.cache()
	c.env = &env{clock: o.Clock, host: hosts, dbid: m.dbid(), log: c, observer: o.Observer, cache: c.cache}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.head.Store(&head{snap: genesis(c.env), hash: m.genesis, next: firstT, keeping: &keeping{}})
	return c
}

// enter tells the store that there is one more who writes to the log, unless the Conn does not.
func (c *Conn) enter() {
	c.alone, c.leave = func() bool { return false }, func() {}
	if !c.o.ReadOnly {
		c.ctx, c.alone, c.leave = c.log.enter(c.ctx)
		c.log.alone = c.alone
	}
}

// begin moves the head to the newest index, and from there to the newest record.
func (c *Conn) begin(ctx context.Context) error {
	h, r, err := c.newestHead(ctx)
	if err != nil {
		return err
	}
	if h != nil {
		c.head.Store(h)
	}
	records, err := c.catchUp(ctx)
	if err == nil && records == 0 && r != nil {
		err = &StoreError{c.log.rootKey(r), fmt.Errorf("%w: the record that publishes the root is not in the log", ErrCorrupt)}
	}
	return err
}

// Close ends the connection: transactions that wait fail with ErrClosed, streams end. Snapshots stay readable as long as the store is
// open: what they show may lie in its index.
func (c *Conn) Close() error {
	var err error
	c.once.Do(func() {
		close(c.closing)
		hurry := time.AfterFunc(c.grace, c.cancel)
		<-c.done
		hurry.Stop()
		c.cancel()
		c.helpers.Wait()
		c.leave()
		if c.owned != nil {
			err = c.owned.Close()
		}
		c.o.Logger.Info("database closed", "name", c.o.Name, "t", int64(c.Snapshot().T()))
	})
	return err
}

// Snapshot returns the newest database that this process knows. It takes no lock and no I/O.
func (c *Conn) Snapshot() *Snapshot { return c.head.Load().snap }
