package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/datolite/datolite/storage"
)

// CollectOptions say what Conn.Collect leaves.
type CollectOptions struct {
	// Window is for how long at least a snapshot stays readable in other processes: what an index had that another one took the place of
	// longer ago is deleted. Clocks of processes that write differ by less than that. Zero leaves nothing but the newest index, and what
	// snapshots of this process read.
	Window time.Duration
	DryRun bool // find what is garbage, and delete nothing

	Told func(Collected) // is called after every few hundred segments and keys; nil for nobody
}

// Collected tells what Conn.Collect did, or in a DryRun would do; or how far it has come: then Segments and Others are 0 until all that is
// needed is marked.
type Collected struct {
	Retired  int // indexes that were there for snapshots of the past, and are no more
	Kept     int // indexes that are left, the newest one included
	Segments int // deleted parts of indexes and of the log
	Slots    int // of the log that keep no record any more, since its chunks have it: a few bytes take the place of a large one
	Bytes    int // of both, about: they are estimated if they are many
	Others   int // other keys that were deleted: bodies of records, and roots of indexes
	Pinned   int // bytes, about, that are kept for snapshots alone: of this process, or within the window
	Marked   int // segments that an index leads to which is left
	Deleted  int // keys so far; in the end, all of Segments and Others
}

// Collect deletes what nobody needs any more: parts of an index that a newer one has replaced, and what was left behind by processes that
// were killed. Snapshots of this process stay readable as long as they are held, whatever the window (where some seem to be, the garbage
// collector is run first, which may find that they are not); who reads one in another process
// for longer than the window may find that a part is gone, which is ErrExpired. It may run beside everything else, in any process, and
// may be interrupted and called again. No transaction is ever deleted: a large one that is in the log twice, in a slot and in a chunk, is left in
// the chunk alone.
//
// It adds a record to the log, which everybody who has the database open reads: what it deletes is what was garbage there.
func (c *Conn) Collect(ctx context.Context, o CollectOptions) (Collected, error) {
	began := time.Now()
	done, err := c.collect(ctx, o)
	if err != nil {
		err = fmt.Errorf("db: %w", c.orStopped(err))
	}
	c.o.Logger.Info("garbage collected", "retired", done.Retired, "segments", done.Segments, "bytes", done.Bytes, "dry", o.DryRun,
		"took", time.Since(began), "error", err)
	if c.o.Observer != nil {
		c.o.Observer.Observe(Event{Kind: "collect", T: c.Snapshot().T(), Bytes: done.Bytes, Duration: time.Since(began), Err: err})
	}
	return done, err
}

func (c *Conn) collect(ctx context.Context, o CollectOptions) (Collected, error) {
	switch {
	case c.o.ReadOnly && !o.DryRun:
		return Collected{}, ErrReadOnly
	case ctx.Value(nested{c}) != nil:
		return Collected{}, ErrNested
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(c.ctx, stop)()
	for {
		if _, err := c.look(ctx); err != nil {
			return Collected{}, err
		}
		s := &sweep{Conn: c, o: o, pace: pacer{conn: c}}
		if err := s.retire(ctx); errors.Is(err, errOutrun) {
			continue
		} else if err != nil {
			return Collected{}, err
		}
		if err := s.run(ctx); !errors.Is(err, errOutrun) {
			return s.done, err
		}
	}
}

// rootChain returns the roots that are not retired, the newest first. If it may write, each has its copy under a key afterwards.
func (c *Conn) rootChain(ctx context.Context, h *head, write bool) ([]*root, error) {
	keys := map[string]string{}
	for key, err := range listed(ctx, c.log.store, c.log.dbid+"/root/") {
		if err != nil {
			return nil, err
		}
		keys[jobOfRoot(key)] = key
	}
	var chain []*root
	for job := h.root; job != "" && !h.keeping.allRetired(seqOfJob(job)); {
		r, err := c.rootOf(ctx, job, keys[job], h.seq, write)
		if err != nil {
			return nil, err
		}
		chain, job = append(chain, r), r.from
	}
	return slices.DeleteFunc(chain, func(r *root) bool { return h.keeping.isRetired(r.seq) }), nil
}

// jobOfRoot returns the job of the root under a key.
func jobOfRoot(key string) string {
	parts := strings.SplitN(key[strings.LastIndexByte(key, '/')+1:], "-", 3)
	return parts[len(parts)-1]
}

// rootOf returns the root that a job made: from its key, or for want of one from the record that published it, and then under its key.
func (c *Conn) rootOf(ctx context.Context, job, key string, newest int, write bool) (*root, error) {
	if key != "" {
		r, err := c.log.rootAt(ctx, key)
		if !errors.Is(err, storage.ErrNotFound) { // else somebody retired it meanwhile
			return r, err
		}
	}
	for e, err := range c.log.entries(ctx, seqOfJob(job)+1, newest, reading{bytes: streamBytes}) {
		if err != nil {
			return nil, err
		}
		if e.load != nil && e.load.root.job == job {
			return e.load.root, nil
		}
		if e.root == nil || e.root.job != job {
			continue
		}
		if write {
			err = c.log.store.Create(ctx, c.log.rootKey(e.root), e.root.encode())
		}
		if errors.Is(err, storage.ErrExists) {
			err = nil
		}
		return e.root, err
	}
	return nil, &StoreError{c.log.dbid + "/root/", fmt.Errorf("%w: the index %s is neither under a key nor in the log", ErrCorrupt, job)}
}

// allRetired reports whether the root of a seq, and all before it, are retired.
func (k *keeping) allRetired(seq int) bool {
	return k.isRetired(seq) && !slices.ContainsFunc(k.spared, func(s int) bool { return s < seq })
}

// A sweep is one collection: first it retires roots, then it marks what those that are left lead to, and then deletes the rest.
type sweep struct {
	*Conn
	o       CollectOptions
	roots   []*root // that are not retired, the newest first
	keeping *keeping
	before  int             // segments of jobs that index up to a record before this one are garbage if no root leads to them
	marked  map[string]bool // the keys of those that a root leads to, and whether the newest does
	done    Collected
	pace    pacer
}

// retire wins a slot with the record that decides what is garbage, and leaves the roots that are kept. Of a DryRun it decides the same without
// a record.
func (s *sweep) retire(ctx context.Context) (err error) {
	h := s.head.Load()
	if s.roots, err = s.rootChain(ctx, h, !s.o.DryRun); err != nil {
		return err
	}
	if s.spares(s.decide(h)) {
		unpin(s.log.dbid, seqOfJob(h.root))
	}
	var c *collection
	decide := func(now *head) (section, error) {
		if now.root != h.root {
			return section{}, errOutrun
		}
		c = s.decide(now)
		return collectSection(c), nil
	}
	if s.o.DryRun {
		c = s.decide(h)
		s.keeping = h.keeping.collected(c, h.seq+1, seqOfJob(h.root))
	} else {
		if _, err := s.ask(ctx, &look{say: decide, told: make(chan struct{})}); err != nil {
			return err
		}
		s.keeping = s.head.Load().keeping
	}
	s.before = max(h.published, c.voids+1)
	all := len(s.roots)
	s.roots = slices.DeleteFunc(s.roots, func(r *root) bool { return s.keeping.isRetired(r.seq) })
	s.done.Retired, s.done.Kept = all-len(s.roots), len(s.roots)
	return nil
}

// spares reports whether a collection leaves a root only because somebody in this process seems to read it.
func (s *sweep) spares(c *collection) bool {
	return slices.ContainsFunc(s.roots, func(r *root) bool { return r.seq < c.retires && slices.Contains(c.spares, r.seq) })
}

// decide returns a collection behind a head. It retires the roots whose successor was published before the window, and which nobody in this
// process reads; all who open the database begin at one that has a key. It voids the jobs that were there before an earlier collection, if that was before the window; if there is none, all
// that run.
func (s *sweep) decide(h *head) *collection {
	at := s.Conn.o.Clock().UnixMilli()
	c := &collection{at: at, spares: slices.Sorted(maps.Keys(pinned(s.log.dbid, seqOfJob(h.root))))}
	longAgo := at - s.o.Window.Milliseconds()
	for _, r := range s.roots {
		if !r.unkeyed && r.made > 0 && r.made <= longAgo {
			c.retires = r.seq
			break
		}
	}
	switch {
	case s.o.Window <= 0:
		c.voids = h.seq
	case h.keeping.marked <= longAgo:
		c.voids = h.keeping.mark
	}
	return c
}

// run marks and deletes.
func (s *sweep) run(ctx context.Context) error {
	if err := s.mark(ctx); err != nil {
		return err
	}
	garbage, older, err := s.unmarked(ctx)
	if err != nil {
		return err
	}
	if s.done.Bytes, err = s.sizeOf(ctx, garbage); err != nil {
		return err
	}
	if s.done.Pinned, err = s.sizeOf(ctx, older); err != nil {
		return err
	}
	others, err := s.others(ctx)
	if err != nil {
		return err
	}
	short, err := s.shortening(ctx)
	if err != nil {
		return err
	}
	s.done.Segments, s.done.Others, s.done.Slots = len(garbage), len(others), len(short.items)
	s.done.Bytes += short.bytes
	found := s.done
	s.collected.Store(&found)
	s.tell()
	if s.o.DryRun {
		return nil
	}
	if err := s.delete(ctx, garbage); err != nil {
		return err
	}
	if err := s.delete(ctx, others); err != nil {
		return err
	}
	return short.put(ctx)
}

// shortening finds the slots that keep no record any more. If another collection came in between, that is errOutrun.
func (s *sweep) shortening(ctx context.Context) (*shortening, error) {
	r, err := s.log.newestRoot(ctx)
	if err != nil {
		return nil, err
	}
	short, err := newShortening(ctx, s.log, r, s.pace.pause)
	if errors.Is(err, errNoSegment) {
		if retired, lookErr := s.isRetired(ctx, r.seq); retired || lookErr != nil {
			err = cmp.Or(lookErr, errOutrun)
		}
	}
	return short, err
}

// tell tells how far the collection has come.
func (s *sweep) tell() {
	if s.o.Told != nil {
		s.o.Told(s.done)
	}
}

// delete deletes keys, and tells of it.
func (s *sweep) delete(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, deleted) {
		if err := s.log.delete(ctx, some); err != nil {
			return err
		}
		s.done.Deleted += len(some)
		s.tell()
	}
	return nil
}

// mark marks what the roots lead to. An older one that was retired meanwhile by somebody else needs no marks. The newest one does, since what
// it leads to may be needed by one that was published since: if it was retired, that is errOutrun.
func (s *sweep) mark(ctx context.Context) error {
	s.marked = map[string]bool{}
	for i, r := range s.roots {
		enter := func(x reached) bool {
			key := s.log.segment(x.name)
			_, known := s.marked[key]
			s.marked[key] = i == 0 || s.marked[key]
			if s.done.Marked = len(s.marked); !known && s.done.Marked%deleted == 0 {
				s.tell()
			}
			return !known
		}
		for _, err := range s.log.reach(ctx, r, enter) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				err = s.pace.pause(ctx)
			}
			if err == nil {
				continue
			}
			retired, lookErr := s.isRetired(ctx, r.seq)
			if lookErr != nil || !retired {
				return cmp.Or(lookErr, err)
			}
			if i == 0 {
				return errOutrun
			}
			break
		}
	}
	return ctx.Err()
}

// unmarked returns the keys of segments that are garbage, and of those that older roots alone lead to.
func (s *sweep) unmarked(ctx context.Context) (garbage, older []string, err error) {
	prefix := s.log.dbid + "/seg/"
	for key, err := range listed(ctx, s.log.store, prefix) {
		if err == nil {
			err = s.pace.pause(ctx)
		}
		if err != nil {
			return nil, nil, err
		}
		switch own, marked := s.marked[key]; {
		case marked && !own:
			older = append(older, key)
		case !marked && seqOfJob(strings.TrimPrefix(key, prefix)) < s.before:
			garbage = append(garbage, key)
		}
	}
	return garbage, older, nil
}

// sampled is how many values are read to tell how many bytes they take.
const sampled = 64

// sizeOf returns how many bytes values take: of many it reads some, and estimates the others.
func (s *sweep) sizeOf(ctx context.Context, keys []string) (int, error) {
	step, n, bytes := (len(keys)+sampled-1)/sampled, 0, 0
	for i := 0; i < len(keys); i += step {
		b, err := s.log.store.Get(ctx, keys[i])
		if errors.Is(err, storage.ErrNotFound) {
			continue // somebody else collects too
		}
		if err != nil {
			return 0, err
		}
		n, bytes = n+1, bytes+len(b)
	}
	if n == 0 {
		return 0, nil
	}
	return bytes * len(keys) / n, nil
}

// others returns the keys of roots that are retired, and of bodies that no slot names.
func (s *sweep) others(ctx context.Context) (keys []string, err error) {
	newest, first := s.head.Load().seq, true
	for key, err := range listed(ctx, s.log.store, s.log.dbid+"/root/") {
		if err != nil {
			return nil, err
		}
		if !first && s.keeping.isRetired(seqOfJob(jobOfRoot(key))) {
			keys = append(keys, key)
		}
		first = false
	}
	for key, err := range listed(ctx, s.log.store, s.log.dbid+"/body/") {
		if err != nil {
			return nil, err
		}
		orphan, err := s.isOrphan(ctx, key, newest)
		if err != nil {
			return nil, err
		}
		if orphan {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// isOrphan reports whether a body, or a page of a load, is of a slot that is filled and does not name it. Of bodies of slots that are trimmed, or are not known to be filled, it
// tells nothing.
func (s *sweep) isOrphan(ctx context.Context, key string, newest int) (bool, error) {
	of := strings.TrimPrefix(key, s.log.dbid+"/body/")
	of, isPage := strings.CutPrefix(of, "p")
	seq := seqOfJob(of)
	if seq > 0 && seq <= newest && isPage {
		e, err := s.log.read(ctx, seq)
		return err == nil && !strings.HasPrefix(key, strings.TrimSuffix(s.log.page(seq, e.nonce, 0), "0")), err
	}
	if seq == 0 || seq > newest {
		return false, nil
	}
	b, err := s.log.store.Get(ctx, s.log.slot(seq))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := decodeRecord(b)
	if err != nil {
		return false, &StoreError{s.log.slot(seq), err}
	}
	_, elsewhere, err := r.elsewhere()
	return !elsewhere || !strings.HasPrefix(key, strings.TrimSuffix(s.log.part(r, 0), "0")), err
}
