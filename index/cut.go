package index

import (
	"cmp"
	"encoding/binary"
)

// compare orders the places of two cuts of an order.
func (c *Cut) compare(o Order, d *Cut) int {
	for i := range min(c.Parts, d.Parts) {
		if order := compareComponent(sequences[o][i], &c.Key, &d.Key); order != 0 {
			return order
		}
	}
	switch {
	case c.Parts == d.Parts:
		return cmp.Compare(c.side(), d.side())
	case c.Parts < d.Parts: // d lies among the facts that c is before or behind
		return c.side()
	}
	return -d.side()
}

// side is −1 for a cut before its facts and 1 for one behind them.
func (c *Cut) side() int {
	if c.After {
		return 1
	}
	return -1
}

// separator returns the shortest cut that lies behind one fact and not behind the next one of an order.
func separator(o Order, before, next *Fact) Cut {
	parts := 1
	for parts < 4 && compareComponent(sequences[o][parts-1], before, next) == 0 {
		parts++
	}
	key := Fact{}
	for _, component := range []byte(sequences[o][:parts]) {
		switch component {
		case 'E':
			key.E = next.E
		case 'A':
			key.A = next.A
		case 'V':
			key.V = next.V
		case 'T':
			key.Tx = next.Tx
		}
	}
	if sequences[o][parts-1] == 'V' {
		key.V = shortened(before.V, next.V)
	}
	return Cut{Parts: parts, Key: key}
}

// separator returns the shortest cut between the fact before the i-th and that. Of long values it reads no more than it takes.
func (c *columns) separator(o Order, i int) Cut {
	before, next := c.fact(i-1), c.fact(i)
	for _, component := range []byte(sequences[o]) {
		if component != 'V' {
			if compareComponent(component, before, next) != 0 {
				break
			}
			continue
		}
		if !before.V.isStub() && !next.V.isStub() {
			break
		}
		if before.V.kind == next.V.kind && next.V.kind.ofBytes() && before.V.head() != next.V.head() {
			before.V, next.V = before.V.head(), next.V.head()
		} else {
			before.V, next.V = c.value(i-1), c.value(i)
		}
		break
	}
	return separator(o, before, next)
}

// shortened returns the shortest beginning of a text that sorts behind the text before it.
func shortened(before, next Value) Value {
	switch next.kind {
	case KindString, KindURI, KindBytes:
	default:
		return next
	}
	n := 0
	if before.kind == next.kind {
		n = commonPrefix(before.text, next.text)
	}
	return Value{kind: next.kind, text: next.text[:min(n+1, len(next.text))]}
}

// appendCut appends a cut that lies before its facts.
func appendCut(b []byte, o Order, c *Cut) []byte {
	b = append(b, byte(c.Parts))
	for _, component := range []byte(sequences[o][:c.Parts]) {
		switch component {
		case 'E':
			b = binary.AppendVarint(b, int64(c.Key.E))
		case 'A':
			b = binary.AppendVarint(b, int64(c.Key.A))
		case 'V':
			b = appendValue(b, c.Key.V)
		case 'T':
			b = binary.AppendVarint(b, int64(c.Key.Tx))
		}
	}
	return b
}

func (in *input) cut(o Order) Cut {
	c := Cut{Parts: in.count(4)}
	for _, component := range []byte(sequences[o][:c.Parts]) {
		switch component {
		case 'E':
			c.Key.E = ID(in.varint())
		case 'A':
			c.Key.A = ID(in.varint())
		case 'V':
			c.Key.V = in.value()
		case 'T':
			c.Key.Tx = ID(in.varint())
		}
	}
	return c
}

// appendValue appends a value: its kind, and its word or its text.
func appendValue(b []byte, v Value) []byte {
	b = append(b, byte(v.kind))
	if v.kind.oneWord() {
		return binary.AppendVarint(b, int64(v.word))
	}
	return append(binary.AppendUvarint(b, uint64(len(v.text))), v.text...)
}

func (in *input) value() Value {
	v := Value{kind: Kind(in.byte())}
	switch {
	case v.kind > KindTuple:
		in.bad = true
	case v.kind.oneWord():
		v.word = uint64(in.varint())
	default:
		v.text = string(in.take(in.count(len(in.rest))))
	}
	return v
}
