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

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"github.com/broked/broked/internal/fault"
)

const (
	issuer   = "broked"
	audience = "broked"
	maxToken = 4096
)

// tokenKind is the typ of a token, so that none is taken for one of another kind.
type tokenKind string

const (
	sessionToken tokenKind = "JWT"         // of a person's session
	serviceToken tokenKind = "service+jwt" // of a service's session
	accessToken  tokenKind = "at+jwt"      // of OAuth 2.0 (RFC 9068)
)

// claims are what a token says. The name and the role in it are for clients: the
// server takes what its bearer may do from the account.
type claims struct {
	Subject   string `json:"sub"`
	Username  string `json:"username"`
	Role      Role   `json:"role,omitempty"`
	Client    string `json:"client_id,omitempty"`
	Scope     string `json:"scope,omitempty"`
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// signer makes and reads tokens: JWT (RFC 7519) signed by HS256.
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

func (s *signer) sign(kind tokenKind, c claims) (string, error) {
	says := jwt.MapClaims{
		"sub": c.Subject, "username": c.Username, "iss": c.Issuer, "aud": c.Audience, "jti": c.ID, "iat": c.IssuedAt, "exp": c.ExpiresAt,
	}
	for name, value := range map[string]string{"role": string(c.Role), "client_id": c.Client, "scope": c.Scope} {
		if value != "" {
			says[name] = value
		}
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, says)
	key := s.keys.signing()
	t.Header["kid"], t.Header["typ"] = key.id, kind
	signed, err := t.SignedString(key.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// kinds are all kinds of tokens.
var kinds = [...]tokenKind{sessionToken, serviceToken, accessToken}

// tokenHeader returns what every token of a kind begins with that the key with an
// id has signed.
func tokenHeader(kind tokenKind, kid string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"` + kid + `","typ":"` + string(kind) + `"}`))
}

// read returns the kind and the claims of a token of ours. A library reads more
// than we write (other headers, other spellings of a signature, members twice),
// so a token must begin and end with the very text that we would write, and only
// then is looked into. Whatever is wrong, the caller learns one thing: it is not
// valid.
func (s *signer) read(token string, now time.Time) (tokenKind, claims, error) {
	bad := func(cause error) (tokenKind, claims, error) {
		return "", claims{}, fault.Wrap(fault.Unknown, cause, "the token is not valid or has expired: sign in again").With("invalid_token")
	}
	if len(token) > maxToken {
		return bad(nil)
	}
	signed, signature, _ := cutLast(token)
	header, payload, _ := strings.Cut(signed, ".")
	key, kind, known := s.keys.find(header, now)
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
	if err := json.Unmarshal(text, &c, json.RejectUnknownMembers(true)); err != nil {
		return bad(err)
	}
	ours := c.Issuer == issuer && c.Audience == audience && c.ID != ""
	if !ours || now.Unix() >= c.ExpiresAt || now.Add(time.Minute).Unix() < c.IssuedAt {
		return bad(nil)
	}
	return kind, c, nil
}
