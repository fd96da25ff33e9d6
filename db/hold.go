package db

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// holdNewest holds the newest root for a time, under an id, so that no collection retires it before, and returns it with the head behind
// which the record of the hold lies; nil and the newest head where there is no root. A later hold of the same id takes its place.
func (c *Conn) holdNewest(ctx context.Context, id string, d time.Duration) (*root, *head, error) {
	for {
		if _, err := c.look(ctx); err != nil {
			return nil, nil, err
		}
		h := c.head.Load()
		if h.root == "" {
			return nil, h, nil
		}
		var behind *head
		say := func(now *head) (section, error) {
			if now.root != h.root {
				return section{}, errOutrun
			}
			behind = now
			return holdSection(c.newHold(id, seqOfJob(h.root), d)), nil
		}
		if _, err := c.ask(ctx, &look{say: say, told: make(chan struct{})}); errors.Is(err, errOutrun) {
			continue
		} else if err != nil {
			return nil, nil, err
		}
		roots, err := c.rootChain(ctx, h, true)
		if err != nil {
			return nil, nil, err
		}
		return roots[0], behind, nil
	}
}

func (c *Conn) newHold(id string, seq int, d time.Duration) hold {
	return hold{id, seq, c.o.Clock().Add(d).UnixMilli()}
}

// holdOn has the hold of an id last for a time from now on.
func (c *Conn) holdOn(ctx context.Context, id string, seq int, d time.Duration) error {
	say := func(*head) (section, error) { return holdSection(c.newHold(id, seq, d)), nil }
	_, err := c.ask(ctx, &look{say: say, told: make(chan struct{})})
	return err
}

// release ends the hold of an id, if there is one.
func (c *Conn) release(ctx context.Context, id string) error {
	say := func(*head) (section, error) { return holdSection(hold{id: id}), nil }
	_, err := c.ask(ctx, &look{say: say, told: make(chan struct{})})
	return err
}

// isRetired reports whether the root of a seq is retired by now: by a record that this Conn has applied, or by one behind those.
func (c *Conn) isRetired(ctx context.Context, seq int) (bool, error) {
	h := c.head.Load()
	return c.log.isRetired(ctx, seq, h.keeping, seqOfJob(h.root), h.seq)
}

// isRetired reports whether the root of a seq is retired by now, given the keeping at some record, and the seq of the newest root there.
func (l *txlog) isRetired(ctx context.Context, seq int, k *keeping, newest, from int) (bool, error) {
	last := from
	for !k.isRetired(seq) {
		var err error
		if last, err = l.newest(ctx, from); err == nil {
			break
		} else if !errors.Is(err, errTrimmed) {
			return false, err
		}
		r, err := l.newestRoot(ctx)
		if err != nil || r == nil || r.seq <= from || r.keeping == nil {
			return false, cmp.Or(err, l.lost(ctx, from+1))
		}
		k, newest, from, last = r.keeping, seqOfJob(r.from), r.seq, r.seq
	}
	for e, err := range l.entries(ctx, from+1, last, reading{bytes: streamBytes}) {
		if err != nil {
			return false, err
		}
		if k = k.after(e, newest); e.root != nil {
			newest = max(newest, e.root.seq)
		}
	}
	return k.isRetired(seq), nil
}
