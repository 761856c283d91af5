package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
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
	keys   *SigningKeys
	parser *jwt.Parser
}

func newSigner(keys *SigningKeys, now func() time.Time) *signer {
	return &signer{
		keys: keys,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithStrictDecoding(),
			jwt.WithExpirationRequired(),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithTimeFunc(now),
		),
	}
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

var tokenShape = regexp.MustCompile(`^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$`)

type header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`
}

// read returns the claims of a token of ours. The library accepts more than we
// issue (other headers, members twice, no typ), so the text is checked before.
// Whatever is wrong, the caller learns one thing: the token is not valid.
func (s *signer) read(token string, now time.Time) (claims, error) {
	bad := func(cause error) (claims, error) {
		return claims{}, fault.Wrap(fault.Unknown, cause, "the token is not valid or has expired: sign in again").With("invalid_token")
	}
	if len(token) > maxToken {
		return bad(nil)
	}
	parts := tokenShape.FindStringSubmatch(token)
	if parts == nil {
		return bad(nil)
	}
	var h header
	if err := decodePart(parts[1], &h); err != nil {
		return bad(err)
	}
	key, known := s.keys.find(h.KeyID, now)
	if !known || h != (header{Algorithm: "HS256", Type: "JWT", KeyID: key.id}) {
		return bad(nil)
	}
	var c claims
	if err := decodePart(parts[2], &c); err != nil {
		return bad(err)
	}
	if _, err := s.parser.Parse(token, func(*jwt.Token) (any, error) { return key.key, nil }); err != nil {
		return bad(err)
	}
	if c.ID == "" || now.Unix() >= c.ExpiresAt || now.Add(time.Minute).Unix() < c.IssuedAt {
		return bad(nil)
	}
	return c, nil
}

func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return strictjson.Decode(text, into)
}
