package api

import (
	"context"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
)

// The endpoints of OAuth 2.0 for programs (RFC 6749 section 4.4, RFC 7009, RFC
// 7662, RFC 8414). A client is a service account: its id is the client_id, its
// key the client_secret.
func (s *server) oauthCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/auth/token", may: auth.Public, tag: "oauth", class: classToken,
		summary:  "Get an access token for a client id and secret (OAuth 2.0 client credentials)",
		describe: oauthForm[tokenRequest](s),
	}, s.postToken)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/introspect", may: auth.Public, tag: "oauth", class: classDetail,
		summary:  "Tell whether an access token of the client is good now (RFC 7662)",
		describe: oauthForm[tokenQuery](s),
	}, s.introspect)
	register(s, call{
		method: http.MethodPost, path: "/api/auth/revoke", may: auth.Public, tag: "oauth", class: classWrite,
		summary:  "End an access token of the client before its time (RFC 7009)",
		describe: oauthForm[tokenQuery](s),
	}, s.revoke)
	register(s, call{
		method: http.MethodGet, path: "/.well-known/oauth-authorization-server", may: auth.Public, tag: "oauth",
		summary: "Tell programs where the OAuth 2.0 endpoints are (RFC 8414)",
	}, s.oauthServer)
}

const formType = "application/x-www-form-urlencoded"

func oauthForm[T any](s *server) func(*huma.Operation) { return documents[T](s, jsonType, formType) }

// tokenRequest is what a client sends to get a token.
type tokenRequest struct {
	GrantType    string `json:"grant_type" enum:"client_credentials"`
	ClientID     string `json:"client_id,omitempty" doc:"Id of the service account; not with HTTP Basic"`
	ClientSecret string `json:"client_secret,omitempty" doc:"Its key; not with HTTP Basic"`
	Scope        string `json:"scope,omitempty" doc:"read, write or both, separated by a space; all that the account has when absent"`
}

// tokenQuery is what a client sends to ask about a token.
type tokenQuery struct {
	Token         string `json:"token"`
	TokenTypeHint string `json:"token_type_hint,omitempty" doc:"Not needed: there is one type"`
	ClientID      string `json:"client_id,omitempty" doc:"Id of the service account; not with HTTP Basic"`
	ClientSecret  string `json:"client_secret,omitempty" doc:"Its key; not with HTTP Basic"`
}

// OAuthInput is a request to an endpoint of OAuth 2.0.
type OAuthInput struct {
	Peer
	RawInput
	query         url.Values
	contentType   string
	authorization []string
}

// Resolve implements huma.Resolver.
func (in *OAuthInput) Resolve(c huma.Context) []error {
	_ = in.Peer.Resolve(c) // it never complains
	u := c.URL()
	in.query, in.contentType = u.Query(), c.Header("Content-Type")
	c.EachHeader(func(name, value string) {
		if name == "Authorization" {
			in.authorization = append(in.authorization, value)
		}
	})
	return nil
}

// parameters returns the parameters of a request, each given once and in the body.
func (in *OAuthInput) parameters() (url.Values, error) {
	if len(in.query) > 0 {
		return nil, badOAuth("parameters belong in the body, not in the address")
	}
	kind, _, err := mime.ParseMediaType(in.contentType)
	if err != nil {
		return nil, badOAuth("the Content-Type must be %s or %s", formType, jsonType)
	}
	values := url.Values{}
	switch kind {
	case formType:
		if values, err = url.ParseQuery(string(in.RawBody)); err != nil {
			return nil, badOAuth("the body is not a form")
		}
	case jsonType:
		var members map[string]string
		if err := strictjson.Decode(in.RawBody, &members); err != nil {
			return nil, badOAuth("the body is not a JSON object of texts: %s", fault.MessageOf(err))
		}
		for name, value := range members {
			values.Set(name, value)
		}
	default:
		return nil, badOAuth("the Content-Type must be %s or %s", formType, jsonType)
	}
	for name, given := range values {
		if len(given) > 1 {
			return nil, badOAuth("%s is there more than once", name)
		}
	}
	return values, nil
}

// client returns the client id and secret of a request: of HTTP Basic, where both
// are form-encoded (RFC 6749 section 2.3.1), or of the body, never of both.
func (in *OAuthInput) client(values url.Values) (id, secret string, err error) {
	id, secret = values.Get("client_id"), values.Get("client_secret")
	switch {
	case len(in.authorization) > 1, len(in.authorization) == 1 && secret != "":
		return "", "", badOAuth("the client must say who it is in one way only")
	case len(in.authorization) == 0:
		return id, secret, nil
	}
	scheme, coded, _ := strings.Cut(in.authorization[0], " ")
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
	if !strings.EqualFold(scheme, "basic") || err != nil {
		return "", "", badClient("the Authorization header is not HTTP Basic")
	}
	name, password, _ := strings.Cut(string(pair), ":")
	basicID, idErr := url.QueryUnescape(name)
	secret, secretErr := url.QueryUnescape(password)
	if idErr != nil || secretErr != nil || id != "" && id != basicID {
		return "", "", badClient("the client id and secret in the Authorization header are not form-encoded, or another client_id is in the body")
	}
	return basicID, secret, nil
}

func badOAuth(format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).With("invalid_request")
}

func badClient(words string) error {
	return fault.New(fault.Unknown, "%s", words).With("invalid_client")
}

// authenticated returns the parameters of a request, and ctx with who sent it.
// Wrong secrets are counted by address, so that guessing is limited; what a client
// does with the right one is counted under its own name, whoever shares its
// address.
func (s *server) authenticated(ctx context.Context, in *OAuthInput, class Class) (context.Context, url.Values, error) {
	wrong := "wrong " + network(in.caller.Address)
	if err := s.look(classToken, wrong); err != nil {
		return ctx, nil, err
	}
	values, err := in.parameters()
	if err != nil {
		return ctx, nil, err
	}
	id, secret, err := in.client(values)
	var client auth.Actor
	if err == nil {
		client, err = s.Auth.Client(ctx, id, secret)
	}
	if fault.KindOf(err) == fault.Unknown {
		_ = s.take(classToken, wrong) // the next one is told
	}
	if err == nil {
		err = s.admitKey(class, client)
	}
	return auth.WithWorkspace(auth.WithActor(ctx, client), client.Workspace), values, err
}

type tokenAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Pragma       string `header:"Pragma"`
	Body         struct {
		AccessToken string `json:"access_token" doc:"A JWT for Authorization: Bearer"`
		TokenType   string `json:"token_type" enum:"Bearer"`
		ExpiresIn   int    `json:"expires_in" doc:"Seconds"`
		Scope       string `json:"scope"`
	}
}

func (s *server) postToken(ctx context.Context, in *OAuthInput) (*tokenAnswer, error) {
	ctx, values, err := s.authenticated(ctx, in, classToken)
	if err != nil {
		return nil, oauthFault(err)
	}
	switch grant := values.Get("grant_type"); grant {
	case "client_credentials":
	case "":
		return nil, oauthFault(badOAuth("grant_type is missing: it is client_credentials"))
	default:
		return nil, oauthFault(fault.New(fault.Invalid, "the only grant_type is client_credentials").With("unsupported_grant_type"))
	}
	if asked, given := values["scope"]; given && asked[0] == "" {
		return nil, oauthFault(fault.New(fault.Invalid, "the scope is empty").With("invalid_scope"))
	}
	client, _ := auth.ActorFrom(ctx)
	t, err := s.Auth.GrantAccess(ctx, client, values.Get("scope"))
	if err != nil {
		return nil, oauthFault(err)
	}
	out := &tokenAnswer{CacheControl: "no-store", Pragma: "no-cache"}
	out.Body.AccessToken, out.Body.TokenType = t.Text, "Bearer"
	out.Body.ExpiresIn, out.Body.Scope = int(auth.AccessLife.Seconds()), auth.JoinScopes(t.Scopes)
	return out, nil
}

type introspection struct {
	Active    bool           `json:"active"`
	Scope     string         `json:"scope,omitempty"`
	ClientID  auth.ServiceID `json:"client_id,omitempty"`
	Username  string         `json:"username,omitempty" doc:"Name of the service account"`
	TokenType string         `json:"token_type,omitempty"`
	ExpiresAt int64          `json:"exp,omitempty"`
	IssuedAt  int64          `json:"iat,omitempty"`
	Subject   auth.ServiceID `json:"sub,omitempty"`
}

func (s *server) introspect(ctx context.Context, in *OAuthInput) (*body[introspection], error) {
	ctx, values, err := s.authenticated(ctx, in, classDetail)
	if err == nil && values.Get("token") == "" {
		err = badOAuth("token is missing")
	}
	if err != nil {
		return nil, oauthFault(err)
	}
	client, _ := auth.ActorFrom(ctx)
	t, active, err := s.Auth.Introspect(ctx, client, values.Get("token"))
	if err != nil || !active {
		return &body[introspection]{}, err
	}
	return &body[introspection]{introspection{
		Active: true, Scope: auth.JoinScopes(t.Scopes), ClientID: t.Service, Username: t.Name, TokenType: "Bearer",
		ExpiresAt: t.ExpiresAt.Unix(), IssuedAt: t.IssuedAt.Unix(), Subject: t.Service,
	}}, nil
}

type emptyAnswer struct{ Status int }

func (s *server) revoke(ctx context.Context, in *OAuthInput) (*emptyAnswer, error) {
	ctx, values, err := s.authenticated(ctx, in, classWrite)
	if err == nil && values.Get("token") == "" {
		err = badOAuth("token is missing")
	}
	if err == nil {
		client, _ := auth.ActorFrom(ctx)
		err = s.Auth.RevokeToken(ctx, client, values.Get("token"))
	}
	if err != nil {
		return nil, oauthFault(err)
	}
	return &emptyAnswer{Status: http.StatusOK}, nil
}

// oauthError makes answer write err in the form of RFC 6749 section 5.2.
type oauthError struct{ error }

// Unwrap returns what went wrong.
func (e oauthError) Unwrap() error { return e.error }

// oauthFault returns err so that the client is told in the form of RFC 6749,
// where that has a form for it.
func oauthFault(err error) error {
	switch fault.CodeOf(err) {
	case "invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type":
		return oauthError{err}
	}
	return err
}

type oauthMetadata struct {
	Issuer                string       `json:"issuer"`
	TokenEndpoint         string       `json:"token_endpoint"`
	RevocationEndpoint    string       `json:"revocation_endpoint"`
	IntrospectionEndpoint string       `json:"introspection_endpoint"`
	GrantTypes            []string     `json:"grant_types_supported"`
	AuthMethods           []string     `json:"token_endpoint_auth_methods_supported"`
	ResponseTypes         []string     `json:"response_types_supported"`
	Scopes                []auth.Scope `json:"scopes_supported"`
	Documentation         string       `json:"service_documentation"`
}

// AddressInput is an input that needs to know by which address the server was called.
type AddressInput struct{ base string }

// Resolve implements huma.Resolver.
func (in *AddressInput) Resolve(c huma.Context) []error {
	caller, _ := c.Context().Value(callerKey{}).(auth.Caller)
	in.base = "http://" + c.Host()
	if caller.Secure {
		in.base = "https://" + c.Host()
	}
	return nil
}

func (*server) oauthServer(_ context.Context, in *AddressInput) (*body[oauthMetadata], error) {
	const v1 = "/api/v1/auth"
	return &body[oauthMetadata]{oauthMetadata{
		Issuer:        in.base,
		TokenEndpoint: in.base + v1 + "/token", RevocationEndpoint: in.base + v1 + "/revoke", IntrospectionEndpoint: in.base + v1 + "/introspect",
		GrantTypes: []string{"client_credentials"}, AuthMethods: []string{"client_secret_basic", "client_secret_post"},
		ResponseTypes: []string{}, Scopes: []auth.Scope{auth.ScopeRead, auth.ScopeWrite},
		Documentation: in.base + "/api/openapi.json",
	}}, nil
}
