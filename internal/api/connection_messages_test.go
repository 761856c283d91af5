package api_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/outbound"
)

// mailServer says what a mail server says before a mail comes: without encryption, and with a sign-in
// that it refuses.
func mailServer(t *testing.T) net.Addr {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprint(conn, "220 here\r\n")
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					answer := "250 ok"
					if strings.HasPrefix(lines.Text(), "QUIT") {
						answer = "221 bye"
					}
					if _, err := fmt.Fprint(conn, answer+"\r\n"); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr()
}

// TestConnectionsOfMessages makes and tests connections that tell people something, and those
// that only hold values.
func TestConnectionsOfMessages(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Connections.Out = func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} }
	}).withAccounts()
	at := mailServer(t)
	_, port, err := net.SplitHostPort(at.String())
	must(t, err)
	for members, has := range map[string]string{
		`"type":"smtp","host":"127.0.0.1","port":PORT,"options":{"security":"none"}`:   `"success":true`,
		`"type":"smtp","host":"127.0.0.1","port":PORT`:                                 `"failed":"tls"`,
		`"type":"smtp","host":"127.0.0.1","port":PORT,"login":"a","password":"canary"`: `"failed":"tls"`,
		`"type":"smtp","host":"127.0.0.1","port":PORT,"options":{"security":"tls"}`:    `"failed":"tls"`,
		`"type":"smtp","host":"localhost","port":1`:                                    `"failed":"refused"`,
		`"type":"smtp","host":"10.1.2.3"`:                                              `"failed":"blocked"`,
		`"type":"slack","password":"http://127.0.0.1:PORT/canary"`:                     `"success":true`,
		`"type":"slack","password":"canary"`:                                           `"failed":"secret"`,
		`"type":"slack"`:                                                               `"failed":"secret"`,
		`"type":"slack","password":"http://localhost:1/canary"`:                        `"failed":"refused"`,
		`"type":"generic","host":"127.0.0.1","port":PORT`:                              `"success":true`,
		`"type":"generic","host":"somewhere"`:                                          `"success":true`,
		`"type":"generic","host":"localhost","port":1`:                                 `"failed":"refused"`,
	} {
		body := `{"connection":{` + strings.ReplaceAll(members, "PORT", port) + "}}"
		w.run(scenario{name: members, as: auth.Editor, method: "POST", path: "/api/test-connection", body: body, want: 200, has: []string{has}, hasNot: []string{"canary"}})
	}
	for _, sc := range []scenario{
		{name: "a password without encryption", body: `{"conn_id":"x","type":"smtp","host":"h","login":"a","options":{"security":"none"}}`, want: 400, has: []string{`"path":"options.security"`}},
		{name: "no sender", body: `{"conn_id":"x","type":"smtp","host":"h","options":{"from":"nobody"}}`, want: 400, has: []string{`"path":"options.from"`}},
		{name: "no mail server", body: `{"conn_id":"x","type":"smtp"}`, want: 400, has: []string{`"path":"host"`}},
		{name: "a chat with a host", body: `{"conn_id":"x","type":"slack","host":"h"}`, want: 400, has: []string{`"path":"host"`}},
		{name: "a secret that nobody uses", body: `{"conn_id":"x","type":"generic","host":"h","password":"canary"}`, want: 400, has: []string{`"path":"password"`}},
		{name: "mail", body: `{"conn_id":"office","type":"smtp","host":"h","login":"a","password":"canary","options":{"from":"a@example.com"}}`, want: 201, has: []string{"encrypted://"}},
		{name: "chat", body: `{"conn_id":"team","type":"slack","password":"https://hooks.example.com/canary"}`, want: 201, has: []string{"encrypted://"}},
	} {
		sc.as, sc.method, sc.path, sc.hasNot = auth.Editor, "POST", "/api/connections", []string{"canary"}
		w.run(sc)
	}
}
