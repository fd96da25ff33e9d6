package db

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/datolite/datolite/index"
)

// A View is a snapshot seen another way. Views of views add up.
type View struct {
	reader
	shows    index.View
	asOf     *When // a bound that is not yet in shows, since its transaction must be looked up
	since    *When
	resolved atomic.Pointer[index.View] // shows with asOf and since, once they were looked up
	how      string                     // what String says after the snapshot
}

// derive returns a view that shows what the reader shows, for its maker to narrow.
func (r *reader) derive(how string) *View {
	v := &View{shows: index.View{Basis: index.TxID(r.snap.basis)}}
	if r.view != nil {
		v.shows, v.asOf, v.since, v.how = r.view.shows, r.view.asOf, r.view.since, r.view.how
	}
	v.how += how
	v.reader = reader{r.snap, v}
	return v
}

// self returns the Reader that r is part of.
func (r *reader) self() Reader {
	if r.view != nil {
		return r.view
	}
	return r.snap
}

// AsOf returns the view of everything up to a moment, that included. Of two such bounds the earlier counts.
func (r *reader) AsOf(m Moment) *View {
	v := r.derive(" as of " + said(m))
	if when, ok := m.(When); ok {
		if v.asOf == nil || time.Time(when).Before(time.Time(*v.asOf)) {
			v.asOf = &when
		}
	} else if m != nil {
		v.shows.AsOf = earlier(v.shows.AsOf, r.snap.bound(m))
	}
	return v
}

// Since returns the view of what was asserted after a moment. Of two such bounds the later counts.
func (r *reader) Since(m Moment) *View {
	v := r.derive(" since " + said(m))
	if when, ok := m.(When); ok {
		if v.since == nil || time.Time(when).After(time.Time(*v.since)) {
			v.since = &when
		}
	} else if m != nil {
		v.shows.Since = max(v.shows.Since, r.snap.bound(m))
	}
	return v
}

// History returns the view of every assertion and retraction, within the bounds of the view.
func (r *reader) History() *View {
	v := r.derive(" history")
	v.shows.History = true
	return v
}

// Filter returns the view of the datoms that keep approves of; r is what Filter was called on. What all filters of a view
// approve of is seen. A filter sees what the view would otherwise show: it hides facts, and never brings ended ones back.
func (r *reader) Filter(keep func(r Reader, d Datom) bool) *View {
	v := r.derive(" filtered")
	self := r.self()
	v.also(func(d Datom) bool { return keep(self, d) })
	return v
}

// Without returns the view that hides the entities of a set, at the cost of one bit test per datom. The set must no longer change.
func (r *reader) Without(hidden *IDSet) *View {
	v := r.derive(" without some")
	if v.shows.Without == nil {
		v.shows.Without = hidden
	} else {
		v.also(func(d Datom) bool { return !hidden.Has(d.E) })
	}
	return v
}

// also narrows the view to the datoms of which keep approves too.
func (v *View) also(keep func(Datom) bool) {
	before := v.shows.Keep
	if before == nil {
		v.shows.Keep = keep
		return
	}
	v.shows.Keep = func(d Datom) bool { return before(d) && keep(d) }
}

// window returns what the index is to show. The first call looks moments up that are times on the clock.
func (v *View) window(ctx context.Context) (index.View, error) {
	if v.asOf == nil && v.since == nil {
		return v.shows, nil
	}
	if w := v.resolved.Load(); w != nil {
		return *w, nil
	}
	w := v.shows
	if v.asOf != nil {
		bound, err := v.snap.boundAt(ctx, *v.asOf)
		if err != nil {
			return w, err
		}
		w.AsOf = earlier(w.AsOf, bound)
	}
	if v.since != nil {
		bound, err := v.snap.boundAt(ctx, *v.since)
		if err != nil {
			return w, err
		}
		w.Since = max(w.Since, bound)
	}
	v.resolved.Store(&w)
	return w, nil
}

// String describes the view, as in "snapshot t 1005 as of t 1003 history".
func (v *View) String() string { return v.snap.String() + v.how }
