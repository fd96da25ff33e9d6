package remote

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/datolite/datolite/storage"
)

// A client is a store that another process serves.
type client struct {
	base      string
	o         Options
	transport *http.Transport
	limits    storage.Limits
	can       abilities       // of the server's store
	life      context.Context // ends when the store is closed
	end       context.CancelFunc
	once      sync.Once
}

func newClient(base *url.URL, o Options) *client {
	c := &client{base: base.String(), o: o, transport: newTransport(base, o)}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// wrap returns err as the *storage.Error of an operation.
func wrap(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &storage.Error{Op: op, Key: key, Err: err}
}

// Get returns the value of key, or storage.ErrNotFound.
func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	if err := c.limits.CheckKeys("get", key); err != nil {
		return nil, err
	}
	value, err := c.call(ctx, "get", maxBody(c.limits), []byte(key))
	if err != nil {
		return nil, wrap("get", key, err)
	}
	return value, nil
}

// Create stores value under key if nothing is there, else it returns storage.ErrExists. If it cannot tell, because the answer
// was lost, that is storage.ErrUnknown: it asks once.
func (c *client) Create(ctx context.Context, key string, value []byte) error {
	if err := c.limits.CheckItems("create", storage.Item{Key: key, Value: value}); err != nil {
		return err
	}
	_, err := c.call(ctx, "create", 0, []byte(key), value)
	return wrap("create", key, err)
}

// A guarded is a client of a server whose store is Guarded.
type guarded struct{ *client }

// CreateUnless is Create, but returns storage.ErrGuarded if guard is there.
func (g guarded) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	if err := g.limits.CheckItems("create", storage.Item{Key: key, Value: value}); err != nil {
		return err
	}
	if err := g.limits.CheckKeys("create", guard); err != nil {
		return err
	}
	_, err := g.call(ctx, "unless", 0, []byte(key), value, []byte(guard))
	return wrap("create", key, err)
}

// smallBody is how much a Put or Delete sends at once, unless one value alone is larger.
const smallBody = 4 << 20

// Put stores values under names that nobody else writes, some megabytes at a time.
func (c *client) Put(ctx context.Context, items ...storage.Item) error {
	if err := c.limits.CheckItems("put", items...); err != nil {
		return err
	}
	fields := make([][]byte, 0, 2*len(items))
	for _, item := range items {
		fields = append(fields, []byte(item.Key), item.Value)
	}
	return c.change(ctx, "put", fields, 2)
}

// Delete removes keys; a missing key is not an error.
func (c *client) Delete(ctx context.Context, keys ...string) error {
	if err := c.limits.CheckKeys("delete", keys...); err != nil {
		return err
	}
	fields := make([][]byte, len(keys))
	for i, key := range keys {
		fields[i] = []byte(key)
	}
	return c.change(ctx, "delete", fields, 1)
}

// change sends fields, of which so many belong together, in as many requests as their size takes, and one if there are none.
func (c *client) change(ctx context.Context, name string, fields [][]byte, together int) error {
	for {
		n, size := 0, 0
		for n < len(fields) && (n == 0 || size < min(smallBody, maxBody(c.limits)/2)) {
			for _, field := range fields[n : n+together] {
				size += len(field) + 8
			}
			n += together
		}
		if size > maxBody(c.limits)-nonceSize && n > together {
			n -= together
		}
		if _, err := c.call(ctx, name, 0, fields[:n]...); err != nil {
			return wrap(name, "", err)
		}
		if fields = fields[n:]; len(fields) == 0 {
			return nil
		}
	}
}

// List returns up to limit keys that begin with prefix and are greater than after, in byte order. It asks for a page at a time.
func (c *client) List(ctx context.Context, prefix, after string, limit int) (keys []string, err error) {
	for {
		n := min(limit-len(keys), pageKeys)
		page, err := c.page(ctx, prefix, after, max(n, 1))
		if err != nil {
			return nil, wrap("list", prefix, err)
		}
		keys = append(keys, page[:min(len(page), max(n, 0))]...)
		if len(page) < n || len(keys) >= limit {
			return keys, nil
		}
		after = keys[len(keys)-1]
	}
}

// page returns up to n keys.
func (c *client) page(ctx context.Context, prefix, after string, n int) ([]string, error) {
	body, err := c.call(ctx, "list", pageKeys*keyField, []byte(prefix), []byte(after), []byte(strconv.Itoa(n)))
	if err != nil {
		return nil, err
	}
	fields, err := splitFields(body, pageKeys)
	if err != nil {
		return nil, err
	}
	return texts(fields), nil
}

// Limits returns those of the store below, and polls no more often than is polite on a network.
func (c *client) Limits() storage.Limits { return c.limits }

// Close ends calls that run, and drops the connections. The server's store stays open.
func (c *client) Close() error {
	err := wrap("close", "", storage.ErrClosed)
	c.once.Do(func() {
		c.end()
		c.transport.CloseIdleConnections()
		err = nil
	})
	return err
}

// A guardedWatcher is a client of a server whose store is both.
type guardedWatcher struct {
	guarded
	watcher watcher
}

// Watch is the method of storage.Watcher.
func (g guardedWatcher) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	return g.watcher.Watch(ctx, prefix)
}

// upgraded returns the client as what the store of the server is.
func (c *client) upgraded() storage.Store {
	switch {
	case c.can.watches && c.can.guards:
		return guardedWatcher{guarded{c}, watcher{c}}
	case c.can.watches:
		return watcher{c}
	case c.can.guards:
		return guarded{c}
	}
	return c
}

// A watcher is a client of a server whose store can be watched.
type watcher struct{ *client }

// Watch returns a channel that is closed when the server tells that a key may have appeared, a second after the connection to it
// was lost, after half a minute at the latest, and when ctx ends. The server has the watch when Watch returns.
func (w watcher) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	ctx, cancel := w.bounded(ctx)
	late := time.AfterFunc(w.o.Timeout, func() { cancel(errSlow) })
	q := newQuestion("watch", [][]byte{[]byte(prefix)})
	resp, err := w.send(ctx, q)
	if err == nil && resp.Header.Get(headerSum) != answerSum(q.sum, outcomes[ok].word, nil).String() {
		if _, err = q.read(resp, 0); err == nil {
			err = ErrAnswer
		}
		_ = resp.Body.Close()
	}
	if err != nil {
		err = whyEnded(ctx, err)
		late.Stop()
		cancel(nil)
		return nil, wrap("watch", prefix, err)
	}
	late.Reset(watchFor + w.o.Timeout)
	told := make(chan struct{})
	go func() {
		defer close(told)
		_, err := io.Copy(io.Discard, resp.Body) // ends when there is news
		_ = resp.Body.Close()
		if err != nil {
			pause(ctx, lostPause)
		}
		late.Stop()
		cancel(nil)
	}()
	return told, nil
}

// lostPause is how long who watches is left alone when the connection is lost, so that a network which bears no watch is not
// asked for one all the time.
const lostPause = time.Second

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
