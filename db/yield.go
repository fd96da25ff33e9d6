package db

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"time"
)

// A yield is what a writer asks of the others that has lost too many slots in a row: to leave it alone for some time. It is advice:
// who does not follow it loses nothing but a race. Who does goes by a clock of its own, and only until the next transaction comes.
//
// Its section has the time in milliseconds, as a varint, and is the only one of its record.
const (
	maxLosses    = 3 // in a row, before a writer asks the others to yield
	minYield     = 10 * time.Millisecond
	maxYield     = 5 * time.Second
	yieldVersion = 2 // of the readers that know the section
)

// yieldFor returns the time that a few attempts take like one that was in vain.
func yieldFor(effort time.Duration) time.Duration { return min(max(4*effort, minYield), maxYield) }

// yieldSection returns the section that asks for a time.
func yieldSection(d time.Duration) section {
	return section{sectionYield, binary.AppendUvarint(nil, uint64(d.Milliseconds()))}
}

// yields returns the time for which a record asks the others to yield.
func (r *record) yields() (time.Duration, error) {
	if len(r.sections) != 1 || r.sections[0].kind != sectionYield {
		return 0, nil
	}
	s := &source{rest: string(r.sections[0].content)}
	d := time.Duration(s.upTo(uint64(maxYield.Milliseconds())+1, "time to yield")) * time.Millisecond
	if err := s.end(); err != nil || d == 0 {
		return 0, fmt.Errorf("%w: no time to yield: %w", ErrCorrupt, cmp.Or(err, errCodec))
	}
	return d, nil
}

// honour notes what a record of another writer asks for.
func (c *Conn) honour(e *entry) {
	switch {
	case e.yield > 0:
		c.yieldUntil = time.Now().Add(e.yield)
	case len(e.commits) > 0 || e.load != nil:
		c.yieldUntil = time.Time{}
	}
}

// mustYield reports whether another writer is to be left alone.
func (c *Conn) mustYield() bool { return !c.yieldUntil.IsZero() && time.Now().Before(c.yieldUntil) }
