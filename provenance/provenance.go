package provenance

import (
	"context"
	"io"
	"iter"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/tx"
)

// A NodeID is the identity of a computation: the hash of its operation, parameters and inputs.
type NodeID [32]byte

// A VersionID is the identity of a version of a pipeline: the hash of what it exports.
type VersionID [32]byte

// String returns n1_ and base32.
func (id NodeID) String() string { panic("not built") }

// String returns v1_ and base32.
func (id VersionID) String() string { panic("not built") }

// ParseNodeID reads what NodeID.String writes.
func ParseNodeID(text string) (NodeID, error) { panic("not built") }

// ParseVersionID reads what VersionID.String writes.
func ParseVersionID(text string) (VersionID, error) { panic("not built") }

// Schema installs what pipelines need. Doing it again changes nothing.
func Schema() tx.Data { panic("not built") }

// A Definition is a pipeline as its author wrote it, read and checked.
type Definition struct{ _ int }

// ParseEDN reads a definition. Its errors are Problems, all at once, each with its path.
func ParseEDN(text []byte) (*Definition, error) { panic("not built") }

// Submitted tells what a submission did.
type Submitted struct {
	Version VersionID
	Nodes   map[string]NodeID // by the names of the definition
	New     int               // nodes that were not there
	Shared  int               // nodes that were
	T       db.T
}

// Submit makes a definition part of the database. Doing it again writes nothing.
func Submit(ctx context.Context, conn *db.Conn, d *Definition) (*Submitted, error) {
	panic("not built")
}

// Find returns the node that a version calls by a name.
func Find(ctx context.Context, r db.Reader, v VersionID, name string) (NodeID, error) {
	panic("not built")
}

// WalkOptions bound a walk. The zero WalkOptions walk everything.
type WalkOptions struct {
	Depth int // the greatest distance; 0 is any
	Limit int // the most hits; 0 is any
}

// A Hit is a node that a walk met.
type Hit struct {
	Node     NodeID
	Depth    int    // distance from the nearest start, which has 0 and is not a hit
	Pipeline string // one that has the node
	Label    string // the name it has there
}

// Downstream yields what rests on the nodes, nearest first.
func Downstream(ctx context.Context, r db.Reader, o WalkOptions, from ...NodeID) iter.Seq2[Hit, error] {
	panic("not built")
}

// Upstream yields what the nodes rest on, nearest first.
func Upstream(ctx context.Context, r db.Reader, o WalkOptions, from ...NodeID) iter.Seq2[Hit, error] {
	panic("not built")
}

// A Delta tells two versions apart.
type Delta struct{ _ int }

// Compare returns what differs between two versions.
func Compare(ctx context.Context, r db.Reader, a, b VersionID) (*Delta, error) { panic("not built") }

// Tombstone retires a version: one small transaction, whatever the size of the graph.
func Tombstone(ctx context.Context, conn *db.Conn, v VersionID, reason string) (*db.Report, error) {
	panic("not built")
}

// Active returns the view that hides tombstoned versions, and nodes that nothing live rests on.
func Active(ctx context.Context, snap *db.Snapshot) (*db.View, error) { panic("not built") }

// ArchiveOptions say how Archive works. The zero ArchiveOptions are right.
type ArchiveOptions struct {
	Nodes int // the most of one batch; 500
}

// A Batch is one transaction of Archive.
type Batch struct {
	Nodes  int // retracted in it
	Left   int // to be retracted after it
	Datoms int // retracted in it
	T      db.T
}

// Archive retracts what is no longer live, from leaf (what nothing rests on) to root, in batches. Breaking out pauses it; calling it
// again resumes.
func Archive(ctx context.Context, conn *db.Conn, o ArchiveOptions) iter.Seq2[Batch, error] {
	panic("not built")
}

// WriteDOT writes the graph of a version as DOT.
func WriteDOT(ctx context.Context, w io.Writer, r db.Reader, v VersionID) error { panic("not built") }
