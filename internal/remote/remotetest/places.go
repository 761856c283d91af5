// Package remotetest has places for files that tests can use: stores that speak S3 and the
// interface of Azure in this process, and an SFTP server that is OpenSSH's.
package remotetest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/broked/broked/internal/connection"
)

// Who may call the places, and what they have.
const (
	Key    = "me"
	Secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
	Bucket = "rows"
	// Nobody is a login that is known, and may do nothing.
	Nobody = "nobody"
)

// S3 returns a connection to a store that speaks S3, with an empty bucket.
func S3(t *testing.T) connection.Connection {
	t.Helper()
	server := httptest.NewServer(guarded(Fake(t)))
	t.Cleanup(server.Close)
	return connection.Connection{Name: "lake", Type: connection.S3, Host: server.URL, Schema: Bucket, Login: Key, Password: Secret}
}

// Fake is a store that speaks S3 to everybody.
func Fake(t *testing.T) http.Handler {
	t.Helper()
	back := s3mem.New()
	if err := back.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	return gofakes3.New(back, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
}

// guarded lets only those in that are known.
func guarded(inner http.Handler) http.Handler {
	refuse := func(w http.ResponseWriter, code string) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, said, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		switch who, _, _ := strings.Cut(said, "/"); who {
		case Key:
			inner.ServeHTTP(w, r)
		case Nobody:
			refuse(w, "AccessDenied")
		default:
			refuse(w, "InvalidAccessKeyId")
		}
	})
}

// Cut is a way to a server on which connections break off.
type Cut struct {
	Address string
	after   atomic.Int64
}

// Break has the next connections end after so many bytes have come from the server, each
// of them once; 0 lets everything through.
func (c *Cut) Break(after int64) { c.after.Store(after) }

// Through returns a connection that leads to the same place through a Cut.
func Through(t *testing.T, c connection.Connection) (connection.Connection, *Cut) {
	t.Helper()
	u, err := url.Parse(c.Host)
	to := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	if err == nil && u.Host != "" {
		to = u.Host
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	cut := &Cut{Address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go cut.join(t.Context(), conn, to)
		}
	}()
	if u != nil && u.Host != "" {
		u.Host = cut.Address
		c.Host = u.String()
		return c, cut
	}
	_, port, _ := net.SplitHostPort(cut.Address)
	c.Port, _ = strconv.Atoi(port)
	return c, cut
}

// join carries bytes between a client and a server.
func (c *Cut) join(ctx context.Context, client net.Conn, to string) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	buffer := make([]byte, 4096)
	var sent int64
	for {
		n, err := server.Read(buffer)
		sent += int64(n)
		if after := c.after.Load(); after > 0 && sent > after && c.after.CompareAndSwap(after, 0) {
			return
		}
		if _, failed := client.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}
