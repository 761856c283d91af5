package triggers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/strictjson"
)

// Request is a request to a webhook that was admitted.
type Request struct {
	Token     string
	Signature Signature
	// Key is the sender's own for this request, when it has no Signature.ID: with the same
	// one no other run is started.
	Key  string
	Body []byte // JSON, or empty
}

// DeliveryLife is how long a request that comes again starts no other run.
const DeliveryLife = 7 * 24 * time.Hour

// Fire starts a run by the request to a webhook, and returns it without waiting for it;
// replayed says that an earlier request with the same id has started it. Faults besides
// those of runs.Service: a signature that is missing or wrong is Unknown, and a webhook
// or pipeline that is switched off is a Conflict.
func (s *Service) Fire(ctx context.Context, w Webhook, r Request) (run runs.Run, replayed bool, err error) {
	ctx = auth.WithWorkspace(auth.WithActor(ctx, auth.Actor{Name: "webhook"}), w.Workspace)
	if w.Signed() {
		if err := r.checkSigned(w.Salt, time.Now()); err != nil {
			return runs.Run{}, false, err
		}
	}
	d, err := s.pipelines.Get(ctx, string(w.Pipeline))
	if err != nil {
		return runs.Run{}, false, err
	}
	switch {
	case w.Paused:
		return runs.Run{}, false, fault.New(fault.Conflict, "the webhook of %q is paused", d.Name).With("webhook_paused")
	case !d.Enabled:
		return runs.Run{}, false, fault.New(fault.Conflict, "%q is paused: nothing but people start it", d.Name).With("pipeline_paused")
	}
	start, err := startOf(w, d, r)
	if err != nil {
		return runs.Run{}, false, err
	}
	return s.runs.Trigger(ctx, string(d.ID), start)
}

// checkSigned returns an Unknown fault unless r is signed by the secret of a webhook with
// a salt. Standard Webhooks comes first, because it says when a request was sent.
func (r Request) checkSigned(salt []byte, now time.Time) error {
	key := secretOf(r.Token, salt)
	if r.Signature.Values == "" && r.Signature.Hub != "" {
		return r.Signature.checkHub(secretText(key), r.Body)
	}
	return r.Signature.check(key, r.Body, now)
}

// startOf returns what a request says of the run of d that it starts.
func startOf(w Webhook, d pipelines.Document, r Request) (runs.Start, error) {
	body := bytes.TrimSpace(r.Body)
	params, err := paramsOf(d, body)
	if err != nil {
		return runs.Start{}, err
	}
	start := runs.Start{Params: params, Cause: runs.ByWebhook}
	if len(body) > 0 && d.Has(SourceKind) {
		start.Input = body
	}
	key := r.Signature.ID
	if key == "" {
		key = r.Key
	}
	if err := runs.CheckKey(key); err != nil || key == "" {
		return start, err
	}
	sum := sha256.Sum256(body)
	start.Once = runs.Once{Scope: "webhook " + string(w.Pipeline), Key: key, Request: hex.EncodeToString(sum[:]), Life: DeliveryLife}
	return start, nil
}

// SourceKind is the kind of node that reads the body.
const SourceKind = "source_webhook"

// paramsOf returns the parameters that a body gives a run of d: the members of its
// member params, else its own: those that d declares, or, when it declares none and does
// not read the body as rows, all that are text, numbers, true or false.
func paramsOf(d pipelines.Document, body []byte) (map[string]string, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var whole jsontext.Value
	if err := strictjson.Decode(body, &whole); err != nil {
		return nil, err
	}
	if whole.Kind() != '{' {
		return nil, nil
	}
	var members map[string]jsontext.Value
	if err := strictjson.Decode(body, &members); err != nil {
		return nil, err
	}
	if given := members["params"]; given.Kind() == '{' {
		var params map[string]jsontext.Value
		if err := strictjson.Decode(given, &params); err != nil {
			return nil, err
		}
		return texts(params, func(string) bool { return true })
	}
	return texts(pick(d, members), func(name string) bool { _, declared := d.Parameters[name]; return declared })
}

// pick returns the members of a body that are parameters of d.
func pick(d pipelines.Document, members map[string]jsontext.Value) map[string]jsontext.Value {
	picked := map[string]jsontext.Value{}
	for name, value := range members {
		_, declared := d.Parameters[name]
		_, valued := d.Params[name]
		if (declared || valued || len(d.Parameters) == 0 && !d.Has(SourceKind)) && value.Kind() != 'n' {
			picked[name] = value
		}
	}
	return picked
}

// texts returns values as parameters are given. What cannot be one is a problem when it
// must be, and else left out.
func texts(values map[string]jsontext.Value, must func(name string) bool) (map[string]string, error) {
	params := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, ok := text(values[name])
		if !ok && must(name) {
			return nil, fault.Rejected("the run cannot be started", []fault.Problem{{Path: "params." + name, Message: "must be text, a number, or true or false"}})
		}
		if ok {
			params[name] = value
		}
	}
	return params, nil
}

// text returns a value that is text, a number or a truth. Numbers keep their digits.
func text(v jsontext.Value) (string, bool) {
	kind := v.Kind()
	if kind == '"' {
		b, err := jsontext.AppendUnquote(nil, v)
		return string(b), err == nil
	}
	scalar := kind == '0' || kind == 't' || kind == 'f'
	return string(v), scalar
}
