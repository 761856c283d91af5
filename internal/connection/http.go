package connection

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net"
	"strconv"
	"strings"
)

// HTTPOptions are the options of an HTTP connection.
type HTTPOptions struct {
	Auth     SignIn            `json:"auth"`
	Header   string            `json:"header"` // of SignInHeader
	TestPath string            `json:"test_path"`
	Headers  map[string]string `json:"headers"`
	// TokenURL is where a token is got, for those that Exchange: a path behind the address
	// of the connection, or a whole address.
	TokenURL    string    `json:"token_url"`
	TokenBody   TokenBody `json:"token_body"`   // of SignInOAuth
	TokenMember string    `json:"token_member"` // where in the answer the token is
	Scope       string    `json:"scope"`        // of SignInOAuth
	// AtOnce is how many requests are under way at once, and PerSecond how many begin in
	// a second, over all runs of a server; 0 is any number.
	AtOnce    int     `json:"max_concurrency"`
	PerSecond float64 `json:"requests_per_second"`
}

// Limited reports whether requests of the connection have to wait for one another.
func (o HTTPOptions) Limited() bool { return o.AtOnce > 0 || o.PerSecond > 0 }

// SignIn is how requests of an HTTP connection say who is calling.
type SignIn string

// The ways to sign in. Empty is SignInBasic when there is a login, else SignInNone.
const (
	SignInNone   SignIn = "none"
	SignInBasic  SignIn = "basic"
	SignInBearer SignIn = "bearer" // Authorization: Bearer PASSWORD
	SignInHeader SignIn = "header" // a header of its own, such as X-API-Key: PASSWORD
	SignInToken  SignIn = "token"  // Authorization: Token token=PASSWORD
	// SignInService shows the password as a bearer once, and from then on the session
	// token that it was answered with.
	SignInService SignIn = "service"
	// SignInOAuth gets tokens by the grant client_credentials of RFC 6749, where the
	// login is the client's id and the password its secret.
	SignInOAuth SignIn = "oauth2"
)

// Exchanges reports whether a token is got before anything is asked for.
func (s SignIn) Exchanges() bool { return s == SignInService || s == SignInOAuth }

// TokenBody is how a client says who it is when it asks for a token.
type TokenBody string

// The forms of RFC 6749, of which form is meant by an empty one, and that of servers
// that take JSON.
const (
	TokenForm  TokenBody = "form"
	TokenBasic TokenBody = "basic" // in the header, and the rest as a form
	TokenJSON  TokenBody = "json"
)

// TokenAt returns where a token is got, and where in the answer it is.
func (c Connection) TokenAt() (address, member string, err error) {
	var o HTTPOptions
	if err := c.Into(&o); err != nil {
		return "", "", err
	}
	address, member = o.TokenURL, o.TokenMember
	if o.Auth == SignInService {
		address, member = cmp.Or(address, "/api/auth/service"), cmp.Or(member, "session_token")
	}
	if !strings.Contains(address, "://") {
		address = c.Base() + "/" + strings.TrimLeft(address, "/")
	}
	return address, cmp.Or(member, "access_token"), nil
}

// Base returns the address that requests begin with, without a slash at the end: the
// host as it is when that is an address, else https, or http at port 80.
func (c Connection) Base() string {
	host := strings.TrimRight(c.Host, "/")
	if strings.Contains(host, "://") {
		return host
	}
	switch c.Port {
	case 0, 443:
		return "https://" + host
	case 80:
		return "http://" + host
	}
	name, path, _ := strings.Cut(host, "/")
	if path != "" {
		path = "/" + path
	}
	return "https://" + net.JoinHostPort(name, strconv.Itoa(c.Port)) + path
}

// Headers returns what every request of an HTTP connection carries: the headers of its
// options, and who is calling, unless that is said by a token which is got first.
func (c Connection) Headers() (map[string]string, error) {
	var o HTTPOptions
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	headers := make(map[string]string, len(o.Headers)+1)
	maps.Copy(headers, o.Headers)
	switch o.Auth {
	case SignInBearer:
		headers["Authorization"] = "Bearer " + c.Password
	case SignInToken:
		headers["Authorization"] = "Token token=" + c.Password
	case SignInHeader:
		headers[o.Header] = c.Password
	case SignInBasic, "":
		if o.Auth == SignInBasic || c.Login != "" {
			headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Login+":"+c.Password))
		}
	case SignInNone, SignInService, SignInOAuth:
	}
	return headers, nil
}
