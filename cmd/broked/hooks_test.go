package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/hooks"
)

// told is a request that a receiver of webhooks has got.
type told struct {
	id, signature, body string
	at                  time.Time
}

// TestHooksOutliveTheServer kills it between a run's end and the moment when a receiver
// has taken the event. The next server tells it, under the same id.
func TestHooksOutliveTheServer(t *testing.T) {
	t.Parallel()
	var takes atomic.Bool
	calls := make(chan told, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seconds, _ := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
		calls <- told{r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Signature"), string(body), time.Unix(seconds, 0)}
		if !takes.Load() {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	flags := []string{"--outbound-loopback", "all", "--public-url", "https://broked.example.com/"}
	s := serve(t, dir, flags...)
	var made struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	s.call("POST", "/api/hooks", `{"name":"all","type":"webhook","url":"`+receiver.URL+`","events":["on_success"],"enabled":true}`, 201, &made)
	s.call("POST", "/api/pipelines", `{"name":"p","nodes":[{"id":"in","type":"source_file","config":{"path":"p.csv"}}]}`, 201, nil)
	rows(t, dir, "p.csv", 3)
	var r runState
	s.call("POST", "/api/pipelines/p/run", "", 202, &r)
	first := <-calls
	s.kill()
	takes.Store(true)
	s = serve(t, dir, flags...)
	again := <-calls
	if again.id == "" || again.id != first.id || again.body != first.body {
		t.Errorf("told %+v, and before the kill %+v", again, first)
	}
	want, err := hooks.Sign(made.Secret, hooks.DeliveryID(again.id), again.at, []byte(again.body))
	if err != nil || again.signature != want {
		t.Errorf("signed %s, want %s, %v", again.signature, want, err)
	}
	var payload hooks.Payload
	if err := json.Unmarshal([]byte(again.body), &payload); err != nil || payload.Event != "on_success" || payload.Status != "success" ||
		string(payload.Run) != r.ID || payload.Link != "https://broked.example.com/runs/"+r.ID {
		t.Errorf("told %s, %v", again.body, err)
	}
	for state := ""; !strings.Contains(state, `"delivered"`); {
		state = s.call("GET", "/api/runs/"+r.ID+"/deliveries", "", 200, nil)
	}
	if len(calls) > 0 {
		t.Errorf("told once more: %+v", <-calls)
	}
}

func TestFlagsOfHooks(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]hookFlags{
		"address":   {PublicURL: "broked.example.com"},
		"query":     {PublicURL: "https://broked.example.com/?a=b"},
		"scheme":    {MailServer: "https://mail.example.com", MailFrom: "a@example.com"},
		"no sender": {MailServer: "smtp://mail.example.com"},
		"in clear":  {MailServer: "smtp+plain://a:b@mail.example.com", MailFrom: "a@example.com"},
		"port":      {MailServer: "smtp://mail.example.com:0", MailFrom: "a@example.com"},
	} {
		if err := f.checkHooks(); err == nil || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, f := range []hookFlags{{}, {PublicURL: "https://broked.example.com/x/"}, {MailServer: "smtps://a:b@mail.example.com", MailFrom: "Broked <a@example.com>"}} {
		if err := f.checkHooks(); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
