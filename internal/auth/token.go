package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
)

const (
	issuer   = "broked"
	audience = "broked"
	maxToken = 4096
)

// claims are what a session token says. The role in it is for clients: the
// server takes the role from the account.
type claims struct {
	Subject   string `json:"sub"`
	Username  string `json:"username"`
	Role      Role   `json:"role"`
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// signer makes and reads session tokens: JWT (RFC 7519) signed by HS256.
type signer struct {
	keys *SigningKeys
}

// newTokenID returns 16 random bytes in base64url.
func newTokenID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the program ends instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// sessionOf returns the id of the session that a token id belongs to. The
// database holds only this, so that a copy of it is no key.
func sessionOf(jti string) SessionID {
	sum := sha256.Sum256([]byte(jti))
	return SessionID(hex.EncodeToString(sum[:]))
}

func (s *signer) sign(c claims) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": c.Subject, "username": c.Username, "role": c.Role, "iss": c.Issuer, "aud": c.Audience,
		"jti": c.ID, "iat": c.IssuedAt, "exp": c.ExpiresAt,
	})
	key := s.keys.signing()
	t.Header["kid"] = key.id
	signed, err := t.SignedString(key.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// tokenHeader returns what every token begins with that the key with an id has
// signed.
func tokenHeader(kid string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"` + kid + `","typ":"JWT"}`))
}

// read returns the claims of a token of ours. A library reads more than we write
// (other headers, other spellings of a signature, members twice), so a token
// must begin and end with the very text that we would write, and only then is
// looked into. Whatever is wrong, the caller learns one thing: it is not valid.
func (s *signer) read(token string, now time.Time) (claims, error) {
	bad := func(cause error) (claims, error) {
		return claims{}, fault.Wrap(fault.Unknown, cause, "the token is not valid or has expired: sign in again").With("invalid_token")
	}
	if len(token) > maxToken {
		return bad(nil)
	}
	signed, signature, _ := cutLast(token)
	header, payload, _ := strings.Cut(signed, ".")
	key, known := s.keys.find(header, now)
	if !known {
		return bad(nil)
	}
	sum, err := jwt.SigningMethodHS256.Sign(signed, key.key)
	if err != nil {
		return bad(err)
	}
	if !hmac.Equal([]byte(signature), []byte(base64.RawURLEncoding.EncodeToString(sum))) {
		return bad(nil)
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return bad(err)
	}
	var c claims
	if err := strictjson.Decode(text, &c); err != nil {
		return bad(err)
	}
	ours := c.Issuer == issuer && c.Audience == audience && c.ID != ""
	if !ours || now.Unix() >= c.ExpiresAt || now.Add(time.Minute).Unix() < c.IssuedAt {
		return bad(nil)
	}
	return c, nil
}
