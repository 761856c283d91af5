package remote

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/broked/broked/internal/fault"
)

// hostKey is what a server must show.
type hostKey struct {
	keys         []ssh.PublicKey
	fingerprints []string
}

// parseHostKey reads lines with keys as ssh-keyscan and the files of OpenSSH have them, or
// with SHA256 fingerprints. Others are an Invalid fault.
func parseHostKey(text string) (*hostKey, error) {
	h := &hostKey{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case strings.HasPrefix(line, "SHA256:"):
			h.fingerprints = append(h.fingerprints, line)
			continue
		}
		key, err := parseKeyLine(line)
		if err != nil {
			return nil, badHostKey()
		}
		h.keys = append(h.keys, key)
	}
	if len(h.keys)+len(h.fingerprints) == 0 {
		return nil, badHostKey()
	}
	return h, nil
}

// parseKeyLine reads a key, with or without the name of a host before it.
func parseKeyLine(line string) (ssh.PublicKey, error) { //nolint:ireturn // x/crypto has no other type for it
	if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil {
		return key, nil
	}
	_, rest, _ := strings.Cut(line, " ")
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	return key, err
}

// CheckHostKey refuses what is no host key, as connections have it.
func CheckHostKey(text string) error {
	_, err := parseHostKey(text)
	return err
}

func badHostKey() error {
	return fault.New(fault.Invalid, "host_key must be what `ssh-keyscan -t ed25519 HOST` prints, or the server's fingerprint such as SHA256:…").With("bad_connection")
}

// algorithms asks the server for the sorts of keys that are known; nil for any.
func (h *hostKey) algorithms() []string {
	if len(h.fingerprints) > 0 {
		return nil
	}
	var all []string
	for _, key := range h.keys {
		if key.Type() == ssh.KeyAlgoRSA {
			all = append(all, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			continue
		}
		all = append(all, key.Type())
	}
	return all
}

// check refuses a server that shows another key.
func (h *hostKey) check(host string, shown ssh.PublicKey) error {
	for _, known := range h.keys {
		if known.Type() == shown.Type() && bytes.Equal(known.Marshal(), shown.Marshal()) {
			return nil
		}
	}
	fingerprint := ssh.FingerprintSHA256(shown)
	if slices.Contains(h.fingerprints, fingerprint) {
		return nil
	}
	return fault.New(fault.Denied, "%s shows another key than host_key: its fingerprint is %s. Somebody may be in between; change host_key only when whoever runs the server says that this is its key", host, fingerprint).With("host_key_differs")
}
