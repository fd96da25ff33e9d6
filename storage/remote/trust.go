package remote

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/datolite/datolite/storage"
)

// trust returns storage.ErrForbidden for a request that nobody should answer: one that others can read on its way, one under a
// name that is not ours, which a web page can bind to any address, or one that a browser sent for a web page.
func (h *Handler) trust(r *http.Request) error {
	if local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr); r.TLS == nil && !isLoopback(local) {
		return fmt.Errorf("%w: off this machine a store is served over TLS alone", storage.ErrForbidden)
	}
	if host := hostname(r.Host); !loopbackName(host) && net.ParseIP(host) == nil && !slices.Contains(h.hosts, host) {
		return fmt.Errorf("%w: %.64q is no name of this server: see ServeOptions.Hosts", storage.ErrForbidden, host)
	}
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Mode") != "" {
		return fmt.Errorf("%w: web pages are not served", storage.ErrForbidden)
	}
	return nil
}

// hostname returns the host of a request without its port, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// isLoopback reports whether only this machine can reach an address.
func isLoopback(addr net.Addr) bool {
	switch addr := addr.(type) {
	case *net.TCPAddr:
		return addr.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

func isLoopbackIP(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
