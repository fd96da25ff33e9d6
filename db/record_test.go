package db

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sampleValues has a value of each kind, and the awkward ones.
func sampleValues() []index.Value {
	var values []index.Value
	for _, x := range []any{
		true, false, 0, 1, -1, int64(math.MaxInt64), int64(math.MinInt64),
		new(big.Int).Lsh(big.NewInt(1), 64), new(big.Int).Lsh(big.NewInt(-1), 200),
		float32(1.5), float32(math.Inf(-1)), math.Pi, math.Inf(1), 5e-324,
		edn.Decimal{Unscaled: big.NewInt(-150), Scale: 2}, edn.Decimal{}, edn.Decimal{Unscaled: big.NewInt(7), Scale: math.MinInt32},
		time.UnixMilli(0), time.UnixMilli(-1), time.UnixMilli(1<<52 - 1),
		"", "Ada", "Łódź 🚀", edn.Keyword("status/active"), edn.Symbol("clojure.string/blank?"), edn.URI("https://example.org/"),
		edn.UUID{1, 2, 15: 16}, []byte{}, []byte{0, 255}, bytes.Repeat([]byte("x"), 300),
		edn.Tuple{"p", nil, 1}, edn.Tuple{nil, nil}, edn.Tuple{edn.Keyword("a"), 1.5, []byte("b"), true},
	} {
		v, err := index.Of(x)
		if err != nil {
			panic(err)
		}
		values = append(values, v)
	}
	return values
}

// sampleBody returns a transaction with every sample value, asserted and closed.
func sampleBody(t T) *body {
	b := &body{salt: nonce{1, 2, 3}, commit: Commit{T: t, Instant: time.UnixMilli(1_700_000_000_123).UTC(), NextT: t + 9, NextElement: 1002}}
	for i, v := range sampleValues() {
		f := index.Fact{E: index.NewID(index.PartUser, t+T(i%5)), A: ID(10 + i), V: v, Tx: index.TxID(t)}
		b.commit.Facts = append(b.commit.Facts, f)
		f.Tx, f.End = index.TxID(t-T(1+i)), f.Tx
		b.commit.Facts = append(b.commit.Facts, f)
	}
	return b
}

// sampleRecord returns a record of two transactions.
func sampleRecord() *record {
	one, two := sampleBody(1000), &body{commit: Commit{T: 1009, Instant: time.UnixMilli(1_700_000_000_124).UTC(), NextT: 1010, NextElement: 1002},
		fields: []field{{1, "key"}, {300, ""}}}
	return &record{reader: 1, writer: 1, seq: 5, prev: digest{9, 8, 7}, nonce: nonce{42, 15: 1},
		sections: []section{{sectionTx, appendBody(nil, one)}, {sectionTx, appendBody(nil, two)}}}
}

// keyedBody returns a transaction with an idempotency key.
func keyedBody() *body {
	c := Commit{T: 1000, Instant: time.UnixMilli(1_700_000_000_123).UTC(), NextT: 1003, NextElement: 1000, Digest: bytes.Repeat([]byte{7}, 32),
		Facts: []index.Fact{}, TempIDs: map[string]ID{"": 0, "ada": index.NewID(index.PartUser, 1001), "bob": 5}, Created: []ID{0, 7}}
	return &body{salt: nonce{1}, commit: c, fields: fieldsOf(&c)}
}

// TestRecordKeepsAnswers encodes what somebody with an idempotency key was told.
func TestRecordKeepsAnswers(t *testing.T) {
	want := keyedBody()
	got, err := decodeBody(appendBody(nil, want))
	if diff := cmp.Diff(*want, got, cmp.AllowUnexported(body{}, field{})); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, fields := range [][]field{
		{{fieldDigest, "short"}}, {{fieldAnswer, "\x02\x01b\x00\x01a\x00\x00"}}, {{fieldAnswer, "\x00\x00\x00"}}, {{fieldAnswer, "\x01\x01a"}},
	} {
		if _, err := decodeBody(appendBody(nil, &body{fields: fields})); !errors.Is(err, errCodec) {
			t.Errorf("%v is taken: %v", fields, err)
		}
	}
}

// reencode decodes a record and its transactions, and encodes them again.
func reencode(b []byte) ([]byte, error) {
	r, err := decodeRecord(b)
	if err != nil {
		return nil, err
	}
	if _, ok, err := r.elsewhere(); ok || err != nil {
		return r.encode(), err
	}
	if d, err := r.yields(); d > 0 || err != nil {
		again := *r
		again.sections = []section{yieldSection(d)}
		return again.encode(), err
	}
	bodies, err := r.bodies()
	if err != nil {
		return nil, err
	}
	if _, ends, _ := r.ends(); ends {
		return r.encode(), nil
	}
	again := *r
	again.sections = nil
	for i := range bodies {
		again.sections = append(again.sections, section{sectionTx, appendBody(nil, &bodies[i])})
	}
	return again.encode(), nil
}

func TestRecordKeepsWhatItIsGiven(t *testing.T) {
	want := sampleRecord()
	r, err := decodeRecord(want.encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(record{}, section{})); diff != "" {
		t.Error(diff)
	}
	bodies, err := r.bodies()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*sampleBody(1000), bodies[0], cmp.AllowUnexported(body{}, field{}, index.Value{})); diff != "" {
		t.Error(diff)
	}
	if again, err := reencode(want.encode()); err != nil || !bytes.Equal(again, want.encode()) {
		t.Error("encoding again gives other bytes", err)
	}
}

// yieldRecord returns a record of reader version 2.
func yieldRecord() *record {
	return &record{reader: yieldVersion, writer: 1, seq: 6, prev: digest{1}, nonce: nonce{2}, sections: []section{yieldSection(100 * time.Millisecond)}}
}

// TestRecordsOfOldFormats reads what earlier versions wrote: it opens for ever.
func TestRecordsOfOldFormats(t *testing.T) {
	for file, want := range map[string]*record{"testdata/record-1": sampleRecord(), "testdata/yield-1": yieldRecord()} {
		if *update {
			if err := os.WriteFile(file, want.encode(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := reencode(golden); err != nil || !bytes.Equal(golden, again) {
			t.Error("the record is not read as it was written:", err)
		}
		if !bytes.Equal(golden, want.encode()) {
			t.Error("the record is not written as it was")
		}
	}
}

// TestRecordThatEndsALog reads what the first version wrote.
func TestRecordThatEndsALog(t *testing.T) {
	const file = "testdata/end-1"
	r := endRecord(5, digest{9, 8, 7}, time.UnixMilli(1_700_000_000_123))
	r.nonce = nonce{42, 15: 1}
	if *update {
		if err := os.WriteFile(file, r.encode(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(golden, r.encode()) {
		t.Error("the record is not written as it was", err)
	}
	read, err := decodeRecord(golden)
	if err != nil {
		t.Fatal(err)
	}
	if _, ends, err := read.ends(); !ends || err != nil {
		t.Error("the record does not end the log", err)
	}
	if bodies, err := read.bodies(); len(bodies) != 0 || err != nil {
		t.Error(bodies, err)
	}
	for _, content := range []string{"", "\x00\x00", "\x80\x00"} {
		if _, err := resealedEnd(t, content).bodies(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("an end of %x is read: %v", content, err)
		}
	}
}

// resealedEnd returns a record that ends a log with such content.
func resealedEnd(t *testing.T, content string) *record {
	r := endRecord(5, digest{9, 8, 7}, time.UnixMilli(0))
	r.sections[0].content = []byte(content)
	read, err := decodeRecord(r.encode())
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestRecordDamageIsFound(t *testing.T) {
	whole := sampleRecord().encode()
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		if _, err := decodeRecord(flipped); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		if _, err := decodeRecord(whole[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := decodeRecord(append(bytes.Clone(whole), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestRecordFromTheFuture(t *testing.T) {
	newer := sampleRecord()
	newer.reader = 7
	_, err := decodeRecord(newer.encode())
	wantError(t, err, ErrFormat, "format not known to this version: the record takes a reader of version 7, and this is 4")
	strange := sampleRecord()
	strange.sections = append(strange.sections, section{10, []byte("?")})
	_, err = decodeRecord(strange.encode())
	wantError(t, err, ErrFormat, "format not known to this version: the record has a section of kind 10, and a reader of version 4 knows up to 9")
}

func wantError(t *testing.T, err error, kind error, text string) {
	t.Helper()
	if !errors.Is(err, kind) || err.Error() != text {
		t.Errorf("error is %q, want %q", err, text)
	}
}

// law: whatever decodes encodes to the same bytes, and nothing else does more than return an error.
func checkBytes(t *testing.T, b []byte) {
	t.Helper()
	if again, err := reencode(b); err == nil && !bytes.Equal(b, again) {
		t.Fatalf("%x decodes, and encodes to %x", b, again)
	}
	if body, err := decodeBody(b); err == nil && !bytes.Equal(b, appendBody(nil, &body)) {
		t.Fatalf("the body %x decodes, and encodes to %x", b, appendBody(nil, &body))
	}
}

// resealed returns the bytes of a record with the hash that fits them, so that what is behind the hash is reached.
func resealed(r *record, content []byte) []byte {
	sealed := *r
	sealed.sections = []section{{uint64(1 + len(content)%3), content}}
	return sealed.encode()
}

func TestRecordMutations(t *testing.T) {
	sample := sampleRecord()
	seeds := [][]byte{sample.encode(), sample.sections[0].content, sample.sections[1].content, appendBody(nil, keyedBody()),
		elsewhereOf(sample, 3).encode(), yieldRecord().encode()}
	soak.Run(t, 5, 30, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		for range 1000 {
			b := mutated(rng, seeds[rng.IntN(len(seeds))])
			checkBytes(t, b)
			checkBytes(t, resealed(sample, b))
		}
	})
}

// mutated returns a copy of b with a few bytes changed, dropped, doubled or swapped.
func mutated(rng *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + rng.IntN(4) {
		if len(b) < 2 {
			break
		}
		i, j := rng.IntN(len(b)), rng.IntN(len(b))
		switch rng.IntN(5) {
		case 0:
			b[i] = byte(rng.Uint32())
		case 1:
			b[i] ^= 1 << rng.IntN(8)
		case 2:
			b = append(b[:i], b[min(i+1+rng.IntN(4), len(b)):]...)
		case 3:
			b = append(b[:i:i], append([]byte{byte(rng.Uint32())}, b[i:]...)...)
		case 4:
			b[i], b[j] = b[j], b[i]
		}
	}
	return b
}

func FuzzRecord(f *testing.F) {
	sample := sampleRecord()
	for _, b := range [][]byte{sample.encode(), sample.sections[0].content, elsewhereOf(sample, 3).encode()} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkBytes(t, b)
		checkBytes(t, resealed(sample, b))
	})
}

func BenchmarkDecodeFact(b *testing.B) {
	content := sampleRecord().sections[0].content
	facts := len(sampleBody(1000).commit.Facts)
	b.ReportAllocs()
	for range b.N / facts {
		if _, err := decodeBody(content); err != nil {
			b.Fatal(err)
		}
	}
}
