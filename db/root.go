package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// A root says what a database is at a record of the log, without the records up to there: counters, and where the trees of facts
// begin. A job makes it, and publishes it by a record that holds it: it counts if the root that it was made from is the newest one
// at that record. Then a copy goes under a key of its own, from which whoever opens the database next can start.
type root struct {
	job         string // that made it
	from        string // the job of the root that it was made from; "" for none
	gen         int    // how often the database was written anew
	seq         int    // of the record
	hash        digest // of that record
	writer      uint64 // the lowest version that may write after it
	writerSeq   int    // the record that says so
	basis       T
	instant     int64 // milliseconds since 1970
	nextT       T
	nextElement ID
	datoms      int        // that the records up to seq brought
	bytes       int        // of those records
	levels      [][]byte   // the newest first; see index.Level
	chunks      *chunkTree // of the log, up to some record; nil for none
	keeping     *keeping   // at that record; nil for one of which nothing is retired or held
	made        int64      // milliseconds since 1970, a moment before it was published; 0 if it does not say
	unkeyed     bool       // it is that of a load, and never has a copy under a key
}

// rootMagic is how every root begins.
const rootMagic = "dlx1"

// rootVersion is that of the roots that this version writes, and the newest that it reads. A root of version 1 has no gen, and one level
// in the place of sections.
const rootVersion = 2

// The kinds of sections of a root.
const (
	rootLevels = 1 // see index.Level
	rootChunks = 2 // see chunkTree
	rootKept   = 4 // see keeping, and made
)

// newRoot returns the root of a head, whose level is still to be made.
func newRoot(h *head) *root {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	s := h.snap
	return &root{job: fmt.Sprintf("%s-%x", hex16(uint64(h.seq)), random), from: h.root, seq: h.seq, hash: h.hash, keeping: h.keeping, writer: h.writer.version,
		writerSeq: h.writer.seq, basis: s.basis, instant: s.instant, nextT: s.nextT, nextElement: s.nextElement, datoms: h.datoms, bytes: h.bytes}
}

// encode returns the root as bytes: magic, version, job, from, gen, seq, hash (32 bytes), writer, writer's seq, basis, instant, next t −
// basis, next element, datoms, bytes, number of sections and each of them (kind, length, content; kinds ascend), and the SHA-256 of all
// that. Numbers are varints, texts have their length before them.
func (r *root) encode() []byte {
	b := binary.AppendUvarint([]byte(rootMagic), rootVersion)
	b = appendText(appendText(b, r.job), r.from)
	b = binary.AppendUvarint(b, uint64(r.gen))
	b = binary.AppendUvarint(b, uint64(r.seq))
	b = append(b, r.hash[:]...)
	b = binary.AppendUvarint(b, r.writer)
	b = binary.AppendUvarint(b, uint64(r.writerSeq))
	b = binary.AppendUvarint(b, uint64(r.basis))
	b = binary.AppendVarint(b, r.instant)
	b = binary.AppendUvarint(b, uint64(r.nextT-r.basis))
	b = binary.AppendUvarint(b, uint64(r.nextElement))
	b = binary.AppendUvarint(b, uint64(r.datoms))
	b = binary.AppendUvarint(b, uint64(r.bytes))
	sections := r.sections()
	b = binary.AppendUvarint(b, uint64(len(sections)))
	for _, s := range sections {
		b = appendText(binary.AppendUvarint(b, s.kind), string(s.content))
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// sections returns what the root says in sections, by kind.
func (r *root) sections() []section {
	levels := binary.AppendUvarint(nil, uint64(len(r.levels)))
	for _, l := range r.levels {
		levels = appendText(levels, string(l))
	}
	sections := []section{{rootLevels, levels}}
	if r.chunks != nil {
		sections = append(sections, section{rootChunks, r.chunks.encode()})
	}
	if r.keeping != nil {
		sections = append(sections, section{rootKept, append(binary.AppendVarint(nil, r.made), r.keeping.encode()...)})
	}
	return sections
}

// decodeRoot returns the root that b holds.
func decodeRoot(b []byte) (*root, error) {
	if len(b) < sha256.Size || sha256.Sum256(b[:len(b)-sha256.Size]) != digest(b[len(b)-sha256.Size:]) {
		return nil, fmt.Errorf("%w: the root is not as it was written", ErrCorrupt)
	}
	s := &source{rest: string(b[:len(b)-sha256.Size])}
	if s.take(uint64(len(rootMagic))) != rootMagic {
		s.fail("not a root")
	}
	version := s.uvarint()
	if s.err == nil && version > rootVersion {
		return nil, fmt.Errorf("%w: the root has version %d, and this version reads up to %d", ErrFormat, version, rootVersion)
	}
	r, unknown := &root{}, error(nil)
	if r.decodeHead(s, version); version == 1 {
		r.levels = [][]byte{[]byte("\x01" + s.text())} // a level of version 1 did not say so
	} else {
		unknown = r.decodeSections(s)
	}
	if err := s.end(); err != nil {
		return nil, fmt.Errorf("%w: the root is %w", ErrCorrupt, err)
	}
	return r, unknown
}

// decodeHead decodes what comes before the sections.
func (r *root) decodeHead(s *source, version uint64) {
	const most = 1 << 62
	r.job, r.from = s.text(), s.text()
	if version > 1 {
		r.gen = int(s.upTo(most, "gen"))
	}
	r.seq = int(s.upTo(most, "seq"))
	copy(r.hash[:], s.take(sha256.Size))
	r.writer, r.writerSeq = s.uvarint(), int(s.upTo(most, "seq"))
	r.basis = T(s.upTo(uint64(maxID), "t"))
	r.instant = s.varint()
	r.nextT = r.basis + T(s.upTo(uint64(maxID), "t"))
	r.nextElement = ID(s.upTo(uint64(maxID), "id"))
	r.datoms, r.bytes = int(s.upTo(most, "count")), int(s.upTo(most, "count"))
}

// decodeSections decodes the sections. It returns ErrFormat if there is one of a kind that is not known.
func (r *root) decodeSections(s *source) (unknown error) {
	last := uint64(0)
	for n := s.count(2); n > 0; n-- {
		kind := s.uvarint()
		if kind <= last {
			s.fail("section %d behind section %d", kind, last)
		}
		last = kind
		content := &source{rest: s.text()}
		switch kind {
		case rootLevels:
			r.levels = make([][]byte, content.count(1))
			for i := range r.levels {
				r.levels[i] = []byte(content.text())
			}
		case rootChunks:
			r.chunks = content.chunkTree()
		case rootKept:
			r.made, r.keeping = content.varint(), content.keeping()
		default:
			unknown = fmt.Errorf("%w: the root has a section of kind %d, which this version does not know", ErrFormat, kind)
			continue
		}
		if err := content.end(); err != nil {
			s.fail("section %d: %w", kind, err)
		}
	}
	return unknown
}

// rootKey returns the key of the copy of a root: the newest sorts first.
func (l *txlog) rootKey(r *root) string {
	return fmt.Sprintf("%s/root/%s-%s-%s", l.dbid, hex16(^uint64(r.gen)), hex16(^uint64(r.seq)), r.job)
}

// newestRoot returns the newest root that has a copy, and nil where there is none. One that was collected before it was read has a newer
// one.
func (l *txlog) newestRoot(ctx context.Context) (*root, error) {
	for last := ""; ; {
		keys, err := l.store.List(ctx, l.dbid+"/root/", "", 1)
		if err != nil || len(keys) == 0 {
			return nil, err
		}
		r, err := l.rootAt(ctx, keys[0])
		switch {
		case !errors.Is(err, storage.ErrNotFound):
			return r, err
		case keys[0] == last:
			return nil, &StoreError{last, fmt.Errorf("%w: it is listed, and not there", ErrStore)}
		}
		last = keys[0]
	}
}

// rootAt returns the root under a key.
func (l *txlog) rootAt(ctx context.Context, key string) (*root, error) {
	b, err := l.store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	r, err := decodeRoot(b)
	if err == nil && l.rootKey(r) != key {
		err = fmt.Errorf("%w: the root is that of another key", ErrCorrupt)
	}
	if err != nil {
		return nil, &StoreError{key, err}
	}
	return r, nil
}

// levels returns the levels of a root, the newest first, of which nothing is read yet. They hold the pin.
func (l *txlog) levels(r *root, cache *index.Cache, p *pin) ([]*index.Level, error) {
	levels := make([]*index.Level, len(r.levels))
	upto := index.TxID(r.basis)
	for i, b := range r.levels {
		level, err := index.DecodeLevel(b, segments{l, p}, cache)
		switch {
		case errors.Is(err, index.ErrFormat):
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		case i == 0 && level.Newest() != upto || i > 0 && level.Newest() >= upto:
			return nil, fmt.Errorf("%w: level %d of a root ends at %d", ErrCorrupt, i, level.Newest())
		}
		levels[i], upto = level, level.Newest()
	}
	if len(levels) == 0 {
		return nil, fmt.Errorf("%w: a root has no level", ErrCorrupt)
	}
	return levels, nil
}

// headAt returns the head at the record of a root. It reads what is said of schema in the trees.
func (c *Conn) headAt(ctx context.Context, r *root) (*head, error) {
	levels, err := c.log.levels(r, c.cache, c.newPin(r.seq))
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{env: c.env, levels: index.Levels{}.Over(levels...), basis: r.basis, instant: r.instant, nextT: r.nextT, nextElement: r.nextElement}
	snap.reader.snap = snap
	schema, err := schemaIn(ctx, snap)
	if err != nil {
		return nil, err
	}
	snap.schema.Store(schema)
	h := &head{snap: snap, seq: r.seq, hash: r.hash, next: r.nextT, root: r.from, keeping: &keeping{}, beyond: r.seq, datoms: r.datoms, bytes: r.bytes}
	h.writer.version, h.writer.seq = r.writer, r.writerSeq
	if r.keeping != nil {
		h.keeping = r.keeping
	}
	c.log.adopt(r.chunks)
	return h, nil
}

// schemaIn returns the schema that the facts of a snapshot come to, with its past.
func schemaIn(ctx context.Context, snap *Snapshot) (*Schema, error) {
	changes, failure := map[T][]index.Fact{}, error(nil)
	note := func(d Datom, err error) bool {
		f := index.Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx}
		if !d.Added {
			f.End = d.Tx
		}
		if t := d.Tx.T(); err == nil && t > 0 && isSchema(f) {
			changes[t] = append(changes[t], f)
		}
		failure = err
		return err == nil
	}
	for _, a := range schemaAttributes {
		if snap.History().each(ctx, AEVT, index.Prefix(1, index.Fact{A: a}), note); failure != nil {
			return nil, failure
		}
	}
	schema := bootstrap().schema
	for _, t := range slices.Sorted(maps.Keys(changes)) {
		schema = schema.revise(t, changes[t])
	}
	return schema, nil
}

// over returns the snapshot with the levels of a root in the place of what they hold.
func (s *Snapshot) over(levels []*index.Level) *Snapshot {
	next := &Snapshot{env: s.env, levels: s.levels.Over(levels...), basis: s.basis, instant: s.instant, nextT: s.nextT, nextElement: s.nextElement}
	next.reader.snap = next
	next.schema.Store(s.Schema())
	return next
}

// root returns the root that a record publishes, and nil where it publishes none.
func (r *record) root() (*root, error) {
	if len(r.sections) != 1 || r.sections[0].kind != sectionRoot {
		return nil, nil
	}
	return decodeRoot(r.sections[0].content)
}

// indexVersion is the lowest version that reads a record which publishes an index.
const indexVersion = 2

// publishRoot sends off a record with the first root that waits, unless another was published meanwhile.
func (w *writer) publishRoot() {
	l, h := w.publishing[0], w.head.Load()
	err := h.writable(w.log)
	if err == nil {
		err = l.late(h)
	}
	if err != nil {
		w.publishing = w.publishing[1:]
		l.tell(0, err)
		return
	}
	l.root.made = w.o.Clock().UnixMilli()
	if l.load == nil {
		w.send(w.nobody(), w.newRecord(indexVersion, section{sectionRoot, l.root.encode()}))
		return
	}
	r := w.newRecord(loadVersion, section{sectionLoad, l.load.encode()})
	r.nonce = l.nonce
	w.send(w.nobody(), r)
}

// late returns why what a look is to publish cannot follow a head.
func (l *look) late(h *head) error {
	switch {
	case l.load != nil && h.seq != l.root.seq:
		return ErrOvertaken
	case h.root != l.root.from || l.root.seq <= h.keeping.voided:
		return errOutrun
	}
	return nil
}

// loaded returns the load that a record of our own is, with the snapshot that it leads to.
func (w *writer) loaded(r *record) *load {
	l, _ := r.load()
	if l == nil {
		return nil
	}
	for _, p := range w.publishing {
		if p.load != nil && p.root.job == l.root.job {
			return p.load
		}
	}
	return l
}

// tellPublished answers those whose root is the newest one.
func (w *writer) tellPublished(err error) {
	newest := w.head.Load().root
	w.publishing = slices.DeleteFunc(w.publishing, func(l *look) bool {
		if l.root.job != newest {
			return false
		}
		l.tell(0, err)
		return true
	})
}
