package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// A filter tells of a leaf which keys are not in it, so that one that is new is proven so without reading the leaf: in AVET attributes
// with their values, in EAVT entities with their attributes. It errs on the other side for about one key in a hundred. It is a split
// block Bloom filter: a key has eight bits in one block of 256, one in each word of 32 (Putze, Sanders and Singler, "Cache-, Hash- and
// Space-Efficient Bloom Filters", 2007; with the constants of Apache Parquet).
type filter struct {
	attrs []ID   // of which it tells, ascending; of all where there are none
	bits  []byte // blocks
	whole bool   // its keys have long values, and not their stubs
}

const (
	filterBlock = 32 // bytes
	filterBits  = 10 // for each key
)

// filterSalts choose the bit of a key in each word of its block.
var filterSalts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// newFilter returns the filter of keys with some hashes.
func newFilter(attrs []ID, hashes []uint64) filter {
	blocks := (len(hashes)*filterBits + 8*filterBlock - 1) / (8 * filterBlock)
	f := filter{attrs: attrs, bits: make([]byte, blocks*filterBlock)}
	for _, h := range hashes {
		block := f.block(h)
		for i, salt := range filterSalts {
			word := block[4*i:]
			binary.LittleEndian.PutUint32(word, binary.LittleEndian.Uint32(word)|1<<(uint32(h)*salt>>27))
		}
	}
	return f
}

// block returns the block of a hash: the upper half of the hash says which, the lower one the bits in it.
func (f *filter) block(hash uint64) []byte {
	n := uint64(len(f.bits) / filterBlock)
	i := (hash >> 32) * n >> 32
	return f.bits[i*filterBlock : (i+1)*filterBlock]
}

// lacks reports whether a key is known not to be in the leaf.
func (f *filter) lacks(k *filterKey) bool {
	if len(f.attrs) > 0 && !slices.Contains(f.attrs, k.attr) {
		return false
	}
	hash := k.hash
	if f.whole {
		hash = k.whole
	}
	block := f.block(hash)
	for i, salt := range filterSalts {
		if binary.LittleEndian.Uint32(block[4*i:])&(1<<(uint32(hash)*salt>>27)) == 0 {
			return true
		}
	}
	return false
}

// A filterKey is what a filter is asked for: an attribute, and the hash of it with an entity or a value, a long one by its stub. Filters of
// version 1 have the hash with the whole value.
type filterKey struct {
	attr        ID
	hash, whole uint64
}

// keyIn returns the key that all facts of a range have in common in an order that has filters; false where they have none.
func (r *Range) keyIn(o Order) (filterKey, bool) {
	if o != EAVT && o != AVET || r.common(o) < 2 {
		return filterKey{}, false
	}
	return r.Lo.Key.keyIn(o), true
}

func (f *Fact) keyIn(o Order) filterKey {
	if o == EAVT {
		h := mixed64(mixed64(filterSeed, uint64(f.E)), uint64(f.A))
		return filterKey{f.A, h, h}
	}
	k := filterKey{attr: f.A, whole: valueHash(f.A, f.V)}
	if k.hash = k.whole; len(f.V.text) > longText {
		k.hash = valueHash(f.A, f.V.stub())
	}
	return k
}

func valueHash(a ID, v Value) uint64 {
	h := mixed64(mixed64(mixed64(filterSeed, uint64(a)), uint64(v.kind)), v.word)
	text := v.text
	for ; len(text) >= 8; text = text[8:] {
		h = mixed64(h, word(text[:8]))
	}
	var rest [8]byte
	copy(rest[:], text)
	return mixed64(mixed64(h, binary.LittleEndian.Uint64(rest[:])), uint64(len(v.text)))
}

const filterSeed = 0x243f6a8885a308d3

// mixed64 returns a hash with a word more in it: the product of 128 bits with a constant, its halves folded (as in wyhash, by Wang Yi).
func mixed64(h, word uint64) uint64 { return folded(h^word, 0x9e3779b97f4a7c15) }

// append appends the encoding of the filter.
func (f *filter) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(f.attrs)))
	for _, a := range f.attrs {
		b = binary.AppendUvarint(b, uint64(a))
	}
	b = binary.AppendUvarint(b, uint64(len(f.bits)/filterBlock))
	return append(b, f.bits...)
}

func (in *input) filter() filter {
	f := filter{attrs: make([]ID, in.count(len(in.rest))), whole: in.version == 1}
	for i := range f.attrs {
		f.attrs[i] = ID(in.count(math.MaxInt))
	}
	f.bits = in.take(in.count(len(in.rest)/filterBlock) * filterBlock)
	if len(f.bits) == 0 {
		in.bad = true
	}
	return f
}

// A filterPage is a segment with the filters of some leaves. It is read when one of them is first asked, and kept as long as the directory
// that tells of it.
type filterPage struct {
	name    SegmentName
	filters atomic.Pointer[[]filter]
}

// filterPageSize is how large a page grows, about.
const filterPageSize = 256 << 10

// encodeFilters returns the segment of a page.
func encodeFilters(s shape, filters []filter) (segment []byte, sum [32]byte) {
	b := binary.AppendUvarint(s.appendHead(filterSegment), uint64(len(filters)))
	for i := range filters {
		b = filters[i].append(b)
	}
	return sealed(b)
}

func decodeFilters(s shape, b []byte, sum [32]byte) ([]filter, error) {
	in, rest, err := s.openHead(b, sum, filterSegment)
	if err != nil {
		return nil, err
	}
	filters := make([]filter, in.count(len(in.rest)))
	for i := range filters {
		filters[i] = in.filter()
	}
	if in.bad || len(in.rest)+len(rest) > 0 {
		return nil, fmt.Errorf("%w: filters do not decode", ErrSegment)
	}
	return filters, nil
}

// A filterPlace tells which filter is that of a leaf; without a page there is none.
type filterPlace struct {
	page *filterPage
	n    int // in the page
}

// appendPages appends the names of pages.
func appendPages(b []byte, pages []*filterPage) []byte {
	b = binary.AppendUvarint(b, uint64(len(pages)))
	for _, p := range pages {
		b = p.name.append(b)
	}
	return b
}

func (in *input) pages() []*filterPage {
	pages := make([]*filterPage, in.count(len(in.rest)/sha256.Size))
	for i := range pages {
		pages[i] = &filterPage{name: in.segmentName()}
	}
	return pages
}

// append appends which of some pages has the filter, from 1 on, and which filter of the page it is; 0 alone where there is none.
func (p *filterPlace) append(b []byte, pages []*filterPage) []byte {
	b = binary.AppendUvarint(b, uint64(slices.Index(pages, p.page)+1))
	if p.page != nil {
		b = binary.AppendUvarint(b, uint64(p.n))
	}
	return b
}

func (in *input) filterPlace(pages []*filterPage) filterPlace {
	page := in.count(len(pages))
	if page == 0 {
		return filterPlace{}
	}
	return filterPlace{pages[page-1], in.count(math.MaxInt)}
}
