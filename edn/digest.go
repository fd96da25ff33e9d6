package edn

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// A digest stands for a collection: two collections have the same exactly if their canonical texts are equal.
type digest [sha256.Size]byte

// digests remembers the digests of collections by the address of their first element. A collection in a key in a key … is so gone
// through once, where printing it for each of them would take time of length × depth.
type digests map[*Node]digest

// A digesting is a collection on its way to a digest: parts stand for its first elements.
type digesting struct {
	node  *Node
	parts []string
}

// of returns the digest of a collection that is not empty.
func (d digests) of(n *Node) digest {
	open := []digesting{{node: n}}
	for {
		top := &open[len(open)-1]
		if next := len(top.parts); next < len(top.node.Items) {
			item := &top.node.Items[next]
			if part, ok := d.part(item); ok {
				top.parts = append(top.parts, part)
			} else {
				open = append(open, digesting{node: item})
			}
			continue
		}
		sum := top.sum()
		d[&top.node.Items[0]] = sum
		if open = open[:len(open)-1]; len(open) == 0 {
			return sum
		}
	}
}

// part returns what stands for an element: its text or its digest. It reports false for a collection without a digest yet.
func (d digests) part(n *Node) (string, bool) {
	if len(n.Items) == 0 {
		return "t" + String(*n), true
	}
	sum, ok := d[&n.Items[0]]
	return "d" + string(sum[:]), ok
}

// sum returns the digest of a collection all of whose parts are there; the order of sets and maps does not count.
func (g digesting) sum() digest {
	parts := g.parts
	switch g.node.Kind {
	case Map:
		parts = nil
		for pair := range slices.Chunk(g.parts, 2) {
			parts = append(parts, string(framed(framed(nil, pair[0]), pair[1])))
		}
		slices.Sort(parts)
	case Set:
		slices.Sort(parts)
	}
	text := framed([]byte{byte(g.node.Kind)}, string(g.node.Tag))
	for _, part := range parts {
		text = framed(text, part)
	}
	return sha256.Sum256(text)
}

// framed appends a text so that it is clear where it ends.
func framed(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
