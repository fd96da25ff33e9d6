package tx

import (
	"fmt"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// A textMap is a line that is a map. What is wrong with it is noted, the first of it, and returned by end.
type textMap struct {
	reader *textReader
	node   edn.Node
	values map[db.Keyword]edn.Node
	asked  map[db.Keyword]bool
	err    error
}

func (r *textReader) mapOf(n edn.Node) *textMap {
	m := &textMap{reader: r, node: n, values: map[db.Keyword]edn.Node{}, asked: map[db.Keyword]bool{}}
	for i := 0; i+1 < len(n.Items); i += 2 {
		k, ok := n.Items[i].Value.(db.Keyword)
		if !ok && m.err == nil {
			m.err = r.bad(n.Items[i], "a key of a line is a keyword")
		}
		m.values[k] = n.Items[i+1]
	}
	return m
}

func (m *textMap) fail(n edn.Node, format string, args ...any) {
	if m.err == nil {
		m.err = m.reader.bad(n, format, args...)
	}
}

// has reports whether the line has a key.
func (m *textMap) has(k db.Keyword) bool { _, ok := m.values[k]; return ok }

// at returns where the value of a key stands.
func (m *textMap) at(k db.Keyword) int { return m.values[k].Pos.Col }

// get returns the value of a key, which must be there.
func (m *textMap) get(k db.Keyword) edn.Node {
	n, ok := m.values[k]
	if !ok {
		m.fail(m.node, "the line lacks %s", k)
	}
	m.asked[k] = true
	return n
}

// number returns a whole number within bounds.
func (m *textMap) number(k db.Keyword, least, most int64) int64 {
	v := m.get(k)
	n, ok := v.Value.(int64)
	if !ok || n < least || n > most {
		m.fail(v, "%s is a number from %d to %d", k, least, most)
	}
	return n
}

// instant returns when a transaction was made.
func (m *textMap) instant() time.Time {
	v := m.get(keyInstant)
	at, ok := v.Value.(time.Time)
	if !ok {
		m.fail(v, `%s is written #inst "2006-01-02T15:04:05.000Z"`, keyInstant)
	}
	return at
}

// digest returns that of the data of a transaction with an idempotency key.
func (m *textMap) digest() []byte {
	v := m.get(keyDigest)
	b, ok := v.Value.([]byte)
	if !ok || len(b) != digestLength {
		m.fail(v, "%s is #bytes, %d of them", keyDigest, digestLength)
	}
	return b
}

// tempIDs returns what tempids became.
func (m *textMap) tempIDs() map[string]db.ID {
	if !m.has(keyTempIDs) {
		return nil
	}
	v := m.get(keyTempIDs)
	if v.Kind != edn.Map {
		m.fail(v, "%s is a map of strings to ids", keyTempIDs)
		return nil
	}
	ids := make(map[string]db.ID, len(v.Items)/2)
	for i := 0; i+1 < len(v.Items); i += 2 {
		name, ok := v.Items[i].Value.(string)
		if !ok {
			m.fail(v.Items[i], "a tempid is a string")
		}
		ids[name] = m.id(v.Items[i+1])
	}
	return ids
}

// created returns the ids of the items that had none.
func (m *textMap) created() []db.ID {
	if !m.has(keyCreated) {
		return nil
	}
	v := m.get(keyCreated)
	if v.Kind != edn.Vector {
		m.fail(v, "%s is a vector of ids", keyCreated)
	}
	ids := make([]db.ID, len(v.Items))
	for i, n := range v.Items {
		ids[i] = m.id(n)
	}
	return ids
}

func (m *textMap) id(n edn.Node) db.ID {
	id, ok := n.Value.(int64)
	if !ok || id < 0 || id > maxTextID {
		m.fail(n, "an id is a number from 0 to %d", int64(maxTextID))
	}
	return db.ID(id)
}

// end returns what is wrong with the line: also that it has a key which nobody asked for.
func (m *textMap) end() error {
	for i := 0; i+1 < len(m.node.Items) && m.err == nil; i += 2 {
		if k, _ := m.node.Items[i].Value.(db.Keyword); !m.asked[k] {
			m.err = m.reader.bad(m.node.Items[i], "a line of this kind has no %s", fmt.Sprint(k))
		}
	}
	return m.err
}
