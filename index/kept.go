package index

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
)

// A serial is a number of which there is one in a process. It is taken when it is first asked for.
type serial struct{ n atomic.Uint64 }

var lastSerial atomic.Uint64

func (s *serial) number() uint64 {
	if s.n.Load() == 0 {
		s.n.CompareAndSwap(0, lastSerial.Add(1))
	}
	return s.n.Load()
}

// print returns what stands for the facts that the levels have of an attribute. Levels in which these are not the same never have the same print,
// in one process; where they are the same it mostly is, unless runs were merged or indexed meanwhile.
func (l Levels) print(attr ID) [32]byte {
	within := Prefix(1, Fact{A: attr})
	b := binary.AppendVarint([]byte("what is made of an attribute"), int64(attr))
	for _, r := range l.runs {
		if r.has(AEVT, &within) {
			b = binary.AppendUvarint(b, r.serial.number())
		}
	}
	for _, s := range l.stored {
		b = binary.AppendUvarint(b, s.serial.number())
	}
	return sha256.Sum256(b)
}

// has reports whether a run has something in a range.
func (r *Run) has(o Order, within *Range) bool {
	if r.misses(o, within) {
		return false
	}
	for k := range dropped {
		if x := r.part(k).span(o, within); x.len() > 0 {
			return true
		}
	}
	return false
}

// A Keeper keeps in a cache one thing that was made of all facts of an attribute, and does not change what it says. The zero Keeper keeps nothing.
type Keeper struct {
	cache *Cache
	print [32]byte
}

// Keeper returns the keeper of what is made of what the levels have of an attribute.
func (l Levels) Keeper(c *Cache, attr ID) Keeper { return Keeper{c, l.print(attr)} }

// keptPart is which part of a cache one thing that was made of facts may take at first.
const keptPart = 8

// Keep keeps what was made, which takes so many bytes, for as long as a leaf would be that was read as often. It is not kept where it takes more than
// an eighth of the cache.
func (k Keeper) Keep(made any, bytes int) {
	if k.cache == nil || bytes > k.cache.limit/keptPart {
		return
	}
	k.cache.mu.Lock()
	defer k.cache.mu.Unlock()
	if k.cache.made(k.print) == nil {
		k.cache.trial.Add(k.print, &cached{bytes: bytes, made: made})
		k.cache.inTrial += bytes
		k.cache.stats.Bytes += bytes
		k.cache.shrink()
	}
}

// Kept returns what was kept, and nil where that is not in the cache.
func (k Keeper) Kept() any {
	if k.cache == nil {
		return nil
	}
	k.cache.mu.Lock()
	defer k.cache.mu.Unlock()
	return k.cache.made(k.print)
}

// Grow notes that what was made has come to take more bytes, if that is what is kept: another may have come before it.
func (k Keeper) Grow(made any, more int) {
	if k.cache != nil {
		k.cache.grow(k.print, made, more)
	}
}

// made returns what is there for a print, which then stays as what was asked for again does.
func (c *Cache) made(print [32]byte) any {
	x, ok := c.kept.Get(print)
	if !ok {
		if x, ok = c.trial.Peek(print); !ok {
			return nil
		}
		c.trial.Remove(print)
		c.inTrial -= x.bytes
		c.kept.Add(print, x)
	}
	return x.made
}
