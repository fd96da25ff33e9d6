package db

import (
	"context"
	"time"

	"github.com/datolite/datolite/index"
)

// never is the bound that lies before every transaction.
var never = index.TxID(0) - 1

// earlier returns the earlier of two bounds, of which the first may be 0, which is none.
func earlier(a, b ID) ID {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// said returns the text of a moment.
func said(m Moment) string {
	if m == nil {
		return "ever"
	}
	return m.String()
}

// tOf returns the t that a moment names which is not a time on the clock. An ID names that of its transaction, or of its making;
// a T with the partition of transactions is taken for the ID that it must have been.
func tOf(m Moment) T {
	switch m := m.(type) {
	case T:
		if ID(m).Part() == index.PartTx {
			return ID(m).T()
		}
		return m
	case ID:
		if m >= 0 {
			return m.T()
		}
	}
	return -1
}

// bound returns the id of the transaction up to which a T or ID reaches; there need be none with this id.
func (s *Snapshot) bound(m Moment) ID {
	t := tOf(m)
	if t < 0 {
		return never
	}
	return index.TxID(min(t, s.basis))
}

// boundAt returns the id of the transaction up to which the clock's time reaches: all whose instant is at or before it.
func (s *Snapshot) boundAt(ctx context.Context, when When) (ID, error) {
	tx, err := s.firstTx(ctx, when, true)
	return tx - 1, err
}

// firstTx returns the first transaction whose instant is at a time or after it (strictly after it, if after is set), or the id
// that follows the basis where there is none. Instants never decrease from one transaction to the next.
func (s *Snapshot) firstTx(ctx context.Context, when When, after bool) (ID, error) {
	key := index.Fact{A: attrInstant, V: index.Instant(time.Time(when))}
	rng := index.Range{Lo: index.Cut{Parts: 2, Key: key, After: after}, Hi: index.Cut{Parts: 1, Key: key, After: true}}
	first, failure := index.TxID(s.basis)+1, error(nil)
	s.each(ctx, AVET, rng, func(d Datom, err error) bool {
		if failure = err; err == nil && d.E.Part() == index.PartTx {
			first = d.E
			return false
		}
		return err == nil
	})
	return first, failure
}
