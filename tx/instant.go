package tx

import (
	"github.com/datolite/datolite/index"
)

// checkInstant takes the instant of the transaction from what it says of itself. It must not be before that of an earlier
// transaction, nor after the clock; the instant of an earlier transaction cannot change. Other entities may have a
// :db/txInstant as any other attribute.
func (s *settlement) checkInstant() error {
	for i := range s.changes {
		c := &s.changes[i]
		if c.a.ID >= firstOwn || c.a.Ident != "db/txInstant" || s.fates[i].what == dropped || c.e.Part() != index.PartTx {
			continue
		}
		if c.e != s.tx {
			return s.items[c.item].place(ofAttr(c.a, fail(ErrResetInstant, "the instant of a transaction cannot be changed")))
		}
		if err := s.setInstant(c); err != nil {
			return err
		}
		s.fates[i] = fate{} // Apply says it
	}
	return nil
}

func (s *settlement) setInstant(c *change) error {
	const layout = "2006-01-02T15:04:05.000Z"
	at := c.v.Instant()
	var e *Error
	switch last, now := s.snap.Instant(), s.snap.Clock(); {
	case at.Before(last):
		e = fail(ErrPastInstant, "%s is before the instant of the newest transaction, %s", at.Format(layout), last.Format(layout))
	case at.After(now):
		e = fail(ErrFutureInstant, "%s is in the future: the clock says %s", at.Format(layout), now.Format(layout))
	default:
		s.instant = at
		return nil
	}
	return s.items[c.item].place(ofAttr(c.a, e))
}
