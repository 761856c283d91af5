// Package sealed encrypts secrets that are kept in the database and must be usable
// again, so that a copy of the database alone does not tell them. The key lies
// outside of it. A sealed text is bound to its place and opens nowhere else.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/private"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// version is what sealed texts begin with: the cipher, and how its key and its
// additional data are made.
const version = "enc:v1:"

// Place is where a sealed text is kept.
type Place struct {
	Table  string
	Row    string // its id
	Column string
}

// Box seals and opens. It may be used by any number of goroutines at once.
type Box struct {
	kid  string
	aead cipher.AEAD
}

// Open returns the box with the key in a file, which is made when it is not there. A
// file that others may read, and one without a key, are errors.
func Open(path string) (*Box, error) {
	text, err := private.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, KeySize)
		_, _ = rand.Read(key) // it never fails
		if err := private.Make(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("key of secrets: %w", err)
		}
		text, err = private.Read(path) // that of whoever made it first
	}
	if err != nil {
		return nil, fmt.Errorf("key of secrets: %w", err)
	}
	box, err := Given(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("key of secrets: %s: %w", path, err)
	}
	return box, nil
}

// Given returns the box of a key that is written as base64. Anything but 32 bytes is an
// error, and so are 32 times the same byte.
func Given(text string) (*Box, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("must be %d random bytes in base64, such as `openssl rand -base64 %d` prints", KeySize, KeySize)
	}
	if strings.Count(string(key), string(key[:1])) == KeySize {
		return nil, errors.New("must be random bytes: these are all the same")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "broked sealed v1", KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("broked sealed kid "), derived...))
	return &Box{kid: hex.EncodeToString(sum[:4]), aead: aead}, nil
}

// Seal returns secret as it may be kept at a place.
func (b *Box) Seal(at Place, secret string) string {
	return version + b.kid + ":" + base64.RawURLEncoding.EncodeToString(b.aead.Seal(nil, nil, []byte(secret), at.data())) //nolint:gosec // the cipher makes the nonce
}

// Open returns the secret that was sealed for a place. What was sealed with another key,
// for another place or was changed since is an Unavailable fault with the code
// secret_unreadable.
func (b *Box) Open(at Place, text string) (string, error) {
	kid, rest, ok := strings.Cut(strings.TrimPrefix(text, version), ":")
	if !ok || !strings.HasPrefix(text, version) {
		return "", unreadable(errors.New("not a sealed text"))
	}
	if kid != b.kid {
		return "", unreadable(fmt.Errorf("sealed with key %s, and the key is %s", kid, b.kid))
	}
	data, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return "", unreadable(err)
	}
	secret, err := b.aead.Open(nil, nil, data, at.data())
	if err != nil {
		return "", unreadable(err)
	}
	return string(secret), nil
}

func unreadable(cause error) error {
	return fault.Wrap(fault.Unavailable, cause, "a secret cannot be read with the key of this server: give it the key that it was kept with, or make the secret anew").With("secret_unreadable")
}

// data is what a sealed text is bound to. Lengths keep ("ab", "c") and ("a", "bc")
// apart.
func (p Place) data() []byte {
	var all []byte
	for _, part := range []string{"broked", "v1", p.Table, p.Row, p.Column} {
		all = binary.BigEndian.AppendUint32(all, uint32(len(part))) //nolint:gosec // names and ids
		all = append(all, part...)
	}
	return all
}
