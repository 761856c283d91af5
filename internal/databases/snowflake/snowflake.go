// Package snowflake reads and writes Snowflake databases for nodes, by the SQL API of
// Snowflake. Sessions do not last from one request to the next: rows go into a table of
// their own first, and become part of the other by one request.
package snowflake

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Server is a database of Snowflake. It may be used by any number of goroutines at once.
type Server struct {
	At  connection.Connection
	Out outbound.Exit
}

// The ways to sign in.
const (
	KeyPair = "key_pair" // a private key, by which tokens are signed
	OAuth   = "oauth"    // the password is a token of OAuth
	Access  = "access_token"
)

// Options are the options of a connection.
type Options struct {
	Auth             string  `json:"auth"`
	Account          string  `json:"account"`
	Warehouse        string  `json:"warehouse"`
	Role             string  `json:"role"`
	Schema           string  `json:"schema"`
	StatementTimeout float64 `json:"statement_timeout"` // seconds
	CACertificate    string  `json:"ca_certificate"`
	PrivateKey       string  `json:"private_key"`
}

// session is what one call needs. It is used by one goroutine at a time.
type session struct {
	rest.Client

	at      connection.Connection
	options Options
	key     *rsa.PrivateKey
	account string
}

const domain = ".snowflakecomputing.com"

var accountShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9-]+){0,2}$`)

// Place returns the address that requests for a host begin with, and the account: the host
// of a connection is an identifier of an account, or a whole address.
func Place(host string) (base, account string, err error) {
	if strings.Contains(host, "://") {
		base, err = rest.Endpoint(host)
		name := strings.TrimPrefix(base, "https://")
		if before, is := strings.CutSuffix(name, domain); is {
			account = before
		}
		return base, account, err
	}
	account = strings.TrimSuffix(strings.ToLower(host), domain)
	if !accountShape.MatchString(account) {
		return "", "", fault.New(fault.Invalid, "must be an account such as myorg-account123, or an address such as https://myorg-account123.snowflakecomputing.com").With("bad_address")
	}
	return "https://" + strings.ReplaceAll(account, "_", "-") + domain, account, nil
}

func (s Server) open() (*session, error) {
	k := &session{at: s.At}
	if err := s.At.Into(&k.options); err != nil {
		return nil, err
	}
	k.options.Schema = cmp.Or(k.options.Schema, "PUBLIC")
	var err error
	if k.Base, k.account, err = Place(s.At.Host); err != nil {
		return nil, err
	}
	k.account = strings.ToUpper(cmp.Or(k.options.Account, k.account))
	k.account, _, _ = strings.Cut(k.account, ".") // without the region
	if k.Transport, err = rest.Transport(s.Out, k.options.CACertificate); err != nil {
		return nil, err
	}
	k.Sign = k.sign
	if k.options.Auth != KeyPair && k.options.Auth != "" {
		return k, nil
	}
	if k.key, err = jwt.ParseRSAPrivateKeyFromPEM([]byte(k.options.PrivateKey)); err != nil {
		return nil, fault.New(fault.Invalid, "private_key in extra is no RSA key in PEM without a passphrase").With("secret_missing")
	}
	if k.account == "" {
		return nil, fault.New(fault.Invalid, "the option account is missing: tokens for a key name the account").With("bad_connection")
	}
	return k, nil
}

// tokenLife is how long a token is good that is signed here; Snowflake takes an hour at most.
const tokenLife = 55 * time.Minute

// sign returns the headers that say who is asking. Tokens of others are not renewed here.
func (k *session) sign(context.Context, bool) (map[string]string, error) {
	token, kind := k.at.Password, map[string]string{OAuth: "OAUTH", Access: "PROGRAMMATIC_ACCESS_TOKEN"}[k.options.Auth]
	if k.key != nil {
		public, err := x509.MarshalPKIXPublicKey(&k.key.PublicKey)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(public)
		who, now := k.account+"."+strings.ToUpper(k.at.Login), time.Now()
		token, err = jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
			"iss": who + ".SHA256:" + base64.StdEncoding.EncodeToString(sum[:]), "sub": who, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		}).SignedString(k.key)
		if err != nil {
			return nil, err
		}
		kind = "KEYPAIR_JWT"
	}
	return map[string]string{"Authorization": "Bearer " + token, "X-Snowflake-Authorization-Token-Type": kind}, nil
}

// name is what the database is called in messages.
func (k *session) name() string { return k.Host() + "/" + k.at.Schema }

// lexis is how statements of Snowflake are cut.
var lexis = driven.Lexis{
	Backslash: true, Quotes: "'\"", Passed: []string{"BEGIN", "START", "COMMIT", "END"}, Forbidden: []string{"ROLLBACK", "USE", "PUT", "GET"},
}

// Read gives the rows of a query, in order, and at least one batch, which says what columns
// there are. The result is kept by Snowflake while it is read, and does not change. Rows are
// held in memory a partition at a time. A query whose end nobody waits for is cancelled.
//
// A statement that does not read is an Invalid fault, as is whatever Snowflake does not take.
// A server that cannot be reached is a transient fault.
func (s Server) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if q.Split.Parts > 1 {
		return databases.Problem("partitions", "are read at once from PostgreSQL only")
	}
	if err := lexis.Reads(q.Text); err != nil {
		return err
	}
	k, err := s.open()
	if err != nil {
		return err
	}
	return databases.Stopped(ctx, k.read(ctx, q, give))
}

func (k *session) read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	r, err := k.execute(ctx, statement{text: q.Text, params: q.Params})
	if err != nil {
		return err
	}
	types := r.Meta.Types
	columns := make([]rest.Column, len(types))
	for i, t := range types {
		columns[i] = rest.Column{Name: t.Name, Type: t.duck()}
	}
	g := rest.NewGather(columns, q.BatchRows, give)
	for part := 0; ; part++ {
		for _, row := range r.Data {
			if err := plainRow(types, row); err != nil {
				return err
			}
			if err := g.Row(row); err != nil {
				return err
			}
		}
		if part+1 >= len(r.Meta.Partitions) {
			return g.End()
		}
		if r.Data, err = k.partition(ctx, r.Handle, part+1); err != nil {
			return err
		}
	}
}

// Script executes the statements of a text in one request and returns how many there were:
// all or none, but that Snowflake commits what makes or changes tables, and what was before
// it. What begins and ends transactions is passed over.
func (s Server) Script(ctx context.Context, text string) (int, error) {
	count, list := 0, []string{"BEGIN TRANSACTION"}
	for one, word := range lexis.Statements(text) {
		count++
		switch {
		case contains(lexis.Forbidden, word):
			return count, databases.InScript(count, databases.ErrDivides)
		case !contains(lexis.Passed, word):
			list = append(list, one)
		}
	}
	if len(list) == 1 {
		return count, nil
	}
	k, err := s.open()
	if err != nil {
		return count, err
	}
	_, err = k.execute(ctx, together(append(list, "COMMIT")))
	if err != nil && fault.KindOf(err) == fault.Invalid && fault.CodeOf(err) != "login_failed" {
		err = fault.Wrap(fault.Invalid, err, "the script: %s", fault.MessageOf(err)).With("script_failed")
	}
	return count, databases.Stopped(ctx, err)
}

func contains(list []string, word string) bool {
	for _, one := range list {
		if strings.EqualFold(one, word) {
			return true
		}
	}
	return false
}

// together is a request of several statements.
func together(all []string) statement {
	return statement{text: strings.Join(all, ";\n"), count: len(all)}
}
