package index

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A Cache keeps leaves that were read, decoded as far as they were needed, up to a number of bytes. All databases of a process may
// share one. A leaf is on trial when it comes, and is kept for good when it is asked for again: so a scan of everything drives out
// what other scans left, and not what is read again and again (the segmented LRU of Karedla, Love and Wherry, 1994). Who found a leaf that
// is kept finds it again without the lock; that it was asked for is noted then, and gives it another turn when it would have to go (as in
// the CLOCK of Corbató, 1968).
type Cache struct {
	mu      sync.Mutex
	limit   int
	trial   *simplelru.LRU[[32]byte, *cached]
	kept    *simplelru.LRU[[32]byte, *cached]
	loading map[[32]byte]*loading
	stats   CacheStats
	inTrial int          // bytes
	found   atomic.Int64 // hits without the lock

	worth    int // how much is gone through in vain at least where a material is thought of
	patience int // how many times more than is gone through to make it, before one is made
}

// CacheStats are counts of what a cache did, and of what it holds: leaves, and what was made of them.
type CacheStats struct {
	Hits, Misses, Evictions int
	Leaves, Bytes           int
}

// A cached leaf is in the cache until it is driven out: then it is nil for those who have found it before.
type cached struct {
	leaf  atomic.Pointer[leaf]
	made  any // of facts, instead of a leaf
	bytes int
	asked atomic.Bool // since it was kept, or last had to go
}

func newCached(l *leaf, bytes int) *cached {
	x := &cached{bytes: bytes}
	x.leaf.Store(l)
	return x
}

// again returns a leaf that was found before, and nil where it was driven out.
func (c *Cache) again(x *cached) *leaf {
	if x == nil {
		return nil
	}
	l := x.leaf.Load()
	if l != nil {
		if c.found.Add(1); !x.asked.Load() {
			x.asked.Store(true)
		}
	}
	return l
}

// loading is a leaf that somebody reads while others wait for it.
type loading struct {
	by   *reader
	done chan struct{}
	leaf *leaf
	err  error
}

// NewCache returns a cache that holds leaves of up to so many bytes, and at least one leaf.
func NewCache(bytes int) *Cache {
	c := &Cache{limit: bytes, loading: map[[32]byte]*loading{}, worth: worthMaterial, patience: 1}
	c.trial, _ = simplelru.NewLRU[[32]byte, *cached](math.MaxInt, nil) // an error only for a size below 1
	c.kept, _ = simplelru.NewLRU[[32]byte, *cached](math.MaxInt, nil)
	return c
}

// Stats returns the counts of the cache.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Hits += int(c.found.Load())
	s.Leaves = c.trial.Len() + c.kept.Len()
	return s
}

// leaf returns the leaf of a hash, and where it is kept notes for the next time how it is found again. Where it is not there, one caller
// reads it, with how many bytes it takes, and the others wait. Equal leaves may lie in several stores: what is wrong with one of them is no
// matter to who reads another.
func (c *Cache) leaf(ctx context.Context, by *reader, sum [32]byte, found *atomic.Pointer[cached], read func() (*leaf, int, error)) (*leaf, error) {
	for {
		there, l, mine := c.find(by, sum, found)
		if there != nil {
			return there, nil
		}
		if mine {
			return c.load(sum, l, read)
		}
		select {
		case <-l.done:
			if l.err == nil || l.by == by && !isOver(l.err) {
				return l.leaf, l.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// isOver reports whether an error is that of the context of somebody else, who gave up.
func isOver(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// find returns a leaf that is there, or one that is being read; mine tells whether the caller is the one to read it.
func (c *Cache) find(by *reader, sum [32]byte, found *atomic.Pointer[cached]) (there *leaf, l *loading, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.kept.Get(sum)
	if !ok {
		if x, ok = c.trial.Peek(sum); ok {
			c.trial.Remove(sum)
			c.inTrial -= x.bytes
			c.kept.Add(sum, x)
		}
	}
	if ok {
		c.stats.Hits++
		there = x.leaf.Load()
		found.Store(x)
		c.shrink()
		return there, nil, false
	}
	if l, ok := c.loading[sum]; ok {
		return nil, l, false
	}
	c.stats.Misses++
	l = &loading{by: by, done: make(chan struct{})}
	c.loading[sum] = l
	return nil, l, true
}

// has reports whether a leaf is there. To ask that does not count as asking for it.
func (c *Cache) has(sum [32]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.Contains(sum) || c.trial.Contains(sum)
}

// load reads a leaf for all who wait for it.
func (c *Cache) load(sum [32]byte, l *loading, read func() (*leaf, int, error)) (*leaf, error) {
	var bytes int
	l.err = errors.New("the reader of the leaf panicked")
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.loading, sum)
		if l.err == nil {
			c.trial.Add(sum, newCached(l.leaf, bytes))
			c.inTrial += bytes
			c.stats.Bytes += bytes
			c.shrink()
		}
		close(l.done)
	}()
	l.leaf, bytes, l.err = read()
	return l.leaf, l.err
}

// drop drives out a leaf that is damaged: it may be sound where it is read from next.
func (c *Cache) drop(sum [32]byte, l *leaf) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range [...]*simplelru.LRU[[32]byte, *cached]{c.trial, c.kept} {
		x, ok := from.Peek(sum)
		if !ok || x.leaf.Load() != l {
			continue
		}
		from.Remove(sum)
		x.leaf.Store(nil)
		if c.stats.Bytes -= x.bytes; from == c.trial {
			c.inTrial -= x.bytes
		}
	}
}

// grow notes that a leaf came to take more bytes, or where made is not nil, what was made of facts.
func (c *Cache) grow(sum [32]byte, made any, more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, kept := c.kept.Peek(sum)
	if !kept {
		x, _ = c.trial.Peek(sum)
	}
	if x == nil || x.made != made {
		return // driven out meanwhile, or never there
	}
	if x.bytes += more; !kept {
		c.inTrial += more
	}
	c.stats.Bytes += more
	c.shrink()
}

// keptShare is how much of the cache, in hundredths, is for leaves that were asked for again.
const keptShare = 80

// shrink drives out the leaves that were asked for longest ago, those on trial first unless they are few.
func (c *Cache) shrink() {
	for turns := c.kept.Len(); c.stats.Bytes > c.limit && c.trial.Len()+c.kept.Len() > 1; {
		from := c.trial
		if c.kept.Len() > 0 && (c.trial.Len() == 0 || 100*c.inTrial < (100-keptShare)*c.limit) {
			from = c.kept
		}
		sum, x, _ := from.RemoveOldest()
		if from == c.kept && turns > 0 && x.asked.Swap(false) {
			c.kept.Add(sum, x)
			turns--
			continue
		}
		if from == c.trial {
			c.inTrial -= x.bytes
		}
		x.leaf.Store(nil)
		c.stats.Bytes -= x.bytes
		c.stats.Evictions++
	}
}
