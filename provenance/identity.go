package provenance

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// A NodeID is the identity of a computation: the SHA-256 of its operation, parameters and inputs. It is known before anything
// runs, equal wherever the computation is equal, and never changes.
type NodeID [32]byte

// A VersionID is the identity of a version of a pipeline: the SHA-256 of what it exports.
type VersionID [32]byte

// The prefixes of the ids' texts name the scheme of the hash.
const (
	nodePrefix    = "n1_"
	versionPrefix = "v1_"
)

var base = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns n1_ and 52 characters of lower-case base32.
func (id NodeID) String() string { return nodePrefix + base.EncodeToString(id[:]) }

// String returns v1_ and 52 characters of lower-case base32.
func (id VersionID) String() string { return versionPrefix + base.EncodeToString(id[:]) }

// ParseNodeID reads what NodeID.String writes; anything else is ErrID.
func ParseNodeID(text string) (NodeID, error) { return parseID(text, nodePrefix) }

// ParseVersionID reads what VersionID.String writes; anything else is ErrID.
func ParseVersionID(text string) (VersionID, error) { return parseID(text, versionPrefix) }

func parseID(text, prefix string) ([32]byte, error) {
	rest, found := strings.CutPrefix(text, prefix)
	raw, err := base.DecodeString(rest)
	if !found || err != nil || len(raw) != 32 || base.EncodeToString(raw) != rest {
		return [32]byte{}, fmt.Errorf("provenance: %w: %q is not %s and 52 characters of base32", ErrID, text, prefix)
	}
	return [32]byte(raw), nil
}

// hash returns the SHA-256 of fields, each with its length before it, so that no two lists of fields hash alike.
func hash(fields ...[]byte) [32]byte {
	var b []byte
	for _, f := range fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	return sha256.Sum256(b)
}

// identify returns the identity of an operation: what it is called, its code, its interface and how far its results can be trusted.
func (o *op) identify() [32]byte {
	return hash([]byte("op/v1"), []byte(o.name), []byte(o.code), o.ports, []byte(o.class))
}

// identify returns the identity of a node whose operation and inputs have theirs. A source's external version is part of it, since
// another version is other data; where there is none the field is left out.
func (n *node) identify() NodeID {
	fields := [][]byte{[]byte("node/v1"), n.op.digest[:], n.params}
	ports := slices.SortedFunc(slices.Values(n.inputs), func(a, b input) int { return strings.Compare(a.port, b.port) })
	for _, in := range ports {
		fields = append(fields, []byte(in.port), in.node.id[:], []byte(in.output))
	}
	if n.source != "" {
		fields = append(fields, []byte("source"), []byte(n.source))
	}
	return hash(fields...)
}

// identifyVersion returns the identity of a set of exports.
func identifyVersion(exports []export) VersionID {
	sorted := slices.SortedFunc(slices.Values(exports), func(a, b export) int { return strings.Compare(a.name, b.name) })
	fields := [][]byte{[]byte("version/v1")}
	for _, e := range sorted {
		fields = append(fields, []byte(e.name), e.node.id[:], []byte(e.output))
	}
	return hash(fields...)
}

func compareIDs(a, b NodeID) int { return bytes.Compare(a[:], b[:]) }
