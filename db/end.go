package db

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// The last record of the log of a database that was dropped has one section, of kind sectionEnd: the time in milliseconds since
// 1970, a signed varint. It is a record like any other, so whoever writes loses the slot to it, and whoever follows meets it.

// endRecord returns the record that ends a log in a slot.
func endRecord(seq int, prev digest, at time.Time) *record {
	r := &record{reader: endVersion, writer: 1, seq: seq, prev: prev,
		sections: []section{{sectionEnd, binary.AppendVarint(nil, at.UnixMilli())}}}
	_, _ = rand.Read(r.nonce[:]) // never fails
	return r
}

// endVersion is the lowest version that reads a record which ends a log.
const endVersion = 2

// ends reports whether the record ends the log, and since when.
func (r *record) ends() (at time.Time, ok bool, err error) {
	if len(r.sections) != 1 || r.sections[0].kind != sectionEnd {
		return at, false, nil
	}
	s := &source{rest: string(r.sections[0].content)}
	at = time.UnixMilli(s.varint())
	if err := s.end(); err != nil {
		return at, false, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return at, true, nil
}

// finish ends the log, and reports whether it had not ended before, and since when it has. Who writes to the database is told ErrDropped from
// then on.
func (l *txlog) finish(ctx context.Context, m meta, at time.Time, logger *slog.Logger) (since time.Time, now bool, err error) {
	seq, prev := 0, m.genesis
	for {
		newest, err := l.newest(ctx, seq)
		if errors.Is(err, errTrimmed) {
			newest, err = l.rolled(ctx, seq+1)
		}
		if err != nil {
			return at, false, err
		}
		if newest > seq {
			e, err := l.read(ctx, newest)
			if err != nil {
				return at, false, err
			}
			if e.ends {
				return e.ended, false, nil
			}
			seq, prev = newest, e.hash
		}
		slot := creation{store: l.store, key: l.slot(seq + 1), value: endRecord(seq+1, prev, at).encode(), guard: l.trimKey(seq + 1), tries: catalogueTries, logger: logger}
		if other, err := slot.run(ctx); !errors.Is(err, errTrimmed) && (err != nil || other == nil) {
			return at, err == nil, err
		}
	}
}
