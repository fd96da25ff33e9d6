package query

import (
	"bytes"
	"unsafe"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A mergeScan reads scans beside each other, each in the order of its entities, and finds the entities that all of them have. Nothing of them is
// kept: what was found of their batches is gone when more is asked for.
type mergeScan struct {
	lanes   []lane
	several bool // an entity may have several datoms in the first one; it has one in the others
	n       int  // rows that were found
	reads   func(datoms int) error
}

// A lane is a scan that is read beside others.
type lane struct {
	cursor *index.Cursor
	batch  *index.Batch
	at     int // the first datom of the batch that is not passed

	from   int     // the datoms of the rows that were found: those from here on,
	places []int32 // or those at some places, where it is not empty
}

// next finds more rows, and reports whether there are any.
func (m *mergeScan) next() (bool, error) {
	for {
		for i := range m.lanes {
			l := &m.lanes[i]
			if l.batch != nil && l.at < l.batch.Len() {
				continue
			}
			if err := l.read(m.reads); l.batch == nil || err != nil {
				return false, err
			}
		}
		if m.align() && (m.even() || m.pair()) {
			return true, nil
		}
	}
}

// read reads the next batch; there is none at the end.
func (l *lane) read(reads func(datoms int) error) (err error) {
	l.at = 0
	if l.batch, err = l.cursor.Next(); l.batch == nil || err != nil {
		return err
	}
	return reads(l.batch.Len())
}

// align goes on to an entity that all lanes have, and reports whether their batches have one.
func (m *mergeScan) align() bool {
	first := &m.lanes[0]
	for {
		e, ahead := uint64(first.batch.E[first.at]), false
		for i := range m.lanes[1:] {
			l := &m.lanes[1+i]
			ids := idWords(l.batch.E)
			if l.at = seek(ids, l.at, e); l.at == len(ids) {
				return false
			}
			if ids[l.at] != e {
				e, ahead = ids[l.at], true
				break
			}
		}
		if !ahead {
			return true
		}
		ids := idWords(first.batch.E)
		if first.at = seek(ids, first.at, e); first.at == len(ids) {
			return false
		}
	}
}

// even finds rows where the batches have the same entities, from where they stand as far as all of them go. The lanes but the first stay at
// the last one, of which the first may have more in its next batch.
func (m *mergeScan) even() bool {
	n := m.lanes[0].batch.Len()
	for i := range m.lanes {
		n = min(n, m.lanes[i].batch.Len()-m.lanes[i].at)
	}
	first := &m.lanes[0]
	ids := first.batch.E[first.at : first.at+n]
	for i := range m.lanes[1:] {
		if l := &m.lanes[1+i]; !m.equal(ids, l.batch.E[l.at:l.at+n]) {
			return false
		}
	}
	for i := range m.lanes {
		l := &m.lanes[i]
		l.from, l.places = l.at, l.places[:0]
		l.at += n - 1
	}
	first.at++
	m.n = n
	return true
}

// equal reports whether two lanes have the same entities, of which the first ones are the same. Where each comes once, and they are as many as there
// are numbers from the first to the last, these tell.
func (m *mergeScan) equal(a, b []db.ID) bool {
	last := len(a) - 1
	if a[last] != b[last] {
		return false
	}
	return !m.several && a[last]-a[0] == db.ID(last) || bytes.Equal(idBytes(a), idBytes(b))
}

// idBytes returns ids as bytes, in the same memory.
func idBytes(ids []db.ID) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(ids))), len(ids)*int(unsafe.Sizeof(db.ID(0))))
}

// pair finds rows one by one, as far as all batches go; the lanes are at an entity that all have.
func (m *mergeScan) pair() bool {
	for i := range m.lanes {
		m.lanes[i].places = m.lanes[i].places[:0]
	}
	first := &m.lanes[0]
	for first.at < first.batch.Len() && m.align() {
		for i := range m.lanes {
			l := &m.lanes[i]
			l.places = append(l.places, int32(l.at))
		}
		first.at++
	}
	m.n = len(first.places)
	return true
}

// column returns a component of the rows that were found: all values of a column, or those at some places.
func (m *mergeScan) column(at laneColumn) (index.Vector, []int32) {
	l := &m.lanes[at.lane]
	col := batchColumn(l.batch, at.place)
	if len(l.places) > 0 {
		return col, l.places
	}
	return col.Slice(l.from, l.from+m.n), nil
}

// A laneColumn is a component of one of some lanes.
type laneColumn struct{ lane, place int }
