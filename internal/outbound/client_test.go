package outbound_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/limits"
	"github.com/broked/broked/internal/outbound"
)

// here lets this machine be reached, as every test server is on it.
var here = outbound.Policy{Allow: outbound.Loopback()}

func get(t *testing.T, c *outbound.Client, url string, headers ...string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return read(c.Do(req))
}

func read(res *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(res.Body)
	return string(text), errors.Join(err, res.Body.Close())
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("got %v (code %s), want code %s", err, fault.CodeOf(err), code)
	}
}

func TestHostileSpellingsDoNotReachThisMachine(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(net.Conn, http.ConnState) { reached.Add(1) }
	s.Start()
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := outbound.NewClient(outbound.Options{Policy: outbound.Policy{Private: true}, Timeout: 5 * time.Second})
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "0", "0.0.0.0", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001",
		"2130706433", "017700000001", "127.0.0.01", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[0:0:0:0:0:0:0:1]",
		"[::1%25lo]", "[fe80::1%25lo]", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "①②⑦.0.0.1", "127.0.0.1.", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
		"127.127.127.127",
	} {
		if _, err := get(t, c, "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s was reached", host)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// names is a DNS server that answers the n-th question for an address with the
// n-th of its answers, and then always with the last.
func names(t *testing.T, answers ...[4]byte) *net.Resolver {
	t.Helper()
	var asked atomic.Int64
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer ours.Close()
			for {
				head := make([]byte, 2)
				if _, err := io.ReadFull(ours, head); err != nil {
					return
				}
				q := make([]byte, int(head[0])<<8|int(head[1]))
				if _, err := io.ReadFull(ours, q); err != nil {
					return
				}
				end := 12
				for q[end] != 0 {
					end += int(q[end]) + 1
				}
				end += 5
				reply := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
				if q[end-3] == 1 { // an IPv4 address
					reply[7] = 1
					a := answers[min(int(asked.Add(1)), len(answers))-1]
					reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, a[0], a[1], a[2], a[3])
				}
				if _, err := ours.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...)); err != nil {
					return
				}
			}
		}()
		return theirs, nil
	}}
}

// A name that answers with a harmless address first and with this machine
// afterwards is refused when it is dialled, whatever was found before.
func TestRebinding(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "hello")
	})
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	c := outbound.NewClient(outbound.Options{
		Policy:   outbound.Policy{Allow: exceptions(t, "127.0.0.1")},
		Resolver: names(t, [4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 2}, [4]byte{169, 254, 169, 254}),
	})
	url := "http://harmless.example:" + port
	if text, err := get(t, c, url); text != "hello" {
		t.Fatalf("first: %q, %v", text, err)
	}
	for range 2 {
		_, err := get(t, c, url)
		wantCode(t, err, "ssrf_blocked")
		if strings.Contains(fault.MessageOf(err), "127.0.0.2") || strings.Contains(fault.MessageOf(err), "169.254") {
			t.Errorf("the message tells what the name is: %v", err)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 20)
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		if back := r.URL.Query().Get("back"); back != "" {
			http.Redirect(w, r, back, http.StatusFound)
		}
	})
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/end":
			seen <- r.Header
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			code := http.StatusFound
			if r.Method == http.MethodPost {
				code = http.StatusTemporaryRedirect
			}
			http.Redirect(w, r, r.URL.Query().Get("to"), code)
		}
	})
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	none := outbound.NewClient(outbound.Options{Policy: here})
	some := outbound.NewClient(outbound.Options{Policy: here, Redirects: 99, Roots: roots})

	_, err := get(t, none, first.URL+"/?to=/end")
	wantCode(t, err, "redirect_refused")
	for _, to := range []string{"ftp://x/", "file:///etc/passwd", "http://user:pw@127.0.0.1/", "//:0/"} {
		_, err := get(t, some, first.URL+"/?to="+to)
		wantCode(t, err, "redirect_refused")
	}
	_, err = get(t, some, first.URL+"/loop")
	wantCode(t, err, "redirect_refused")
	_, err = get(t, some, secure.URL)
	wantCode(t, err, "redirect_refused")
	_, err = get(t, some, first.URL+"/?to=http://169.254.169.254/latest")
	wantCode(t, err, "ssrf_blocked")

	secrets := []string{"Authorization", "Bearer s3cret", "X-API-Key", "s3cret", "Cookie", "a=s3cret", "X-Mine", "s3cret", "Accept", "text/plain"}
	if _, err := get(t, some, first.URL+"/?to=/end", secrets...); err != nil {
		t.Fatal(err)
	}
	if h := <-seen; h.Get("X-Api-Key") != "s3cret" || h.Get("Referer") != "" {
		t.Errorf("the same server gets %v", h)
	}
	if _, err := get(t, some, first.URL+"/?s=s3cret&to="+other.URL+"?back="+first.URL+"/end", secrets...); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"another server", "the first one after another"} {
		h := <-seen
		if text := fmt.Sprint(h); strings.Contains(text, "s3cret") || h.Get("Accept") != "text/plain" || h.Get("User-Agent") == "" {
			t.Errorf("%s gets %v", where, h)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, first.URL+"/?to="+other.URL, strings.NewReader("s3cret"))
	_, err = read(some.Do(req))
	wantCode(t, err, "redirect_refused")
	if len(seen) != 0 {
		t.Error("a body was carried to another server")
	}
}

func TestAnswersHaveAnEnd(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			fmt.Fprint(w, strings.Repeat("x", 1000))
		case "/told":
			fmt.Fprint(w, strings.Repeat("x", 1001))
		case "/untold":
			for range 1001 {
				fmt.Fprint(w, "x")
				w.(http.Flusher).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 1<<20))
			_ = z.Close()
		case "/cut":
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, "x")
		}
	})
	c := outbound.NewClient(outbound.Options{Policy: here, MaxBody: 1000})
	if text, err := get(t, c, s.URL+"/fits"); len(text) != 1000 || err != nil {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	for _, path := range []string{"/told", "/untold", "/bomb"} {
		text, err := get(t, c, s.URL+path)
		wantCode(t, err, "answer_too_large")
		if len(text) > 1000 {
			t.Errorf("%s: %d bytes were read", path, len(text))
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/untold", nil)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(res.Body)
	n, err := res.Body.Read(make([]byte, 10))
	wantCode(t, err, "answer_too_large")
	if n != 0 || res.Body.Close() != nil {
		t.Errorf("%d bytes were read behind the end", n)
	}
	_, err = get(t, c, s.URL+"/cut")
	wantCode(t, err, "connection_failed")
}

func TestRequestsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		now.Add(-1)
	})
	c := outbound.NewClient(outbound.Options{Policy: here, AtOnce: 2})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := get(t, c, s.URL); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > 2 {
		t.Errorf("%d requests at once, want at most 2", most.Load())
	}

	slow := outbound.NewClient(outbound.Options{Policy: here, AtOnce: 1, Rate: limits.Rate{Every: time.Hour, Burst: 1}})
	if _, err := get(t, slow, s.URL); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds the slot free again
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		if _, err := slow.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("above the rate: %v", err)
		}
		cancel()
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	release := make(chan struct{})
	hangs := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	c := outbound.NewClient(outbound.Options{Policy: here, Timeout: 5 * time.Second})
	hurried := outbound.NewClient(outbound.Options{Policy: here, Timeout: 50 * time.Millisecond})
	for _, tc := range []struct {
		client    *outbound.Client
		url, code string
	}{
		{c, closed.URL, "connection_failed"},
		{c, untrusted.URL, "tls_failed"},
		{c, strings.Replace(closed.URL, "http:", "https:", 1), "connection_failed"},
		{c, strings.Replace(hangs.URL, "http:", "https:", 1), "tls_failed"},
		{hurried, hangs.URL, "timed_out"},
		{c, "http://10.0.0.1", "ssrf_blocked"},
		{c, "http://me:s3cret@127.0.0.1", "bad_url"},
		{c, "ftp://127.0.0.1", "bad_url"},
		{c, "http://127.0.0.1:0", "bad_url"},
		{c, "http://", "bad_url"},
	} {
		_, err := get(t, tc.client, tc.url+"/s3cret?token=s3cret")
		wantCode(t, err, tc.code)
		if err != nil && strings.Contains(err.Error()+fault.MessageOf(err), "s3cret") {
			t.Errorf("%s: the error has the secret: %v", tc.url, err)
		}
		if outbound.Transient(err) != (fault.KindOf(err) == fault.Unavailable) {
			t.Errorf("%s: transient is %t", tc.url, outbound.Transient(err))
		}
	}
}

func TestDialer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	at := s.Listener.Addr().String()
	if _, err := (&outbound.Dialer{}).DialContext(t.Context(), "tcp", at); err == nil {
		t.Error("the zero dialer reaches this machine")
	}
	d := &outbound.Dialer{Policy: here}
	conn, err := d.DialContext(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	for network, address := range map[string]string{"unix": "/tmp/x:1", "udp": at, "tcp": "127.0.0.1", "tcp4": "127.0.0.1:0", "tcp6": ":80"} {
		_, err := d.DialContext(t.Context(), network, address)
		wantCode(t, err, "bad_address")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.DialContext(ctx, "tcp", at); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
