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
	"slices"
	"strings"
	"unicode"

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
type Box struct{ keys []key } // the first seals; all open

type key struct {
	kid  string
	aead cipher.AEAD
}

// Open returns the box with the key in a file, which is made when it is not there. A
// file that others may read, and one without a key, are errors.
func Open(path string) (*Box, error) {
	text, err := private.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := private.Make(path, []byte(NewKey()+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
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

// NewKey returns a key as Given reads it.
func NewKey() string {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // it never fails
	return base64.StdEncoding.EncodeToString(key)
}

// Given returns the box of keys that are written as base64, with space or commas between
// them. The first one seals, and the others open what was sealed before. Anything but 32
// bytes is an error, and so are 32 times the same byte.
func Given(text string) (*Box, error) {
	b := &Box{}
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		k, err := keyOf(one)
		if err != nil {
			return nil, err
		}
		b.keys = append(b.keys, k)
	}
	if len(b.keys) == 0 {
		return nil, errNoKey
	}
	return b, nil
}

var errNoKey = fmt.Errorf("must be %d random bytes in base64, such as `openssl rand -base64 %d` prints", KeySize, KeySize)

func keyOf(text string) (k key, err error) {
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(secret) != KeySize {
		return k, errNoKey
	}
	if strings.Count(string(secret), string(secret[:1])) == KeySize {
		return k, errors.New("must be random bytes: these are all the same")
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "broked sealed v1", KeySize)
	if err != nil {
		return k, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return k, err
	}
	sum := sha256.Sum256(append([]byte("broked sealed kid "), derived...))
	k.kid = hex.EncodeToString(sum[:4])
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// Key returns the name of the key that seals: the text behind the version in what it has
// sealed.
func (b *Box) Key() string { return b.keys[0].kid }

// Keys returns the names of all keys, that which seals first.
func (b *Box) Keys() []string {
	all := make([]string, len(b.keys))
	for i, k := range b.keys {
		all[i] = k.kid
	}
	return all
}

// Seal returns secret as it may be kept at a place.
func (b *Box) Seal(at Place, secret string) string {
	return version + b.Key() + ":" + base64.RawURLEncoding.EncodeToString(b.keys[0].aead.Seal(nil, nil, []byte(secret), at.data())) //nolint:gosec // the cipher makes the nonce
}

// Open returns the secret that was sealed for a place. What was sealed with another key,
// for another place or was changed since is an Unavailable fault with the code
// secret_unreadable.
func (b *Box) Open(at Place, text string) (string, error) {
	kid, rest, ok := strings.Cut(strings.TrimPrefix(text, version), ":")
	if !ok || !strings.HasPrefix(text, version) {
		return "", unreadable(errors.New("not a sealed text"))
	}
	i := slices.IndexFunc(b.keys, func(k key) bool { return k.kid == kid })
	if i < 0 {
		return "", unreadable(fmt.Errorf("sealed with key %s, and the key is %s", kid, b.Key()))
	}
	data, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return "", unreadable(err)
	}
	secret, err := b.keys[i].aead.Open(nil, nil, data, at.data())
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

// NoKey is the fault of needing a key on a machine that has none.
func NoKey() error {
	return fault.New(fault.Unavailable, "this machine has no key of secrets: start it with BROKOLI_ENCRYPTION_KEY_FILE, or BROKOLI_ENCRYPTION_KEY, of the server that keeps them").With("no_encryption_key")
}
