package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"syscall"
	"testing"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// callSpec is a node that makes a call and tells what came of it in one row. Unless
// network is true it does not say so before, and goes past the guard.
var callSpec = node.Spec{
	Kind: "call", Category: node.Source,
	Settings: node.Schema{Type: node.TypeObject, Values: &node.Schema{}},
	New: func(config json.RawMessage) (node.Node, error) {
		var c call
		err := json.Unmarshal(config, &c)
		return c, err
	},
}

type call struct {
	URL     string `json:"url"`
	Network bool   `json:"network"`
}

func (c call) Open(_ context.Context, env node.Env) (node.Access, error) {
	if env.Out != nil {
		return node.Access{}, errors.New("there is a way out that nobody has asked for")
	}
	return node.Access{Network: c.Network}, nil
}

func (c call) Process(ctx context.Context, env node.Env, _ node.Rows, write func(batch.Batch) error) error {
	text, err := c.ask(ctx, env)
	if err != nil {
		return err
	}
	return write(batch.Batch{Rows: 1, Columns: []batch.Column{{Name: "text", Type: "VARCHAR", Kind: batch.Text, Texts: []string{text}}}})
}

func (c call) ask(ctx context.Context, env node.Env) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return "", err
	}
	if !c.Network {
		_, err := new(net.Dialer).DialContext(ctx, "tcp", req.URL.Host)
		return fmt.Sprintf("refused: %t, no way out: %t", errors.Is(err, syscall.EACCES), env.Out == nil), nil
	}
	client, err := env.Out.Client(outbound.Options{Redirects: 3})
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// TestNetworkOfAConfinedProcess makes calls from an engine that is shut in as the
// server does it.
func TestNetworkOfAConfinedProcess(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 4 {
		t.Skip("this machine's Landlock knows nothing of TCP")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	loopback := outbound.Policy{Private: true, Allow: outbound.Loopback()}
	for _, tc := range []struct {
		name, url string
		quiet     bool // the node does not say that it needs the network
		policy    outbound.Policy
		text      string
		code      string
	}{
		{name: "a node that asks", url: s.URL, policy: loopback, text: "hello"},
		{name: "a name", url: fmt.Sprintf("http://localhost:%d/", at.Port()), policy: loopback, text: "hello"},
		{name: "a node that does not ask", url: s.URL, policy: loopback, quiet: true, text: "refused: true, no way out: true"},
		{name: "this machine", url: s.URL, code: "ssrf_blocked"},
		{name: "this server", url: s.URL, policy: outbound.Policy{Allow: outbound.Loopback(), Own: []netip.AddrPort{at}}, code: "ssrf_blocked"},
		{name: "a cloud's credentials", url: "http://169.254.169.254/latest/meta-data", policy: loopback, code: "ssrf_blocked"},
		{name: "a private network", url: "http://10.0.0.1/", code: "ssrf_blocked"},
		{name: "a redirect to a cloud's credentials", url: s.URL + "/?to=http://169.254.169.254/", policy: loopback, code: "ssrf_blocked"},
		{name: "a redirect to a private network", url: s.URL + "/?to=http://192.168.0.1/", policy: outbound.Policy{Allow: outbound.Loopback()}, code: "ssrf_blocked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			j := w.job(fmt.Sprintf(`c call {"url": %q, "network": %t}`, tc.url, !tc.quiet), "")
			j.Out.Policy = tc.policy
			r, _, _ := inProcess(t, j)
			switch {
			case tc.code != "" && (r.end.Error == nil || r.end.Error.Code != tc.code):
				t.Errorf("%+v, want %s\n%s", r.end, tc.code, r.log)
			case tc.code == "" && (r.end.Status != job.Success || fmt.Sprint(r.previews["c"].Rows) != "[["+tc.text+"]]"):
				t.Errorf("%+v\n%s", r.end.Error, r.log)
			}
		})
	}
}

// TestScriptsHaveNoNetworkBesideNodesThatDo runs a script in an engine that may make
// connections.
func TestScriptsHaveNoNetworkBesideNodesThatDo(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 4 {
		t.Skip("this machine's Landlock knows nothing of TCP")
	}
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	w := newWorld(t, nil)
	script := fmt.Sprintf(`import socket
said = []
for port in (%d, 80):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        said.append("connected")
    except OSError as e:
        said.append(type(e).__name__)
try:
    open("/etc/resolv.conf").read()
    said.append("read")
except OSError as e:
    said.append(type(e).__name__)
output_data = {"columns": ["said"], "rows": [{"said": " ".join(said)}]}`, at.Port())
	config, err := json.Marshal(map[string]string{"script": script})
	if err != nil {
		t.Fatal(err)
	}
	j := w.job(fmt.Sprintf("c call {\"url\": %q, \"network\": true}\n py code %s", s.URL, config), "c>py")
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	r, _, _ := inProcess(t, j)
	if r.end.Status != job.Success {
		t.Fatalf("%+v\n%s", r.end.Error, r.log)
	}
	if said := fmt.Sprint(r.previews["py"].Rows); said != "[[PermissionError PermissionError PermissionError]]" {
		t.Errorf("the script: %s", said)
	}
}
