package triggers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
)

// secretPrefix begins the secrets of Standard Webhooks.
const secretPrefix = "whsec_"

// Bounds of a signed request.
const (
	// tolerance is how far a request's time may be from ours.
	tolerance = 5 * time.Minute
	// mostSignatures is how many signatures are looked at: a sender has two while it changes
	// its secret.
	mostSignatures = 8
	signatureMark  = "v1,"
)

// Signature is what a sender of Standard Webhooks says of a request.
type Signature struct {
	ID        string // webhook-id: the same when the request is sent again
	Timestamp string // webhook-timestamp: seconds since 1970
	Values    string // webhook-signature: one or several, with spaces between
	// Hub is X-Hub-Signature-256, which GitHub sends in the place of the others: of the
	// body alone.
	Hub string
}

// hubMark begins the signatures of GitHub.
const hubMark = "sha256="

// checkHub returns an Unknown fault unless s has GitHub's signature of body by a secret.
func (s Signature) checkHub(secret string, body []byte) error {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	text, is := strings.CutPrefix(s.Hub, hubMark)
	got, err := hex.DecodeString(text)
	if !is || err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return unsigned("X-Hub-Signature-256 is not that of this body")
	}
	return nil
}

// check returns an Unknown fault unless s is that of body, by a key and at now.
func (s Signature) check(key, body []byte, now time.Time) error {
	switch {
	case s.ID == "" || s.Timestamp == "" || s.Values == "":
		return unsigned("the request must be signed: it needs webhook-id, webhook-timestamp and webhook-signature, or X-Hub-Signature-256")
	case strings.Contains(s.ID, "."):
		return unsigned("webhook-id must have no dots")
	}
	seconds, err := strconv.ParseInt(s.Timestamp, 10, 64)
	if err != nil {
		return unsigned("webhook-timestamp must be seconds since 1970")
	}
	if away := now.Unix() - seconds; away > int64(tolerance/time.Second) || away < -int64(tolerance/time.Second) {
		return unsigned("webhook-timestamp is more than 5 minutes from the time of this server")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(s.ID + "." + s.Timestamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for _, one := range strings.Fields(s.Values)[:min(mostSignatures, len(strings.Fields(s.Values)))] {
		text, is := strings.CutPrefix(one, signatureMark)
		got, err := base64.StdEncoding.DecodeString(text)
		if is && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return unsigned("webhook-signature is not that of this body, webhook-id and webhook-timestamp")
}

// codeSignature is the code of requests whose signature is missing or wrong.
const codeSignature = "invalid_webhook_signature"

func unsigned(words string) error { return fault.New(fault.Unknown, "%s", words).With(codeSignature) }
