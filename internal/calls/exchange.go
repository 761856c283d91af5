package calls

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/jsonwalk"
	"github.com/broked/broked/internal/outbound"
)

const (
	exchangeTimeout = 30 * time.Second
	largestExchange = 1 << 20 // bytes of an answer with a token
	longestToken    = 16 << 10
)

// codeRefused is the code of the fault when a system gives no token, as of every sign-in
// that fails.
const codeRefused = "login_failed"

// exchangeFor gets a token for a connection, once.
func exchangeFor(ctx context.Context, out outbound.Exit, c connection.Connection) (Token, error) {
	address, member, err := c.TokenAt()
	if err != nil {
		return Token{}, err
	}
	req, err := tokenRequest(ctx, c, address)
	if err != nil {
		return Token{}, err
	}
	client, err := out.Client(outbound.Options{Timeout: exchangeTimeout, MaxBody: largestExchange})
	if err != nil {
		return Token{}, err
	}
	res, err := client.Do(req)
	if err != nil {
		return Token{}, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := outbound.Failure(res, c.Secrets()...); err != nil {
		if fault.IsTransient(err) {
			return Token{}, err
		}
		return Token{}, fault.New(fault.Invalid, "no token was given for the sign-in of connection %s: %s", c.Name, fault.MessageOf(err)).With(codeRefused)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Token{}, err
	}
	return tokenIn(text, member, c.Name)
}

// tokenRequest makes the request for a token.
func tokenRequest(ctx context.Context, c connection.Connection, address string) (*http.Request, error) {
	var o connection.HTTPOptions
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	body, contentType := tokenBody(c, o)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the token_url of connection %s is not well-formed", c.Name).With("bad_url")
	}
	for name, value := range o.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	switch {
	case o.Auth == connection.SignInService:
		req.Header.Set("Authorization", "Bearer "+c.Password)
	case o.TokenBody == connection.TokenBasic: // section 2.3.1 has both encoded as in a form
		req.SetBasicAuth(url.QueryEscape(c.Login), url.QueryEscape(c.Password))
	}
	return req, nil
}

// tokenBody returns what is sent for a token, and its type.
func tokenBody(c connection.Connection, o connection.HTTPOptions) ([]byte, string) {
	if o.Auth == connection.SignInService {
		return nil, ""
	}
	said := map[string]string{"grant_type": "client_credentials"}
	if o.Scope != "" {
		said["scope"] = o.Scope
	}
	if o.TokenBody != connection.TokenBasic {
		said["client_id"], said["client_secret"] = c.Login, c.Password
	}
	if o.TokenBody == connection.TokenJSON {
		text, _ := json.Marshal(said) //nolint:errchkjson // texts alone
		return text, "application/json"
	}
	form := url.Values{}
	for name, value := range said {
		form.Set(name, value)
	}
	return []byte(form.Encode()), "application/x-www-form-urlencoded"
}

// tokenIn finds the token in an answer, and how long it lasts.
func tokenIn(text []byte, member, name string) (Token, error) {
	refused := func(words string, args ...any) (Token, error) {
		return Token{}, fault.New(fault.Invalid, "the sign-in of connection "+name+" was answered without a token: "+words, args...).With(codeRefused)
	}
	var said struct {
		TokenType string          `json:"token_type"`
		ExpiresIn json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		if _, other := errors.AsType[*json.UnmarshalTypeError](err); !other {
			return refused("it is no JSON, see token_url")
		}
	}
	path, err := jsonwalk.Parse(member)
	if err != nil {
		return refused("token_member is no path: %v", err)
	}
	raw, _ := jsonwalk.Lookup(text, path)
	var token string
	switch {
	case json.Unmarshal(raw, &token) != nil || token == "":
		return refused("there is no text at %s, see token_member", member)
	case len(token) > longestToken || strings.ContainsFunc(token, unicode.IsControl):
		return refused("what is at %s cannot be sent in a header", member)
	case said.TokenType != "" && !strings.EqualFold(said.TokenType, "bearer"):
		return refused("it is of the type %s, and only bearer tokens are sent", outbound.Said(said.TokenType))
	}
	var seconds float64
	_ = json.Unmarshal(bytes.Trim(said.ExpiresIn, `"`), &seconds) // some have it as text; without it the token is used until it is refused
	return lasting(token, time.Duration(min(max(seconds, 0), 1e9))*time.Second), nil
}
