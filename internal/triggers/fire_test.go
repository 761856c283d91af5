package triggers

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

func TestParametersOfBodies(t *testing.T) {
	t.Parallel()
	free := pipelines.Document{}
	reads := pipelines.Document{Nodes: []pipelines.Node{{ID: "a", Type: SourceKind}}}
	declares := pipelines.Document{Parameters: map[string]pipelines.Parameter{"n": {Type: pipelines.IntegerParameter}}, Params: map[string]string{"m": "1"}}
	for name, tc := range map[string]struct {
		of    pipelines.Document
		body  string
		want  map[string]string
		wrong string // what the fault says
	}{
		"nothing":                         {of: free, body: ""},
		"a list":                          {of: free, body: `[1]`},
		"text":                            {of: free, body: `"x"`},
		"members":                         {of: free, body: `{"a":"x","b":1e3,"c":true,"d":null,"e":[1],"f":{"g":1}}`, want: map[string]string{"a": "x", "b": "1e3", "c": "true"}},
		"digits stay":                     {of: free, body: `{"id":12345678901234567890}`, want: map[string]string{"id": "12345678901234567890"}},
		"escapes":                         {of: free, body: `{"a":"\u0041\n"}`, want: map[string]string{"a": "A\n"}},
		"templates are data":              {of: free, body: `{"a":"${var.x} {{x}} '; DROP TABLE x; --"}`, want: map[string]string{"a": "${var.x} {{x}} '; DROP TABLE x; --"}},
		"rows are no parameters":          {of: reads, body: `{"a":"x"}`, want: map[string]string{}},
		"rows and params":                 {of: reads, body: `{"a":"x","params":{"b":"y"}}`, want: map[string]string{"b": "y"}},
		"those that are declared":         {of: declares, body: `{"n":1,"m":2,"o":3}`, want: map[string]string{"n": "1", "m": "2"}},
		"declared and null":               {of: declares, body: `{"n":null}`, want: map[string]string{}},
		"declared and nested":             {of: declares, body: `{"n":{}}`, wrong: "params.n"},
		"with a value of its own, nested": {of: declares, body: `{"m":[]}`, want: map[string]string{}},
		"params: null":                    {of: free, body: `{"params":{"a":null}}`, wrong: "params.a"},
		"params is text":                  {of: free, body: `{"params":"a"}`, want: map[string]string{"params": "a"}},
		"half":                            {of: free, body: `{"a":`, wrong: "not JSON"},
		"twice":                           {of: free, body: `{"a":1,"a":2}`, wrong: "twice"},
		"deep":                            {of: free, body: strings.Repeat("[", 100) + strings.Repeat("]", 100), wrong: "levels deep"},
	} {
		got, err := paramsOf(tc.of, []byte(tc.body))
		if tc.wrong != "" {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("%s: %v, want a fault with %q", name, err, tc.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestKnownSignature checks against the example of the specification of Standard
// Webhooks.
func TestKnownSignature(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	s := Signature{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp: "1614265330", Values: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
	if err := s.check(key, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

// FuzzSignature: whatever a stranger sends is refused, and with words.
func FuzzSignature(f *testing.F) {
	now := time.Unix(1614265330, 0)
	f.Add("msg_1", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte("{}"))
	f.Add("", "", "", []byte{})
	f.Add("a", "9223372036854775807", strings.Repeat("v1, ", 100), []byte("x"))
	f.Add("a", "-9223372036854775808", "v1,====", []byte("x"))
	f.Fuzz(func(t *testing.T, id, at, values string, body []byte) {
		err := Signature{ID: id, Timestamp: at, Values: values}.check([]byte("key that nobody knows"), body, now)
		if fault.KindOf(err) != fault.Unknown || fault.CodeOf(err) != codeSignature {
			t.Errorf("%v", err)
		}
		if seconds, err := strconv.ParseInt(at, 10, 64); err == nil && values != "" {
			other := Signature{ID: id, Timestamp: strconv.FormatInt(seconds, 10), Values: values}
			if other.check(nil, body, now) == nil {
				t.Error("an empty key signs")
			}
		}
	})
}
