package db

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/datolite/datolite/index"
)

// Options say how a database is opened. The zero Options are right for most; what changes the meaning of data is no option.
type Options struct {
	Name     string           // of the database in its store; "main" when empty
	Logger   *slog.Logger     // silent when nil
	Observer Observer         // told of transactions and queries; nil for nobody
	Host     []Named          // what text calls by name: query.Func; two of one name are an error at Open
	ReadOnly bool             // never write, not even to make the database; Transact fails with ErrReadOnly
	Clock    func() time.Time // where transactions take their instant from; time.Now when nil
	Memory   int              // bytes for what is not indexed yet, about, at which Transact is ErrBusy; 256 MB when zero
	Cache    int              // bytes of a cache of its own for what is read of the index, and what queries make of it; when zero it shares one of 256 MB

	sizes index.Sizes // of the index's parts
	log   logSizes
	apart bool // snapshots count for nothing in this process, as those of another would
}

// A Named is a function that the host gives a database, to be called by name. See query.Func.
type Named interface{ Name() string }

// An Observer is told of what a database does, in the goroutine that did it; it must be quick and must not call back.
type Observer interface{ Observe(Event) }

// An Event is one thing that a database did.
type Event struct {
	Kind     string        // "transaction", "query", "index", "import", "collect" or "backup"
	T        T             // the transaction's, or the basis that the query read
	Datoms   int           // of the transaction, txInstant included, or of all in the backup; of an index, how many facts it holds; that the query read
	Rows     int           // that the query returned
	Bytes    int           // that a collection deleted, about
	Duration time.Duration // from submission to answer
	Text     string        // of the query
	Err      error
}

// The sizes that stand for zero.
const (
	defaultMemory = 256 << 20
	defaultCache  = 256 << 20
)

// cache returns the cache of a Conn.
func (o Options) cache() *index.Cache {
	if o.Cache > 0 {
		return index.NewCache(o.Cache)
	}
	return sharedCache()
}

// filled returns the options with what stands for their zero values.
func (o Options) filled() Options {
	if o.Name == "" {
		o.Name = "main"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	return o
}

// A checkable Named tells whether it can be called, so that Open can refuse it.
type checkable interface{ Check() error }

// hosts returns what the host gives by name, each of which can be called.
func (o Options) hosts() (map[string]Named, error) {
	named := make(map[string]Named, len(o.Host))
	for _, h := range o.Host {
		if h == nil {
			return nil, fmt.Errorf("%w: one of them is nil", ErrHost)
		}
		if _, twice := named[h.Name()]; twice {
			return nil, fmt.Errorf("%w: two have the name %s", ErrHost, h.Name())
		}
		if c, ok := h.(checkable); ok && c.Check() != nil {
			return nil, fmt.Errorf("%w: %w", ErrHost, c.Check())
		}
		named[h.Name()] = h
	}
	return named, nil
}
