package query

import (
	"reflect"
	"unsafe"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// wordRows stores the rows of an answer all of whose columns are words in structs whose fields take them as they are: column by column, some rows
// at a time, which takes a fraction of what it takes to store row by row.
type wordRows struct {
	size   uintptr // of a struct
	fields []wordField
}

// A wordField is a column, and where in a struct it goes.
type wordField struct {
	offset uintptr
	flag   bool // else it takes all eight bytes
	words  []uint64
}

// rowsAtOnce is how many rows are stored at a time.
const rowsAtOnce = 128

// wordRowsFor returns what stores the rows of an answer in structs of a type, which must be one that rowSetterFor has a setter for; nil where not
// all of its columns are words that the fields take.
func wordRowsFor(t reflect.Type, a *answer) *wordRows {
	if !isStruct(t) || isTree(a) || a.n == 0 {
		return nil
	}
	out := &wordRows{size: t.Size()}
	for c := range a.cols {
		f, err := fieldOf(t, a.names[c])
		if err != nil {
			return nil
		}
		offset, within := offsetOf(t, f.index)
		words, flag := a.cols[c].wordsFor(f.typ)
		if words == nil || !within {
			return nil
		}
		out.fields = append(out.fields, wordField{offset, flag, words[:a.n]})
	}
	return out
}

// wordCellsFor returns the cells of an answer whose only column is of words that a type, which is no struct, takes as they are; else nil.
func wordCellsFor(t reflect.Type, a *answer) []uint64 {
	if len(a.cols) != 1 || isStruct(t) {
		return nil
	}
	words, flags := a.cols[0].wordsFor(t)
	if words == nil || flags {
		return nil
	}
	return words[:a.n]
}

// cellsOf returns words as what wordCellsFor found that they are.
func cellsOf[T any](words []uint64) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), len(words))
}

// offsetOf returns where in a struct a field lies, and whether it does: one behind a pointer does not.
func offsetOf(t reflect.Type, path []int) (offset uintptr, within bool) {
	for _, i := range path {
		if t.Kind() != reflect.Struct {
			return 0, false
		}
		f := t.Field(i)
		offset, t = offset+f.Offset, f.Type
	}
	return offset, true
}

// wordsFor returns the words of a column that a type takes as they are, and whether they are flags; nil where it does not.
func (c *answerColumn) wordsFor(t reflect.Type) (words []uint64, flags bool) {
	v := &c.values
	if c.pulled || c.many || v.Kinds != nil {
		return nil, false
	}
	_, exact := exactSetters[t]
	switch {
	case v.Kind == index.KindLong && (c.ids && t == reflect.TypeFor[db.ID]() || !c.ids && isWord(t)),
		v.Kind == index.KindDouble && !exact && t.Kind() == reflect.Float64:
		return v.Words, false
	case v.Kind == index.KindBool && !exact && t.Kind() == reflect.Bool:
		return v.Words, true
	}
	return nil, false
}

// isWord reports whether a type is of numbers of 64 bits, and nothing else.
func isWord(t reflect.Type) bool {
	_, exact := exactSetters[t]
	return !exact && (t.Kind() == reflect.Int || t.Kind() == reflect.Int64) && t.Bits() == 64
}

// store stores n rows, from one on, in structs that lie behind each other.
func (w *wordRows) store(structs unsafe.Pointer, from, n int) {
	for i := range w.fields {
		f := &w.fields[i]
		place := unsafe.Add(structs, f.offset)
		if words := f.words[from : from+n]; f.flag {
			for k, word := range words {
				*(*bool)(unsafe.Add(place, uintptr(k)*w.size)) = word != 0
			}
		} else {
			for k, word := range words {
				*(*uint64)(unsafe.Add(place, uintptr(k)*w.size)) = word
			}
		}
	}
}

// eachWordRow yields the rows of an answer.
func eachWordRow[T any](w *wordRows, n int, yield func(T, error) bool) {
	room := make([]T, min(n, rowsAtOnce))
	for from := 0; from < n; from += len(room) {
		room = room[:min(len(room), n-from)]
		w.store(unsafe.Pointer(unsafe.SliceData(room)), from, len(room))
		for _, row := range room {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// collectWordRows returns the rows of an answer.
func collectWordRows[T any](w *wordRows, n int) []T {
	out := make([]T, n)
	for from := 0; from < n; from += rowsAtOnce {
		w.store(unsafe.Pointer(&out[from]), from, min(rowsAtOnce, n-from))
	}
	return out
}
