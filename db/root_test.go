package db

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/storage/mem"
)

// someRoot is a root with a number of its own in each place.
func someRoot() *root {
	return &root{job: "j", from: "f", gen: 3, seq: 4, hash: digest{5}, writer: 6, writerSeq: 7, basis: 8, instant: -9, nextT: 10, nextElement: 11,
		datoms: 12, bytes: 13, levels: [][]byte{[]byte("one"), []byte("two")}}
}

// hashed returns the bytes of a root, less its hash, with the hash that they come to.
func hashed(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// TestARootDecodes decodes what was encoded, and nothing else: no root that is cut short, or has a byte that differs.
func TestARootDecodes(t *testing.T) {
	b := someRoot().encode()
	got, err := decodeRoot(b)
	if diff := cmp.Diff(someRoot(), got, cmp.AllowUnexported(root{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for i := range b {
		if _, err := decodeRoot(b[:i]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes: %v", i, err)
		}
		flipped := append([]byte(nil), b...)
		flipped[i] ^= 4
		if _, err := decodeRoot(flipped); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d: %v", i, err)
		}
		if i < len(b)-sha256.Size {
			if _, err := decodeRoot(hashed(b[:i:i])); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%d bytes and their hash: %v", i, err)
			}
		}
	}
}

// TestARootOfALaterVersionIsRefused meets a root with a section of a kind that is not known, and one of a higher version: opening names
// key and kind.
func TestARootOfALaterVersionIsRefused(t *testing.T) {
	r := someRoot()
	r.levels = nil
	b := r.encode()
	b = b[:len(b)-sha256.Size]
	later := map[string][]byte{
		"a section of kind 99": append(append(b[:len(b)-4:len(b)-4], 2), append(b[len(b)-3:], 99, 0)...),
		"version 3":            append(binary.AppendUvarint([]byte(rootMagic), 3), b[len(rootMagic)+1:]...),
	}
	for what, b := range later {
		store := mem.New()
		conn := openConn(t, store, Options{})
		key := conn.log.rootKey(r)
		_ = conn.Close()
		if err := store.Create(t.Context(), key, hashed(b)); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), store, Options{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", what, err)
		}
	}
	twice := append(append(b[:len(b)-4:len(b)-4], 2), append(b[len(b)-3:], 1, 1, 0)...)
	if _, err := decodeRoot(hashed(twice)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("two sections of a kind: %v", err)
	}
}
