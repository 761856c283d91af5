package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"github.com/broked/broked/internal/fault"
)

// Cost of a password hash: argon2id with 19 MiB, two passes, one lane, which is
// OWASP's minimum and takes 20 to 30 ms.
const (
	hashMemory = 19 * 1024 // KiB
	hashTime   = 2
	hashLanes  = 1
	saltLen    = 16
	keyLen     = 32
)

// What a stored hash may ask for at most: a planted hash must not be a way to
// exhaust memory.
const (
	maxMemory = 256 * 1024 // KiB
	maxTime   = 10
	maxCost   = 14 // of bcrypt: a second or so
)

// Hashes that come from Brokoli are bcrypt's, which cuts longer passwords off.
const (
	bcryptPrefix = "$2"
	bcryptMost   = 72 // bytes
)

// Limits of passwords.
const (
	MinPassword = 8    // code points
	MaxPassword = 1024 // bytes
)

// hashQueue is how many sign-ins may wait for a core, and for how long.
const (
	hashQueue = 16
	hashWait  = 2 * time.Second
)

var errHash = errors.New("auth: the stored password hash is not readable")

// hasher computes password hashes, at most one per core at a time, because each
// takes 19 MiB.
type hasher struct {
	cores chan struct{}
	queue chan struct{}
}

func newHasher() *hasher {
	cores := runtime.NumCPU()
	return &hasher{cores: make(chan struct{}, cores), queue: make(chan struct{}, cores+hashQueue)}
}

// with runs f on a core of its own. When too many wait it is an Unavailable fault.
func (h *hasher) with(ctx context.Context, f func()) error {
	busy := fault.New(fault.Unavailable, "too many sign-ins at once: try again in a second").With("busy")
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return busy
	}
	timer := time.NewTimer(hashWait)
	defer timer.Stop()
	select {
	case h.cores <- struct{}{}:
		defer func() { <-h.cores }()
		f()
		return nil
	case <-timer.C:
		return busy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	var salt [saltLen]byte
	_, _ = rand.Read(salt[:]) // never fails: the program ends instead
	var key []byte
	err := h.with(ctx, func() { key = derive(password, salt[:], hashTime, hashMemory, hashLanes) })
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key)), nil
}

// verify reports whether password is the one that stored was made of, which is
// readable.
func (h *hasher) verify(ctx context.Context, password, stored string) (right bool, err error) {
	if strings.HasPrefix(stored, bcryptPrefix) {
		err := h.with(ctx, func() {
			right = len(password) <= bcryptMost && bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
		})
		return right, err
	}
	p, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	var key []byte
	if err := h.with(ctx, func() { key = derive(password, p.salt, p.time, p.memory, p.lanes) }); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, p.key) == 1, nil
}

// derive hashes the NFC form, so that é typed as one or as two code points is
// the same password.
func derive(password string, salt []byte, time, memory uint32, lanes uint8) []byte {
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, time, memory, lanes, keyLen)
}

// readable reports whether a stored hash can be verified, at a price that a
// sign-in may have.
func readable(stored string) bool {
	if strings.HasPrefix(stored, bcryptPrefix) {
		cost, err := bcrypt.Cost([]byte(stored))
		return err == nil && cost <= maxCost
	}
	_, err := parsePHC(stored)
	return err == nil
}

// outdated reports whether a readable hash was made otherwise than hash makes
// them.
func outdated(stored string) bool {
	p, err := parsePHC(stored)
	return err != nil || p.memory != hashMemory || p.time != hashTime || p.lanes != hashLanes || len(p.salt) != saltLen
}

type phc struct {
	memory, time uint32
	lanes        uint8
	salt, key    []byte
}

func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errHash
	}
	var p phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.lanes); err != nil {
		return phc{}, errHash
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	p.key, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(p.key) != keyLen || !p.affordable() {
		return phc{}, errHash
	}
	return p, nil
}

// affordable reports whether computing the hash costs no more than a hash may.
func (p phc) affordable() bool {
	return 0 < p.memory && p.memory <= maxMemory && 0 < p.time && p.time <= maxTime && p.lanes > 0
}

// checkPassword returns what is wrong with a new password for an account.
func checkPassword(name, password string) []fault.Problem {
	problem := func(format string, args ...any) []fault.Problem {
		return []fault.Problem{{Path: "password", Message: fmt.Sprintf(format, args...)}}
	}
	switch length := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return problem("is not UTF-8 text")
	case length < MinPassword:
		return problem("must have at least %d characters", MinPassword)
	case len(password) > MaxPassword:
		return problem("must have at most %d bytes", MaxPassword)
	case Canonical(password) == Canonical(name):
		return problem("must not be the user name")
	case strings.Count(password, string([]rune(password)[0])) == length:
		return problem("must not be one character repeated")
	case isCommon(password):
		return problem("is one of the most common passwords, which are tried first: choose another")
	}
	return nil
}

//go:embed common_passwords.txt
var commonPasswords string

// isCommon reports whether the whole password, folded, is in the list.
func isCommon(password string) bool {
	return strings.Contains(commonPasswords, "\n"+Canonical(password)+"\n")
}

func samePassword(a, b string) bool { return norm.NFC.String(a) == norm.NFC.String(b) }
