package tx

import (
	"strconv"

	"github.com/datolite/datolite/db"
)

// A node is an entity of a transaction: the id of one that is known, or, below zero, a tempid. The first tempid, -1, is the
// transaction itself ("datomic.tx").
type node db.ID

// temp returns the place of a tempid among tempids.
func (n node) temp() (int, bool) { return int(-1 - n), n < 0 }

// A tempid is a name that stands for one entity within one transaction: given by a string, or nameless, for a map without
// one. It lives two stages: expand meets it, resolve finds out which entity it is.
type tempid struct {
	name     string
	nameless bool
	subject  bool // something is said of it
	item     int  // that mentions it first
}

// tempids are the tempids of a transaction, in the order of their first mention. The first is that of the transaction.
type tempids struct {
	all    []tempid
	index  map[string]int // once there are more than a few
	saysTx bool           // "datomic.tx" is mentioned
}

const few = 8

// newTempids returns the tempids of a transaction, with room for those of so many items.
func newTempids(items int) tempids {
	return tempids{all: append(make([]tempid, 0, few+items-1), tempid{name: "datomic.tx", subject: true})}
}

// named returns the node of a name.
func (t *tempids) named(name string, item int) node {
	if i, ok := t.find(name); ok {
		t.saysTx = t.saysTx || i == 0
		return node(-1 - i)
	}
	return t.add(tempid{name: name, item: item})
}

// fresh returns the node of an entity that has no name.
func (t *tempids) fresh(item int) node { return t.add(tempid{nameless: true, item: item}) }

func (t *tempids) add(id tempid) node {
	t.all = append(t.all, id)
	if t.index != nil && !id.nameless {
		t.index[id.name] = len(t.all) - 1
	}
	return node(-len(t.all))
}

func (t *tempids) find(name string) (int, bool) {
	if t.index == nil && len(t.all) > few {
		t.index = make(map[string]int)
		for i, id := range t.all {
			if !id.nameless {
				t.index[id.name] = i
			}
		}
	}
	if t.index != nil {
		i, ok := t.index[name]
		return i, ok
	}
	for i, id := range t.all {
		if id.name == name && !id.nameless {
			return i, true
		}
	}
	return 0, false
}

// called returns how a message calls a tempid.
func (t *tempids) called(i int) string {
	if t.all[i].nameless {
		return "a new entity"
	}
	return strconv.Quote(t.all[i].name)
}
