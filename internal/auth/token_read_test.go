package auth

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/broked/broked/internal/fault"
)

func TestOnlyOurTokensAreRead(t *testing.T) {
	t.Parallel()
	s := signerOf(t, "k")
	key := s.keys.signing()
	now := time.Unix(1_800_000_000, 0)
	right := jwt.MapClaims{
		"sub": "u", "username": "u", "role": "admin", "iss": issuer, "aud": audience, "jti": "j",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	with := func(name string, value any) jwt.MapClaims {
		c := maps.Clone(right)
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	signed := func(method jwt.SigningMethod, header map[string]any, c jwt.MapClaims, secret any) string {
		token := jwt.NewWithClaims(method, c)
		token.Header["kid"] = key.id
		maps.Copy(token.Header, header)
		text, err := token.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	ours := func(c jwt.MapClaims) string { return signed(jwt.SigningMethodHS256, nil, c, key.key) }
	// What is signed by our key, whatever it says.
	raw := func(payload string) string {
		text := tokenHeader(sessionToken, key.id) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		sum, err := jwt.SigningMethodHS256.Sign(text, key.key)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(sum)
	}
	good := ours(right)
	if kind, c, err := s.read(good, now); err != nil || kind != sessionToken || c.Subject != "u" || c.ID != "j" {
		t.Fatalf("a token of ours: %+v %v", c, err)
	}
	head, rest, _ := strings.Cut(good, ".")
	last := strings.IndexByte(alphabet, good[len(good)-1])
	for name, token := range map[string]string{
		"nothing":               "",
		"dots":                  strings.Repeat(".", 1<<20),
		"a newline behind":      good + "\n",
		"a newline inside":      good[:len(good)-3] + "\n" + good[len(good)-3:],
		"padding":               good + "=",
		"the signature's slack": good[:len(good)-1] + alphabet[last+1:last+2],
		"no signature":          good[:strings.LastIndexByte(good, '.')+1],
		"no method":             signed(jwt.SigningMethodNone, nil, right, jwt.UnsafeAllowNoneSignatureType),
		"another method":        signed(jwt.SigningMethodHS512, nil, right, key.key),
		"another key":           signed(jwt.SigningMethodHS256, nil, right, []byte(strings.Repeat("x", MinSecret))),
		"another kid":           signed(jwt.SigningMethodHS256, map[string]any{"kid": "../../dev/null"}, right, key.key),
		"another type":          signed(jwt.SigningMethodHS256, map[string]any{"typ": "x+jwt"}, right, key.key),
		"an extension":          signed(jwt.SigningMethodHS256, map[string]any{"crit": []string{"b64"}}, right, key.key),
		"a key of its own":      signed(jwt.SigningMethodHS256, map[string]any{"jwk": map[string]any{"kty": "oct"}}, right, key.key),
		"a changed payload":     head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{}`)) + rest[strings.IndexByte(rest, '.'):],
		"expired":               ours(with("exp", now.Unix())),
		"without an end":        ours(with("exp", nil)),
		"an end that is text":   ours(with("exp", "2100000000")),
		"from the future":       ours(with("iat", now.Add(2*time.Minute).Unix())),
		"another issuer":        ours(with("iss", "other")),
		"another audience":      ours(with("aud", "other")),
		"audiences":             ours(with("aud", []string{audience})),
		"without an id":         ours(with("jti", nil)),
		"one more member":       ours(with("admin", true)),
		"a member twice":        raw(`{"sub":"u","sub":"v"}`),
		"a member in capitals":  raw(`{"SUB":"u"}`),
		"not JSON":              raw(`{`),
	} {
		if _, c, err := s.read(token, now); fault.KindOf(err) != fault.Unknown {
			t.Errorf("%s: read as %+v, %v", name, c, err)
		}
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
