package connections

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Vault reads secrets of a HashiCorp Vault, or of a server that speaks as it does: the
// second version of its key-value engine.
type Vault struct {
	Address   string   // such as https://vault.example.com:8200
	Namespace string   // empty for none
	Paths     []string // beginnings of paths that may be read, such as secret/broked/
	// Token returns the token to read with, or "" for sign-in by Role.
	Token func() (string, error)
	// Role returns the id and the secret of an AppRole.
	Role func() (id, secret string, err error)
	// Out is the way there.
	Out func() outbound.Exit
}

// vaultTimeout is how long one answer is waited for.
const vaultTimeout = 10 * time.Second

// vaultShape is MOUNT/PATH#FIELD.
var vaultShape = regexp.MustCompile(`^([A-Za-z0-9_-]+)/([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)#([A-Za-z0-9_.-]{1,128})$`)

// check returns why what is behind vault:// cannot be read, or "".
func (v *Vault) check(rest string) string {
	m := vaultShape.FindStringSubmatch(rest)
	switch {
	case v == nil:
		return "is in Vault, of which this server knows none: see --vault-address"
	case m == nil || slices.Contains(strings.Split(m[2], "/"), ".."):
		return "must be vault://MOUNT/PATH#FIELD, such as vault://secret/broked/crm#password"
	case !slices.ContainsFunc(v.Paths, func(may string) bool { return strings.HasPrefix(m[1]+"/"+strings.TrimPrefix(m[2], "data/"), may) }):
		return "names a path in Vault that this server does not let be read: see --vault-paths"
	}
	return ""
}

// read returns a field of a secret.
func (v *Vault) read(ctx context.Context, rest string) (string, error) {
	m := vaultShape.FindStringSubmatch(rest)
	client, err := v.Out().Client(outbound.Options{Timeout: vaultTimeout, MaxBody: 1 << 20})
	if err != nil {
		return "", err
	}
	token, err := v.signIn(ctx, client)
	if err != nil {
		return "", err
	}
	var answer struct {
		Data struct {
			Data map[string]any `json:"data"`
		} `json:"data"`
	}
	path := m[1] + "/data/" + strings.TrimPrefix(m[2], "data/")
	if err := v.ask(ctx, client, question{method: http.MethodGet, path: path, token: token}, &answer); err != nil {
		return "", err
	}
	text, is := answer.Data.Data[m[3]].(string)
	if !is || text == "" {
		return "", missingInVault(nil, "the secret %s in Vault has no text %s", m[1]+"/"+m[2], m[3])
	}
	return text, nil
}

// signIn returns a token.
func (v *Vault) signIn(ctx context.Context, client *outbound.Client) (string, error) {
	token, err := v.Token()
	if err != nil {
		return "", missingInVault(err, "the token for Vault cannot be read")
	}
	if token != "" {
		return token, nil
	}
	id, secret, err := v.Role()
	if err != nil || id == "" {
		return "", missingInVault(err, "the server has neither a token for Vault nor an AppRole: see --vault-token-file and --vault-role-id")
	}
	var answer struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	login := question{method: http.MethodPost, path: "auth/approle/login", say: map[string]string{"role_id": id, "secret_id": secret}}
	if err := v.ask(ctx, client, login, &answer); err != nil {
		return "", err
	}
	return answer.Auth.Token, nil
}

// question is something that Vault is asked.
type question struct {
	method, path, token string
	say                 map[string]string
}

// ask asks Vault something. Its words are not passed on: they may have what it was told.
func (v *Vault) ask(ctx context.Context, client *outbound.Client, q question, into any) error {
	req, err := v.request(ctx, q)
	if err != nil {
		return missingInVault(err, "the address of Vault is not well-formed")
	}
	res, err := client.Do(req)
	if err != nil {
		return missingInVault(err, "Vault cannot be reached: %s", fault.MessageOf(err))
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusNotFound:
		return missingInVault(nil, "Vault has no secret %s", q.path)
	case res.StatusCode == http.StatusForbidden, q.method == http.MethodPost && res.StatusCode == http.StatusBadRequest:
		return missingInVault(nil, "Vault does not let this server have %s", q.path)
	case res.StatusCode != http.StatusOK:
		return missingInVault(nil, "Vault answered %d to %s", res.StatusCode, q.path)
	}
	if json.NewDecoder(res.Body).Decode(into) != nil {
		return missingInVault(nil, "the answer of Vault to %s is not readable", q.path)
	}
	return nil
}

func (v *Vault) request(ctx context.Context, q question) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if q.say != nil {
		text, err := json.Marshal(q.say)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	to, err := url.JoinPath(v.Address, "v1", q.path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, q.method, to, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Vault-Request", "true")
	if v.Namespace != "" {
		req.Header.Set("X-Vault-Namespace", v.Namespace)
	}
	if q.token != "" {
		req.Header.Set("X-Vault-Token", q.token)
	}
	return req, nil
}

func missingInVault(cause error, words string, args ...any) error {
	if cause == nil {
		cause = errors.New("no secret")
	}
	return fault.Wrap(fault.Invalid, cause, words, args...).With("secret_missing")
}
