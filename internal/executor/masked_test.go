package executor

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
)

func TestSecretsAreMaskedInEachForm(t *testing.T) {
	t.Parallel()
	const secret, header = `canary "1"/é+=`, "canary-2"
	k := masksOf(job.Job{Nodes: []job.Step{{Connections: map[string]connection.Connection{"a": {
		Login: "ann", Password: secret, Hidden: []string{"headers"}, Options: map[string]any{"headers": map[string]any{"X": header}, "auth": "plain"},
	}}}}})
	inJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{
		secret, header, url.QueryEscape(secret), url.PathEscape(secret), string(inJSON), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("ann:" + secret)),
	} {
		m := k.message(job.Message{
			Message: "a " + form + " b",
			Error:   &job.Failure{Message: form, Problems: []fault.Problem{{Message: form}}, Rows: &job.Sample{Rows: [][]any{{form}}}},
			Table:   &job.Sample{Rows: [][]any{{1, form, []any{form}, map[string]any{"x": form}}}},
		})
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"canary", "Y2FuYXJ5", base64.StdEncoding.EncodeToString([]byte("ann:canary"))[:8]} {
			if strings.Contains(string(text), part) {
				t.Errorf("%s is said in %s", form, text)
			}
		}
		if m.Message != "a ******** b" && !strings.Contains(form, `\"`) {
			t.Errorf("the message is %q", m.Message)
		}
	}
	if m := masksOf(job.Job{}).message(job.Message{Message: "plain"}); m.Message != "plain" {
		t.Errorf("without secrets the message is %q", m.Message)
	}
}
