package hooks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/hooks"
)

// The first two are of the specification of Standard Webhooks and of its libraries.
func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		secret, id string
		at         int64
		body, want string
	}{
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	} {
		got, err := hooks.Sign(v.secret, hooks.DeliveryID(v.id), time.Unix(v.at, 0), []byte(v.body))
		if err != nil || got != v.want {
			t.Errorf("%s: %s, %v, want %s", v.secret, got, err, v.want)
		}
	}
	if _, err := hooks.Sign("whsec_?", "1", time.Unix(1, 0), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a bad secret: %v", err)
	}
}

func TestWhomAHookConcerns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		tag, pattern string
		want         bool
	}{
		{"", "", true},
		{"nightly", "", true},
		{"hourly", "", false},
		{"", "Sales [EU]/north", true},
		{"", "sales-eu-north", true},
		{"", "sales*", true},
		{"", "*north", true},
		{"", "s?les*", false},
		{"", "sales", false},
		{"hourly", "sales*", false},
		{"nightly", `\*`, false},
	} {
		s := hooks.Settings{Tag: tc.tag, Pipelines: tc.pattern}
		if got := s.Concerns("Sales [EU]/North", "sales-eu-north", []string{"nightly"}); got != tc.want {
			t.Errorf("tag %q, pipelines %q: %v", tc.tag, tc.pattern, got)
		}
	}
}

func TestNamesOfEvents(t *testing.T) {
	t.Parallel()
	p := hooks.Payload{Error: strings.Repeat("é", 2000)}
	if got := p.Named("on_failure", hooks.OnFailure); got.Event != "on_failure" || len([]rune(got.Error)) != 1001 {
		t.Errorf("%q, %d", got.Event, len([]rune(got.Error)))
	}
	for e, want := range map[hooks.Event]string{hooks.OnSuccess: "run.completed", hooks.OnFailure: "run.failed", hooks.OnCancel: "run.failed", hooks.Test: "test"} {
		if got := p.Named("webhook_url", e); got.Event != want {
			t.Errorf("%s is told as %s, want %s", e, got.Event, want)
		}
	}
}
