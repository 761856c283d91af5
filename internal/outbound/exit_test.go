package outbound_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// proxy is one for HTTP that answers everything itself, counts, and tells the name
// and the password that it was shown.
func proxy(t *testing.T) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, r.URL.String()+" "+r.Header.Get("Proxy-Authorization"))
	})
	return s.URL, asked
}

func TestAProxyIsHandedWhatMayBeReached(t *testing.T) {
	t.Parallel()
	address, asked := proxy(t)
	exit := outbound.Exit{Policy: outbound.Policy{Private: true, Own: []netip.AddrPort{netip.MustParseAddrPort("10.1.1.1:80")}}, Proxy: strings.Replace(address, "http://", "http://me:s3cret@", 1)}
	line, err := json.Marshal(exit)
	if err != nil {
		t.Fatal(err)
	}
	var there outbound.Exit
	if err := json.Unmarshal(line, &there); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(exit, there, gocmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("what arrives in another process: %s", diff)
	}
	c, err := there.Client(outbound.Options{Redirects: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"http://8.8.8.8/x", "http://10.2.3.4/x", "http://only.the-proxy.invalid/x"} {
		if text, err := get(t, c, to); err != nil || text != to+" Basic bWU6czNjcmV0" {
			t.Errorf("%s: %q, %v", to, text, err)
		}
	}
	before := asked.Load()
	for _, to := range []string{
		"http://127.0.0.1/", "http://localhost/", "http://x.localhost/", "http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "http://10.1.1.1/",
		"http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://１２７.０.０.１/", "http://①②⑦.0.0.1/", "http://[::ffff:127.0.0.1]/", "https://127.0.0.1/",
	} {
		_, err := get(t, c, to)
		wantCode(t, err, "ssrf_blocked")
	}
	if n := asked.Load() - before; n != 0 {
		t.Errorf("the proxy was asked %d times for what is refused", n)
	}
	_, err = get(t, c, "https://8.8.8.8/")
	wantCode(t, err, "connection_failed")
	if !fault.IsTransient(err) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the proxy has no way: %v", err)
	}
}

func TestAProxyIsNoWayRoundRedirects(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	c, err := outbound.Exit{Proxy: s.URL}.Client(outbound.Options{Redirects: 3})
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(t, c, "http://8.8.8.8/")
	wantCode(t, err, "ssrf_blocked")
}

func TestParseProxy(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "proxy", "proxy:3128", "socks5://proxy:1080", "http://", "http://proxy:0", "http://proxy/path", "http://a b/"} {
		if u, err := outbound.ParseProxy(wrong); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is read as %v, %v", wrong, u, err)
		}
		if _, err := (outbound.Exit{Proxy: wrong}).Client(outbound.Options{}); err == nil && wrong != "" {
			t.Errorf("%q makes a client", wrong)
		}
	}
	if u, err := outbound.ParseProxy(" https://me:pw@proxy.example:3128/ "); err != nil || u.String() != "https://me:pw@proxy.example:3128" {
		t.Errorf("%v, %v", u, err)
	}
}

func TestWhatMayPassIsMarked(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	dialer := outbound.Exit{Policy: here}.Dialer()
	_, err := dialer.DialContext(t.Context(), "tcp", closed.Listener.Addr().String())
	if !fault.IsTransient(err) {
		t.Errorf("refused: %v", err)
	}
	c := outbound.NewClient(outbound.Options{Policy: here})
	if _, err = get(t, c, closed.URL); !fault.IsTransient(err) {
		t.Errorf("refused: %v", err)
	}
	if _, err = get(t, c, "http://10.0.0.1/"); fault.IsTransient(err) {
		t.Errorf("not allowed: %v", err)
	}
}
