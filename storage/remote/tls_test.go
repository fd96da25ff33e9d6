package remote_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
)

// certificate returns one that is good for db.example.com and 127.0.0.1, and what a client must know to trust it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"db.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, is, is, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if is, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pool.AddCert(is)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestOverTLS serves all addresses of the machine, and lets clients in that know the certificate and the token.
func TestOverTLS(t *testing.T) {
	cert, pool := certificate(t)
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() {
		ended <- remote.Serve(ctx, l, mem.New(), remote.ServeOptions{Token: full, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	url := "https://127.0.0.1:" + port
	s, err := remote.Open(bg, url, remote.Options{Token: full, TLS: &tls.Config{RootCAs: pool}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Create(bg, "d1/log/1", nil), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := remote.Open(bg, url, remote.Options{Token: full}); !errors.As(err, new(x509.UnknownAuthorityError)) {
		t.Errorf("Open of an unknown certificate = %v", err)
	}
	if _, err := remote.Open(bg, url, remote.Options{Token: "some other token", TLS: &tls.Config{RootCAs: pool}}); !errors.Is(err, storage.ErrForbidden) {
		t.Errorf("Open with another token = %v", err)
	}
	if _, err := remote.Open(bg, "http://127.0.0.1:"+port, remote.Options{Token: full}); !errors.Is(err, remote.ErrAnswer) {
		t.Errorf("Open without TLS = %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}
