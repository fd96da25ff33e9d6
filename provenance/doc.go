// Package provenance keeps the graph of pipelines: which computations there are, what each is made of, and what rests on it.
//
// A node is one computation: an operation, its parameters and its inputs, named by the hash of all three (NodeID). Two
// pipelines that contain the same computation therefore share the node, and a change of one node renames exactly what rests
// on it. A version is a set of exported nodes under a pipeline's name (VersionID). A Definition is a pipeline as its author
// wrote it: in EDN, in JSON (ParseJSON) or in Go (NewBuilder), with the same identities. Submit makes it part of a database:
//
//	def, err := provenance.ParseEDN(text)
//	sub, err := provenance.Submit(ctx, conn, def)
//	delta, err := provenance.Compare(ctx, conn.Snapshot(), before, sub.Version)
//
// References run from consumer to input. A leaf is what nothing rests on, a root a source; a node's height is the longest way
// down to a source. A version lives until it is tombstoned, and a node as long as a living version rests on it. Tombstone is
// one small transaction; Active is the view that hides what is no longer live; Archive retracts it, from leaf to root, so that no
// reference ever dangles. History keeps it all the same: AsOf a moment before, everything is as it was.
//
// Caveats. An address, resolved when a request is made, cannot be submitted yet. What a node's parameters mean is the author's
// affair: a secret must be named, never given, since parameters are stored and hashed as they are.
package provenance
