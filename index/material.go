package index

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"
)

// A material is what held of an attribute at a moment, in an order, in columns of its own: who reads them meets neither closings nor facts that
// ended. It is made when as much was gone through in vain as it takes to make it, and the cache keeps it as if it were a leaf.
type material struct {
	name  [32]byte
	kept  atomic.Pointer[cached]
	vain  atomic.Int64 // facts that were gone through in vain while it was not there
	facts int          // that are gone through to make it
	bulky atomic.Bool  // it takes too much of the cache
}

// A materialKey tells what is in a material of a run or level. What lies below is in it too, and is named since the same run may come to lie on
// something else, which then nothing needs any more.
type materialKey struct {
	a     ID
	order Order
	upto  ID
	below weak.Pointer[Run]
	level weak.Pointer[Level]
}

// materials are those of a run or level, by what is in them.
type materials struct {
	mu sync.Mutex
	of map[materialKey]*material
}

const (
	maxMaterials  = 64  // that a run or level knows of
	worthMaterial = 256 // how much is gone through in vain at least where a material is thought of
	perVainKey    = 16  // how much at most for each of several keys
	leastMaterial = 512 // bytes
	smallPart     = 8   // what is in small runs above may stay in vain, this part of it
)

// materialNames counts materials: their names are those of no leaves.
var materialNames atomic.Uint64

func (m *materials) get(k materialKey) *material {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of[k]
}

// add returns the material of a key, which is made by so many facts if it was not known.
func (m *materials) add(k materialKey, facts int) *material {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.of[k]
	if x == nil {
		if m.of == nil || len(m.of) == maxMaterials {
			m.of = map[materialKey]*material{}
		}
		x = &material{facts: facts}
		binary.BigEndian.PutUint64(x.name[:], materialNames.Add(1))
		m.of[k] = x
	}
	return x
}

// materialised returns what a material has of the range of the cursor, and the runs above that, which are left to read; where none is worth while,
// nothing and all levels.
func (c *Cursor) materialised() (span, Levels, error) {
	a, ok := c.ofOne()
	if !ok {
		return span{}, c.levels, nil
	}
	vain, err := c.inVain(c.levels)
	if err != nil || vain < c.levels.cache().worth {
		return span{}, c.levels, err
	}
	first := c.levels.laterThan(c.lens.bound)
	x, at := c.found(a, first)
	if x != nil {
		if vain, err = c.inVain(Levels{runs: c.levels.runs[:at]}); err != nil {
			return span{}, Levels{}, err
		}
	}
	if i := max(first, c.levels.small(vain/smallPart)); !c.makes && vain >= c.levels.cache().worth && i < min(at, c.levels.places()) {
		made, err := c.quarry(a, i).asked(c.ctx, vain)
		if err != nil {
			return span{}, Levels{}, err
		}
		if made != nil {
			x, at = made, i
		}
	}
	if x == nil {
		return span{}, c.levels, nil
	}
	return span{columns: x, to: x.len()}.within(c.order, &c.within), Levels{runs: c.levels.runs[:at]}, nil
}

// found returns the material that is there of the newest run from the first one on, or of the levels, and which run that is; nil where none is.
func (c *Cursor) found(a ID, first int) (x *columns, at int) {
	for at = first; at < c.levels.places(); at++ {
		if x = c.quarry(a, at).kept(); x != nil {
			return x, at
		}
	}
	return nil, at
}

// places returns in how many places there can be a material: runs, and behind them the levels in a store.
func (l Levels) places() int { return len(l.runs) + min(1, len(l.stored)) }

// laterThan returns how many of the newest runs hold something that happened after a transaction.
func (l Levels) laterThan(t ID) (n int) {
	for i, r := range l.runs {
		if r.newest > t {
			n = i + 1
		}
	}
	return n
}

// small returns how many of the newest runs hold no more than so many facts together.
func (l Levels) small(facts int) int {
	n := 0
	for n < len(l.runs) && l.runs[n].size <= facts {
		facts -= l.runs[n].size
		n++
	}
	return n
}

// ofOne returns the attribute of which the cursor reads what holds, if it is one and much of it may be gone through in vain.
func (c *Cursor) ofOne() (ID, bool) {
	switch {
	case c.levels.cache() == nil || c.most > 0 || c.lens.history || c.lens.since > 0 || c.order != AEVT && c.order != AVET:
		return 0, false
	case c.keys != nil:
		return c.keys.A, perVainKey*c.keys.len() >= c.levels.cache().worth
	}
	common := c.within.common(c.order)
	return c.within.Lo.Key.A, common == 1 || common == 2 && c.order == AVET
}

// inVain returns how many facts of some levels, about, are gone through in vain for the range of the cursor: closings, and what ended.
func (c *Cursor) inVain(l Levels) (n int, err error) {
	for _, r := range l.runs {
		if r.size < c.levels.cache().worth {
			continue
		}
		for k := range dropped {
			if role := c.lens.role(r.oldest, r.newest, k); role == mask || role == tested && k != current {
				x := r.part(k).span(c.order, &c.within)
				n += c.ofKeys(x.len())
			}
		}
	}
	for _, s := range l.stored {
		for k, t := range s.trees[c.order] {
			facts := t.top.facts
			if role := c.lens.role(s.oldest, s.newest, class(k)); role != mask && (role != tested || class(k) == current) || facts < worthMaterial {
				continue
			}
			if c.keys == nil {
				if facts, err = t.count(c.ctx, &s.reader, &c.within); err != nil {
					return 0, err
				}
			}
			n += c.ofKeys(facts)
		}
	}
	return n, nil
}

// ofKeys returns how many of so many facts are looked at for the keys of the cursor, if it has any.
func (c *Cursor) ofKeys(facts int) int {
	if c.keys == nil {
		return facts
	}
	return min(facts, perVainKey*c.keys.len())
}

// A quarry is what a material is made of: the levels from some run on, as far as one attribute held at a moment.
type quarry struct {
	Levels
	key    materialKey
	within Range
	of     *materials
	by     *reader
}

func (c *Cursor) quarry(a ID, run int) *quarry {
	l := c.levels
	q := &quarry{Levels: Levels{l.runs[run:], l.stored, l.own}, key: materialKey{a: a, order: c.order}, within: Prefix(1, Fact{A: a}), by: &reader{}}
	if len(q.stored) > 0 {
		top := q.stored[0]
		q.of, q.by, q.key.level, q.key.upto = &top.materials, &top.reader, weak.Make(top), min(c.lens.bound, top.newest)
	}
	for _, r := range slices.Backward(q.runs) {
		q.of, q.key.upto = &r.materials, max(q.key.upto, r.newest)
	}
	if len(q.runs) > 1 {
		q.key.below = weak.Make(q.runs[1])
	}
	return q
}

// kept returns the columns of the material, nil where it is not there.
func (q *quarry) kept() *columns {
	m := q.of.get(q.key)
	if m == nil {
		return nil
	}
	l := q.cache().again(m.kept.Load())
	if l == nil {
		return nil
	}
	return l.blocks[0].decoded.Load()
}

// asked notes that so many facts would be gone through in vain. It returns the columns of the material where it is time to make it, else nil.
func (q *quarry) asked(ctx context.Context, vain int) (*columns, error) {
	m := q.of.get(q.key)
	if m == nil {
		lens := View{Basis: q.key.upto}.lens()
		_, facts, err := q.holding(ctx, q.key.order, &q.within, &lens)
		if err != nil {
			return nil, err
		}
		m = q.of.add(q.key, facts)
	}
	cache := q.cache()
	if m.bulky.Load() || m.vain.Add(int64(vain))-int64(vain) < int64(cache.patience*m.facts) {
		return nil, nil
	}
	var l *leaf
	for range 2 { // it is kept by being asked for again
		var err error
		l, err = cache.leaf(ctx, q.by, m.name, &m.kept, func() (*leaf, int, error) { return q.make(ctx, cache.limit/keptPart) })
		if errors.Is(err, errBulky) {
			m.bulky.Store(true)
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	m.vain.Store(0)
	return l.blocks[0].decoded.Load(), nil
}

var errBulky = errors.New("it takes too much of the cache")

// make returns the material as a leaf of one block, and how many bytes it takes.
func (q *quarry) make(ctx context.Context, most int) (*leaf, int, error) {
	from := q.Scan(ctx, q.key.order, q.within, View{Basis: q.key.upto})
	from.makes = true
	c, texts, bytes := newColumns(0, false), map[string]string{}, 0
	for {
		b, err := from.Next()
		if err != nil {
			return nil, 0, err
		}
		if b == nil {
			break
		}
		n := c.len()
		c.appendBatch(b)
		if c.V.Texts != nil {
			bytes += own(c.V.Texts[n:], texts)
		}
		if bytes+c.bytes() > most {
			return nil, 0, errBulky
		}
	}
	c.in = nil
	c.compact()
	l := &leaf{blocks: make([]block, 1)}
	l.blocks[0].decoded.Store(&c)
	return l, leastMaterial + bytes + c.bytes(), nil
}

// own replaces texts by those of equal content in a map, or by copies, which it puts there. It returns how many bytes those take, and the headers.
func own(texts []string, there map[string]string) int {
	bytes := int(unsafe.Sizeof("")) * len(texts)
	for i, t := range texts {
		mine, ok := there[t]
		if !ok {
			mine = strings.Clone(t)
			there[mine] = mine
			bytes += len(mine)
		}
		texts[i] = mine
	}
	return bytes
}
