// Package storage is what a database needs of an engine beneath it: a few promises about keys and values.
//
// A Store keeps values under keys. A key is created once, and perhaps deleted later; what takes the place of a value means the same, so
// nothing that was read ever becomes wrong. Its one strong promise is Create: of many who create one key, one wins and the others are told.
// Everything that must be ordered or unique is built from it. Put is for names that nobody else writes. List finds keys by
// prefix, in byte order. Limits tells what a store takes. A Watcher is a Store that tells when keys appear,
// a Guarded one that creates a key unless another is there, an Exclusive one that no other process can write to.
//
//	store := mem.New()
//	err := store.Create(ctx, "d1/log/0000000000000001", record)
//	if errors.Is(err, storage.ErrExists) {
//		// somebody else was first: read what they wrote
//	}
//
// An Error names the operation and the key; what kind it is, errors.Is finds: ErrNotFound, ErrExists, ErrUnknown and the
// others. After ErrUnknown nobody knows whether the change was made, or will be; after any other error of Create it was not
// and will not be, and of a Put or Delete of several keys some may have been done.
//
// Package mem keeps a store in memory, package bolt in a folder, and package remote shares the store of one process with others.
// Package storagetest has the suite that every backend must pass, and a store that fails on purpose. What lies in a store is told
// in docs/format.md.
package storage
