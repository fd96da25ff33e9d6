// Package remote shares a store between processes: one serves it over HTTP, others open it from there.
//
// Serve serves a storage.Store to whom its ServeOptions allow it; a Handler does so in a server that is there already. Open
// returns the Store that is served at a URL. An OpenError tells why it could not. Each process that opened it is a full peer: it
// reads, writes and waits for news by itself, with caches of its own, and keeps every promise that the store below keeps.
//
//	l, err := net.Listen("tcp", "127.0.0.1:7070")
//	err = remote.Serve(ctx, l, store, remote.ServeOptions{Token: token}) // until ctx ends
//
//	store, err := remote.Open(ctx, "http://127.0.0.1:7070", remote.Options{Token: token}) // in other processes
//	conn, err := db.Open(ctx, store, db.Options{})
//
// Who knows the Token may do everything, who knows the ReadToken may read. Nobody is served without one. Beyond this machine a
// server needs TLS, and a client sends its token over nothing else. Requests of web pages are refused, and those under a name that
// is not one of the server's.
//
// Every request and every answer is checked by its SHA-256, and an answer is bound to its request: what was cut, altered,
// repeated or swapped on its way is ErrAnswer. An operation fails with the *storage.Error with which the server's store failed,
// one that did not reach the server with the error of the network. What may have reached it, and was not answered, is
// storage.ErrUnknown if it changes anything. Create is sent once, so storage.ErrExists is never the trace of its own first try.
//
// A Put or List may take several requests. Every answer is waited for up to Options.Timeout, so a server that stalls or is gone
// holds up nobody for ever. The protocol is told in docs/remote.md.
package remote
