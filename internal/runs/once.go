package runs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// KeyLife is how long a request that comes again with the same key starts no other run.
const KeyLife = 24 * time.Hour

// maxKey is how long an idempotency key may be.
const maxKey = 255

// Once is a request to start a run that may come again. The zero Once is one that
// does not say so.
type Once struct {
	Scope   string // who asked, and where
	Key     string
	Request string // what they asked for, shortened: the same for the same
	// Life is how long it may come again, when that is longer than KeyLife.
	Life time.Duration
}

// CheckKey returns an Invalid fault when key cannot be one. Empty is none.
func CheckKey(key string) error {
	if len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fault.New(fault.Invalid, "Idempotency-Key must be at most %d printable ASCII characters", maxKey).With("bad_idempotency_key")
	}
	return nil
}

// once returns the Once of whoever is asking with key, which may be empty, for what
// asked says.
func once(ctx context.Context, key string, asked any) (Once, error) {
	if key == "" {
		return Once{}, nil
	}
	if err := CheckKey(key); err != nil {
		return Once{}, err
	}
	text, err := json.Marshal(asked)
	if err != nil {
		return Once{}, err
	}
	sum := sha256.Sum256(text)
	actor, _ := auth.ActorFrom(ctx)
	return Once{Scope: string(auth.HomeFrom(ctx)) + " " + actor.ID(), Key: key, Request: hex.EncodeToString(sum[:])}, nil
}
