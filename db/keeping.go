package db

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// A keeping says which roots are kept, as the records of the log up to some one decide: a value. Of all roots that count the newest is
// always kept; an older one until a collection retires it. A hold on a root keeps it from that for a time. A root goes by its seq, which is
// higher than that of the one before it.
type keeping struct {
	holds   map[string]hold // by id
	retired int             // all roots before this seq are retired,
	spared  []int           // but for these
	voided  int             // jobs up to this seq can publish no more
	mark    int             // the record of a collection: what voids its jobs comes next
	marked  int64           // the time of that collection
}

// A hold keeps a root from being retired, until a time that a collection compares with its own. A later hold of the same id takes its place;
// one of no root ends it.
type hold struct {
	id    string
	seq   int   // of the root; 0 for none
	until int64 // milliseconds since 1970
}

// A collection retires the roots before a seq that are neither held nor spared, and voids the jobs that index up to one. What only those had
// is garbage from then on.
type collection struct {
	at      int64 // milliseconds since 1970
	retires int
	voids   int
	spares  []int
}

// keepVersion is the lowest version that reads a record with a hold or a collection.
const keepVersion = 3

// seqOfJob returns the seq that a job indexes up to; 0 of what is no job.
func seqOfJob(job string) int {
	if len(job) < 16 {
		return 0
	}
	seq, _ := strconv.ParseUint(job[:16], 16, 62)
	return int(seq)
}

// isRetired reports whether the root of a seq is retired.
func (k *keeping) isRetired(seq int) bool { return seq < k.retired && !slices.Contains(k.spared, seq) }

// after returns the keeping behind one more record, given the seq of the newest root there.
func (k *keeping) after(e *entry, newest int) *keeping {
	switch {
	case e.hold != nil:
		return k.held(*e.hold)
	case e.collection != nil:
		return k.collected(e.collection, e.seq, newest)
	}
	return k
}

// held returns the keeping with a hold, unless that comes too late.
func (k *keeping) held(h hold) *keeping {
	next := *k
	next.holds = maps.Clone(k.holds)
	if next.holds == nil {
		next.holds = map[string]hold{}
	}
	delete(next.holds, h.id)
	if h.seq > 0 && !k.isRetired(h.seq) {
		next.holds[h.id] = h
	}
	return &next
}

// collected returns the keeping behind a collection, in a record of some seq.
func (k *keeping) collected(c *collection, seq, newest int) *keeping {
	next := &keeping{holds: maps.Clone(k.holds), retired: max(k.retired, min(c.retires, newest)), voided: max(k.voided, min(c.voids, seq-1)),
		mark: k.mark, marked: k.marked}
	if c.voids >= k.mark {
		next.mark, next.marked = seq, c.at
	}
	maps.DeleteFunc(next.holds, func(_ string, h hold) bool { return h.until <= c.at })
	for _, seq := range slices.Concat(c.spares, slices.Collect(heldBy(next.holds))) {
		if seq < next.retired && !k.isRetired(seq) {
			next.spared = append(next.spared, seq)
		}
	}
	slices.Sort(next.spared)
	next.spared = slices.Compact(next.spared)
	return next
}

// heldBy yields the roots that are held.
func heldBy(holds map[string]hold) func(func(int) bool) {
	return func(yield func(int) bool) {
		for _, h := range holds {
			if !yield(h.seq) {
				return
			}
		}
	}
}

// encode returns the keeping as a section of a root has it.
func (k *keeping) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(k.retired))
	b = appendSeqs(binary.AppendUvarint(b, uint64(k.voided)), k.spared)
	b = binary.AppendVarint(binary.AppendUvarint(b, uint64(k.mark)), k.marked)
	b = binary.AppendUvarint(b, uint64(len(k.holds)))
	for _, id := range slices.Sorted(maps.Keys(k.holds)) {
		b = k.holds[id].append(b)
	}
	return b
}

func (s *source) keeping() *keeping {
	k := &keeping{retired: s.seq(), voided: s.seq(), spared: s.seqs(), mark: s.seq(), marked: s.varint(), holds: map[string]hold{}}
	for n := s.count(3); n > 0; n-- {
		h := s.hold()
		k.holds[h.id] = h
	}
	return k
}

func (h hold) append(b []byte) []byte {
	b = binary.AppendUvarint(appendText(b, h.id), uint64(h.seq))
	return binary.AppendVarint(b, h.until)
}

func (s *source) hold() hold { return hold{s.text(), s.seq(), s.varint()} }

func (s *source) seq() int { return int(s.upTo(math.MaxInt64, "seq")) }

// appendSeqs appends numbers of records, and before them how many they are.
func appendSeqs(b []byte, seqs []int) []byte {
	b = binary.AppendUvarint(b, uint64(len(seqs)))
	for _, seq := range seqs {
		b = binary.AppendUvarint(b, uint64(seq))
	}
	return b
}

func (s *source) seqs() []int {
	seqs := make([]int, s.count(1))
	for i := range seqs {
		seqs[i] = s.seq()
	}
	return seqs
}

// holdSection returns the section of a record that holds a root.
func holdSection(h hold) section { return section{sectionHold, h.append(nil)} }

// collectSection returns the section of a record that retires roots.
func collectSection(c *collection) section {
	b := binary.AppendVarint(nil, c.at)
	b = binary.AppendUvarint(b, uint64(c.retires))
	return section{sectionCollect, appendSeqs(binary.AppendUvarint(b, uint64(c.voids)), c.spares)}
}

// keeps returns what a record says of the roots that are kept, if that is what it is about.
func (r *record) keeps() (h *hold, c *collection, err error) {
	if len(r.sections) != 1 {
		return nil, nil, nil
	}
	s := &source{rest: string(r.sections[0].content)}
	switch r.sections[0].kind {
	case sectionHold:
		held := s.hold()
		h = &held
	case sectionCollect:
		c = &collection{at: s.varint(), retires: s.seq(), voids: s.seq(), spares: s.seqs()}
	default:
		return nil, nil, nil
	}
	if err := s.end(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return h, c, nil
}
