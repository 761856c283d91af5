//nolint:gosec // words about secrets are none
package connections

import (
	"regexp"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/jsonwalk"
	"github.com/broked/broked/internal/node"
)

// checkHTTP finds what requests of c could not be made with.
func (c Connection) checkHTTP() []fault.Problem {
	if c.Type != connection.HTTP {
		return nil
	}
	var problems []fault.Problem
	if !baseShape.MatchString(connection.Connection{Host: c.Host, Port: c.Port}.Base()) {
		problems = append(problems, fault.Problem{Path: host, Message: "must be a host or an address such as https://api.example.com/v1, without a name, a password and a ?"})
	}
	if c.Port != 0 && strings.Contains(c.Host, "://") {
		problems = append(problems, fault.Problem{Path: port, Message: "stands in the address: leave it out here"})
	}
	header, _ := c.Options["header"].(string)
	switch {
	case (c.Options["auth"] == string(connection.SignInHeader)) != (header != ""):
		problems = append(problems, fault.Problem{Path: "options.header", Message: "belongs to sign-in by header, and is needed for it"})
	case header != "" && !headerShape.MatchString(header):
		problems = append(problems, fault.Problem{Path: "options.header", Message: "is no name of a header"})
	}
	return append(problems, c.checkToken()...)
}

// checkToken finds what is wrong with how a token is got.
func (c Connection) checkToken() []fault.Problem {
	text := func(name string) string {
		value, _ := c.Options[name].(string)
		return value
	}
	by := connection.SignIn(text("auth"))
	problems := c.checkClient(by, text)
	add := func(name, message string) {
		problems = append(problems, fault.Problem{Path: "options." + name, Message: message})
	}
	for _, name := range []string{"token_url", "token_member"} {
		if text(name) != "" && !by.Exchanges() {
			add(name, "belongs to sign-in by service and by oauth2")
		}
	}
	if at := text("token_url"); strings.Contains(at, "://") && !baseShape.MatchString(at) || strings.ContainsAny(at, "?#") {
		add("token_url", "must be a path behind the connection's address, or an address such as https://login.example.com/oauth/token")
	}
	if path, err := jsonwalk.Parse(text("token_member")); err != nil || text("token_member") != "" && len(path) == 0 {
		add("token_member", "must name a member of the answer, such as data.token")
	}
	return problems
}

// checkClient finds what is wrong with a client of OAuth 2.0.
func (c Connection) checkClient(by connection.SignIn, text func(name string) string) []fault.Problem {
	var problems []fault.Problem
	add := func(path, message string) {
		problems = append(problems, fault.Problem{Path: path, Message: message})
	}
	if by != connection.SignInOAuth {
		for _, name := range []string{"token_body", "scope"} {
			if text(name) != "" {
				add("options."+name, "belongs to sign-in by oauth2")
			}
		}
		return problems
	}
	if text("token_url") == "" {
		add("options.token_url", "is missing: where tokens are got, such as /oauth/token")
	}
	if c.Login == "" {
		add(login, "is missing: the client's id")
	}
	return problems
}

// baseShape is an address without a name, a password and a query.
var baseShape = regexp.MustCompile(`^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^?#\s]*)?$`)

// headerShape is a token of RFC 9110.
var headerShape = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// Ways to say who is calling, for people.
const signInHelp = "basic sends login and password; bearer sends Authorization: Bearer and the password; token sends Authorization: Token token= and the password; " +
	"header sends the password in a header of its own; service shows the password once as a bearer, at token_url, and works with the session token that it is answered with; " +
	"oauth2 gets access tokens for the client whose id is the login and whose secret is the password. Left out, basic when there is a login."

var httpOptions = object(
	node.Field{Name: "auth", Schema: node.Schema{Type: node.TypeString, Title: "Sign in by", Default: string(connection.SignInBasic), Enum: []string{
		string(connection.SignInNone), string(connection.SignInBasic), string(connection.SignInBearer), string(connection.SignInHeader), string(connection.SignInToken),
		string(connection.SignInService), string(connection.SignInOAuth),
	}, Help: signInHelp}},
	node.Field{Name: "header", Schema: node.Schema{Type: node.TypeString, Title: "Header", Examples: []string{"X-API-Key"}, MaxLen: 100, Help: "Which header the password goes in, for sign-in by header."}},
	node.Field{Name: "token_url", Schema: node.Schema{Type: node.TypeString, Title: "Where tokens are got", Examples: []string{"/oauth/token"}, MaxLen: 2000, Help: "For service and oauth2: a path behind the connection's address, or a whole address, which the password is then sent to. Left out, /api/auth/service for service."}},
	node.Field{Name: "token_body", Schema: node.Schema{Type: node.TypeString, Title: "How a token is asked for", Enum: []string{string(connection.TokenForm), string(connection.TokenBasic), string(connection.TokenJSON)}, Help: "For oauth2: form has all in a form, as most servers want it; basic has the client in an Authorization header; json has all as JSON. Left out, form."}},
	node.Field{Name: "token_member", Schema: node.Schema{Type: node.TypeString, Title: "Where the token is", Examples: []string{"data.token"}, MaxLen: 200, Help: "In the answer. Left out, session_token for service and access_token for oauth2."}},
	node.Field{Name: "scope", Schema: node.Schema{Type: node.TypeString, Title: "Scope", MaxLen: 1000, Help: "What is asked for, for oauth2. Left out, what the server gives by itself."}},
	node.Field{Name: "max_concurrency", Schema: node.Schema{Type: node.TypeInteger, Title: "Requests at once", Min: new(1.0), Max: new(1000.0), Help: "Of all runs of this server together. Left out, any number."}},
	node.Field{Name: "requests_per_second", Schema: node.Schema{Type: node.TypeNumber, Title: "Requests per second", Min: new(0.001), Max: new(10000.0), Help: "Of all runs of this server together. Left out, as fast as the answers come."}},
	node.Field{Name: "test_path", Schema: node.Schema{Type: node.TypeString, Title: "Path for the test", Default: "/", MaxLen: 1000, Help: "What the test asks for, such as /v1/me. It must be something that only a caller who is signed in may see, so that the test tells whether that works."}},
)

// httpPresets are systems of one sort.
var httpPresets = []Preset{
	{
		Name: "service", Label: "Service API", Summary: "A server that exchanges a service token for short sessions and answers one request at a time.",
		Hints:   Hints{host: "https://server.example.com", password: "The service token"},
		Options: map[string]any{"auth": string(connection.SignInService), "token_url": "/api/auth/service", "token_member": "session_token", "max_concurrency": 1, "test_path": "/api/auth/me"},
	},
	{
		Name: "oauth2", Label: "OAuth 2.0 API", Summary: "A server that gives access tokens by the grant client_credentials.",
		Hints:   Hints{host: "https://server.example.com", login: "The client id", password: "The client secret"},
		Options: map[string]any{"auth": string(connection.SignInOAuth), "token_url": "/api/v1/auth/token", "token_body": string(connection.TokenForm), "test_path": "/api/v1/auth/me"},
	},
	{
		Name: "contacts", Label: "Contacts API", Summary: "A server that takes leads and agents, by a key in Authorization: Token token=.",
		Hints:   Hints{host: "https://server.example.com", password: "The key"},
		Options: map[string]any{"auth": string(connection.SignInToken), "test_path": "/v2/leads?limit=1"},
	},
}
