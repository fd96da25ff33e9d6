package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A block is some hundred facts of a leaf, in columns, which is packed and unpacked as a whole. The values of each attribute are
// packed apart: they mostly have one kind, and are like each other.

// maxBlock is how many facts a block may have.
const maxBlock = 1 << 14

// mixed stands for the kind of the values of an attribute that have several.
const mixed = 255

// appendBlock appends the facts from i to j of columns.
func appendBlock(b []byte, c *columns, i, j int) []byte {
	b = binary.AppendUvarint(b, uint64(j-i))
	b = appendInts(b, signed(c.E[i:j]))
	b = appendInts(b, signed(c.A[i:j]))
	b = appendInts(b, signed(c.Tx[i:j]))
	if c.End != nil {
		b = appendInts(b, signed(c.End[i:j]))
	}
	for _, places := range byAttribute(c.A[i:j]) {
		b = appendValues(b, &c.V, i, places)
	}
	return b
}

func signed(ids []ID) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

// byAttribute returns the places of each attribute, in the sequence in which the attributes first come.
func byAttribute(attrs []ID) [][]uint32 {
	numbers, sizes, of := map[ID]int{}, []int(nil), make([]int, len(attrs))
	for i, a := range attrs {
		n, seen := 0, true
		if i > 0 && a == attrs[i-1] {
			n = of[i-1]
		} else if n, seen = numbers[a]; !seen {
			n = len(sizes)
			numbers[a], sizes = n, append(sizes, 0)
		}
		of[i] = n
		sizes[n]++
	}
	groups, room := make([][]uint32, len(sizes)), make([]uint32, len(attrs))
	for n, size := range sizes {
		groups[n], room = room[:0:size], room[size:]
	}
	for i, n := range of {
		groups[n] = append(groups[n], uint32(i))
	}
	return groups
}

// appendValues appends the values at some places behind the first one.
func appendValues(b []byte, v *Vector, first int, places []uint32) []byte {
	var words []int64
	var texts []string
	kind, uniform := v.At(first+int(places[0])).kind, true
	for _, p := range places {
		x := v.At(first + int(p))
		uniform = uniform && x.kind == kind
		if x.kind.oneWord() {
			words = append(words, int64(x.word))
		} else {
			texts = append(texts, x.text)
		}
	}
	if uniform {
		b = append(b, byte(kind))
	} else {
		b = append(b, mixed)
		for _, p := range places {
			b = append(b, byte(v.At(first+int(p)).kind))
		}
	}
	return appendTexts(appendInts(b, words), texts)
}

// decodeBlock returns the columns of a block.
func decodeBlock(b []byte, ends bool) (*columns, error) {
	in := &input{rest: b}
	n := in.count(maxBlock)
	room := make([]ID, 3*n)
	c := &columns{E: room[:n:n], A: room[n : 2*n : 2*n], Tx: room[2*n:]}
	unpack(in, c.E)
	unpack(in, c.A)
	unpack(in, c.Tx)
	if ends {
		c.End = make([]ID, n)
		unpack(in, c.End)
	}
	c.V = Vector{Kinds: make([]Kind, n), Words: make([]uint64, n)}
	if !in.bad {
		for _, places := range byAttribute(c.A) {
			c.V.unpack(in, places)
		}
	}
	if in.bad || len(in.rest) > 0 || n == 0 {
		return nil, fmt.Errorf("%w: a block does not decode", ErrSegment)
	}
	return c, nil
}

// unpack fills in the values at some places.
func (v *Vector) unpack(in *input, places []uint32) {
	kinds := make([]Kind, len(places))
	if k := in.byte(); k != mixed {
		fill(kinds, Kind(k))
	} else {
		for i, b := range in.take(len(places)) {
			kinds[i] = Kind(b)
		}
	}
	words := 0
	for i, k := range kinds {
		if k > KindTuple {
			in.bad = true
			return
		}
		v.Kinds[places[i]] = k
		if k.oneWord() {
			words++
		}
	}
	numbers := make([]uint64, words)
	unpack(in, numbers)
	spans := v.packed.unpack(in, len(places)-words)
	if in.bad {
		return
	}
	if len(spans) > 0 && v.packed.spans == nil {
		v.packed.spans = make([]uint64, len(v.Kinds))
	}
	for i, k := range kinds {
		if k.oneWord() {
			v.Words[places[i]], numbers = numbers[0], numbers[1:]
		} else {
			v.packed.spans[places[i]], spans = spans[0], spans[1:]
		}
	}
}

// The ways in which a block lies in its leaf.
const (
	blockPlain byte = iota
	blockZstd
)

// compressors are shared: they keep nothing from one block to the next.
var compressors = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	decoder, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxTexts))
	return encoder, decoder
})

// storedBlock returns a block as it lies in a leaf: compressed, where that makes it an eighth smaller at least.
func storedBlock(b []byte) []byte {
	encoder, _ := compressors()
	small := encoder.EncodeAll(b, []byte{blockZstd})
	if 8*len(small) < 7*len(b) {
		return small
	}
	return append([]byte{blockPlain}, b...)
}

// openBlock returns the columns of a stored block whose SHA-256 must be sum.
func openBlock(b []byte, sum [32]byte, ends bool) (*columns, error) {
	if err := soundBlock(b, sum); err != nil {
		return nil, err
	}
	switch b[0] {
	case blockPlain:
		return decodeBlock(b[1:], ends)
	case blockZstd:
		_, decoder := compressors()
		plain, err := decoder.DecodeAll(b[1:], nil)
		if err != nil {
			return nil, fmt.Errorf("%w: a block does not decompress: %w", ErrSegment, err)
		}
		return decodeBlock(plain, ends)
	}
	return nil, fmt.Errorf("%w: a block is stored in a way that is not known", ErrSegment)
}

// bytes returns how much memory the columns of a block take.
func (c *columns) bytes() int {
	n := len(c.E)
	return 8*(3*n+len(c.End)+len(c.V.Words)+len(c.V.packed.spans)) + len(c.V.Kinds) + cap(c.V.packed.bytes)
}

// soundBlock returns an error unless the SHA-256 of a stored block is sum.
func soundBlock(b []byte, sum [32]byte) error {
	if sha256.Sum256(b) != sum || len(b) == 0 {
		return fmt.Errorf("%w: a block does not have its hash", ErrSegment)
	}
	return nil
}
