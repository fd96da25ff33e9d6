package remote_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
)

// One process serves its store, and two open it. Of two who create a key one wins.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	token := rand.Text()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- remote.Serve(ctx, l, mem.New(), remote.ServeOptions{Token: token}) }()

	for _, value := range []string{"mine", "yours"} {
		store, err := remote.Open(ctx, "http://"+l.Addr().String(), remote.Options{Token: token})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(store.Create(ctx, "d1/log/1", []byte(value)))
		got, err := store.Get(ctx, "d1/log/1")
		fmt.Println(string(got), err)
		fmt.Println(store.Close())
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// mine <nil>
	// <nil>
	// create d1/log/1: key exists
	// mine <nil>
	// <nil>
	// <nil>
}

// A store that other machines could reach is not served without TLS.
func ExampleServe() {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = remote.Serve(context.Background(), l, mem.New(), remote.ServeOptions{Token: rand.Text()})
	fmt.Println(errors.Is(err, remote.ErrInsecure))
	// Output: true
}

// A Handler is one of several in a server that is there already; the address of the store is where it is mounted.
func ExampleNewHandler() {
	token := rand.Text()
	store, err := remote.NewHandler(mem.New(), remote.ServeOptions{Token: token})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/store/", store)
	server := httptest.NewServer(mux)
	server.Config.RegisterOnShutdown(store.Close)
	defer server.Close()

	s, err := remote.Open(context.Background(), server.URL+"/store", remote.Options{Token: token})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.List(context.Background(), "d1/log/", "", 10))
	// Output: [] <nil>
}

// A token that may read may not write, and one that is not known may not even open.
func ExampleOpen() {
	ctx := context.Background()
	h, err := remote.NewHandler(mem.New(), remote.ServeOptions{Token: rand.Text(), ReadToken: "for readers alone"})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(h)
	defer server.Close()
	s, err := remote.Open(ctx, server.URL, remote.Options{Token: "for readers alone"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Create(ctx, "d1/log/1", nil))

	_, err = remote.Open(ctx, server.URL, remote.Options{Token: "a guess"})
	fmt.Println(errors.Is(err, storage.ErrForbidden))
	// Output:
	// create d1/log/1: forbidden: the token may read, and not create
	// true
}

func ExampleOpenError() {
	_, err := remote.Open(context.Background(), "http://db.example.com", remote.Options{Token: "a token"})
	var place *remote.OpenError
	if errors.As(err, &place) {
		fmt.Println(place.URL)
	}
	fmt.Println(errors.Is(err, remote.ErrInsecure))
	// Output:
	// http://db.example.com
	// true
}
