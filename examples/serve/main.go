// Serve shares one folder between two peers: each reads, writes and follows by itself, over HTTP.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/remote"
	"github.com/datolite/datolite/tx"
)

// A Visit is an entity; its tags are its schema.
type Visit struct {
	Page string `datom:"visit/page"`
}

func main() {
	folder, err := os.MkdirTemp("", "visits")
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, folder), os.RemoveAll(folder))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run serves the folder, and plays two processes that open it. A real server reads its token from a file that the peers can read
// too, and ends with a signal.
func run(ctx context.Context, w io.Writer, folder string) error {
	store, err := bolt.Open(ctx, folder)
	if err != nil {
		return err
	}
	defer store.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0") // other machines need ServeOptions.TLS
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	token, ended := rand.Text(), make(chan error, 1)
	go func() { ended <- remote.Serve(ctx, l, store, remote.ServeOptions{Token: token}) }()
	err = peers(ctx, w, "http://"+l.Addr().String(), token)
	stop()
	return errors.Join(err, <-ended)
}

// peers writes on one peer, and reads on the other what the first has written.
func peers(ctx context.Context, w io.Writer, url, token string) error {
	ada, err := open(ctx, url, token)
	if err != nil {
		return err
	}
	defer ada.Close()
	bob, err := open(ctx, url, token)
	if err != nil {
		return err
	}
	defer bob.Close()
	if _, err := tx.Transact(ctx, ada, tx.Schema[Visit]()); err != nil {
		return err
	}
	for i, conn := range []*db.Conn{ada, bob, ada, bob} {
		if _, err := conn.Sync(ctx); err != nil { // so that Bob knows what Ada has installed
			return err
		}
		if _, err := tx.Transact(ctx, conn, tx.Structs(Visit{Page: fmt.Sprint("page ", i)})); err != nil {
			return err
		}
	}
	for _, conn := range []*db.Conn{ada, bob} {
		snap, err := conn.Sync(ctx) // all that was committed anywhere before
		if err != nil {
			return err
		}
		n, err := query.One[int](ctx, snap, `[:find (count ?v) . :where [?v :visit/page]]`)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, n, "visits")
	}
	return nil
}

// open opens the served database. Closing the Conn closes the connections to the server, and not the server's store.
func open(ctx context.Context, url, token string) (*db.Conn, error) {
	store, err := remote.Open(ctx, url, remote.Options{Token: token})
	if err != nil {
		return nil, err
	}
	return db.OpenOwned(ctx, store, db.Options{})
}
