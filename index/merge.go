package index

import "context"

// A source is a span on its way through a merger, and where the next one comes from when it has been gone through.
type source struct {
	span
	walk  feeder // nil for none
	class class
	role  role
	nth   int  // of the runs that are merged
	tied  bool // it stands at the same key as the one before it in line; of the first one it says nothing
}

// A feeder has more of what a source reads.
type feeder interface {
	// feed returns the next span; an empty one at the end.
	feed(ctx context.Context) (span, error)
	// left returns how many facts are there to come, about, given how many of the first span are there.
	left(first int) int
}

// A stretch is a part of a source into which no other source reaches. It has none at the end of a walk.
type stretch struct {
	*source
	from, upto int
}

func (s *stretch) len() int { return s.upto - s.from }

// A merger walks spans of one order together. The line is sorted by where the sources stand, so that the first one can be
// followed by doubling steps until it passes the second: long stretches that lie in one source alone cost next to nothing.
type merger struct {
	order   Order
	line    []*source
	between []*source // went through their span, and have not begun the next one
	loose   bool      // sources are gone through one after the other, in no order
	ctx     context.Context
	err     error // why a source cannot go on: the walk is over
}

// begin lets a source take part, if it holds anything. Where one cannot go on, none does.
func (m *merger) begin(s *source) {
	if m.err != nil {
		return
	}
	if s.len() == 0 && s.walk != nil {
		if s.span, m.err = s.walk.feed(m.ctx); m.err != nil {
			m.line = nil
			return
		}
	}
	if s.len() > 0 {
		m.add(s)
	}
}

// goOn lets the sources take part again that are between two spans.
func (m *merger) goOn() {
	for _, s := range m.between {
		s.span = span{}
		m.begin(s)
	}
	m.between = m.between[:0]
}

// alone reports whether no source takes part any more but the one whose stretch was handed out.
func (m *merger) alone() bool { return len(m.line) == 0 && len(m.between) <= 1 }

// add lets a source that is not empty take part.
func (m *merger) add(s *source) {
	if m.loose {
		m.line = append(m.line, s)
		return
	}
	m.line = append(m.line, nil)
	copy(m.line[1:], m.line)
	m.line[0] = s
	m.settle()
}

// settle moves the first source of the line to its place.
func (m *merger) settle() {
	s := m.line[0]
	s.tied = false
	i := 1
	for ; i < len(m.line); i++ {
		order := m.order.compareAt(s.columns, s.place(s.at), m.line[i].columns, m.line[i].place(m.line[i].at))
		if order < 0 {
			break
		}
		s.tied = order == 0
		m.line[i-1] = m.line[i]
	}
	m.line[i-1] = s
}

// next returns the next stretch, at most limit long. Where several sources hold one fact, it is the one that knows its end.
func (m *merger) next(limit int) stretch {
	if len(m.between) > 0 {
		m.goOn()
	}
	if len(m.line) == 0 {
		return stretch{}
	}
	s, merged := m.line[0], len(m.line) > 1 && !m.loose
	x := stretch{s, s.at, min(s.to, s.at+limit)}
	if merged && m.line[1].tied {
		x = m.resolve()
	} else {
		if merged {
			x.upto = s.until(m.order, m.line[1], x.upto)
		}
		m.move(x.upto)
	}
	if m.err != nil { // of a value that was to be compared
		return stretch{}
	}
	return x
}

// resolve takes all sources that stand at the first one's key past it.
func (m *merger) resolve() stretch {
	s, ties := m.line[0], 1
	for ; ties < len(m.line) && m.line[ties].tied; ties++ {
		if m.line[ties].class == closing {
			s = m.line[ties]
		}
	}
	x := stretch{s, s.at, s.at + 1}
	for range ties {
		m.move(m.line[0].at + 1)
	}
	return x
}

// move moves the first source on.
func (m *merger) move(to int) {
	m.line[0].at = to
	if to < m.line[0].to {
		if !m.loose {
			m.settle()
		}
		return
	}
	s := m.line[0]
	m.line = m.line[:copy(m.line, m.line[1:])]
	if s.walk != nil {
		m.between = append(m.between, s)
	}
}

// until returns how far s, which stands before t, goes on before t; upto is as far as it looks.
func (s *source) until(o Order, t *source, upto int) int {
	end := t.place(t.at)
	return gallop(s.at+1, upto, func(i int) bool {
		return o.compareAt(s.columns, s.place(i), t.columns, end) >= 0
	})
}
