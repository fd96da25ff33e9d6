package db

import "maps"

// A layered is an immutable map that is made from another one at the price of what differs: maps on top of each other, the
// newest first, each less than half as large as the next. Nothing is ever removed from one.
type layered[K comparable, V any] struct{ layers []map[K]V }

// get returns the newest value of a key.
func (l layered[K, V]) get(k K) (V, bool) {
	for _, layer := range l.layers {
		if v, ok := layer[k]; ok {
			return v, true
		}
	}
	var none V
	return none, false
}

// with returns the map with the entries of top, which it keeps.
func (l layered[K, V]) with(top map[K]V) layered[K, V] {
	if len(top) == 0 {
		return l
	}
	n := 0
	for size := len(top); n < len(l.layers) && len(l.layers[n]) < 2*size; n++ {
		size += len(l.layers[n])
	}
	if n > 0 {
		merged := maps.Clone(l.layers[n-1])
		for i := n - 2; i >= 0; i-- {
			maps.Copy(merged, l.layers[i])
		}
		maps.Copy(merged, top)
		top = merged
	}
	return layered[K, V]{append([]map[K]V{top}, l.layers[n:]...)}
}

// keys yields every key once.
func (l layered[K, V]) keys(yield func(K) bool) {
	for i, layer := range l.layers {
		for k := range layer {
			if !(layered[K, V]{l.layers[:i]}).has(k) && !yield(k) {
				return
			}
		}
	}
}

func (l layered[K, V]) has(k K) bool { _, ok := l.get(k); return ok }
