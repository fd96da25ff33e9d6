package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/datolite/datolite/storage"
)

// ServeOptions say to whom a store is served. A token is at least 16 bytes that nobody can guess, such as what
// crypto/rand.Text returns.
type ServeOptions struct {
	Token     string       // whoever has it may do everything
	ReadToken string       // whoever has it may read and watch; nobody when empty
	TLS       *tls.Config  // with a certificate; needed by Serve unless only this machine can reach it
	Hosts     []string     // the names of the server, without ports; localhost and addresses need not be told
	Logger    *slog.Logger // of requests that were refused or failed; silent when nil. It is never told a token
}

// leastToken is the length of the shortest token: some 80 bits if it is random text.
const leastToken = 16

func (o ServeOptions) check() error {
	switch {
	case len(o.Token) < leastToken:
		return fmt.Errorf("%w: Token has %d bytes, and could be guessed: it needs at least %d", ErrInsecure, len(o.Token), leastToken)
	case o.ReadToken != "" && len(o.ReadToken) < leastToken:
		return fmt.Errorf("%w: ReadToken has %d bytes, and could be guessed: it needs at least %d", ErrInsecure, len(o.ReadToken), leastToken)
	case o.ReadToken == o.Token:
		return fmt.Errorf("%w: ReadToken is the same as Token, and would allow to write", ErrInsecure)
	}
	return nil
}

// The time-outs of a server. A body of the largest size takes a slow network a while; an answer may be the end of a watch.
const (
	headTime  = 10 * time.Second
	readTime  = 2 * time.Minute
	writeTime = 3 * time.Minute
	idleTime  = 2 * time.Minute
	headSize  = 16 << 10
	grace     = 10 * time.Second
)

// Serve serves a store on l until ctx ends: then it ends all watches, lets requests that run come to their end for up to ten
// seconds, and returns nil. It closes l, and leaves the store open. It is ErrInsecure to serve other machines without TLS, or
// anybody with a token that could be guessed.
func Serve(ctx context.Context, l net.Listener, store storage.Store, o ServeOptions) error {
	defer l.Close()
	h, err := NewHandler(store, o)
	if err != nil {
		return err
	}
	if o.TLS == nil && !isLoopback(l.Addr()) {
		return fmt.Errorf("remote: %w: %s can be reached from other machines, and ServeOptions.TLS is missing", ErrInsecure, l.Addr())
	}
	srv := &http.Server{Handler: h, TLSConfig: o.TLS, ReadHeaderTimeout: headTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headSize, Protocols: http1(), ErrorLog: slog.NewLogLogger(h.logger.Handler(), slog.LevelWarn)}
	srv.RegisterOnShutdown(h.Close)
	ended := make(chan error, 1)
	go func() { ended <- run(srv, l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("remote: %w", err)
	case <-ctx.Done():
		return shutdown(srv, ended)
	}
}

func run(srv *http.Server, l net.Listener) error {
	if srv.TLSConfig != nil {
		return srv.ServeTLS(l, "", "")
	}
	return srv.Serve(l)
}

// shutdown lets requests that run come to their end, and ends those that do not.
func shutdown(srv *http.Server, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := srv.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("remote: some requests did not end within %v: %w", grace, errors.Join(err, srv.Close()))
	}
	<-ended
	return err
}

// http1 is the version of HTTP that the protocol is made for: an answer belongs to the one request on its connection.
func http1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}
