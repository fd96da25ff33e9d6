package db

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/datolite/datolite/index"
)

// A Tx is a transaction as the log holds it.
type Tx struct {
	T       T
	ID      ID
	Instant time.Time
	Datoms  []Datom // txInstant included
}

// TxRange yields the transactions with start ≤ t < end, oldest first: those of the log, and then those that a speculative
// snapshot adds. The bounds of a view, and what it hides, hold here too; the bootstrap is never among them.
func (r *reader) TxRange(ctx context.Context, start, end Moment) iter.Seq2[Tx, error] {
	return func(yield func(Tx, error) bool) {
		w, err := r.window(ctx)
		if err != nil {
			yield(Tx{}, err)
			return
		}
		after, until, err := r.span(ctx, w, start, end)
		if err != nil {
			yield(Tx{}, err)
			return
		}
		for t, err := range r.snap.transactions(ctx, after, until) {
			t.Datoms = seen(w, t.Datoms)
			if !yield(t, err) {
				return
			}
		}
	}
}

// span returns the bounds of the transactions that lie between two moments and within a view: after < t ≤ until.
func (r *reader) span(ctx context.Context, w index.View, start, end Moment) (after, until T, err error) {
	after, until = 0, r.snap.basis
	if start != nil {
		first, err := r.snap.firstT(ctx, start)
		if err != nil {
			return 0, 0, err
		}
		after = max(after, first-1)
	}
	if end != nil {
		first, err := r.snap.firstT(ctx, end)
		if err != nil {
			return 0, 0, err
		}
		until = min(until, first-1)
	}
	if w.Since > never {
		after = max(after, w.Since.T())
	}
	if w.AsOf == never {
		until = 0
	} else if w.AsOf != 0 {
		until = min(until, w.AsOf.T())
	}
	return after, until, nil
}

// firstT returns the t of a moment, and of a time on the clock that of the first transaction at it or after it.
func (s *Snapshot) firstT(ctx context.Context, m Moment) (T, error) {
	when, ok := m.(When)
	if !ok {
		return tOf(m), nil
	}
	tx, err := s.firstTx(ctx, when, false)
	return tx.T(), err
}

// seen returns the datoms of a transaction that a view does not hide.
func seen(w index.View, datoms []Datom) []Datom {
	if w.Without == nil && w.Keep == nil {
		return datoms
	}
	return slices.DeleteFunc(datoms, func(d Datom) bool { return w.Without.Has(d.E) || (w.Keep != nil && !w.Keep(d)) })
}

// transactions yields the transactions with after < t ≤ until: what is committed from the log, and what is not from the reports
// that led to the snapshot.
func (s *Snapshot) transactions(ctx context.Context, after, until T) iter.Seq2[Tx, error] {
	return func(yield func(Tx, error) bool) {
		pending, committed := s.uncommitted()
		if s.env.log != nil && after < min(until, committed) {
			for c, err := range s.env.log.commits(ctx, after, min(until, committed)) {
				if err != nil {
					yield(Tx{}, err)
					return
				}
				if !yield(Tx{c.T, index.TxID(c.T), c.Instant, c.datoms()}, nil) {
					return
				}
			}
		}
		for _, rep := range pending {
			if after < rep.T && rep.T <= until && !yield(Tx{rep.T, rep.Tx, rep.Instant, slices.Clone(rep.Datoms)}, nil) {
				return
			}
		}
	}
}

// uncommitted returns the reports that led from a committed snapshot to this one, oldest first, and the basis of that snapshot.
func (s *Snapshot) uncommitted() ([]*Report, T) {
	var pending []*Report
	for rep := s.pending.Load(); rep != nil; rep = s.pending.Load() {
		pending = append(pending, rep)
		s = rep.Before
	}
	slices.Reverse(pending)
	return pending, s.basis
}
