package db

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"sort"

	"github.com/datolite/datolite/storage"
)

// A load is what a record of an import says: many transactions become part of the database at once. They lie elsewhere, in pages, and
// have been indexed already: the record holds the root of what the database is behind it, which so is adopted and not made by applying them.
// Its section has that root, the number of transactions and of their facts, the bytes of the pages, the number of pages, and of each the t of
// its first transaction, less that of the page before, and its hash. A load stands alone in its record, and the root in it is that of the
// record before, but for what the load brings.
type load struct {
	root         *root
	transactions int
	facts        int
	bytes        int
	pages        []page
	snap         *Snapshot // that it leads to, if it was made here; else nil
}

// A page is a stretch of the transactions of a load. Its value has one byte that tells whether the rest is compressed, as in a block of an
// index; the rest is the number of bodies, and each body with its length before it.
type page struct {
	first T      // of its transactions
	hash  digest // of the hashes of its bodies
}

// loadVersion is the lowest version that reads a record which is a load.
const loadVersion = 3

func (l *load) encode() []byte {
	b := appendText(nil, string(l.root.encode()))
	b = binary.AppendUvarint(b, uint64(l.transactions))
	b = binary.AppendUvarint(b, uint64(l.facts))
	b = binary.AppendUvarint(b, uint64(l.bytes))
	b = binary.AppendUvarint(b, uint64(len(l.pages)))
	last := T(0)
	for _, p := range l.pages {
		b = append(binary.AppendUvarint(b, uint64(p.first-last)), p.hash[:]...)
		last = p.first
	}
	return b
}

// first returns the t of the first transaction; 0 of no load.
func (l *load) first() T {
	if l == nil {
		return 0
	}
	return l.pages[0].first
}

// load returns the load that a record is, and nil if it is none.
func (r *record) load() (*load, error) {
	if len(r.sections) != 1 || r.sections[0].kind != sectionLoad {
		return nil, nil
	}
	const most = 1 << 62
	s := &source{rest: string(r.sections[0].content)}
	root, err := decodeRoot([]byte(s.text()))
	if err != nil {
		return nil, err
	}
	root.unkeyed = true
	l := &load{root: root, transactions: int(s.upTo(most, "count")), facts: int(s.upTo(most, "count")), bytes: int(s.upTo(most, "count"))}
	l.pages = make([]page, s.count(1+sha256.Size))
	last := T(0)
	for i := range l.pages {
		p := &l.pages[i]
		p.first = last + T(s.upTo(maxT, "t"))
		copy(p.hash[:], s.take(sha256.Size))
		last = p.first
	}
	if err := s.end(); err != nil || len(l.pages) == 0 {
		return nil, fmt.Errorf("%w: a load does not decode: %w", ErrCorrupt, cmp.Or(err, errCodec))
	}
	return l, nil
}

// page returns the key of a page of a load. It sorts behind the bodies of records, which go when the log is trimmed.
func (l *txlog) page(seq int, n nonce, i int) string {
	return fmt.Sprintf("%s/body/p%s-%x/%d", l.dbid, hex16(uint64(seq)), n, i)
}

// encodePage returns the value of a page of bodies, and its hash. It works in room, if that is large enough.
func encodePage(bodies [][]byte, room []byte) (value []byte, hash digest) {
	content := binary.AppendUvarint(room[:0], uint64(len(bodies)))
	h := sha256.New()
	for _, b := range bodies {
		content = append(binary.AppendUvarint(content, uint64(len(b))), b...)
		sum := sha256.Sum256(b)
		h.Write(sum[:])
	}
	h.Sum(hash[:0])
	return squeezed(content), hash
}

// decodePage returns the transactions of a page that has a hash.
func decodePage(value []byte, hash digest) ([]Commit, error) {
	bodies, err := openPage(value, hash)
	if err != nil {
		return nil, err
	}
	commits := make([]Commit, len(bodies))
	for i, b := range bodies {
		body, err := decodeBody(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		commits[i] = body.commit
	}
	return commits, nil
}

// openPage returns the bodies of a page that has a hash; there is one at least.
func openPage(value []byte, hash digest) (bodies [][]byte, err error) {
	content, err := expanded(value)
	if err != nil {
		return nil, err
	}
	s, h := &source{rest: string(content)}, sha256.New()
	for n := s.count(1); n > 0 && s.err == nil; n-- {
		b := []byte(s.text())
		sum := sha256.Sum256(b)
		h.Write(sum[:])
		bodies = append(bodies, b)
	}
	if err := s.end(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if !bytes.Equal(h.Sum(nil), hash[:]) || len(bodies) == 0 {
		return nil, fmt.Errorf("%w: the page does not have its hash", ErrCorrupt)
	}
	return bodies, nil
}

// The ways in which a page lies in a store.
const (
	pagePlain byte = iota
	pageZstd
)

// squeezed returns content as it lies in a store: compressed, where that pays.
func squeezed(content []byte) []byte {
	stored, smaller := compressed(compressors().quick, content)
	if smaller {
		return append([]byte{pageZstd}, stored...)
	}
	return append([]byte{pagePlain}, stored...)
}

// expanded returns the content that squeezed made smaller.
func expanded(value []byte) ([]byte, error) {
	switch {
	case len(value) > 0 && value[0] == pagePlain:
		return value[1:], nil
	case len(value) > 0 && value[0] == pageZstd:
		content, err := compressors().decoder.DecodeAll(value[1:], nil)
		if err != nil {
			err = fmt.Errorf("%w: the page does not decompress: %w", ErrCorrupt, err)
		}
		return content, err
	}
	return nil, fmt.Errorf("%w: the page is stored in a way that is not known", ErrCorrupt)
}

// readPage returns the transactions of a page of the load that an entry is.
func (l *txlog) readPage(ctx context.Context, e *entry, i int) ([]Commit, error) {
	key, p := l.page(e.seq, e.nonce, i), e.load.pages[i]
	value, err := l.store.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		err = fmt.Errorf("%w: the page is missing", ErrCorrupt)
	} else if err != nil {
		return nil, err
	}
	var commits []Commit
	if err == nil {
		commits, err = decodePage(value, p.hash)
	}
	if err == nil && commits[0].T != p.first {
		err = fmt.Errorf("%w: the page is another one", ErrCorrupt)
	}
	if err != nil {
		return nil, &StoreError{key, err}
	}
	return commits, nil
}

// first returns the t of the first transaction of the entry, if it has one.
func (e *entry) first() (T, bool) {
	switch {
	case e.load != nil:
		return e.load.first(), true
	case len(e.commits) > 0:
		return e.commits[0].T, true
	}
	return 0, false
}

// transactions yields those of an entry with after < t ≤ until, in order.
func (l *txlog) transactions(ctx context.Context, e *entry, after, until T) iter.Seq2[*Commit, error] {
	return func(yield func(*Commit, error) bool) {
		each := func(commits []Commit) bool {
			for i := range commits {
				if c := &commits[i]; after < c.T && c.T <= until && !yield(c, nil) {
					return false
				}
			}
			return true
		}
		if e.load == nil {
			each(e.commits)
			return
		}
		for i := e.load.at(after); i < len(e.load.pages) && e.load.pages[i].first <= until; i++ {
			commits, err := l.readPage(ctx, e, i)
			if err != nil {
				yield(nil, err)
				return
			}
			if !each(commits) {
				return
			}
		}
	}
}

// at returns the page in which a transaction is, or the one before it; the first, if it is before that.
func (l *load) at(t T) int {
	return max(0, sort.Search(len(l.pages), func(i int) bool { return l.pages[i].first > t })-1)
}

// newestAt returns the newest transaction of an entry at or before t; nil if there is none.
func (l *txlog) newestAt(ctx context.Context, e *entry, t T) (newest *Commit, err error) {
	after := T(0)
	if e.load != nil {
		after = e.load.pages[e.load.at(t)].first - 1
	}
	for c, err := range l.transactions(ctx, e, after, t) {
		if err != nil {
			return nil, err
		}
		newest = c
	}
	return newest, nil
}

// adopted returns the head behind a load.
func (c *Conn) adopted(h *head, e *entry) (*head, error) {
	r := e.load.root
	if r.from != h.root || r.seq != h.seq || r.hash != h.hash || e.load.first() != h.next || r.basis < h.next {
		return nil, &StoreError{c.log.slot(e.seq), fmt.Errorf("%w: what the record brings does not follow what was before it", ErrCorrupt)}
	}
	snap := e.load.snap
	if snap == nil {
		made, err := c.headAt(c.ctx, r)
		if err != nil {
			return nil, err
		}
		snap = made.snap
	}
	next := h.after(e, snap)
	next.root, next.next, next.chunks, next.published = r.job, r.nextT, r.chunks, e.seq
	next.datoms, next.bytes = h.datoms+e.load.facts, h.bytes+e.size+e.load.bytes
	return next, nil
}

// everyT is after every transaction.
const everyT = T(math.MaxInt64)
