package outbound

import (
	"slices"
	"strings"
	"unicode"
)

// shownOfAnswer is how many characters of what a server said people are shown.
const shownOfAnswer = 300

// Said returns what a server said in one line without control characters, at most 300
// characters of it, and without the secrets that it was told; those of fewer than four
// bytes are no secrets.
func Said(text string, secrets ...string) string {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, "********")
		}
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "�"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(text); len(runes) > shownOfAnswer {
		text = string(runes[:shownOfAnswer]) + "…"
	}
	return text
}
