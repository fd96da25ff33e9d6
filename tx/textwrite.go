package tx

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// ExportText writes the database of a snapshot as lines of EDN: one for each transaction, oldest first, and behind it one for each of its
// datoms, as [entity attribute value added]; docs/format.md tells of the others. All is there that a database is made of: its history, ids,
// instants, idempotency keys. Databases with the same transactions have the same text, byte for byte. ImportText makes a database of it.
//
// What is written is never held in memory, but for one transaction. The error is that of w, of ctx, or of the store; what is written until
// then lacks its last line, without which nobody takes it for a text.
func ExportText(ctx context.Context, snap *db.Snapshot, w io.Writer, o TextOptions) (Text, error) {
	x := &textWriter{to: bufio.NewWriterSize(w, 1<<16), text: Text{Basis: snap.T()}, nextElement: firstOwn}
	x.line(fmt.Appendf(nil, "{%s %d, %s %d}", keyFormat, textFormat, keyT, int64(snap.T())))
	for c, err := range snap.Commits(ctx) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = x.transaction(&c)
		}
		if err != nil {
			return x.text, fmt.Errorf("tx: %w", err)
		}
		o.told(x.text)
	}
	x.line(fmt.Appendf(nil, "{%s %d, %s %d, %s %d}", keyNextT, int64(snap.NextT()), keyTransactions, x.text.Transactions, keyDatoms, x.text.Datoms))
	if err := x.to.Flush(); err != nil {
		return x.text, fmt.Errorf("tx: %w", err)
	}
	return x.text, nil
}

// A textWriter writes lines.
type textWriter struct {
	to          *bufio.Writer
	err         error // of to, the first
	text        Text
	nextElement db.ID // behind the transactions so far
	buf         []byte
	schema      *db.Schema // that of the transaction that is written
	attrs       map[db.ID]attrText
}

// An attrText is how an attribute is written.
type attrText struct {
	text string
	ref  bool
}

func (x *textWriter) line(b []byte) {
	b = append(b, '\n')
	if _, err := x.to.Write(b); x.err == nil {
		x.err = err
	}
	x.text.Bytes += int64(len(b))
	x.buf = b[:0]
}

// transaction writes a transaction and its datoms.
func (x *textWriter) transaction(c *db.LoggedCommit) error {
	if x.schema != c.Schema {
		x.schema, x.attrs = c.Schema, map[db.ID]attrText{}
	}
	b := fmt.Appendf(x.buf, "{%s %d, %s ", keyT, int64(c.T), keyInstant)
	b = edn.Append(b, c.Instant)
	if next := x.elements(c.Facts); next != c.NextElement {
		b = fmt.Appendf(b, ", %s %d", keyElement, int64(c.NextElement))
	}
	x.nextElement = c.NextElement
	x.line(append(appendOnce(b, &c.Commit), '}'))
	for i := range c.Facts {
		x.line(x.appendFact(x.buf, &c.Facts[i]))
	}
	x.text.Transactions++
	x.text.Datoms += len(c.Facts) + 1
	x.text.T = c.T
	return x.err
}

// elements returns the id of the next attribute behind a transaction that takes no more of them than its facts name.
func (x *textWriter) elements(facts []index.Fact) db.ID {
	next := x.nextElement
	for i := range facts {
		if e := facts[i].E; e.Part() == index.PartDB {
			next = max(next, e+1)
		}
	}
	return next
}

// appendOnce appends what is kept of a transaction with an idempotency key.
func appendOnce(b []byte, c *db.Commit) []byte {
	if c.Digest == nil {
		return b
	}
	b = edn.Append(fmt.Appendf(b, ", %s ", keyDigest), c.Digest)
	if len(c.TempIDs) > 0 {
		b = fmt.Appendf(b, ", %s {", keyTempIDs)
		for i, name := range slices.Sorted(maps.Keys(c.TempIDs)) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendID(append(edn.Append(b, name), ' '), c.TempIDs[name])
		}
		b = append(b, '}')
	}
	if len(c.Created) > 0 {
		b = fmt.Appendf(b, ", %s [", keyCreated)
		for i, id := range c.Created {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendID(b, id)
		}
		b = append(b, ']')
	}
	return b
}

func appendID(b []byte, id db.ID) []byte { return strconv.AppendInt(b, int64(id), 10) }

// appendFact appends the datom that a fact of a transaction is.
func (x *textWriter) appendFact(b []byte, f *index.Fact) []byte {
	a := x.attr(f.A)
	b = append(appendID(append(b, '['), f.E), ' ')
	b = append(append(b, a.text...), ' ')
	if name, ok := x.builtIn(a, f.V); ok {
		b = append(b, name.String()...)
	} else {
		b = appendTextValue(b, f.V)
	}
	return append(strconv.AppendBool(append(b, ' '), f.Open()), ']')
}

// attr returns how an attribute is written: by its name, and by its id if it has none.
func (x *textWriter) attr(id db.ID) attrText {
	known, ok := x.attrs[id]
	if !ok {
		known.text = id.String()
		if ident, ok := x.schema.Ident(id); ok && plainly(ident.String(), ident) {
			known.text = ident.String()
		}
		known.ref = x.schema.IsRef(id)
		x.attrs[id] = known
	}
	return known
}

// builtIn returns the name of what every database has, if that is what a reference is to.
func (x *textWriter) builtIn(a attrText, v db.Value) (db.Keyword, bool) {
	if !a.ref || v.Ref() < 0 || v.Ref() >= firstOwn {
		return "", false
	}
	return x.schema.Ident(v.Ref())
}

// appendTextValue appends a value.
func appendTextValue(b []byte, v db.Value) []byte {
	switch v.Kind() {
	case index.KindKeyword:
		return appendName(b, tagKeyword, ":"+v.Text(), db.Keyword(v.Text()), v.Text())
	case index.KindSymbol:
		return appendName(b, tagSymbol, v.Text(), db.Symbol(v.Text()), v.Text())
	case index.KindTuple:
		b = append(b, '[')
		for i, slot := range v.Tuple() {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendTextValue(b, slot)
		}
		return append(b, ']')
	}
	return edn.Append(b, v.Any())
}

// appendName appends a keyword or symbol as it is written, and as a tagged string where that would not be read as the same.
func appendName(b []byte, tag db.Symbol, text string, name any, otherwise string) []byte {
	if plainly(text, name) {
		return append(b, text...)
	}
	return edn.Append(b, edn.Tag{Tag: tag, Value: otherwise})
}
