// Package bolt is a store in a folder, on bbolt: the embedded default.
//
// Open returns the Store in a folder, and makes it if it is not there. An OpenError tells why it could not. The folder has two
// files: log.db holds what orders transactions, and is synced at every commit; seg.db holds segments and bodies, which come in
// large batches and must not make a commit wait.
//
//	store, err := bolt.Open(ctx, "people")
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// What Put, Create and Delete did when they returned nil survives a loss of power, if the disk honours a sync. What Get and
// List show of log.db does too: they wait for the sync of what they saw. Open syncs first what a killed process may have left.
//
// One process at a time may hold a store: bbolt locks its files exclusively, even for those who only read. Who finds them
// locked waits two seconds, and then gets storage.ErrLocked. Several processes share a store if one serves it to the others:
// see storage/remote. So all keys are made by one process, and a Store is a storage.Watcher.
//
// A Create costs two syncs, so who has many small things to store puts them into one value. A Put is written in the order of
// its keys and is cheapest if they ascend from one Put to the next. After a process was killed, Open reads all of log.db to
// find its free pages. The files do not shrink by themselves: the space of what was deleted is used again, and Compact gives it
// back. A copy of the folder is only good if it was made while no process held the store.
//
// bbolt does not check what it reads. Open finds damage to what it must read, and the database above checks the hash of every
// value, so what was altered is an error. But damage to the structure of a file, met in the middle of a write, can end the
// process.
package bolt
