package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/datolite/datolite/storage"
)

// Options say how a store is opened that another process serves.
type Options struct {
	Token   string        // what the server was given as its Token or ReadToken
	TLS     *tls.Config   // for certificates that the system does not know; those it knows when nil
	Timeout time.Duration // how long an answer may take; 30 s when zero
}

// defaultTimeout leaves a stalled server the time that a disk under load takes, and a caller some patience.
const defaultTimeout = 30 * time.Second

// leastPoll is the shortest polite pause between two looks over a network.
const leastPoll = 20 * time.Millisecond

// Open opens the store that is served at a URL, such as https://db.example.com or http://127.0.0.1:7070. It is a storage.Watcher
// if the store below is one, and Guarded likewise. A server that does not know the token is storage.ErrForbidden; one that speaks another version of
// the protocol storage.ErrFormat. To send a token over plain http is ErrInsecure unless the server is on this machine.
func Open(ctx context.Context, address string, o Options) (storage.Store, error) {
	base, err := parse(address)
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	c := newClient(base, o)
	body, err := c.call(ctx, "limits", overhead)
	if err == nil {
		c.limits, c.can, err = parseLimits(body)
	}
	if err != nil {
		_ = c.Close()
		return nil, &OpenError{base.String(), err}
	}
	c.limits.Poll = max(c.limits.Poll, leastPoll)
	return c.upgraded(), nil
}

// parse returns the URL of a server that a token may be sent to.
func parse(address string) (*url.URL, error) {
	base, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, &OpenError{"the address", errors.Unwrap(err)} // the text may hold a password
	case base.User != nil:
		return nil, &OpenError{base.Redacted(), fmt.Errorf("%w: a password in an address ends up in logs: see Options.Token", ErrInsecure)}
	case base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, &OpenError{address, errors.New("not the address of a store, such as https://db.example.com")}
	case base.Scheme == "http" && !loopbackName(hostname(base.Host)):
		return nil, &OpenError{address, fmt.Errorf("%w: others could read the token and the data on their way: use https", ErrInsecure)}
	}
	base.RawQuery, base.Fragment = "", ""
	base.Path, base.RawPath = strings.TrimSuffix(base.Path, "/"), ""
	return base, nil
}

// newTransport returns what carries requests: to this machine alone, if they can be read on their way. It follows no redirect,
// and sends no request again that the server may have read, unless it may be repeated.
func newTransport(base *url.URL, o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if base.Scheme == "http" {
		dialer.Control = toThisMachine
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: o.TLS.Clone(),
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 16, IdleConnTimeout: idleTime / 2, MaxResponseHeaderBytes: headSize,
		DisableCompression: true, Protocols: http1()}
}

// toThisMachine refuses a connection to another machine, which localhost could be made to name.
func toThisMachine(_, address string, _ syscall.RawConn) error {
	if host, _, err := net.SplitHostPort(address); err != nil || !isLoopbackIP(host) {
		return fmt.Errorf("%w: %s is another machine, and needs https", ErrInsecure, address)
	}
	return nil
}
