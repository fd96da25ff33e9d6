package edn

// checkUnique checks that a map has a value for every key and no key twice, and that a set has no element twice.
func (r *reader) checkUnique(n Node) error {
	every, what := 1, "element"
	switch n.Kind {
	case Map:
		every, what = 2, "key"
	case Set:
	default:
		return nil
	}
	if last := len(n.Items) - 1; len(n.Items)%every != 0 {
		return malformed(n.Items[last].Pos, "the map has no value for its last key %s", clip(String(n.Items[last])))
	}
	first, again := r.firstTwice(n.Items, every)
	if again < 0 {
		return nil
	}
	return malformed(n.Items[again].Pos, "duplicate %s %s, first at %s", what, clip(String(n.Items[again])), n.Items[first].Pos)
}

// few is how many nodes are compared in pairs, as this costs less than a hash table.
const few = 8

// firstTwice returns the places of the first two equal nodes among every nth, and -1 if there are none.
func (r *reader) firstTwice(items []Node, every int) (first, again int) {
	switch n := len(items) / every; {
	case n < 2:
		return -1, -1
	case n > few:
		return r.firstTwiceOfMany(items, every)
	}
	var seen [few]any
	for i := 0; i < len(items); i += every {
		k := r.identity(&items[i])
		for j := range i / every {
			if seen[j] == k {
				return j * every, i
			}
		}
		seen[i/every] = k
	}
	return -1, -1
}

func (r *reader) firstTwiceOfMany(items []Node, every int) (first, again int) {
	seen := make(map[any]int, len(items)/every)
	for i := 0; i < len(items); i += every {
		k := r.identity(&items[i])
		if j, ok := seen[k]; ok {
			return j, i
		}
		seen[k] = i
	}
	return -1, -1
}

// identity returns what is == for two nodes exactly if their canonical texts are equal.
func (r *reader) identity(n *Node) any {
	switch x := n.Value.(type) {
	case bool, int64, string, Char, Keyword, Symbol, UUID, URI:
		return x
	}
	if len(n.Items) == 0 {
		return canonical(String(*n))
	}
	if r.digests == nil {
		r.digests = digests{}
	}
	return r.digests.of(n)
}

// A canonical is the text of a node, as a type of its own so that it equals no string.
type canonical string
