package auth

import (
	"crypto/rand"
	"hash/crc32"
	"regexp"
	"strings"
)

// KeyPrefix is what every API key begins with, for people and for programs that
// look for secrets where none should be.
const KeyPrefix = "brk_"

const (
	keyRandom   = 32 // characters, 190 bits
	keyChecksum = 6  // characters: the CRC-32 of what is before
	keyLength   = len(KeyPrefix) + keyRandom + keyChecksum
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewKey returns a new API key: KeyPrefix, 32 random letters and digits, and a
// checksum of 6.
func NewKey() string {
	key := make([]byte, 0, keyLength)
	key = append(key, KeyPrefix...)
	for len(key) < len(KeyPrefix)+keyRandom {
		key = appendRandom(key)
	}
	return string(appendChecksum(key))
}

// appendRandom appends one letter or digit, or now and then nothing: a byte from
// the rest that 62 leaves of 256 would make some characters likelier.
func appendRandom(key []byte) []byte {
	var b [1]byte
	_, _ = rand.Read(b[:]) // never fails: the program ends instead
	if int(b[0]) >= 256/len(base62)*len(base62) {
		return key
	}
	return append(key, base62[int(b[0])%len(base62)])
}

func appendChecksum(key []byte) []byte {
	sum := crc32.ChecksumIEEE(key)
	var digits [keyChecksum]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return append(key, digits[:]...)
}

// isKey reports whether s is a key that NewKey could have returned. It keeps
// typing errors and guesses away from the database, and proves nothing.
func isKey(s string) bool {
	if len(s) != keyLength || !strings.HasPrefix(s, KeyPrefix) {
		return false
	}
	body := []byte(s[:keyLength-keyChecksum])
	return string(appendChecksum(body)) == s && strings.Trim(s[len(KeyPrefix):], base62) == ""
}

// hexKey is the form of keys that Brokoli makes.
var hexKey = regexp.MustCompile(`^` + KeyPrefix + `[0-9a-f]{48}$`)

// IsServerKey reports whether s is fit to be the key of a server: one of NewKey,
// or one that Brokoli made.
func IsServerKey(s string) bool { return isKey(s) || hexKey.MatchString(s) }

// masked returns what may be shown of a key, so that people can tell theirs
// apart: its first eight characters and its last four.
func masked(key string) (prefix, last4 string) { return key[:8], key[len(key)-4:] }
