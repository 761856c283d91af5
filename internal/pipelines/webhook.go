package pipelines

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"slices"
)

// webhookToken is what a token of a webhook must look like.
var webhookToken = regexp.MustCompile(`^[!-~]{20,255}$`)

// NewWebhookToken returns a token for a webhook: whk_ and 48 hexadecimal digits.
func NewWebhookToken() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // it never fails; it ends the program instead
	return "whk_" + hex.EncodeToString(b[:])
}

// TokenEnd returns by what people tell a token from others.
func TokenEnd(token string) string { return token[max(0, len(token)-4):] }

// Has reports whether a node of d is of a kind.
func (d Document) Has(kind string) bool {
	return slices.ContainsFunc(d.Nodes, func(n Node) bool { return n.Type == kind })
}

func (d Document) checkWebhook(f *Findings) {
	if d.WebhookToken != "" && !webhookToken.MatchString(d.WebhookToken) {
		f.add("webhook_token", "must be 20 to 255 printable characters without spaces: a short one can be guessed")
	}
}
