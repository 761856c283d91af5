package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/private"
	"github.com/broked/broked/internal/strictjson"
)

// MinSecret is the least length of a key that session tokens are signed with, in
// bytes.
const MinSecret = 32

// maxRetired is how many keys may verify beside the one that signs.
const maxRetired = 100

// SigningKeys are the keys of session tokens and device cookies. One signs; those
// that it took the place of verify for as long as a session lasts. Any number of
// goroutines may use it.
type SigningKeys struct {
	active, retired string // files; "" when the key was given
	rotating        sync.Mutex
	ring            atomic.Pointer[[]signingKey] // the first one signs
}

// signingKey is a key. Its id tells keys apart without telling the key.
type signingKey struct {
	id      string
	key     []byte
	headers [len(kinds)]string // what its tokens begin with, by kind
	ends    time.Time          // when it stops verifying; zero while it signs
}

func newSigningKey(key []byte, ends time.Time) signingKey {
	sum := sha256.Sum256(append([]byte("broked kid "), key...))
	k := signingKey{id: hex.EncodeToString(sum[:4]), key: key, ends: ends}
	for i, kind := range kinds {
		k.headers[i] = tokenHeader(kind, k.id)
	}
	return k
}

func (k signingKey) verifies(now time.Time) bool { return k.ends.IsZero() || now.Before(k.ends) }

// signing returns the key that signs.
func (s *SigningKeys) signing() signingKey { return (*s.ring.Load())[0] }

// find returns the key of whose tokens a kind begins with header, and that kind,
// if the key verifies at now.
func (s *SigningKeys) find(header string, now time.Time) (signingKey, tokenKind, bool) {
	for _, k := range *s.ring.Load() {
		if i := slices.Index(k.headers[:], header); i >= 0 && k.verifies(now) {
			return k, kinds[i], true
		}
	}
	return signingKey{}, "", false
}

// any reports whether ok holds for a key that verifies at now.
func (s *SigningKeys) any(now time.Time, ok func(key []byte) bool) bool {
	return slices.ContainsFunc(*s.ring.Load(), func(k signingKey) bool { return k.verifies(now) && ok(k.key) })
}

// GivenSigningKey returns keys that are one alone, which is in no file and cannot
// be rotated.
func GivenSigningKey(secret []byte) (*SigningKeys, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the JWT secret has %d bytes, it needs at least %d", len(secret), MinSecret)
	}
	s := &SigningKeys{}
	s.ring.Store(&[]signingKey{newSigningKey(secret, time.Time{})})
	return s, nil
}

// OpenSigningKeys returns the keys in two files, which only their owner may read:
// active holds the one that signs, and is made when it is not there; retired
// holds those before it. Of several processes that make the first key at once one
// wins, and all use the same.
func OpenSigningKeys(active, retired string, now time.Time) (*SigningKeys, error) {
	key, err := readSecret(active)
	if errors.Is(err, fs.ErrNotExist) {
		err = private.Make(active, []byte(id.Secret()))
		if err == nil || errors.Is(err, fs.ErrExist) {
			key, err = readSecret(active)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	before, over, err := readRetired(retired, now)
	if err != nil {
		return nil, fmt.Errorf("retired signing keys: %w", err)
	}
	signs := newSigningKey(key, time.Time{})
	// A rotation that was cut short leaves the key that still signs among them.
	before = slices.DeleteFunc(before, func(k signingKey) bool { return k.id == signs.id })
	s := &SigningKeys{active: active, retired: retired}
	s.ring.Store(new(append([]signingKey{signs}, before...)))
	if over {
		err = s.writeRetired(before)
	}
	return s, err
}

// readSecret returns the key in a file.
func readSecret(path string) ([]byte, error) {
	text, err := private.Read(path)
	if err != nil {
		return nil, err
	}
	// Brokoli writes 32 raw bytes; ours is text. White space at the end of text is
	// an editor's, not the secret's.
	secret := []byte(strings.TrimRight(string(text), "\r\n"))
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("%s holds %d bytes, it needs at least %d", path, len(secret), MinSecret)
	}
	return secret, nil
}

// retiredKeys is what the file of retired keys holds.
type retiredKeys struct {
	Retired []retiredKey `json:"retired"`
}

type retiredKey struct {
	Key  []byte    `json:"key"`
	Ends time.Time `json:"ends"`
}

// readRetired returns the keys in a file that verify at now, and whether there
// are others in it.
func readRetired(path string, now time.Time) (keys []signingKey, over bool, err error) {
	text, err := private.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var file retiredKeys
	if err := strictjson.Decode(text, &file); err != nil {
		return nil, false, fmt.Errorf("%s is damaged (%w): delete it, which ends the sessions from before the last rotation", path, err)
	}
	for _, k := range file.Retired {
		if len(k.Key) < MinSecret || k.Ends.IsZero() {
			return nil, false, fmt.Errorf("%s is damaged: delete it, which ends the sessions from before the last rotation", path)
		}
		if key := newSigningKey(k.Key, k.Ends); key.verifies(now) {
			keys = append(keys, key)
		} else {
			over = true
		}
	}
	return keys, over, nil
}

func (s *SigningKeys) writeRetired(keys []signingKey) error {
	file := retiredKeys{Retired: []retiredKey{}}
	for _, k := range keys {
		file.Retired = append(file.Retired, retiredKey{Key: k.key, Ends: k.ends})
	}
	text, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return private.Replace(s.retired, text)
}

// rotate makes a new key that signs from now on. The one before it, and those
// before that, go on verifying until the tokens that they signed have ended, or
// not at all with revokeAll. It returns when the last of them ends, or zero.
func (s *SigningKeys) rotate(now time.Time, revokeAll bool) (ends time.Time, err error) {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	if s.active == "" {
		return time.Time{}, fault.New(fault.Conflict, "the signing key is the one in BROKOLI_JWT_SECRET: put another there and start the server again, which signs everybody out").With("key_given")
	}
	var before []signingKey
	if !revokeAll {
		ends = now.Add(SessionLife)
		if before, err = s.retiring(now, ends); err != nil {
			return time.Time{}, err
		}
	}
	next := newSigningKey([]byte(id.Secret()), time.Time{})
	// In this order: a crash between the two leaves the key that signs as it was,
	// and never one that signed without one that verifies.
	if err := s.writeRetired(before); err != nil {
		return time.Time{}, fmt.Errorf("retire signing key: %w", err)
	}
	if err := private.Replace(s.active, next.key); err != nil {
		return time.Time{}, fmt.Errorf("new signing key: %w", err)
	}
	s.ring.Store(new(append([]signingKey{next}, before...)))
	return ends, nil
}

// retiring returns the keys that go on verifying once the one that signs now does
// not any longer.
func (s *SigningKeys) retiring(now, ends time.Time) ([]signingKey, error) {
	keys := slices.Clone(*s.ring.Load())
	keys[0].ends = ends
	keys = slices.DeleteFunc(keys, func(k signingKey) bool { return !k.verifies(now) })
	if len(keys) > maxRetired {
		return nil, fault.New(fault.Conflict, "%d keys of the last 24 hours still verify: wait, or revoke them all", maxRetired).With("too_many_keys")
	}
	return keys, nil
}
