package tx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// A textTx is a transaction of a text as it was read.
type textTx struct {
	at          edn.Pos // of its line
	t           db.T
	nextT       db.T // that of the transaction behind it
	instant     time.Time
	nextElement db.ID // behind it; 0 where that follows from the datoms
	digest      []byte
	tempIDs     map[string]db.ID
	created     []db.ID
	datoms      []edn.Node
	bytes       int
}

// A textReader reads the lines of a text.
type textReader struct {
	from *bufio.Reader
	line int
	size int  // of the line
	text Text // that was read
	open *textTx
	end  *textMap // the last line, once it was read
}

// The limits of a text.
const (
	maxTextLine   = 64 << 20
	maxTextDatoms = 100_000   // of a transaction, beside its instant, as Apply has it
	maxTextBytes  = 512 << 20 // of the lines of a transaction: ten times what its values may have
	maxTextT      = 1 << 42
	maxTextID     = 1 << 62
	maxElement    = 1 << 20
	digestLength  = 32
)

// textLimits are those of a line, in which a number may be as long as a value can be.
var textLimits = edn.Limits{Bytes: maxTextLine, Digits: 4 << 20, Depth: 8}

// transactions yields the transactions of a text, each when the line behind it was read.
func (r *textReader) transactions(yield func(*textTx, error) bool) {
	err := r.header()
	for more := true; err == nil && more; {
		var done *textTx
		if done, more, err = r.step(); done != nil && err == nil && !yield(done, nil) {
			return
		}
	}
	if err != nil {
		yield(nil, err)
	}
}

// next returns the form of the next line that has one; false at the end.
func (r *textReader) next() (edn.Node, bool, error) {
	for {
		line, err := r.readLine()
		if err != nil {
			return edn.Node{}, false, err
		}
		if line == "" {
			return edn.Node{}, false, nil
		}
		n, err := edn.ReadAll(line, textLimits)
		switch {
		case err != nil:
			return edn.Node{}, false, r.unreadable(err)
		case len(n) > 1:
			return edn.Node{}, false, r.bad(n[1], "a line has one form")
		case len(n) == 1:
			n[0].Pos.Line = r.line
			return n[0], true, nil
		}
	}
}

// readLine returns the next line, its end included; "" at the end of the text.
func (r *textReader) readLine() (string, error) {
	var b strings.Builder
	r.line++
	for {
		part, err := r.from.ReadSlice('\n')
		b.Write(part)
		r.text.Bytes += int64(len(part))
		r.size = b.Len()
		switch {
		case b.Len() > maxTextLine:
			return "", r.failAt(1, db.ErrTooLarge, "a line has at most %d bytes", maxTextLine)
		case err == bufio.ErrBufferFull:
		case err != nil && err != io.EOF:
			return "", fmt.Errorf("tx: line %d of the text: %w", r.line, err)
		default:
			return b.String(), nil
		}
	}
}

// failAt returns a refusal of something in the line that was read last.
func (r *textReader) failAt(col int, kind error, format string, args ...any) error {
	e := fail(kind, format, args...)
	e.Line, e.Col = r.line, col
	return e
}

func (r *textReader) bad(n edn.Node, format string, args ...any) error {
	return r.failAt(n.Pos.Col, ErrText, format, args...)
}

// unreadable returns the refusal of a line that is no EDN.
func (r *textReader) unreadable(err error) error {
	if e := (*edn.Error)(nil); errors.As(err, &e) {
		refusal := fail(err, "%s", e.Text)
		refusal.Line, refusal.Col = r.line, e.Pos.Col
		return refusal
	}
	return err
}

// header reads the first line.
func (r *textReader) header() error {
	n, ok, err := r.next()
	if err != nil {
		return err
	}
	if !ok || n.Kind != edn.Map {
		return r.failAt(1, ErrText, "the first line says {%s %d, :t …}", keyFormat, textFormat)
	}
	m := r.mapOf(n)
	version := m.number(keyFormat, 1, math.MaxInt64)
	if m.err == nil && version != textFormat {
		return r.failAt(1, db.ErrFormat, "the text has the format %d, and this version reads format %d", version, textFormat)
	}
	r.text.Basis = db.T(m.number(keyT, 0, maxTextT))
	return m.end()
}

// step reads a line, and returns the transaction that it ends, and whether to go on.
func (r *textReader) step() (done *textTx, more bool, err error) {
	if r.end != nil {
		return nil, false, r.checkEnd()
	}
	n, ok, err := r.next()
	switch {
	case err != nil:
		return nil, false, err
	case !ok:
		return nil, false, r.failAt(1, ErrText, "the text ends here, and has no last line {%s …}: it is not whole", keyNextT)
	case n.Kind == edn.Vector:
		return nil, true, r.datom(n)
	case n.Kind != edn.Map:
		return nil, false, r.bad(n, "a line is a datom [entity attribute value added], or a transaction {:t …, :instant …}")
	}
	m := r.mapOf(n)
	if m.has(keyNextT) {
		done, err = r.last(m)
		return done, true, err
	}
	done, err = r.begin(m)
	return done, true, err
}

// datom adds a datom to the open transaction.
func (r *textReader) datom(n edn.Node) error {
	t := r.open
	if t == nil {
		return r.bad(n, "a datom stands behind the transaction {:t …, :instant …} that it is of")
	}
	t.datoms = append(t.datoms, n)
	t.bytes += r.size
	if len(t.datoms) > maxTextDatoms || t.bytes > maxTextBytes {
		return r.failAt(1, db.ErrTooLarge, "a transaction has at most %d datoms, in %d bytes", maxTextDatoms, maxTextBytes)
	}
	return nil
}

// begin opens a transaction, and returns the one before, which ends.
func (r *textReader) begin(m *textMap) (*textTx, error) {
	t := &textTx{at: edn.Pos{Line: r.line, Col: m.node.Pos.Col}}
	t.t = db.T(m.number(keyT, 1, maxTextT-1))
	t.instant = m.instant()
	if m.has(keyElement) {
		t.nextElement = db.ID(m.number(keyElement, 1, maxElement))
	}
	if m.has(keyDigest) {
		t.digest = m.digest()
		t.tempIDs, t.created = m.tempIDs(), m.created()
	}
	if err := m.end(); err != nil {
		return nil, err
	}
	if r.open != nil && t.t <= r.open.t {
		return nil, r.failAt(m.at(keyT), ErrText, "the transaction of t %d stands behind that of t %d", int64(t.t), int64(r.open.t))
	}
	done := r.finished(t.t)
	r.open = t
	return done, nil
}

// finished returns the open transaction, behind which the next one has a t; nil if none is open.
func (r *textReader) finished(nextT db.T) *textTx {
	done := r.open
	if done != nil {
		done.nextT = nextT
		r.text.Transactions++
		r.text.Datoms += len(done.datoms) + 1
		r.text.T = done.t
	}
	r.open = nil
	return done
}

// last reads the last line, and returns the transaction before it.
func (r *textReader) last(m *textMap) (*textTx, error) {
	nextT := db.T(m.number(keyNextT, 1, maxTextT))
	if m.err == nil && r.open != nil && nextT <= r.open.t {
		return nil, r.failAt(m.at(keyNextT), ErrText, "the next t is %d, and that of the last transaction %d", int64(nextT), int64(r.open.t))
	}
	r.end = m
	return r.finished(nextT), m.err
}

// checkEnd compares what was read with what the last line says. That is done last, so that what is wrong with a transaction is told first.
func (r *textReader) checkEnd() error {
	m := r.end
	for _, count := range []struct {
		key db.Keyword
		is  int64
	}{{keyTransactions, int64(r.text.Transactions)}, {keyDatoms, int64(r.text.Datoms)}} {
		if m.has(count.key) && m.number(count.key, 0, math.MaxInt64) != count.is {
			m.fail(m.values[count.key], "the text has %d %s, and this line tells of others: something is missing, or was added (leave the count out then)",
				count.is, count.key.Name())
		}
	}
	if err := m.end(); err != nil {
		return err
	}
	if r.text.T != r.text.Basis {
		return r.bad(m.node, "the last transaction is t %d, and the first line says t %d", int64(r.text.T), int64(r.text.Basis))
	}
	n, more, err := r.next()
	if more {
		err = r.bad(n, "nothing stands behind the last line")
	}
	return err
}
