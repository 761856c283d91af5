package postgres

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/fault"
)

// saying is what one of PostgreSQL's codes means to a person.
type saying struct {
	kind  fault.Kind
	code  string
	words string // %[1]s is the database, %[2]s the user, %[3]s what PostgreSQL says
	again bool   // another try may do it
}

// sayings are by code, or by the first two characters of it.
var sayings = map[string]saying{
	"42501": {fault.Invalid, "permission_denied", "%[1]s does not permit this to %[2]s: %[3]s", false},
	"57014": {fault.Unavailable, "statement_timeout", "%[1]s has ended the statement: %[3]s", false},
	"25006": {fault.Invalid, "query_failed", "must be a SELECT: this node reads and changes nothing (%[3]s)", false},
	"53100": {fault.Unavailable, "disk_full", "the disk of %[1]s is full", false},
	"53":    {fault.Unavailable, "server_busy", "%[1]s has not enough left: %[3]s", true},
	"57P":   {fault.Unavailable, "connection_lost", "%[1]s has ended the connection: %[3]s", true},
	"08":    {fault.Unavailable, "connection_lost", "the connection to %[1]s was lost: %[3]s", true},
	"40":    {fault.Unavailable, "conflict", "%[1]s could not do this beside others: %[3]s", true},
	"55P03": {fault.Unavailable, "database_locked", "%[1]s: another program keeps a lock that is needed", true},
	"23":    {fault.Invalid, "constraint", "%[3]s", false},
	"22":    {fault.Invalid, "bad_value", "%[3]s", false},
}

// fault makes an error for people of what PostgreSQL or the network says. Values of
// cells are not in it.
func (c *conn) fault(err error) error {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		return c.said(e, err)
	}
	if e, is := errors.AsType[*fault.Error](err); is { // of the dialer
		if fault.IsTransient(err) {
			return fault.Transient(e)
		}
		return e
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "the connection to %s was lost", c.name()).With("connection_lost"))
}

func (c *conn) said(e *pgconn.PgError, err error) error {
	if strings.Contains(e.Message+e.Detail, "isolation violation") { // how Redshift says it
		e.Code = "40001"
	}
	for _, prefix := range []string{e.Code, e.Code[:min(3, len(e.Code))], e.Code[:min(2, len(e.Code))]} {
		s, known := sayings[prefix]
		if !known {
			continue
		}
		words := fault.Wrap(s.kind, err, s.words, c.name(), c.at.Login, plain(e)).With(s.code)
		if s.again {
			return fault.Transient(words)
		}
		return words
	}
	return fault.Wrap(fault.Invalid, err, "%s", plain(e)).With("query_failed")
}

// valueShown finds values in what PostgreSQL says about them.
var valueShown = regexp.MustCompile(`(?s)(: ".*"$)|( "[^"]*" (is out of range))|(: ".*"( at character \d+)$)`)

// plain returns what PostgreSQL says without values, and with its hint.
func plain(e *pgconn.PgError) string {
	text := e.Message
	if strings.HasPrefix(e.Code, "22") {
		text = valueShown.ReplaceAllString(text, " $3")
		text = strings.TrimSpace(text)
	}
	if e.Hint != "" && !strings.HasPrefix(e.Code, "22") {
		text += " (" + strings.TrimSuffix(e.Hint, ".") + ")"
	}
	return text
}
