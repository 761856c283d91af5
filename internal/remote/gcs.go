package remote

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
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// gcsOptions are what connections of the type gcs have besides.
type gcsOptions struct {
	Auth          string `json:"auth"`
	CACertificate string `json:"ca_certificate"`
}

// ServiceAccount is the value of auth with which the password is the key file of a service
// account; without it login and password are an HMAC key.
const ServiceAccount = "service_account"

// The interface of Google's that is S3's as well.
const (
	gcsHost  = "storage.googleapis.com"
	gcsScope = "https://www.googleapis.com/auth/devstorage.read_write"
)

// openGCS speaks to Google Cloud Storage by its XML API, which understands what S3 does.
func openGCS(c connection.Connection, exit outbound.Exit) (*bucket, error) {
	var o gcsOptions
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	if c.Host == "" {
		c.Host = gcsHost
	}
	transport, err := trusting(exit, o.CACertificate)
	if err != nil {
		return nil, err
	}
	s3 := s3Options{Region: "auto", PathStyle: stylePath}
	if o.Auth != ServiceAccount {
		return newBucket(c, s3, credentials.NewStaticV4(c.Login, c.Password, ""), transport)
	}
	account, err := readAccount(c.Password)
	if err != nil {
		return nil, err
	}
	account.RoundTripper = transport
	return newBucket(c, s3, credentials.NewStatic("", "", "", credentials.SignatureAnonymous), account)
}

// account is a service account, whose requests carry a token that it gets for its key. It
// may be used by any number of goroutines at once.
type account struct {
	http.RoundTripper
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	KeyID    string `json:"private_key_id"`
	Key      string `json:"private_key"`
	TokenURI string `json:"token_uri"`

	mu    sync.Mutex
	token string
	until time.Time
}

// readAccount reads the key file of a service account.
func readAccount(text string) (*account, error) {
	a := &account{}
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
func (a *account) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := a.current(req.Context())
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

// current returns a token that is good for a minute at least.
func (a *account) current(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Until(a.until) > time.Minute {
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
		return "", refused("login_failed", "the server of tokens has given none")
	}
	a.token, a.until = granted.Token, time.Now().Add(time.Duration(granted.Seconds)*time.Second)
	return a.token, nil
}

// ask asks for a token, as RFC 7523 has it.
func (a *account) ask(ctx context.Context) ([]byte, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(a.Key))
	if err != nil {
		return nil, fmt.Errorf("key of a service account: %w", err)
	}
	claim := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": a.Email, "scope": gcsScope, "aud": a.TokenURI, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
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
		return nil, lost(err, "a token was asked for")
	case outbound.MayPass(res.StatusCode):
		return nil, fault.Transient(fault.New(fault.Unavailable, "%s answered %d", req.URL.Hostname(), res.StatusCode).With("bad_answer"))
	case res.StatusCode != http.StatusOK:
		return nil, refused("login_failed", "%s gives the service account no token: it answered %d", req.URL.Hostname(), res.StatusCode)
	}
	return body, nil
}
