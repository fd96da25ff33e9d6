package index

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A block is some hundred facts of a leaf, in columns, which is packed and unpacked as a whole. The values of each attribute are
// packed apart: they mostly have one kind, and are like each other.

// maxBlock is how many facts a block may have.
const maxBlock = 1 << 14

// mixed stands for the kind of the values of an attribute that have several.
const mixed = 255

// stubbed is added to the kind of a stub.
const stubbed = 64

// code returns what stands for the kind of the i-th value.
func (v *Vector) code(i int) byte {
	if k := v.Kinds[i]; k.oneWord() || v.Words[i] == 0 {
		return byte(k)
	}
	return stubbed + byte(v.Kinds[i])
}

// decodeBlock returns the columns of a block.
func decodeBlock(b []byte, s shape) (*columns, error) {
	in := &input{rest: b}
	n := in.count(maxBlock)
	room := make([]ID, 3*n)
	c := &columns{E: room[:n:n], A: room[n : 2*n : 2*n], Tx: room[2*n:]}
	unpack(in, c.E)
	unpack(in, c.A)
	unpack(in, c.Tx)
	if s.ends {
		c.End = make([]ID, n)
		unpack(in, c.End)
	}
	c.V = Vector{Kinds: make([]Kind, n), Words: make([]uint64, n)}
	if !in.bad {
		for _, places := range new(packer).byAttribute(c.A) {
			c.V.unpack(in, places)
		}
	}
	if in.bad || len(in.rest) > 0 || n == 0 || s.order == EAVT && c.V.packed.stubs {
		return nil, fmt.Errorf("%w: a block does not decode", ErrSegment)
	}
	if uniform(c.V.Kinds) {
		c.kind = c.V.Kinds[0]
	}
	return c, nil
}

// unpack fills in the values at some places.
func (v *Vector) unpack(in *input, places []uint32) {
	codes := make([]byte, len(places))
	if k := in.byte(); k != mixed {
		fill(codes, k)
	} else {
		copy(codes, in.take(len(places)))
	}
	words, texts := 0, 0
	for i, code := range codes {
		k := Kind(code &^ stubbed)
		if k > KindTuple || code > stubbed && k.oneWord() {
			in.bad = true
			return
		}
		v.Kinds[places[i]] = k
		if k.oneWord() || code > stubbed {
			words++
		}
		if !k.oneWord() {
			texts++
		}
	}
	numbers := make([]uint64, words)
	unpack(in, numbers)
	spans := v.packed.unpack(in, texts)
	if in.bad {
		return
	}
	if texts < len(v.Kinds) { // there are others
		v.packed.codes = nil
	}
	if len(spans) > 0 && v.packed.spans == nil {
		v.packed.spans = make([]uint64, len(v.Kinds))
	}
	v.place(in, places, codes, numbers, spans)
}

// place puts words and texts in their places.
func (v *Vector) place(in *input, places []uint32, codes []byte, words, spans []uint64) {
	for i, p := range places {
		word, text := v.Kinds[p].oneWord(), codes[i] > stubbed
		if !word {
			v.packed.spans[p], spans = spans[0], spans[1:]
		}
		if word || text {
			v.Words[p], words = words[0], words[1:]
		}
		if text {
			v.packed.stubs = true
			in.bad = in.bad || v.Words[p] <= longText || len(v.packed.at(int(p))) != stubText
		}
	}
}

// The ways in which a block lies in its leaf.
const (
	blockPlain byte = iota
	blockZstd
)

// compressors are shared: they keep nothing from one block to the next. What never comes twice may still take fewer bits, as digits do: without
// the last option the fastest way would leave sorted random keys as they are.
var compressors = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderCRC(false),
		zstd.WithAllLitEntropyCompression(true))
	decoder, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxTexts))
	return encoder, decoder
})

// openBlock returns the columns of a stored block whose SHA-256 must be sum.
func openBlock(b []byte, sum [32]byte, s shape) (*columns, error) {
	if err := soundBlock(b, sum); err != nil {
		return nil, err
	}
	switch b[0] {
	case blockPlain:
		return decodeBlock(b[1:], s)
	case blockZstd:
		_, decoder := compressors()
		plain, err := decoder.DecodeAll(b[1:], nil)
		if err != nil {
			return nil, fmt.Errorf("%w: a block does not decompress: %w", ErrSegment, err)
		}
		return decodeBlock(plain, s)
	}
	return nil, fmt.Errorf("%w: a block is stored in a way that is not known", ErrSegment)
}

// bytes returns how much memory the columns of a block take.
func (c *columns) bytes() int {
	n := len(c.E)
	size := 8*(3*n+len(c.End)+len(c.V.Words)+len(c.V.packed.spans)) + 4*len(c.V.coded.of) + len(c.V.Kinds) + cap(c.V.packed.bytes)
	if codes := c.V.packed.codes; codes != nil {
		size += 8*len(codes.distinct) + len(codes.of)
	}
	return size
}

// soundBlock returns an error unless the SHA-256 of a stored block is sum.
func soundBlock(b []byte, sum [32]byte) error {
	if sha256.Sum256(b) != sum || len(b) == 0 {
		return fmt.Errorf("%w: a block does not have its hash", ErrSegment)
	}
	return nil
}
