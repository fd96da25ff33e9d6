package db

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/datolite/datolite/storage"
)

// A pageWriter writes the pages of a load, beside what goes on.
type pageWriter struct {
	log   *txlog
	seq   int
	nonce nonce
	queue chan *Commit
	ended chan struct{}

	pages   []page
	bodies  [][]byte
	room    []byte // where the bodies lie
	content []byte // where a page is made of them
	first   T      // of the bodies
	size    int    // of the bodies
	bytes   int    // of the pages
	err     error
	failed  chan struct{} // closed when err is there
	items   []storage.Item
	pending int // bytes of items
}

// pageBytes is how many bytes of bodies a page has, unless one transaction has more.
const pageBytes = 1 << 20

func newPageWriter(ctx context.Context, log *txlog, seq int) *pageWriter {
	w := &pageWriter{log: log, seq: seq, queue: make(chan *Commit, 4), ended: make(chan struct{}), failed: make(chan struct{})}
	_, _ = rand.Read(w.nonce[:]) // never fails
	go func() {
		defer close(w.ended)
		for c := range w.queue {
			if w.err == nil {
				w.fail(w.append(ctx, c))
			}
		}
		if w.err == nil {
			w.fail(w.flush(ctx))
		}
	}()
	return w
}

func (w *pageWriter) fail(err error) {
	if w.err = err; err != nil {
		close(w.failed)
	}
}

// add has a transaction written. It returns the error of an earlier one.
func (w *pageWriter) add(c *Commit) error {
	select {
	case <-w.failed:
		return w.err
	case w.queue <- c:
		return nil
	}
}

// close waits until all are written.
func (w *pageWriter) close() {
	close(w.queue)
	<-w.ended
}

// result returns the pages and how many bytes they have.
func (w *pageWriter) result() ([]page, int, error) { return w.pages, w.bytes, w.err }

func (w *pageWriter) append(ctx context.Context, c *Commit) error {
	b := body{commit: *c, fields: fieldsOf(c)}
	_, _ = rand.Read(b.salt[:]) // never fails
	from := len(w.room)
	w.room = appendBody(w.room, &b)
	content := w.room[from:]
	if len(w.bodies) == 0 {
		w.first = c.T
	}
	w.bodies, w.size = append(w.bodies, content), w.size+len(content)
	if w.size < min(pageBytes, w.log.store.Limits().Value/2) {
		return nil
	}
	return w.page(ctx)
}

// page makes a page of the bodies, and puts what is gathered if that is enough.
func (w *pageWriter) page(ctx context.Context) error {
	w.content = slices.Grow(w.content[:0], w.size+binary.MaxVarintLen64*(1+len(w.bodies)))
	value, hash := encodePage(w.bodies, w.content)
	if most := w.log.store.Limits().Value; len(value) > most {
		return fmt.Errorf("%w: %d bytes, and the store takes %d in one value: divide it", ErrTooLarge, len(value), most)
	}
	w.items = append(w.items, storage.Item{Key: w.log.page(w.seq, w.nonce, len(w.pages)), Value: value})
	w.pages = append(w.pages, page{w.first, hash})
	w.bytes, w.pending = w.bytes+len(value), w.pending+len(value)
	w.bodies, w.room, w.size = w.bodies[:0], w.room[:0], 0
	if w.pending < gathered && len(w.items) < w.log.store.Limits().Batch {
		return nil
	}
	return w.put(ctx)
}

func (w *pageWriter) put(ctx context.Context) error {
	items := w.items
	w.items, w.pending = nil, 0
	return w.log.store.Put(ctx, items...)
}

// flush writes what is left.
func (w *pageWriter) flush(ctx context.Context) error {
	if len(w.bodies) > 0 {
		if err := w.page(ctx); err != nil {
			return err
		}
	}
	if len(w.items) == 0 {
		return nil
	}
	return w.put(ctx)
}
