// Package google signs in as service accounts of Google do.
package google

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Account is a service account, whose requests carry a token that it gets for its key. It
// may be used by any number of goroutines at once.
type Account struct {
	http.RoundTripper `json:"-"`

	Type     string `json:"type"`
	Email    string `json:"client_email"`
	KeyID    string `json:"private_key_id"`
	Key      string `json:"private_key"`
	TokenURI string `json:"token_uri"`

	scope string
	mu    sync.Mutex
	token string
	until time.Time
}

// ReadAccount reads the key file of a service account that is to get tokens for a scope by
// way of transport. What is none is an Invalid fault.
func ReadAccount(text, scope string, transport http.RoundTripper) (*Account, error) {
	a := &Account{RoundTripper: transport, scope: scope}
	u := &url.URL{}
	err := json.Unmarshal([]byte(text), a)
	if err == nil {
		u, err = url.Parse(a.TokenURI)
	}
	if err == nil {
		_, err = jwt.ParseRSAPrivateKeyFromPEM([]byte(a.Key))
	}
	if err != nil || a.Type != "service_account" || a.Email == "" || u.Scheme != "https" || outbound.CheckURL(u) != nil {
		return nil, fault.New(fault.Invalid, "the password is no key file of a service account: a JSON object with type, client_email, private_key and an https token_uri").With("bad_connection")
	}
	return a, nil
}

// RoundTrip implements http.RoundTripper.
func (a *Account) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := a.Token(req.Context(), false)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	signed := req.Clone(req.Context())
	signed.Header.Set("Authorization", "Bearer "+token)
	return a.RoundTripper.RoundTrip(signed)
}

// Token returns a token that is good for a minute at least; anew, another one than before.
func (a *Account) Token(ctx context.Context, anew bool) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !anew && time.Until(a.until) > time.Minute {
		return a.token, nil
	}
	var granted struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	body, err := a.ask(ctx)
	if err == nil {
		err = json.Unmarshal(body, &granted)
	}
	if err != nil {
		return "", err
	}
	if granted.Token == "" {
		return "", refused("the server of tokens has given none")
	}
	a.token, a.until = granted.Token, time.Now().Add(time.Duration(granted.Seconds)*time.Second)
	return a.token, nil
}

// ask asks for a token, as RFC 7523 has it.
func (a *Account) ask(ctx context.Context) ([]byte, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(a.Key))
	if err != nil {
		return nil, fmt.Errorf("key of a service account: %w", err)
	}
	claim := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": a.Email, "scope": a.scope, "aud": a.TokenURI, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	claim.Header["kid"] = a.KeyID
	assertion, err := claim.SignedString(key)
	if err != nil {
		return nil, fmt.Errorf("sign for a token: %w", err)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.TokenURI, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("ask for a token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := a.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, outbound.Explain(req.URL.Hostname(), err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	switch {
	case err != nil:
		return nil, outbound.Explain(req.URL.Hostname(), err)
	case outbound.MayPass(res.StatusCode):
		return nil, fault.Transient(fault.New(fault.Unavailable, "%s answered %d", req.URL.Hostname(), res.StatusCode).With("bad_answer"))
	case res.StatusCode != http.StatusOK:
		return nil, refused("%s gives the service account no token: it answered %d", req.URL.Hostname(), res.StatusCode)
	}
	return body, nil
}

func refused(words string, args ...any) error {
	return fault.New(fault.Invalid, words, args...).With("login_failed")
}
