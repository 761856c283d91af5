package engine_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/outbound"
)

// notified runs 3 rows into a notify node with settings.
func notified(t *testing.T, policy outbound.Policy, settings string) report {
	t.Helper()
	w := newWorld(t, map[string]string{"in.csv": "id\n1\n2\n3\n"})
	j := w.job("in source_file {\"path\": \"in.csv\"}\n out notify "+settings, "in>out")
	j.Name, j.Out.Policy = "Daily", policy
	return execute(t.Context(), t, j)
}

func TestWebhooksAreNotified(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		if r.URL.Path == "/refuse/s3cret" {
			http.Error(w, "invalid_token", http.StatusForbidden)
		}
	}))
	t.Cleanup(s.Close)
	here := outbound.Policy{Allow: outbound.Loopback()}
	for settings, want := range map[string]string{
		`{"webhook_url": "` + s.URL + `"}`: `"message":"Daily: 3 rows","pipeline":"Daily","row_count":3,"run_id":"r","timestamp":"`,
		`{"webhook_url": "` + s.URL + `", "notify_type": "teams", "message": "{{run_id}} \"{{rows}}\""}`: `"body":[{"text":"r \"3\"","type":"TextBlock","wrap":true}]`,
	} {
		r := notified(t, here, settings)
		if r.end.Status != job.Success || *r.nodes["out"].Rows != 3 || len(r.previews["out"].Rows) != 3 {
			t.Errorf("%s: %+v", settings, r.end.Error)
			continue
		}
		if body := <-bodies; !strings.Contains(body, want) || !json.Valid([]byte(body)) {
			t.Errorf("%s: %s", settings, body)
		}
	}
	r := notified(t, here, `{"webhook_url": "`+s.URL+`/refuse/s3cret"}`)
	if r.end.Error == nil || r.end.Error.Message != "127.0.0.1 answered 403 Forbidden: invalid_token" {
		t.Errorf("%+v", r.end.Error)
	}
	r = notified(t, outbound.Policy{}, `{"webhook_url": "`+s.URL+`"}`)
	if r.end.Error == nil || r.end.Error.Code != "ssrf_blocked" {
		t.Errorf("%+v", r.end.Error)
	}
}

// postOffice is a mail server that takes one message a connection. It offers
// STARTTLS with no certificate to it, and refuses receivers that begin with no.
func postOffice(t *testing.T) (port int, mails <-chan string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	taken := make(chan string, 10)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go talk(conn, taken)
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port, taken
}

func talk(conn net.Conn, taken chan<- string) {
	defer conn.Close()
	fmt.Fprint(conn, "220 here\r\n")
	var mail strings.Builder
	inside := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		mail.WriteString(line + "\n")
		answer := "250 ok"
		switch {
		case line == "QUIT":
			answer = "221 bye"
		case inside && line != ".":
			continue
		case inside:
			inside = false
			taken <- mail.String()
		case strings.HasPrefix(line, "EHLO"):
			answer = "250-here\r\n250 STARTTLS"
		case strings.HasPrefix(line, "STARTTLS"):
			answer = "220 go on\r\nthis is no TLS"
		case strings.HasPrefix(line, "RCPT TO:<no"):
			answer = "550 no such person"
		case line == "DATA":
			inside, answer = true, "354 go on"
		}
		if _, err := fmt.Fprint(conn, answer+"\r\n"); err != nil {
			return
		}
	}
}

func TestMailIsSent(t *testing.T) {
	t.Parallel()
	port, mails := postOffice(t)
	settings := func(more string) string {
		return fmt.Sprintf(`{"notify_type": "email", "smtp_host": "127.0.0.1", "smtp_port": %d, "from": "Broked <broked@example.com>", "subject": "{{pipeline}} ü", "message": "{{rows}} rows\n.\nend" %s}`, port, more)
	}
	here := outbound.Policy{Allow: outbound.Loopback()}
	r := notified(t, here, settings(`, "smtp_security": "none", "to": ["ann@example.com", "Bob <bob@example.com>"]`))
	if r.end.Status != job.Success {
		t.Fatalf("%+v", r.end.Error)
	}
	mail := <-mails
	for _, want := range []string{"MAIL FROM:<broked@example.com>", "RCPT TO:<ann@example.com>", "RCPT TO:<bob@example.com>", "Subject: =?UTF-8?q?Daily_=C3=BC?=", "\n3 rows\n..\nend"} {
		if !strings.Contains(mail, want) {
			t.Errorf("no %q in %s", want, mail)
		}
	}
	for more, code := range map[string]string{
		`, "smtp_security": "none", "to": ["nobody@example.com"]`:                          "mail_failed",
		`, "to": ["ann@example.com"], "smtp_user": "me", "smtp_password": "s3cret-s3cret"`: "mail_failed",
		`, "to": ["ann@example.com"], "smtp_security": "tls"`:                              "mail_failed",
	} {
		r := notified(t, here, settings(more))
		if r.end.Error == nil || r.end.Error.Code != code || strings.Contains(r.end.Error.Message, "s3cret") {
			t.Errorf("%s: %+v", more, r.end.Error)
		}
	}
	if r := notified(t, outbound.Policy{}, settings(`, "to": ["ann@example.com"]`)); r.end.Error == nil || r.end.Error.Code != "ssrf_blocked" {
		t.Errorf("%+v", r.end.Error)
	}
	if len(mails) != 0 {
		t.Errorf("sent without encryption, or to nobody: %s", <-mails)
	}
}

func TestSettingsOfNotify(t *testing.T) {
	t.Parallel()
	for settings, path := range map[string]string{
		`{}`:                      "webhook_url",
		`{"webhook_url": "/api"}`: "webhook_url",
		`{"webhook_url": "http://x", "channel": "#a"}`:                                                                            "channel",
		`{"notify_type": "slack", "webhook_url": "http://x", "headers": {"a": "b"}}`:                                              "headers",
		`{"notify_type": "fax", "webhook_url": "http://x"}`:                                                                       "notify_type",
		`{"notify_type": "email"}`:                                                                                                "smtp_host",
		`{"notify_type": "email", "smtp_host": "x", "from": "a@b.c"}`:                                                             "to",
		`{"notify_type": "email", "smtp_host": "x", "from": "a@b.c\r\nBcc: x@y.z", "to": ["a@b.c"]}`:                              "from",
		`{"notify_type": "email", "smtp_host": "x", "from": "a@b.c", "to": ["nobody"]}`:                                           "to",
		`{"notify_type": "email", "smtp_host": "x", "from": "a@b.c", "to": ["a@b.c"], "smtp_user": "u", "smtp_security": "none"}`: "smtp_security",
		`{"notify_type": "email", "smtp_host": "x", "from": "a@b.c", "to": ["a@b.c"], "smtp_password": "u"}`:                      "smtp_user",
	} {
		for _, spec := range nodes.All() {
			if spec.Kind != "notify" {
				continue
			}
			if _, problems := spec.Build(json.RawMessage(settings)); len(problems) != 1 || problems[0].Path != path {
				t.Errorf("%s: %+v", settings, problems)
			}
		}
	}
}

// TestNotificationsGoByConnections sees that addresses and sign-ins are taken from connections,
// and only from those that fit.
func TestNotificationsGoByConnections(t *testing.T) {
	t.Parallel()
	port, mails := postOffice(t)
	bodies := make(chan string, 10)
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- r.URL.Path + " " + string(body)
	}))
	t.Cleanup(chat.Close)
	known := map[string]connection.Connection{
		"office": {Name: "office", Type: connection.SMTP, Host: "127.0.0.1", Port: port, Options: map[string]any{"security": "none", "from": "b@example.com"}},
		"silent": {Name: "silent", Type: connection.SMTP, Host: "127.0.0.1", Port: port, Options: map[string]any{"security": "none"}},
		"chat":   {Name: "chat", Type: connection.Slack, Password: chat.URL + "/services/s3cret"},
		"empty":  {Name: "empty", Type: connection.Slack},
		"web":    {Name: "web", Type: connection.HTTP, Host: chat.URL},
	}
	for _, c := range []struct{ settings, sent, path string }{
		{`{"notify_type": "email", "conn_id": "office", "to": ["ann@example.com"]}`, "MAIL FROM:<b@example.com>", ""},
		{`{"notify_type": "email", "conn_id": "silent", "from": "c@example.com", "to": ["ann@example.com"]}`, "MAIL FROM:<c@example.com>", ""},
		{`{"notify_type": "slack", "conn_id": "chat", "message": "{{rows}} rows"}`, `/services/s3cret {"text":"3 rows"}`, ""},
		{`{"notify_type": "slack", "conn_id": "web", "webhook_url": "/x", "message": "{{rows}} rows"}`, `/x {"text":"3 rows"}`, ""},
		{`{"notify_type": "email", "conn_id": "silent", "to": ["ann@example.com"]}`, "", "from"},
		{`{"notify_type": "email", "conn_id": "chat", "to": ["ann@example.com"]}`, "", "conn_id"},
		{`{"notify_type": "email", "conn_id": "office", "smtp_host": "x", "to": ["ann@example.com"]}`, "", "smtp_host"},
		{`{"notify_type": "webhook", "conn_id": "chat"}`, "", "conn_id"},
		{`{"notify_type": "slack", "conn_id": "office"}`, "", "conn_id"},
		{`{"notify_type": "slack", "conn_id": "empty"}`, "", "conn_id"},
		{`{"notify_type": "slack", "conn_id": "chat", "webhook_url": "/x"}`, "", "webhook_url"},
	} {
		w := newWorld(t, map[string]string{"in.csv": "id\n1\n2\n3\n"})
		j := w.job("in source_file {\"path\": \"in.csv\"}\n out notify "+c.settings, "in>out")
		j.Name, j.Out.Policy = "Daily", outbound.Policy{Allow: outbound.Loopback()}
		for i := range j.Nodes {
			j.Nodes[i].Connections = known
		}
		r := execute(t.Context(), t, j)
		if c.path != "" {
			if r.end.Error == nil || !strings.Contains(fmt.Sprint(r.end.Error.Problems), c.path) || strings.Contains(fmt.Sprint(*r.end.Error), "s3cret") {
				t.Errorf("%s: %+v", c.settings, r.end.Error)
			}
			continue
		}
		if r.end.Status != job.Success {
			t.Errorf("%s: %+v", c.settings, r.end.Error)
			continue
		}
		got := ""
		select {
		case got = <-mails:
		case got = <-bodies:
		}
		if !strings.Contains(got, c.sent) {
			t.Errorf("%s: sent %s", c.settings, got)
		}
	}
}
