// Package mem is a store in memory.
//
// New returns an empty Store. It keeps every promise of storage.Store but that what is stored outlives the process, and it
// is a storage.Watcher: those who wait for a key learn of it at once.
//
//	store := mem.New()
//	defer store.Close()
//	conn, err := db.Open(ctx, store, db.Options{Name: "people"})
//
// Values are copied in and out. Nothing bounds what a store may hold but the memory there is.
package mem
